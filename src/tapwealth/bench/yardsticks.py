"""What the ledger is held against, in the same run on the same machine and load.

* *naked posting*: balances and one index, nothing else: no history, no chain, no memory of keys beyond the index;
* *one transaction per transfer*: the real posting function, each entry in a transaction of its own, over 16 connections.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from tapwealth.bench.load import NOW, Load, Mix
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


async def naked(owner: Any, load: Load, batch: int, seconds: int) -> tuple[int, list[int]]:
    """(entries, nanoseconds of each batch) posted by batches."""
    posted, took = 0, []
    end = monotonic_ns() + seconds * 1_000_000_000
    while (started := monotonic_ns()) < end:
        entries = [load.entry(Mix()) for _ in range(batch)]
        columns: list[list[Any]] = [[entry.key for entry in entries]]
        columns += [[entry.lines[0][column] for entry in entries] for column in (1, 2, 4)]
        await owner.execute("select naked.post($1, $2, $3, $4)", *columns)
        posted += batch
        took.append(monotonic_ns() - started)
    return posted, took


async def one_by_one(
    database: Database, ledger: PostgresLedger, load: Load, mix: Mix, seconds: int, connections: int = 16
) -> tuple[int, list[int]]:
    """(entries, nanoseconds of each), one transaction each."""
    took: list[int] = []
    end = monotonic_ns() + seconds * 1_000_000_000

    async def caller(draw: Callable[[], Any]) -> None:
        while (started := monotonic_ns()) < end:
            async with database.transaction() as tx:
                await ledger.post(tx, NOW, [draw()])
            took.append(monotonic_ns() - started)

    await asyncio.gather(*(caller(lambda: load.entry(mix)) for _ in range(connections)))
    return len(took), took
