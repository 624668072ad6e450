"""All SQL of what policies owe: schedules, premiums of later years, suspensions and lapses, mandates. Every function takes the open
transaction first and works on lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from tapwealth.insurance.policy import every_of
from tapwealth.insurance.product import Every
from tapwealth.insurance.schedule import Gap, Schedule
from tapwealth.insurance.store import Key, PolicyRow
from tapwealth.storage.columns import table, written

LIVE = ("issued", "in_force", "suspended")


class DueState(StrEnum):
    """Of a premium that was taken: the insurer is asked, has it, or does not take it."""

    TAKEN = "taken"
    BOOKED = "booked"
    RETURNED = "returned"


class Turn(StrEnum):
    SUSPENDED = "suspended"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class PremiumRow:
    """A premium that was taken, from `due_on` to before `until_on`; fen. Those of one `payment` have one `serial`. `arrears`: paid to be
    reinstated, so that `interest` may be owed. `mandate`: by which it was collected; None: it was paid by hand, or deducted from
    `claim`."""

    book: int
    id: UUID
    policy: UUID
    person: UUID
    due_on: date
    until_on: date
    amount: int
    interest: int
    payment: UUID
    serial: str
    arrears: bool
    mandate: UUID | None
    state: DueState
    taken_on: date
    taken_at: datetime
    reason: str = ""
    booked_on: date | None = None
    booked_at: datetime | None = None
    returned_on: date | None = None
    claim: UUID | None = None


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A suspension from `from_day` (to before `until_day`, if it is over; the same day: it never was), or a lapse with its `refund` in
    fen."""

    book: int
    id: UUID
    policy: UUID
    turn: Turn
    from_day: date
    serial: str
    decided_on: date
    decided_at: datetime
    refund: int = 0
    until_day: date | None = None
    told_on: date | None = None
    refunded_on: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mandate:
    """Premiums of a policy are collected, each time `most` fen at most: from the wallet, and from `fund` (a code, or `pocket`) what that
    lacks. `renews`: after its last day the policy goes on as another one."""

    book: int
    id: UUID
    policy: UUID
    person: UUID
    fund: str
    most: int
    renews: bool
    agreed_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A row of schedules as it is written."""

    book: int
    policy: UUID
    every: Every
    premium: int
    demanded_on: date | None
    next_due: date | None


_PLAN = "int uuid text bigint date date"
_DUE = "int uuid uuid uuid date date bigint bigint uuid text bool uuid text date timestamptz text date timestamptz date uuid"
_TURN = "int uuid uuid text date text date timestamptz bigint date date date text"
_MANDATE = "int uuid uuid uuid text bigint bool timestamptz timestamptz"


def _unnest(kind: type, types: str) -> tuple[str, str]:
    """The columns, and the rows of them that are handed in."""
    names = [one.name for one in fields(kind)]
    return ", ".join(names), table(dict(zip(names, types.split(), strict=True)))


_PLAN_COLUMNS, _PLANS = _unnest(Plan, _PLAN)
_DUE_COLUMNS, _DUES = _unnest(PremiumRow, _DUE)
_TURN_COLUMNS, _TURNS = _unnest(TurnRow, _TURN)
_MANDATE_COLUMNS, _MANDATES = _unnest(Mandate, _MANDATE)


def _written(rows: Sequence[Any], columns: str) -> list[Sequence[Any]]:
    return written(rows, columns.split(", "))


def _pairs(keys: Sequence[Key]) -> tuple[list[int], list[UUID]]:
    return [book for book, _ in keys], [one for _, one in keys]


def _premium(row: Any) -> PremiumRow:
    return PremiumRow(**{**row, "state": DueState(row["state"])})


def _turn(row: Any) -> TurnRow:
    return TurnRow(**{**row, "turn": Turn(row["turn"])})


# ---- schedules


async def begin(tx: Any, plans: Sequence[Plan]) -> None:
    """Schedules of policies that the insurer has issued; one that stands already is left."""
    if plans:
        await tx.execute(
            f"insert into policy_schedule ({_PLAN_COLUMNS}) select {_PLAN_COLUMNS} from {_PLANS} on conflict (book, policy) do nothing",
            *_written(plans, _PLAN_COLUMNS),
        )


async def save_plans(tx: Any, plans: Sequence[Plan]) -> None:
    """As they stand in these rows."""
    if plans:
        await tx.execute(
            "update policy_schedule s set every = x.every, premium = x.premium, demanded_on = x.demanded_on, next_due = x.next_due"
            f" from {_PLANS} where s.book = x.book and s.policy = x.policy",
            *_written(plans, _PLAN_COLUMNS),
        )


async def save_premium(tx: Any, premiums: Sequence[tuple[int, UUID, int]]) -> None:
    """(book, policy, fen): what a period of each costs from now on."""
    if premiums:
        await tx.execute(
            "update policy_schedule s set premium = x.premium from unnest($1::int[], $2::uuid[], $3::bigint[]) x(book, policy, premium)"
            " where s.book = x.book and s.policy = x.policy",
            *(list(column) for column in zip(*premiums, strict=True)),
        )


async def hold(tx: Any, key: Key, until: date) -> None:
    """No premium of that policy was taken up to that day because of a claim."""
    await tx.execute("update policy_schedule set held_until = $3 where book = $1 and policy = $2", *key, until)


async def save_paid(tx: Any, paid: Sequence[tuple[int, UUID, date]]) -> None:
    """(book, policy, the first day that is not paid for)."""
    if paid:
        await tx.execute(
            "update policy p set paid_until = x.paid_until from unnest($1::int[], $2::uuid[], $3::date[]) x(book, id, paid_until)"
            " where p.book = x.book and p.id = x.id",
            *(list(column) for column in zip(*paid, strict=True)),
        )


async def schedules(tx: Any, rows: Mapping[Key, PolicyRow]) -> dict[Key, Schedule]:
    """What these policies owe, and how they stood; one that has no schedule yet is paid for until then."""
    books, policies = _pairs(list(rows))
    plans = await tx.fetch(
        f"select {_PLAN_COLUMNS}, held_until from policy_schedule join unnest($1::int[], $2::uuid[]) k(book, policy) using (book, policy)",
        books, policies,
    )  # fmt: skip
    turns = await tx.fetch(
        "select book, policy, turn, from_day, until_day from policy_turn join unnest($1::int[], $2::uuid[]) k(book, policy)"
        " using (book, policy) order by from_day", books, policies,
    )  # fmt: skip
    plan = {(one["book"], one["policy"]): one for one in plans}
    turned: dict[Key, list[Any]] = {}
    for one in turns:
        turned.setdefault((one["book"], one["policy"]), []).append(one)
    return {key: _schedule(row, plan.get(key), turned.get(key, [])) for key, row in rows.items()}


def _schedule(row: PolicyRow, plan: Any, turns: Sequence[Any]) -> Schedule:
    over = [one for one in turns if one["until_day"] is not None and one["until_day"] > one["from_day"]]
    gaps = tuple(Gap(one["from_day"], one["until_day"]) for one in over)
    lapsed = next((one["from_day"] for one in turns if one["turn"] == Turn.LAPSED), None)
    over_from = row.cancel_asked_on + timedelta(days=1) if row.cancelled_on and row.cancel_asked_on else lapsed
    every, premium = (Every(plan["every"]), plan["premium"]) if plan else (every_of(row.from_day, row.to_day, row.paid_until), row.premium)
    demanded, held = (plan["demanded_on"], plan["held_until"]) if plan else (None, None)
    return Schedule(every, premium, row.from_day, row.to_day, row.paid_until, demanded, over_from, gaps, held)


async def books_due(tx: Any, books: Sequence[int], day: date) -> list[int]:
    """Those in which something may be to do at the end of a date."""
    rows = await tx.fetch(
        "select book from unnest($1::int[]) b(book) where exists (select from policy_schedule s where s.book = b.book and s.next_due <= $2)"
        " order by book", list(books), day,
    )  # fmt: skip
    return [row["book"] for row in rows]


async def due_in(tx: Any, book: int, day: date, after: UUID, lot: int) -> list[UUID]:
    """Policies at which the end of that date looks, in their order, from behind the one last seen."""
    rows = await tx.fetch(
        "select policy from policy_schedule where book = $1 and next_due <= $2 and policy > $3 order by policy limit $4",
        book, day, after, lot,
    )  # fmt: skip
    return [row["policy"] for row in rows]


# ---- premiums of later years


async def add_premiums(tx: Any, rows: Sequence[PremiumRow]) -> None:
    if rows:
        await tx.execute(f"insert into premium_due ({_DUE_COLUMNS}) select {_DUE_COLUMNS} from {_DUES}", *_written(rows, _DUE_COLUMNS))


async def save_premiums(tx: Any, rows: Sequence[PremiumRow]) -> None:
    """Everything about these that can change."""
    changing = _DUE_COLUMNS.split(", ")[_DUE_COLUMNS.split(", ").index("state") :]
    changes = ", ".join(f"{name} = x.{name}" for name in changing)
    if rows:
        await tx.execute(
            f"update premium_due p set {changes} from {_DUES} where p.book = x.book and p.id = x.id", *_written(rows, _DUE_COLUMNS)
        )


async def premiums_of(tx: Any, keys: Sequence[Key]) -> list[PremiumRow]:
    """Of these policies, the oldest first."""
    rows = await tx.fetch(
        f"select {_DUE_COLUMNS} from premium_due join unnest($1::int[], $2::uuid[]) k(book, policy) using (book, policy)"
        " order by taken_at, due_on", *_pairs(keys),
    )  # fmt: skip
    return [_premium(row) for row in rows]


async def by_serial(tx: Any, books: Sequence[int], serials: Sequence[str]) -> dict[str, list[PremiumRow]]:
    """The premiums of payments, by the serial."""
    rows = await tx.fetch(
        f"select {_DUE_COLUMNS} from premium_due where book = any($1) and serial = any($2) order by due_on", list(books), list(serials)
    )
    found: dict[str, list[PremiumRow]] = {}
    for row in rows:
        found.setdefault(row["serial"], []).append(_premium(row))
    return found


async def waiting(tx: Any, books: Sequence[int]) -> list[PremiumRow]:
    """Taken, and the insurer has not answered."""
    rows = await tx.fetch(
        f"select {_DUE_COLUMNS} from premium_due where book = any($1) and state = 'taken' order by serial, due_on", list(books)
    )
    return [_premium(row) for row in rows]


async def under_way(tx: Any, keys: Sequence[Key]) -> set[Key]:
    """The policies for which a payment waits for the insurer's answer."""
    rows = await tx.fetch(
        "select distinct book, policy from premium_due join unnest($1::int[], $2::uuid[]) k(book, policy) using (book, policy)"
        " where state = 'taken'", *_pairs(keys),
    )  # fmt: skip
    return {(row["book"], row["policy"]) for row in rows}


async def asked_with(tx: Any, books: Sequence[int], day: date) -> list[tuple[str, int]]:
    """(serial, fen) of payments that were taken by the end of that date, while the insurer had neither booked nor refused them."""
    rows = await tx.fetch(
        "select serial, sum(amount + interest)::bigint as amount from premium_due where book = any($1) and taken_on <= $2"
        " and (state = 'taken' or booked_on > $2 or returned_on > $2) group by serial order by serial",
        list(books), day,
    )  # fmt: skip
    return [(row["serial"], row["amount"]) for row in rows]


async def cash_values_awaited(tx: Any, books: Sequence[int], day: date) -> list[tuple[str, int]]:
    """(serial, fen) of lapses that the insurer had noted by the end of that date, whose refund had not arrived then."""
    rows = await tx.fetch(
        "select serial, refund from policy_turn where book = any($1) and told_on <= $2 and refund > 0"
        " and (refunded_on is null or refunded_on > $2) order by serial", list(books), day,
    )  # fmt: skip
    return [(row["serial"], row["refund"]) for row in rows]


async def collected_on(tx: Any, books: Sequence[int], day: date) -> tuple[int, int]:
    """(policies, fen) that were collected under that date."""
    row = await tx.fetchrow(
        "select count(distinct policy) as policies, coalesce(sum(amount + interest), 0)::bigint as amount from premium_due"
        " where book = any($1) and taken_on = $2 and mandate is not null", list(books), day,
    )  # fmt: skip
    return row["policies"], row["amount"]


# ---- suspensions and lapses


async def add_turns(tx: Any, rows: Sequence[TurnRow]) -> None:
    if rows:
        await tx.execute(f"insert into policy_turn ({_TURN_COLUMNS}) select {_TURN_COLUMNS} from {_TURNS}", *_written(rows, _TURN_COLUMNS))


async def save_turns(tx: Any, rows: Sequence[TurnRow]) -> None:
    """Everything about these that can change."""
    if rows:
        changes = ", ".join(f"{name} = x.{name}" for name in ("until_day", "told_on", "refunded_on", "reason"))
        await tx.execute(
            f"update policy_turn p set {changes} from {_TURNS} where p.book = x.book and p.id = x.id", *_written(rows, _TURN_COLUMNS)
        )


async def turns_of(tx: Any, keys: Sequence[Key]) -> list[TurnRow]:
    """Of these policies, the oldest first."""
    rows = await tx.fetch(
        f"select {_TURN_COLUMNS} from policy_turn join unnest($1::int[], $2::uuid[]) k(book, policy) using (book, policy)"
        " order by from_day, turn desc", *_pairs(keys),
    )  # fmt: skip
    return [_turn(row) for row in rows]


async def turns_by_serial(tx: Any, books: Sequence[int], serials: Sequence[str]) -> dict[str, TurnRow]:
    rows = await tx.fetch(f"select {_TURN_COLUMNS} from policy_turn where book = any($1) and serial = any($2)", list(books), list(serials))
    return {row["serial"]: _turn(row) for row in rows}


async def turned_on(tx: Any, books: Sequence[int], day: date) -> dict[str, int]:
    """How many policies were suspended and how many have lapsed at the end of that date."""
    rows = await tx.fetch(
        "select turn, count(*) as policies from policy_turn where book = any($1) and decided_on = $2 group by turn", list(books), day
    )
    return {row["turn"]: row["policies"] for row in rows}


async def expired_before(tx: Any, books: Sequence[int], to_day: date) -> int:
    """How many policies have expired whose first day without cover that is."""
    found: int = await tx.fetchval(
        "select count(*) from policy where book = any($1) and to_day = $2 and state = 'expired'", list(books), to_day
    )
    return found


async def untold(tx: Any, books: Sequence[int]) -> list[TurnRow]:
    """Of which the insurer has not been heard."""
    rows = await tx.fetch(
        f"select {_TURN_COLUMNS} from policy_turn where book = any($1) and told_on is null and reason = ''"
        " and until_day is distinct from from_day order by serial",
        list(books),
    )
    return [_turn(row) for row in rows]


# ---- mandates and renewals


async def add_mandates(tx: Any, rows: Sequence[Mandate]) -> None:
    await tx.execute(
        f"insert into premium_mandate ({_MANDATE_COLUMNS}) select {_MANDATE_COLUMNS} from {_MANDATES}", *_written(rows, _MANDATE_COLUMNS)
    )


async def end_mandates(tx: Any, keys: Sequence[Key], at: datetime) -> None:
    """Those that stand for these policies."""
    if keys:
        await tx.execute(
            "update premium_mandate m set ended_at = $3 from unnest($1::int[], $2::uuid[]) k(book, policy)"
            " where m.book = k.book and m.policy = k.policy and m.ended_at is null", *_pairs(keys), at,
        )  # fmt: skip


async def mandates(tx: Any, keys: Sequence[Key]) -> dict[Key, Mandate]:
    """Those that stand, by policy."""
    rows = await tx.fetch(
        f"select {_MANDATE_COLUMNS} from premium_mandate join unnest($1::int[], $2::uuid[]) k(book, policy) using (book, policy)"
        " where ended_at is null", *_pairs(keys),
    )  # fmt: skip
    return {(row["book"], row["policy"]): Mandate(**row) for row in rows}


async def add_renewals(tx: Any, pairs: Sequence[tuple[int, UUID, UUID]]) -> None:
    """(book, the new policy, the one that it goes on from)."""
    if pairs:
        await tx.execute(
            "insert into policy_renewal (book, policy, renews) select * from unnest($1::int[], $2::uuid[], $3::uuid[])",
            *(list(column) for column in zip(*pairs, strict=True)),
        )


async def renewed_from(tx: Any, keys: Sequence[Key]) -> dict[Key, UUID]:
    """By policy, the one that it goes on from."""
    rows = await tx.fetch(
        "select book, policy, renews from policy_renewal join unnest($1::int[], $2::uuid[]) k(book, policy) using (book, policy)",
        *_pairs(keys),
    )  # fmt: skip
    return {(row["book"], row["policy"]): row["renews"] for row in rows}


async def renewals_of(tx: Any, keys: Sequence[Key]) -> dict[Key, list[UUID]]:
    """By policy, those that go on from it, also those that the insurer did not take."""
    rows = await tx.fetch(
        "select r.book, r.renews, r.policy from policy_renewal r join unnest($1::int[], $2::uuid[]) k(book, renews) using (book, renews)"
        " order by r.policy", *_pairs(keys),
    )  # fmt: skip
    found: dict[Key, list[UUID]] = {}
    for row in rows:
        found.setdefault((row["book"], row["renews"]), []).append(row["policy"])
    return found
