"""SQL of the bank's raises: how each stands, and every subscription. Lists in, lists out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.deposits.raise_rules import Counted, Ended, State
from tapwealth.storage.columns import columns

_STANDING = (
    "product, version, sold, arrivals, full_at, closed_at, ended, ended_on, begins_on, matures_on, back_on, credit_on, yields,"
    " allotted_on, given_back_on, paid_on"
)
_ROW = "book, id, person, product, arrival, asked, given, allotted, placed_on, placed_at, state, interest, gain, settled_on"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a raise stands: what it has sold, and, once it is over, when what is due and whether it is done."""

    product: str
    version: int
    sold: int
    arrivals: int
    full_at: datetime | None
    closed_at: datetime | None
    ended: Ended
    ended_on: date | None
    begins_on: date | None
    matures_on: date | None
    back_on: date | None
    credit_on: date | None
    yields: int | None
    allotted_on: date | None
    given_back_on: date | None
    paid_on: date | None


class SubscriptionRow(NamedTuple):
    """What somebody asked for, was given and is paid, in fen, as the `arrival`-th of the raise."""

    book: int
    id: UUID
    person: UUID
    product: str
    arrival: int
    asked: int
    given: int
    allotted: int
    placed_on: date
    placed_at: datetime
    state: State
    interest: int = 0
    gain: int = 0
    settled_on: date | None = None


class Sum(NamedTuple):
    """What the subscriptions of a raise in a state come to: how many, and fen given, allotted, of interest and of gain."""

    subscriptions: int
    given: int
    allotted: int
    interest: int
    gain: int


def _standing(row: Any) -> Standing:
    return Standing(**{**row, "ended": Ended(row["ended"])})


def _row(row: Any) -> SubscriptionRow:
    return SubscriptionRow(*row)._replace(state=State(row["state"]))


# ---- raises


async def put(tx: Any, product: str, version: int, now: datetime) -> None:
    """The version on sale, in place of the one before; nobody has subscribed yet. It begins anew if that one has ended."""
    await tx.execute(
        "insert into wealth_raise (book, product, version, recorded_at) values (0, $1, $2, $3)"
        " on conflict (book, product) do update set version = excluded.version, closed_at = null, ended = '', ended_on = null,"
        " begins_on = null, matures_on = null, back_on = null, allotted_on = null, given_back_on = null",
        product,
        version,
        now,
    )


async def raises(tx: Any, products: Sequence[str] | None = None) -> list[Standing]:
    """All of them, or these; by product."""
    rows = await tx.fetch(
        f"select {_STANDING} from wealth_raise where book = 0 and ($1::text[] is null or product = any($1)) order by product",
        None if products is None else list(products),
    )
    return [_standing(row) for row in rows]


async def not_allotted(tx: Any) -> list[Standing]:
    """Raises that are going on, or over and not done with."""
    rows = await tx.fetch(f"select {_STANDING} from wealth_raise where book = 0 and allotted_on is null order by product")
    return [_standing(row) for row in rows]


async def to_give_back(tx: Any, day: date) -> list[Standing]:
    """Raises of which money is to be given back by that date."""
    rows = await tx.fetch(
        f"select {_STANDING} from wealth_raise where book = 0 and ended <> '' and given_back_on is null and back_on <= $1"
        " and allotted_on is not null order by product",
        day,
    )
    return [_standing(row) for row in rows]


async def matured(tx: Any, day: date) -> list[Standing]:
    """Formed ones that have matured by that date and are not paid."""
    rows = await tx.fetch(
        f"select {_STANDING} from wealth_raise where book = 0 and ended = 'formed' and paid_on is null and matures_on <= $1"
        " and given_back_on is not null order by product",
        day,
    )
    return [_standing(row) for row in rows]


async def allotted_on(tx: Any, day: date) -> list[Standing]:
    """Raises that were done with on that date."""
    rows = await tx.fetch(f"select {_STANDING} from wealth_raise where book = 0 and allotted_on = $1 order by product", day)
    return [_standing(row) for row in rows]


async def settled_on(tx: Any, day: date) -> list[Standing]:
    """Raises of which money was given back, or that were paid, on that date."""
    rows = await tx.fetch(
        f"select {_STANDING} from wealth_raise where book = 0 and (given_back_on = $1 or paid_on = $1) order by product", day
    )
    return [_standing(row) for row in rows]


async def note_sold(tx: Any, product: str, fen: int, arrivals: int, full_at: datetime | None) -> None:
    """So much more, or less; the lock of the house's book keeps others from it."""
    await tx.execute(
        "update wealth_raise set sold = sold + $2, arrivals = arrivals + $3, full_at = coalesce(full_at, $4)"
        " where book = 0 and product = $1",
        product,
        fen,
        arrivals,
        full_at,
    )


async def close_early(tx: Any, product: str, now: datetime) -> None:
    """It takes no more from then on."""
    await tx.execute("update wealth_raise set closed_at = $2 where book = 0 and product = $1", product, now)


async def end(tx: Any, one: Standing) -> None:
    """So it has ended, once."""
    await tx.execute(
        "update wealth_raise set ended = $2, ended_on = $3, begins_on = $4, matures_on = $5, back_on = $6"
        " where book = 0 and product = $1 and ended = ''",
        one.product,
        one.ended,
        one.ended_on,
        one.begins_on,
        one.matures_on,
        one.back_on,
    )


async def set_credit_day(tx: Any, product: str, day: date) -> None:
    """When principal and gain are credited."""
    await tx.execute("update wealth_raise set credit_on = $2 where book = 0 and product = $1", product, day)


async def set_yield(tx: Any, product: str, rate: int) -> None:
    """What the bank pays."""
    await tx.execute("update wealth_raise set yields = $2 where book = 0 and product = $1", product, rate)


async def note_allotted(tx: Any, product: str, day: date) -> None:
    await tx.execute("update wealth_raise set allotted_on = $2 where book = 0 and product = $1 and allotted_on is null", product, day)


async def note_given_back(tx: Any, product: str, day: date) -> None:
    await tx.execute("update wealth_raise set given_back_on = $2 where book = 0 and product = $1 and given_back_on is null", product, day)


async def note_paid(tx: Any, product: str, day: date) -> None:
    await tx.execute("update wealth_raise set paid_on = $2 where book = 0 and product = $1 and paid_on is null", product, day)


# ---- subscriptions


async def add(tx: Any, row: SubscriptionRow) -> None:
    await tx.execute(f"insert into wealth_subscription ({_ROW}) values ({', '.join(f'${n}' for n in range(1, 15))})", *row)


async def save(tx: Any, rows: Sequence[SubscriptionRow]) -> None:
    """What may change of them."""
    await tx.execute(
        "update wealth_subscription s set allotted = x.allotted, state = x.state, interest = x.interest, gain = x.gain,"
        " settled_on = x.settled_on from unnest($1::int[], $2::uuid[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::date[])"
        " x(book, id, allotted, state, interest, gain, settled_on) where (s.book, s.id) = (x.book, x.id)",
        *columns([(one.book, one.id, one.allotted, one.state.value, one.interest, one.gain, one.settled_on) for one in rows], 7),
    )


async def subscription(tx: Any, book: int, identifier: UUID) -> SubscriptionRow | None:
    row = await tx.fetchrow(f"select {_ROW} from wealth_subscription where book = $1 and id = $2", book, identifier)
    return None if row is None else _row(row)


async def of_person(tx: Any, book: int, person: UUID) -> list[SubscriptionRow]:
    """Newest first."""
    rows = await tx.fetch(
        f"select {_ROW} from wealth_subscription where book = $1 and person = $2 order by placed_at desc, arrival desc", book, person
    )
    return [_row(row) for row in rows]


async def had(tx: Any, book: int, person: UUID, product: str) -> int:
    """Fen that somebody has in a raise; what was cancelled is not among it."""
    fen: int = await tx.fetchval(
        "select coalesce(sum(given), 0)::bigint from wealth_subscription where book = $1 and person = $2 and product = $3"
        " and state <> 'cancelled'",
        book,
        person,
        product,
    )
    return fen


async def lot(tx: Any, book: int, product: str, states: Sequence[State], limit: int) -> list[SubscriptionRow]:
    """At most so many of a book's in these states."""
    rows = await tx.fetch(
        f"select {_ROW} from wealth_subscription where book = $1 and product = $2 and state = any($3) order by id limit $4",
        book,
        product,
        [one.value for one in states],
        limit,
    )
    return [_row(row) for row in rows]


async def books_of(tx: Any, product: str, states: Sequence[State]) -> list[int]:
    """In which some subscription is in one of these states."""
    rows = await tx.fetch(
        "select distinct book from wealth_subscription where product = $1 and state = any($2) order by book",
        product,
        [one.value for one in states],
    )
    return [row["book"] for row in rows]


async def asked(tx: Any, product: str) -> dict[UUID, int]:
    """Fen asked by each subscription that was not cancelled, whatever has become of it."""
    rows = await tx.fetch("select id, given from wealth_subscription where product = $1 and state <> 'cancelled'", product)
    return {row["id"]: row["given"] for row in rows}


async def counted(tx: Any, products: Sequence[str]) -> dict[str, Counted]:
    """By product, from the subscriptions alone."""
    rows = await tx.fetch(
        "select product, count(*), max(arrival), coalesce(sum(given) filter (where state <> 'cancelled'), 0)::bigint,"
        " sum(allotted)::bigint, coalesce(array_agg(arrival order by arrival) filter (where given < asked), '{}')"
        " from wealth_subscription where product = any($1) group by product",
        list(products),
    )
    return {row["product"]: Counted(row[1], row[2], row[3], row[4], tuple(row[5])) for row in rows}


async def sums(tx: Any, products: Sequence[str]) -> dict[tuple[str, State], Sum]:
    """By product and state, from the subscriptions alone."""
    rows = await tx.fetch(
        "select product, state, count(*), sum(given)::bigint, sum(allotted)::bigint, sum(interest)::bigint, sum(gain)::bigint"
        " from wealth_subscription where product = any($1) group by 1, 2",
        list(products),
    )
    return {(row["product"], State(row["state"])): Sum(*row[2:]) for row in rows}
