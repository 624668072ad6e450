"""All SQL of periodic plans: agreements and what came of each period. Lists in, lists out."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.funds.plan import STANDING, Every, PeriodicPlan, PlanRun, PlanState, RunState, Window
from tapwealth.storage.columns import columns

Key = tuple[int, UUID]
_PLAN = "p.book, p.id, p.person, p.fund, p.amount, p.every, p.day, p.state, p.next_on, p.failures, p.agreed_at, p.ended_at"
_RUN = "r.book, r.plan, r.period, r.day, r.amount, r.state, r.reason, r.fund_order, r.looked_at"


class Due(NamedTuple):
    """A plan whose next period has come. `waits`: that period was looked at already; `late`: it is the day's last hour."""

    plan: PeriodicPlan
    waits: bool
    late: bool


def _plan(row: Any) -> PeriodicPlan:
    book, identifier, person, fund, amount, every, day, state, *rest = row
    return PeriodicPlan(book, identifier, person, fund, amount, Every(every), day, PlanState(state), *rest)


def _run(row: Any) -> PlanRun:
    book, plan_id, period, day, amount, state, reason, order, looked_at = row
    return PlanRun(book, plan_id, period, day, amount, RunState(state), reason, order, looked_at)


async def add(tx: Any, one: PeriodicPlan) -> None:
    await tx.execute(
        "insert into fund_plan (book, id, person, fund, amount, every, day, state, next_on, failures, agreed_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        one.book,
        one.id,
        one.person,
        one.fund,
        one.amount,
        one.every.value,
        one.day,
        one.state.value,
        one.next_on,
        one.failures,
        one.agreed_at,
    )


async def standing(tx: Any, book: int, person: UUID) -> int:
    """How many of a person's are not ended."""
    found = await tx.fetchval(
        "select count(*)::int from fund_plan where book = $1 and person = $2 and state = any($3)",
        book,
        person,
        [one.value for one in STANDING],
    )
    return int(found)


async def plan(tx: Any, key: Key) -> PeriodicPlan | None:
    row = await tx.fetchrow(f"select {_PLAN} from fund_plan p where p.book = $1 and p.id = $2", *key)
    return _plan(row) if row else None


async def plans(tx: Any, keys: Sequence[Key]) -> list[PeriodicPlan]:
    rows = await tx.fetch(
        f"select {_PLAN} from fund_plan p join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id) order by p.book, p.id",
        *columns(keys, 2),
    )
    return [_plan(row) for row in rows]


async def plans_of(tx: Any, book: int, person: UUID) -> list[PeriodicPlan]:
    """Oldest first, those that are ended as well."""
    rows = await tx.fetch(f"select {_PLAN} from fund_plan p where p.book = $1 and p.person = $2 order by p.agreed_at, p.id", book, person)
    return [_plan(row) for row in rows]


async def page_of(tx: Any, book: int, person: UUID, only: UUID | None, before: UUID | None, limit: int) -> list[PeriodicPlan]:
    """Newest first by id, from before the one last seen; `only`: that one alone."""
    rows = await tx.fetch(
        f"select {_PLAN} from fund_plan p where p.book = $1 and p.person = $2 and ($3::uuid is null or p.id = $3)"
        " and ($4::uuid is null or p.id < $4) order by p.id desc limit $5",
        book,
        person,
        only,
        before,
        limit,
    )
    return [_plan(row) for row in rows]


async def due(tx: Any, day: date, now: datetime, windows: Sequence[Window], limit: int) -> list[Due]:
    """In force with a period that has come by the dealing day `day`, of funds whose plans are looked at `now`; one that waits, once its
    second look has come, or its day is over. Longest overdue first."""
    rows = await tx.fetch(
        f"select {_PLAN}, r.plan is not null as waits, $2 >= w.again as late from fund_plan p"
        " join unnest($3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[]) w(fund, opens, again, closes) using (fund)"
        " left join fund_plan_run r on r.book = p.book and r.plan = p.id and r.period = p.next_on"
        " where p.state = 'active' and p.next_on <= $1 and $2 >= w.opens and $2 < w.closes"
        " and (r.plan is null or r.day < $1 or $2 >= w.again) order by p.next_on, p.agreed_at, p.id limit $7",
        day,
        now,
        *columns([(one.fund, one.opens, one.again, one.closes) for one in windows], 4),
        limit,
    )
    return [Due(_plan(tuple(row)[:-2]), row["waits"], row["late"]) for row in rows]


async def keep(tx: Any, plans: Sequence[PeriodicPlan]) -> None:
    """How plans stand now."""
    await tx.execute(
        "update fund_plan p set state = x.state, next_on = x.next_on, failures = x.failures, ended_at = x.ended_at"
        " from unnest($1::int[], $2::uuid[], $3::text[], $4::date[], $5::int[], $6::timestamptz[])"
        " x(book, id, state, next_on, failures, ended_at) where p.book = x.book and p.id = x.id",
        *columns([(one.book, one.id, one.state.value, one.next_on, one.failures, one.ended_at) for one in plans], 6),
    )


async def keep_runs(tx: Any, runs: Sequence[PlanRun]) -> None:
    """What came of periods; one that waits may still come to something, all others stay."""
    await tx.execute(
        "insert into fund_plan_run as r (book, plan, period, day, amount, state, reason, fund_order, looked_at) select * from"
        " unnest($1::int[], $2::uuid[], $3::date[], $4::date[], $5::bigint[], $6::text[], $7::text[], $8::uuid[], $9::timestamptz[])"
        " on conflict (book, plan, period) do update set day = excluded.day, state = excluded.state, reason = excluded.reason,"
        " fund_order = excluded.fund_order, looked_at = excluded.looked_at where r.state = 'waiting'",
        *columns(
            [
                (one.book, one.plan, one.period, one.day, one.amount, one.state.value, one.reason, one.fund_order, one.looked_at)
                for one in runs
            ],
            9,
        ),
    )


async def leave_waiting(tx: Any, key: Key, reason: str) -> None:
    """A period of that plan which waits comes to nothing."""
    await tx.execute(
        "update fund_plan_run set state = 'failed', reason = $3 where book = $1 and plan = $2 and state = 'waiting'", *key, reason
    )


async def refuse(tx: Any, orders: Sequence[tuple[int, UUID, str]]) -> list[PlanRun]:
    """(book, order, reason): the periods that were bought with these orders have failed after all. Returns them."""
    rows = await tx.fetch(
        "update fund_plan_run r set state = 'failed', reason = x.reason from unnest($1::int[], $2::uuid[], $3::text[])"
        f" x(book, fund_order, reason) where r.book = x.book and r.fund_order = x.fund_order and r.state = 'placed' returning {_RUN}",
        *columns(orders, 3),
    )
    return [_run(row) for row in rows]


async def failures_in_a_row(tx: Any, keys: Sequence[Key], most: int) -> dict[Key, int]:
    """By plan, how many of its newest periods have failed with none bought after them, `most` at most. One that waits or has passed
    neither breaks the row nor counts."""
    rows = await tx.fetch(
        "select k.book, k.plan, n.failed from unnest($1::int[], $2::uuid[]) k(book, plan) cross join lateral"
        " (select count(*) filter (where f.state = 'failed')::int as failed from (select of.period, of.state from fund_plan_run of"
        " where of.book = k.book and of.plan = k.plan and of.state in ('failed', 'placed') order by of.period desc limit $3) f"
        " where not exists (select from fund_plan_run b where b.book = k.book and b.plan = k.plan and b.state = 'placed'"
        " and b.period >= f.period)) n",
        *columns(keys, 2),
        most,
    )
    return {(row["book"], row["plan"]): row["failed"] for row in rows}


async def newest_runs(tx: Any, keys: Sequence[Key], limit: int) -> list[PlanRun]:
    """So many of each of these plans, newest first."""
    rows = await tx.fetch(
        f"select {_RUN} from unnest($1::int[], $2::uuid[]) k(book, plan) cross join lateral"
        " (select * from fund_plan_run of where of.book = k.book and of.plan = k.plan order by of.period desc limit $3) r"
        " order by r.period desc, r.plan",
        *columns(keys, 2),
        limit,
    )
    return [_run(row) for row in rows]
