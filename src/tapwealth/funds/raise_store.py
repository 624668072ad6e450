"""SQL of raises: what the version on sale says, how much is sold, and each subscription. Lists in, lists out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.funds.raising import Ended, Offering, Standing
from tapwealth.storage.columns import columns

_OFFERING = "fund, opens_at, closes_at, target, minimum, step, cap, least, rate"


@dataclass(frozen=True, slots=True)
class Raise:
    """An offering and how it stands: fen sold to so many arrivals, since when nothing is left, and how it ended. It closes when a product
    manager has closed it, if that is earlier than was said."""

    offering: Offering
    sold: int
    arrivals: int
    sold_out_at: datetime | None
    ended: Ended
    ended_on: date | None
    product: str
    version: int

    def begun(self, now: datetime) -> bool:
        """Whether somebody could have subscribed."""
        return self.arrivals > 0 or self.offering.opens_at <= min(now, self.offering.closes_at)


class SubscriptionRow(NamedTuple):
    """What somebody asked for and was given, in fen, as the `arrival`-th of the raise."""

    book: int
    person: UUID
    fund: str
    fund_order: UUID
    arrival: int
    asked: int
    given: int


class Held(NamedTuple):
    """A person's subscription and its order as they stand; units once its fund is formed."""

    fund: str
    fund_order: UUID
    asked: int
    given: int
    accepted_on: date | None
    interest: int
    state: str
    business_date: date
    units: int


class Outcome(NamedTuple):
    """What the registrar has said of a subscription."""

    arrival: int
    asked: int
    accepted_on: date | None
    interest: int
    ended_on: date | None


class Heard(NamedTuple):
    """What the registrar says of a subscription: since when it has the money, when the raise ended, and what the money has earned by then,
    each None where it is not spoken of."""

    book: int
    person: UUID
    fund: str
    fund_order: UUID
    accepted_on: date | None = None
    ended_on: date | None = None
    interest: int | None = None


async def put_offering(tx: Any, one: Offering, product: str, version: int, now: datetime) -> None:
    """What a version of the catalogue says, in place of what the one before it said; nobody has subscribed yet."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in _OFFERING.split(", ")[1:])
    await tx.execute(
        f"insert into raise_offering (book, {_OFFERING}, product, version, recorded_at)"
        " values (0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (book, fund) do update"
        f" set {changes}, version = excluded.version, closed_at = null",
        *(getattr(one, name) for name in _OFFERING.split(", ")),
        product,
        version,
        now,
    )


async def close_offering(tx: Any, product: str, now: datetime) -> None:
    """It takes no more from then on."""
    await tx.execute("update raise_offering set closed_at = $2 where book = 0 and product = $1", product, now)


async def raises(tx: Any) -> dict[str, Raise]:
    """By fund."""
    rows = await tx.fetch(
        f"select {_OFFERING.replace('closes_at', 'least(closes_at, closed_at)')}, sold, arrivals, sold_out_at, ended, ended_on, product,"
        " version from raise_offering where book = 0 order by fund"
    )
    return {row["fund"]: Raise(Offering(*row[:9]), row[9], row[10], row[11], Ended(row[12]), *row[13:]) for row in rows}


async def note_sold(tx: Any, sold: Sequence[tuple[str, int, int]], now: datetime) -> None:
    """(fund, fen, arrivals) more of each raise; the lock of the house's book keeps others from it."""
    await tx.execute(
        "update raise_offering r set sold = r.sold + x.fen, arrivals = r.arrivals + x.arrivals,"
        " sold_out_at = case when r.sold + x.fen = r.target then $4::timestamptz end"
        " from unnest($1::text[], $2::bigint[], $3::bigint[]) x(fund, fen, arrivals) where r.book = 0 and r.fund = x.fund",
        *columns(sold, 3),
        now,
    )


async def end(tx: Any, funds: Mapping[str, Ended], day: date) -> list[str]:
    """So they have ended, each once; those that had not before."""
    rows = await tx.fetch(
        "update raise_offering r set ended = x.ended, ended_on = $3 from unnest($1::text[], $2::text[]) x(fund, ended)"
        " where r.book = 0 and r.fund = x.fund and r.ended = '' returning r.fund",
        list(funds),
        [one.value for one in funds.values()],
        day,
    )
    return [row["fund"] for row in rows]


async def forgotten(tx: Any) -> list[tuple[str, int, int]]:
    """(fund, subscriptions, fen) of raises that have ended: money that the registrar has taken and of which it has said no more."""
    rows = await tx.fetch(
        "select o.fund, count(*) as orders, sum(o.amount)::bigint as fen from raise_offering r join fund_order o on o.fund = r.fund"
        " where r.book = 0 and r.ended <> '' and o.business_code = '020' and o.state = 'accepted' group by 1 order by 1"
    )
    return [(row["fund"], row["orders"], row["fen"]) for row in rows]


async def add_subscriptions(tx: Any, rows: Sequence[SubscriptionRow]) -> None:
    if rows:
        await tx.copy_records_to_table("subscription", records=rows, columns=SubscriptionRow._fields)


async def given_to(tx: Any, people: Sequence[tuple[int, UUID]]) -> dict[tuple[UUID, str], int]:
    """Fen by (person, fund) that each of them (book, id) has in raises; what was given back is not among them."""
    rows = await tx.fetch(
        "select s.person, s.fund, sum(s.given)::bigint as given from subscription s"
        " join unnest($1::int[], $2::uuid[]) k(book, person) using (book, person)"
        " join fund_order o on o.book = s.book and o.id = s.fund_order and o.state <> 'refused' group by 1, 2",
        *columns(people, 2),
    )
    return {(row["person"], row["fund"]): row["given"] for row in rows}


async def held(tx: Any, book: int, person: UUID) -> list[Held]:
    """A person's, newest first."""
    rows = await tx.fetch(
        "select s.fund, s.fund_order, s.asked, s.given, s.accepted_on, s.interest, o.state, o.business_date, o.confirmed_units"
        " from subscription s join fund_order o on o.book = s.book and o.id = s.fund_order where s.book = $1 and s.person = $2"
        " order by o.received_at desc, s.arrival desc",
        book,
        person,
    )
    return [Held(*row) for row in rows]


async def outcomes(tx: Any, orders: Sequence[tuple[int, UUID, str, UUID]]) -> dict[UUID, Outcome]:
    """By order, of these (book, person, fund, order)."""
    rows = await tx.fetch(
        "select fund_order, arrival, asked, accepted_on, interest, ended_on from subscription"
        " join unnest($1::int[], $2::uuid[], $3::text[], $4::uuid[]) k(book, person, fund, fund_order)"
        " using (book, person, fund, fund_order)",
        *columns(orders, 4),
    )
    return {row["fund_order"]: Outcome(*row[1:]) for row in rows}


async def note_outcomes(tx: Any, heard: Sequence[Heard]) -> None:
    """The first date of each stands, and the interest that is told last."""
    await tx.execute(
        "update subscription s set accepted_on = coalesce(s.accepted_on, x.accepted_on), ended_on = coalesce(s.ended_on, x.ended_on),"
        " interest = coalesce(x.interest, s.interest)"
        " from unnest($1::int[], $2::uuid[], $3::text[], $4::uuid[], $5::date[], $6::date[], $7::bigint[])"
        " x(book, person, fund, fund_order, accepted_on, ended_on, interest)"
        " where (s.book, s.person, s.fund, s.fund_order) = (x.book, x.person, x.fund, x.fund_order)",
        *columns(heard, 7),
    )


async def sent(tx: Any, channel: str, day: date) -> list[tuple[int, int]]:
    """(book, fen) of a channel's subscriptions that left with the 03 of that date."""
    rows = await tx.fetch(
        "select book, sum(amount)::bigint as amount from fund_order where channel = $1 and business_code = '020' and dealing_date = $2"
        " and sent_on = $2 group by book order by book",
        channel,
        day,
    )
    return [(row["book"], row["amount"]) for row in rows]


async def standings(tx: Any) -> dict[str, Standing]:
    """By fund, from the subscriptions alone."""
    rows = await tx.fetch(
        "with had as (select s.book, s.fund, person, sum(given) as fen, count(*) as times, sum(arrival) as numbers, max(arrival) as last,"
        " array_remove(array_agg(case when given < asked then arrival end), null) as short,"
        " coalesce(sum(given) filter (where o.state <> 'refused'), 0) as has from subscription s"
        " join fund_order o on o.book = s.book and o.id = s.fund_order group by 1, 2, 3),"
        " short as (select book, fund, array_agg(s) as short from had, unnest(had.short) s group by 1, 2)"
        " select fund, sum(fen)::bigint, sum(times)::bigint, sum(numbers)::bigint, max(last)::bigint,"
        " (select short from short where (short.book, short.fund) = (had.book, had.fund)), max(has)::bigint"
        " from had group by book, fund order by book, fund"
    )
    found: dict[str, Standing] = {}
    for fund, *of_book in rows:
        one, before = Standing(*of_book), found.get(fund, Standing(0, 0, 0, 0, (), 0))
        found[fund] = Standing(
            before.fen + one.fen,
            before.subscriptions + one.subscriptions,
            before.numbers + one.numbers,
            max(before.last, one.last),
            tuple(sorted((*before.short, *(one.short or ())))),
            max(before.most, one.most),
        )
    return found


async def waiting(tx: Any, day: date) -> dict[int, int]:
    """Fen by book of subscriptions placed under that date or before, and not gone to the registrar by its end: still in the reserve."""
    rows = await tx.fetch(
        "select book, sum(amount)::bigint as amount from fund_order where business_code = '020' and business_date <= $1"
        " and (sent_on is null or sent_on > $1) group by book",
        day,
    )
    return {row["book"]: row["amount"] for row in rows}
