"""Holds the platform at chosen instants of a day's end, so that a kill hits just there.

Two gates a step, as rows of a table that is added to the played week's database; triggers wait while a gate is closed. At *commit* all that
the step does stands in its transaction and nothing of it is committed. At *remember* its deed is done and is about to be noted: by most
steps in the same transaction, so that this gate comes first and stands inside; by the others when the deed is committed. Gates are rows, so
that they outlive a kill of the database; who stands at one holds an advisory lock, so that it can be seen, and another for each table of
`WRITES` that it has written to by then.

A step is waited for at the *remember* of the step before it. The first of a date has none: the date before is closed a played day earlier,
and could not go on to this one. It is waited for at its own commit.

What failed to be sent to a partner that was being killed rests, each time twice as long, while the played days go on: before a date is let
go, all that rested on account of its kills is sent, or it would reach the partner on a later played day than without them.
"""

import asyncio
import os
import signal
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
from played_week import database_pid, kill

from tapwealth.flows.bank.payments import BANK
from tapwealth.flows.customers.people import IDENTITY
from tapwealth.flows.customers.sign_in import CODES
from tapwealth.flows.day import STEPS
from tapwealth.flows.insurance.claims import CLAIMS
from tapwealth.flows.insurance.policy_outcomes import INSURER
from tapwealth.kernel.clock import deadline_after, monotonic_ns, shanghai
from tapwealth.play.processes import PARTNERS, Troupe
from tapwealth.play.stage import Stage

JOB = "end_of_day"
STEP_NAMES = [step.name for step in STEPS]
WRITES = {
    "cut the date": "business_day",
    "accrue the advance's interest": "advance_interest",
    "present to the network": "network_item",
    "clear cards": "presentment",
    "drain transit": "transfer",
    "settle merchants": "merchant_settlement",
    "share the fees": "revenue_share",
    "settle billers": "payment_instruction",
    "fees to own money": "payment_instruction",
    "pay the shares": "payment_instruction",
    "settle the network": "payment_instruction",
    "pay the insurer": "payment_instruction",
    "begin cover": "policy",
    "sweep premiums": "payment_instruction",
    "close raises": "wealth_subscription",
    "credit raises": "wealth_subscription",
    "settle deposits": "payment_instruction",
    "draw the advance": "payment_instruction",
    "cover captures": "fund_order",
    "redeem the advance": "advance_redemption",
    "send fund files": "exchange_file",
    "receive statements": "bank_statement",
    "compare billers": "bill_payment",
    "compare insurer": "policy_event",
    "compare deposits": "deposit_event",
    "prove mirrors": "bank_statement",
}
"""What a step writes as nobody else does meanwhile. The other steps only look, or find nothing to do in the days that are played; the last
one is remembered in its own transaction, so that its second gate stands inside it. A raise is closed and credited by several transactions,
of which the subscriptions' lots are in the middle."""
_INSERTED = {"payment_instruction"}
"""Answers of the bank change these meanwhile: only who makes one stands at its gate."""

OUTBOXES = {"bank": (BANK,), "identity": (IDENTITY, CODES), "insurer": (INSURER, CLAIMS)}
"""Under which destinations the platform's messages to a partner lie until they are sent. The other partners are asked, or sent files."""

_AREA, _WRITTEN = 4711, 4712
_SETUP = f"""
create table gate (name text primary key, closed boolean not null, past text);
grant select on gate to tapwealth_program;
create function pass_gate(wanted text) returns void language plpgsql as $$
begin
  while exists (
    select from tapwealth.gate
    where name = wanted and closed and (past is null or past is distinct from current_setting('gates.noted', true))
  ) loop
    perform pg_advisory_xact_lock_shared({_AREA}, hashtext(wanted));
    perform pg_sleep(0.01);
  end loop;
end $$;
create function at_commit() returns trigger language plpgsql as $$
begin
  perform tapwealth.pass_gate('commit ' || tg_table_name);
  return null;
end $$;
create function at_cut() returns trigger language plpgsql as $$
begin
  perform tapwealth.pass_gate('cut ' || new.business_date);
  return null;
end $$;
create function at_write() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared({_WRITTEN}, hashtext(tg_table_name));
  return null;
end $$;
create function at_remember() returns trigger language plpgsql as $$
begin
  if new.job = '{JOB}' and new.state = 'done' then
    perform tapwealth.pass_gate('remember ' || new.business_date || ' ' || new.step);
    perform set_config('gates.noted', new.step, true);
  end if;
  return new;
end $$;
create trigger at_remember before insert on job_progress for each row execute function at_remember();
create constraint trigger at_cut after insert on business_day deferrable initially deferred for each row execute function at_cut();
"""
"""A transaction that has noted the step that a gate is `past` of is still that step's, and goes through."""
_UNSENT = """
select destination, count(*), coalesce(max(last_error), 'not tried') as why from outbox
where destination = any ($1) and sent_at is null and (leased_until is null or leased_until <= clock_timestamp())
group by destination order by destination
"""
_PAUSE_SECONDS = 0.01
_WAIT_SECONDS = 90
_STANDS_SECONDS = 180
"""A scene takes no longer, the end of a date neither."""
_LOST = (
    OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InterfaceError, asyncpg.InternalClientError,
)  # fmt: skip
"""What a question meets whose database is killed."""


@dataclass
class DayGates:
    """The gates of the week that is played in `folder`. Every look makes a connection of its own: kills of the database do not matter."""

    folder: Path

    async def set_up(self) -> None:
        """Once, when the platform has made its tables."""
        triggers = [
            f"create constraint trigger at_commit after {when} on {table} deferrable initially deferred"
            " for each row execute function at_commit();"
            f" create trigger at_write after {when} on {table} for each row execute function at_write();"
            for table in sorted(set(WRITES.values()))
            for when in ("insert" if table in _INSERTED else "insert or update",)
        ]
        await self._ask(_SETUP + "".join(triggers), many=True)

    async def close(self, *names: str) -> None:
        await self._ask(
            "insert into gate select name, true from unnest($1::text[]) as name on conflict (name) do update set closed = true", list(names)
        )

    async def close_past(self, name: str, step: str | None) -> None:
        """To all but the transaction in which that step is noted."""
        await self._ask(
            "insert into gate values ($1, true, $2) on conflict (name) do update set closed = true, past = excluded.past", name, step
        )

    async def open(self, *names: str) -> None:
        await self._ask("update gate set closed = false where name = any ($1)", list(names))

    async def open_all(self) -> None:
        await self._ask("update gate set closed = false")

    async def reached(self, *names: str, within: int = _WAIT_SECONDS) -> str:
        """The first of these closed gates at which somebody stands. Raises TimeoutError."""
        deadline = deadline_after(within)
        while monotonic_ns() < deadline:
            found = await self._ask(
                "select name from unnest($1::text[]) as name where exists (select from pg_locks l where l.locktype = 'advisory'"
                f" and l.classid = {_AREA} and l.objid = (hashtext(name)::bigint & 4294967295)::oid)",
                list(names),
            )
            if found:
                return str(found[0]["name"])
            await asyncio.sleep(_PAUSE_SECONDS)
        raise TimeoutError(f"nobody came to {' or '.join(names)} within {within} s")

    async def has_written(self, name: str, table: str) -> bool:
        """Whether who stands at this gate has written rows of that table, and not committed them."""
        found = await self._ask(
            "select from pg_locks stands join pg_locks wrote using (pid) where stands.locktype = 'advisory' and wrote.locktype = 'advisory'"
            f" and stands.classid = {_AREA} and stands.objid = (hashtext($1)::bigint & 4294967295)::oid"
            f" and wrote.classid = {_WRITTEN} and wrote.objid = (hashtext($2)::bigint & 4294967295)::oid",
            name,
            table,
        )
        return bool(found)

    async def sent(self, destinations: Collection[str], within: int = _WAIT_SECONDS) -> None:
        """Wait until nothing is unsent to them but what is just being sent: that may wait for who stands at a gate. Raises TimeoutError."""
        deadline = deadline_after(within)
        while found := await self._ask(_UNSENT, sorted(destinations)):
            if monotonic_ns() > deadline:
                unsent = ", ".join(f"{one['count']} to {one['destination']} ({one['why']})" for one in found)
                raise TimeoutError(f"not sent within {within} s: {unsent}")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask(self, query: str, *values: Any, many: bool = False) -> list[Any]:
        deadline = deadline_after(_WAIT_SECONDS)
        while True:
            try:
                connection = await asyncpg.connect(self._dsn(), server_settings={"search_path": "tapwealth"}, timeout=10)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
                assert monotonic_ns() < deadline, "the database did not come back"
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            try:
                return [] if many and await connection.execute(query) else await connection.fetch(query, *values)
            except _LOST:
                await asyncio.sleep(_PAUSE_SECONDS)
            finally:
                connection.terminate()

    def _dsn(self) -> str:
        return f"postgresql://tapwealth@/tapwealth?host={self.folder}/database/cluster"


def commit(day: date, step: str) -> str:
    """The gate before a step's commit."""
    return f"commit {WRITES[step]}" if _before(step) else f"cut {day}"


def remember(day: date, step: str) -> str:
    """The gate before a step is noted as done."""
    return f"remember {day} {step}"


Plan = Sequence[tuple[date, str, str]]
"""(business date, step, victim), in the order in which they come. A step may stand there once."""


@dataclass
class KillsAtSteps:
    """A disturber. The platform and the database are killed twice running before the step's commit and twice after it; a partner is frozen
    at its beginning and killed with whatever has come to it by then, again as soon as it is back, and twice after the step.

    `done` says what was hit.
    """

    plan: Plan
    done: list[str] = field(default_factory=list)

    async def __call__(self, stage: Stage, troupe: Troupe) -> None:
        gates = DayGates(stage.folder)
        await gates.set_up()
        wanted = {gate for day, step, _ in self.plan for gate in (arrival_of(day, step), remember(day, step))}
        await gates.close(*wanted)
        held, struck_on = None, dict[date, set[str]]()
        try:
            for number, (day, step, victim) in enumerate(self.plan):
                arrival = arrival_of(day, step)
                if held not in (None, arrival):
                    await gates.open(held)
                await _midnight(stage, day, arrival)
                await gates.reached(arrival)
                struck = self._partner if victim in PARTNERS else self._house
                await struck(gates, _Victim(victim, stage, troupe), day, step)
                held = remember(day, step)
                struck_on.setdefault(day, set()).add(victim)
                if is_last_of_its_date(self.plan, number):
                    await self._all_sent(gates, troupe, struck_on[day])
        finally:
            await gates.open_all()

    async def _all_sent(self, gates: DayGates, troupe: Troupe, victims: set[str]) -> None:
        """What partners were killed under while it was sent to them, once they are there again."""
        for part in troupe.parts:
            if part.name in victims & OUTBOXES.keys():
                await troupe.ready(part)
        await gates.sent({name for victim in victims for name in OUTBOXES.get(victim, ())})

    async def _house(self, gates: DayGates, victim: "_Victim", day: date, step: str) -> None:
        arrival, after = arrival_of(day, step), remember(day, step)
        before = commit(day, step) if step in WRITES else None
        if before:
            await gates.close_past(before, _before(step))
        if arrival != before:
            await gates.open(arrival)
        kills = 0
        while before and kills < 2 and await gates.reached(before, after) == before:
            await victim.kill()
            kills += 1
        if kills == 2:
            self.done.append(f"{victim.name} inside {step}")
        if before:
            await gates.open(before)
        await gates.reached(after)
        noted_inside = before is not None and kills < 2 and await gates.has_written(after, WRITES[step])
        for _ in range(2):
            await victim.kill()
            await gates.reached(after)
        self.done.append(f"{victim.name} {'inside' if noted_inside else 'after'} {step}")

    async def _partner(self, gates: DayGates, victim: "_Victim", day: date, step: str) -> None:
        after = remember(day, step)
        victim.freeze()
        await gates.open(arrival_of(day, step))
        with suppress(TimeoutError):  # the step waits for the partner
            await gates.reached(after, within=1)
        for _ in range(2):
            await victim.kill()
        self.done.append(f"{victim.name} inside {step}")
        await gates.reached(after)
        for _ in range(2):
            await victim.kill()
        self.done.append(f"{victim.name} after {step}")


@dataclass
class _Victim:
    name: str
    stage: Stage
    troupe: Troupe

    def freeze(self) -> None:
        """It takes nothing any more; what is sent to it waits."""
        os.kill(self.troupe.pid_of(self.name), signal.SIGSTOP)

    async def kill(self) -> None:
        """At once, and wait until there is another. The database goes with the platform."""
        process, server = self.troupe.pid_of(self.name) if self.name != "database" else 0, database_pid(self.stage.folder)
        target = server if self.name == "database" else process
        assert target is not None, "there is no database to kill"
        kill(target)
        deadline = deadline_after(_WAIT_SECONDS)
        while (process and self.troupe.pid_of(self.name) == process) or (
            self.name in ("platform", "database") and database_pid(self.stage.folder) in (None, server)
        ):
            assert monotonic_ns() < deadline, f"{self.name} did not come back"
            await asyncio.sleep(_PAUSE_SECONDS)


async def _midnight(stage: Stage, day: date, gate: str) -> None:
    """A date ends after it: until then nobody comes to its gates. Raises TimeoutError when the clock does not go on."""
    before, deadline = stage.now, deadline_after(_STANDS_SECONDS)
    while stage.now is None or stage.now < shanghai(day, 24):
        if stage.now != before:
            before, deadline = stage.now, deadline_after(_STANDS_SECONDS)
        if monotonic_ns() > deadline:
            raise TimeoutError(f"nobody will come to {gate}: the clock stands at {stage.now}")
        await asyncio.sleep(_PAUSE_SECONDS)


def _before(step: str) -> str | None:
    number = STEP_NAMES.index(step)
    return STEP_NAMES[number - 1] if number else None


def is_last_of_its_date(plan: Plan, number: int) -> bool:
    """Whether the date is let go when the platform goes on from that step."""
    return number + 1 == len(plan) or plan[number + 1][0] != plan[number][0]


def arrival_of(day: date, step: str) -> str:
    """The gate at which the platform stands when it has done all before the step; of the first step: when it has not committed it."""
    before = _before(step)
    return remember(day, before) if before else commit(day, step)
