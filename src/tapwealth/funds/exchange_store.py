"""SQL of exchanged files: which have come or gone, and the holdings that the registrar said. Lists in, lists out."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from tapwealth.storage.columns import columns


async def file_known(tx: Any, names: Sequence[str]) -> dict[str, bytes]:
    """Digest by name."""
    rows = await tx.fetch("select name, digest from exchange_file where book = 0 and name = any($1)", list(names))
    return {row["name"]: row["digest"] for row in rows}


async def add_file(tx: Any, name: str, digest: bytes, records: int, day: date, now: datetime, *, outgoing: bool) -> None:
    await tx.execute(
        "insert into exchange_file (book, name, outgoing, digest, records, business_date, recorded_at) values (0, $1, $2, $3, $4, $5, $6)"
        " on conflict (book, name) do nothing",
        name,
        outgoing,
        digest,
        records,
        day,
        now,
    )


async def replace_holdings(tx: Any, day: date, channel: str, rows: Sequence[tuple[str, str, str, int]]) -> None:
    """(fund, ta account, trading account, units) as the registrar's 05 of that date has them."""
    await tx.execute("delete from registrar_holding where book = 0 and business_date = $1 and channel = $2", day, channel)
    await tx.execute(
        "insert into registrar_holding (book, business_date, channel, fund, ta_account, trading_account, units)"
        " select 0, $1, $2, x.* from unnest($3::text[], $4::text[], $5::text[], $6::bigint[]) x",
        day,
        channel,
        *columns(rows, 4),
    )


async def holdings_on(tx: Any, day: date) -> dict[tuple[str, str, str, str], int]:
    """Units by (fund, channel, ta account, trading account), by the registrar."""
    rows = await tx.fetch(
        "select fund, channel, ta_account, trading_account, units from registrar_holding where book = 0 and business_date = $1", day
    )
    return {(row["fund"], row["channel"], row["ta_account"], row["trading_account"]): row["units"] for row in rows}
