"""All SQL of what has happened to policies with the insurer. Every function takes the open transaction first and works on lists."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.insurance.earning import Group

PREMIUMS = (
    BordereauEvent.ISSUED, BordereauEvent.PREMIUM, BordereauEvent.RENEWED, BordereauEvent.REINSTATED, BordereauEvent.ENDORSED,
    BordereauEvent.DEDUCTED,
)  # fmt: skip
"""Events that are about a premium; an endorsement's may be one that comes back."""
COMES_BACK = (BordereauEvent.CANCELLED, BordereauEvent.LAPSED, BordereauEvent.PREMIUMS_BACK)
"""Events whose amount is premium that comes back."""


@dataclass(frozen=True, slots=True)
class PolicyEventRow:
    """An event, named by the serial of the request that brought it about (or the insurer's own); `amount` in fen as in the bordereau.

    Of `PREMIUMS`: the premium is for the days from `covers_from` to before `covers_to`; it lies in transit from before the event until it
    is swept to the premium trust; one that was deducted from a claim the insurer has kept, and it never comes there. `matched_on`: the date
    of the bordereau that names it. `commission`: fen of the premium that are the house's, with a minus what it gives back; reckoned when it
    is settled with the insurer. `interest`: fen of what was paid to be reinstated that are no premium. `policy_number` is read with the
    policy."""

    book: int
    event: BordereauEvent
    serial: str
    policy: UUID
    amount: int
    happened_on: date
    heard_at: datetime
    covers_from: date | None = None
    covers_to: date | None = None
    matched_on: date | None = None
    swept_on: date | None = None
    swept_by: str | None = None
    commission: int = 0
    settled_on: date | None = None
    interest: int = 0
    policy_number: str = ""

    @property
    def premium(self) -> int:
        """Fen of premium by which it is more, with a minus what comes back of it; 0 where it is about none."""
        if self.event in COMES_BACK:
            return -self.amount
        return self.amount - self.interest if self.event in PREMIUMS else 0

    @property
    def kept(self) -> bool:
        """Whether the insurer has the premium without the house."""
        return self.event is BordereauEvent.DEDUCTED

    @property
    def trusted(self) -> int:
        """Fen that come to the trust: of premium, with the interest on it."""
        return 0 if self.kept else max(self.premium + self.interest, 0)


_AT_ONCE = 5_000
_ADDED = {
    "book": "int",
    "event": "text",
    "serial": "text",
    "policy": "uuid",
    "amount": "bigint",
    "happened_on": "date",
    "heard_at": "timestamptz",
    "covers_from": "date",
    "covers_to": "date",
    "interest": "bigint",
}
_COLUMNS = (*_ADDED, "matched_on", "swept_on", "swept_by", "commission", "settled_on")
_POLICY = "join policy p on p.book = e.book and p.id = e.policy"
_READ = f"select {', '.join(f'e.{name}' for name in _COLUMNS)}, p.policy_number from policy_event e {_POLICY}"
_KEYS = "unnest($1::int[], $2::text[], $3::text[]) x(book, event, serial)"
_PREMIUM = f"e.event in ({', '.join(repr(one.value) for one in PREMIUMS if one is not BordereauEvent.DEDUCTED)}) and e.amount > 0"


def _read(row: Any) -> PolicyEventRow:
    return PolicyEventRow(**{**row, "event": BordereauEvent(row["event"])})


def _keys(rows: Sequence[PolicyEventRow]) -> list[list[Any]]:
    return [[row.book for row in rows], [row.event.value for row in rows], [row.serial for row in rows]]


async def add(tx: Any, rows: Sequence[PolicyEventRow]) -> None:
    """What is known already stays as it is."""
    if rows:
        slots = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_ADDED.values(), 1))
        await tx.execute(
            f"insert into policy_event ({', '.join(_ADDED)}) select * from unnest({slots}) on conflict do nothing",
            *[[getattr(row, name) for row in rows] for name in _ADDED],
        )


async def by_serial(tx: Any, books: Sequence[int], event: BordereauEvent, serials: Sequence[str]) -> dict[str, PolicyEventRow]:
    rows = await tx.fetch(f"{_READ} where e.book = any($1) and e.event = $2 and e.serial = any($3)", list(books), event, list(serials))
    return {row["serial"]: _read(row) for row in rows}


async def match(tx: Any, rows: Sequence[PolicyEventRow], day: date) -> None:
    """The bordereau of that date names them."""
    if rows:
        await tx.execute(
            f"update policy_event e set matched_on = $4 from {_KEYS} where e.book = x.book and e.event = x.event and e.serial = x.serial",
            *_keys(rows),
            day,
        )


async def name_as(tx: Any, rows: Sequence[PolicyEventRow], event: BordereauEvent) -> None:
    """They are that event, as the insurer has them."""
    await tx.execute(
        f"update policy_event e set event = $4 from {_KEYS} where e.book = x.book and e.event = x.event and e.serial = x.serial",
        *_keys(rows),
        event,
    )


async def unmatched(tx: Any, books: Sequence[int], day: date, before: datetime) -> list[PolicyEventRow]:
    """What we heard of before that instant under that date or earlier, and no bordereau names."""
    rows = await tx.fetch(
        f"{_READ} where e.book = any($1) and e.happened_on <= $2 and e.heard_at < $3 and e.matched_on is null"
        " order by e.serial, e.event desc",
        list(books),
        day,
        before,
    )
    return [_read(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Swept:
    """Of a book: how many premiums, of how many policies, and their fen."""

    book: int
    premiums: int
    policies: int
    amount: int


async def sweep(tx: Any, books: Sequence[int], day: date, by: str, rejected: Sequence[str]) -> list[Swept]:
    """Premiums of that date or earlier that are not swept, or were by a payment that the bank has rejected, are swept by the payment with
    that end-to-end id, under that date. By book."""
    rows = await tx.fetch(
        "with swept as (update policy_event e set swept_on = $2, swept_by = $3"
        f" where e.book = any($1) and e.happened_on <= $2 and {_PREMIUM}"
        " and (e.swept_on is null or e.swept_by = any($4)) returning e.book, e.policy, e.amount)"
        " select book, count(*)::int as premiums, count(distinct policy)::int as policies, sum(amount)::bigint as amount from swept"
        " group by book order by book",
        list(books),
        day,
        by,
        list(rejected),
    )
    return [Swept(**row) for row in rows]


async def sweeps_since(tx: Any, books: Sequence[int], day: date) -> list[str]:
    """End-to-end ids of the sweeps of that date and later."""
    rows = await tx.fetch("select distinct swept_by from policy_event where book = any($1) and swept_on >= $2 order by 1", list(books), day)
    return [row["swept_by"] for row in rows]


async def in_transit(tx: Any, books: Sequence[int], day: date) -> list[PolicyEventRow]:
    """Premiums of policies that the insurer had by the end of that date, and that were not swept then."""
    rows = await tx.fetch(
        f"{_READ} where e.book = any($1) and e.happened_on <= $2 and {_PREMIUM} and (e.swept_on is null or e.swept_on > $2)"
        " order by e.serial",
        list(books),
        day,
    )
    return [_read(row) for row in rows]


_MONEY = f"e.event in ({', '.join(repr(one.value) for one in (*PREMIUMS, *COMES_BACK))})"

_WITHIN = "case e.event when 'endorsed' then 1 when 'cancelled' then 2 when 'lapsed' then 2 when 'premiums_back' then 2 else 0 end"


async def unsettled(tx: Any, books: Sequence[int], day: date) -> list[PolicyEventRow]:
    """About premiums, named by a bordereau up to that date, and not settled with the insurer at its end."""
    rows = await tx.fetch(
        f"{_READ} where e.book = any($1) and e.happened_on <= $2 and (e.settled_on is null or e.settled_on > $2) and {_MONEY}"
        " and e.matched_on <= $2 order by e.book, e.happened_on, e.heard_at, e.serial",
        list(books),
        day,
    )
    return [_read(row) for row in rows]


async def arrived_unsettled(tx: Any, books: Sequence[int], day: date) -> list[PolicyEventRow]:
    """Swept before the end of that date, and not settled then."""
    rows = await tx.fetch(
        f"{_READ} where e.book = any($1) and e.swept_on < $2 and (e.settled_on is null or e.settled_on > $2) order by e.serial",
        list(books),
        day,
    )
    return [_read(row) for row in rows]


async def of_policies(tx: Any, keys: Sequence[tuple[int, UUID]]) -> dict[tuple[int, UUID], list[PolicyEventRow]]:
    """What has happened to the premiums of these policies, in its order; of one instant premiums come before what comes back of them."""
    rows = await tx.fetch(
        f"{_READ} join unnest($1::int[], $2::uuid[]) k(book, id) on e.book = k.book and e.policy = k.id where {_MONEY}"
        f" order by e.happened_on, e.heard_at, {_WITHIN}, e.serial",
        [book for book, _ in keys],
        [policy for _, policy in keys],
    )
    found: dict[tuple[int, UUID], list[PolicyEventRow]] = {}
    for row in map(_read, rows):
        found.setdefault((row.book, row.policy), []).append(row)
    return found


async def settle(tx: Any, rows: Sequence[PolicyEventRow], day: date) -> None:
    """They are settled under that date, with the commission that stands in the rows."""
    if rows:
        await tx.execute(
            "update policy_event e set settled_on = $4, commission = x.commission"
            " from unnest($1::int[], $2::text[], $3::text[], $5::bigint[]) x(book, event, serial, commission)"
            " where e.book = x.book and e.event = x.event and e.serial = x.serial",
            *_keys(rows),
            day,
            [row.commission for row in rows],
        )


async def settled(tx: Any, books: Sequence[int], day: date) -> AsyncIterator[PolicyEventRow]:
    """Under that date, by serial and event, some thousands read at once."""
    rows = tx.cursor(
        f'{_READ} where e.book = any($1) and e.settled_on = $2 order by e.serial collate "C", e.event collate "C"',
        list(books),
        day,
        prefetch=_AT_ONCE,
    )
    async for row in rows:
        yield _read(row)


async def commission_settled(tx: Any, books: Sequence[int], day: date) -> int | None:
    """Fen of commission, less what was given back, that are settled under that date; None if nothing is."""
    found: int | None = await tx.fetchval(
        "select sum(commission)::bigint from policy_event where book = any($1) and settled_on = $2", list(books), day
    )
    return found


async def paid_for(tx: Any, key: tuple[int, UUID]) -> int:
    """Fen of premium that the insurer has for a policy: what changes gave back is taken off, and interest on arrears is none."""
    found: int = await tx.fetchval(
        "select coalesce(sum(amount - interest), 0)::bigint from policy_event where book = $1 and policy = $2 and event = any($3)",
        *key,
        [one.value for one in PREMIUMS],
    )
    return found


# ---- what is earned


async def taken_on(tx: Any, books: Sequence[int], day: date) -> dict[str, tuple[int, int]]:
    """By product, as of the end of a date: fen of premium taken on less what came back, and of the commission settled on it."""
    rows = await tx.fetch(
        f"select p.product, sum(case when e.event in ({_GIVEN}) then -e.amount else e.amount - e.interest end)::bigint as premium,"
        " coalesce(sum(e.commission) filter (where e.settled_on <= $2), 0)::bigint as commission"
        f" from policy_event e {_POLICY} where e.book = any($1) and e.happened_on <= $2 and {_MONEY} group by 1 order by 1",
        list(books),
        day,
    )
    return {row["product"]: (row["premium"], row["commission"]) for row in rows}


async def running(tx: Any, books: Sequence[int], day: date) -> dict[str, list[Group]]:
    """By product the premiums that pay for days after that date, of policies that were not ended by it, nor had paid all that they
    pay; those that are alike together."""
    rows = await tx.fetch(
        "select p.product, e.covers_from, e.covers_to, e.amount - e.interest as amount,"
        f" case when e.settled_on <= $2 then e.commission else 0 end as commission, count(*)::int as count from policy_event e {_POLICY}"
        f" where e.book = any($1) and e.happened_on <= $2 and e.covers_to > $2 + 1 and e.event in ({_TAKEN})"
        f" and not exists (select from policy_event o where o.book = e.book and o.policy = e.policy and o.event in ({_GIVEN})"
        " and o.happened_on <= $2)"
        " and not (p.state = 'claimed' and (select max(c.paid_on) from claim c where c.book = p.book and c.policy = p.id) <= $2)"
        " group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5",
        list(books),
        day,
    )
    found: dict[str, list[Group]] = {}
    for row in rows:
        group = Group(row["covers_from"], row["covers_to"], row["amount"], row["count"], row["commission"])
        found.setdefault(row["product"], []).append(group)
    return found


_TAKEN = ", ".join(repr(one.value) for one in PREMIUMS)
_GIVEN = ", ".join(repr(one.value) for one in COMES_BACK)
