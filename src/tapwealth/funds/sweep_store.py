"""All SQL of sweeps: agreements and each day's run. Lists in, lists out."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tapwealth.funds.sweep import LEAD, RunState, Sweep, SweepAgreement, SweepState
from tapwealth.storage.columns import columns

Key = tuple[int, UUID]


def _agreement(row: Any) -> SweepAgreement:
    return SweepAgreement(**{**row, "state": SweepState(row["state"])})


def _sweep(row: Any) -> Sweep:
    return Sweep(**{**row, "state": RunState(row["state"])})


async def add_agreement(tx: Any, one: SweepAgreement) -> None:
    await tx.execute(
        "insert into sweep_agreement (book, id, person, card, fund, keep_balance, minimum_lot, daily_cap, run_before, state, agreed_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        one.book,
        one.id,
        one.person,
        one.card,
        one.fund,
        one.keep_balance,
        one.minimum_lot,
        one.daily_cap,
        one.run_before,
        one.state.value,
        one.agreed_at,
    )


async def agreements_of(tx: Any, book: int, person: UUID) -> list[SweepAgreement]:
    """Oldest first, those that are over as well."""
    rows = await tx.fetch("select a.* from sweep_agreement a where book = $1 and person = $2 order by agreed_at, id", book, person)
    return [_agreement(row) for row in rows]


async def agreements(tx: Any, keys: Sequence[Key]) -> dict[UUID, SweepAgreement]:
    rows = await tx.fetch(
        "select a.* from sweep_agreement a join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)", *_columns(keys)
    )
    return {row["id"]: _agreement(row) for row in rows}


async def set_state(tx: Any, key: Key, before: Sequence[SweepState], state: SweepState, now: datetime, reason: str = "") -> bool:
    """Whether it was in one of the states before."""
    done = await tx.fetchval(
        "update sweep_agreement set state = $4, reason = $5, ended_at = case when $4 = 'ended' then $6 else ended_at end"
        " where book = $1 and id = $2 and state = any($3) returning true",
        *key,
        [one.value for one in before],
        state.value,
        reason,
        now,
    )
    return bool(done)


async def due(tx: Any, day: date, now: datetime, limit: int) -> list[SweepAgreement]:
    """In force before the day's sweep was to be done, its time has come at `now`, and the day has no sweep of it yet. Earliest first."""
    rows = await tx.fetch(
        "select a.* from sweep_agreement a where a.state = 'active'"
        " and ($1::date + a.run_before) at time zone 'Asia/Shanghai' > a.agreed_at"
        " and ($1::date + a.run_before) at time zone 'Asia/Shanghai' - $2::interval <= $3"
        " and not exists (select 1 from sweep s where s.book = a.book and s.agreement = a.id and s.day = $1)"
        " order by a.run_before, a.agreed_at, a.id limit $4",
        day,
        LEAD,
        now,
        limit,
    )
    return [_agreement(row) for row in rows]


async def add_sweeps(tx: Any, sweeps: Sequence[Sweep]) -> None:
    await tx.execute(
        "insert into sweep (book, agreement, day, amount, state, reason, begun_at, payment)"
        " select * from unnest($1::int[], $2::uuid[], $3::date[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[], $8::text[])",
        [one.book for one in sweeps],
        [one.agreement for one in sweeps],
        [one.day for one in sweeps],
        [one.amount for one in sweeps],
        [one.state.value for one in sweeps],
        [one.reason for one in sweeps],
        [one.begun_at for one in sweeps],
        [one.payment for one in sweeps],
    )


async def collecting(tx: Any, limit: int) -> list[Sweep]:
    """Whose money the bank has been told to collect and that are not placed yet, oldest first."""
    rows = await tx.fetch("select s.* from sweep s where state = 'collecting' order by day, begun_at, agreement limit $1", limit)
    return [_sweep(row) for row in rows]


async def agreement_behind(tx: Any, book: int, payment: str) -> SweepAgreement | None:
    """Under whose mandate a debit is collected."""
    row = await tx.fetchrow(
        "select a.* from sweep s join sweep_agreement a on a.book = s.book and a.id = s.agreement where s.book = $1 and s.payment = $2",
        book,
        payment,
    )
    return _agreement(row) if row else None


async def end_sweeps(tx: Any, ended: Sequence[Sweep]) -> None:
    """Keep how those that were collecting have ended."""
    await tx.execute(
        "update sweep s set state = x.state, reason = x.reason from unnest($1::int[], $2::uuid[], $3::date[], $4::text[], $5::text[])"
        " x(book, agreement, day, state, reason) where s.book = x.book and s.agreement = x.agreement and s.day = x.day"
        " and s.state = 'collecting'",
        [one.book for one in ended],
        [one.agreement for one in ended],
        [one.day for one in ended],
        [one.state.value for one in ended],
        [one.reason for one in ended],
    )


async def newest_sweeps(tx: Any, book: int, person: UUID, limit: int) -> list[Sweep]:
    """Of all agreements of a person, newest first."""
    rows = await tx.fetch(
        "select s.* from sweep s join sweep_agreement a on a.book = s.book and a.id = s.agreement"
        " where s.book = $1 and a.person = $2 order by s.day desc, s.begun_at desc, s.agreement limit $3",
        book,
        person,
        limit,
    )
    return [_sweep(row) for row in rows]


async def note_funds(tx: Any, swept: Sequence[tuple[int, UUID, str]]) -> None:
    """(book, agreement, fund) that a card's money has gone into."""
    await tx.execute(
        "insert into sweep_fund (book, agreement, fund) select * from unnest($1::int[], $2::uuid[], $3::text[]) on conflict do nothing",
        *columns(swept, 3),
    )


async def safe_cards(
    tx: Any, holders: Sequence[tuple[int, UUID, str]], states: Sequence[SweepState] = (SweepState.ACTIVE,)
) -> dict[tuple[UUID, str], UUID]:
    """By person and fund, of those (book, person, fund) who have one: the bank card whose money goes into that fund, by agreements in these
    states. What is redeemed goes back to it alone."""
    rows = await tx.fetch(
        "select distinct on (person, fund) person, fund, card from unnest($1::int[], $2::uuid[], $3::text[]) k(book, person, fund) join ("
        " select book, person, fund, card, agreed_at, id from sweep_agreement where card is not null and state = any($4)"
        " union all select a.book, a.person, f.fund, a.card, a.agreed_at, a.id from sweep_agreement a"
        " join sweep_fund f on f.book = a.book and f.agreement = a.id where a.card is not null and a.state = any($4)"
        ") swept using (book, person, fund) order by person, fund, agreed_at, id",
        [book for book, _, _ in holders],
        [person for _, person, _ in holders],
        [fund for _, _, fund in holders],
        [one.value for one in states],
    )
    return {(row["person"], row["fund"]): row["card"] for row in rows}


def _columns(keys: Sequence[Key]) -> tuple[list[int], list[UUID]]:
    return [book for book, _ in keys], [identifier for _, identifier in keys]
