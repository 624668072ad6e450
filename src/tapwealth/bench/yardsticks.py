"""What the ledger is held against, in the same run on the same machine and load.

* *naked posting*: balances and one index, nothing else: no history, no chain, no memory of keys beyond the index;
* *one transaction per transfer*: the real posting function, each entry in a transaction of its own, over 16 connections.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from tapwealth.bench.figure import SECOND, Run, Waits
from tapwealth.bench.load import NOW, PLAIN, Load
from tapwealth.kernel.clock import monotonic_ns
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage.database import Database

_NAKED = """
create schema if not exists naked;
create table if not exists naked.account (id bigint primary key, debits bigint not null default 0, credits bigint not null default 0)
  with (fillfactor = 50);
create table if not exists naked.transfer (key uuid primary key, debit bigint not null, credit bigint not null, amount bigint not null);
create or replace function naked.post(p_key uuid[], p_debit bigint[], p_credit bigint[], p_amount bigint[]) returns void
language plpgsql set enable_seqscan = off as $$
begin
  insert into naked.transfer select * from unnest(p_key, p_debit, p_credit, p_amount);
  update naked.account a set debits = a.debits + w.d, credits = a.credits + w.c
    from (select id, sum(d) d, sum(c) c from (
            select debit id, amount d, 0 c from unnest(p_debit, p_amount) x(debit, amount)
            union all select credit, 0, amount from unnest(p_credit, p_amount) x(credit, amount)) z
           group by id order by id) w
   where a.id = w.id;
end $$
"""


async def prepare_naked(owner: Any, accounts: list[int]) -> None:
    """The yardstick's own tables (owner's connection)."""
    await owner.execute(_NAKED)
    await owner.execute("insert into naked.account select unnest($1::bigint[]) on conflict do nothing", accounts)


def naked(owners: Sequence[Any], load: Load, batch: int) -> Run:
    """Two posters, each with lists of `batch` transfers for its half of the books."""

    async def run(seconds: int, waits: Waits) -> int:
        end = monotonic_ns() + seconds * SECOND

        async def poster(half: int) -> int:
            posted = 0
            while monotonic_ns() < end:
                entries = [load.entry(PLAIN, half) for _ in range(batch)]
                started = monotonic_ns()
                columns: list[list[Any]] = [[entry.key for entry in entries]]
                columns += [[entry.lines[0][column] for entry in entries] for column in (1, 2, 4)]
                await owners[half].execute("select naked.post($1, $2, $3, $4)", *columns)
                waits.add(monotonic_ns() - started)
                posted += batch
            return posted

        return sum(await asyncio.gather(poster(0), poster(1)))

    return run


def one_by_one(database: Database, ledger: PostgresLedger, load: Load, connections: int) -> Run:
    """Callers each of whose entries has a transaction of its own."""

    async def run(seconds: int, waits: Waits) -> int:
        end = monotonic_ns() + seconds * SECOND

        async def caller() -> int:
            done = 0
            while (started := monotonic_ns()) < end:
                async with database.transaction() as tx:
                    await ledger.post(tx, NOW, [load.entry(PLAIN)])
                waits.add(monotonic_ns() - started)
                done += 1
            return done

        return sum(await asyncio.gather(*(caller() for _ in range(connections))))

    return run
