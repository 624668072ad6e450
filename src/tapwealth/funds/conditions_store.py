"""SQL of a fund's conditions and of its states at the registrar. Lists in, lists out."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from tapwealth.funds.conditions import Conditions, FundStatus


async def conditions(tx: Any) -> dict[str, tuple[int, Conditions]]:
    """By fund: the version of the catalogue that stands, and what it says."""
    rows = await tx.fetch(
        "select distinct on (fund) fund, version, conditions from fund_conditions where book = 0 order by fund, version desc"
    )
    return {row["fund"]: (row["version"], msgspec.convert(json.loads(row["conditions"]), Conditions)) for row in rows}


async def versions(tx: Any, funds: Sequence[str]) -> dict[str, list[tuple[datetime, Conditions]]]:
    """Of each of these funds what was decided, and when, oldest first; of one with no decision the defaults."""
    rows = await tx.fetch(
        "select fund, recorded_at, conditions from fund_conditions where book = 0 and fund = any($1) order by fund, version", list(funds)
    )
    found: dict[str, list[tuple[datetime, Conditions]]] = {fund: [] for fund in funds}
    for row in rows:
        found[row["fund"]].append((row["recorded_at"], msgspec.convert(json.loads(row["conditions"]), Conditions)))
    return {fund: said or [(datetime.min.replace(tzinfo=UTC), Conditions())] for fund, said in found.items()}


async def add_conditions(tx: Any, fund: str, version: int, said: Conditions, now: datetime) -> None:
    await tx.execute(
        "insert into fund_conditions (book, fund, version, conditions, recorded_at) values (0, $1, $2, $3::jsonb, $4)",
        fund,
        version,
        json.dumps(msgspec.to_builtins(said)),
        now,
    )


async def was_ordered(tx: Any, fund: str) -> bool:
    return bool(await tx.fetchval("select exists (select from fund_order where fund = $1)", fund))


async def statuses(tx: Any) -> dict[str, FundStatus]:
    """By fund, of the newest day that the registrar has spoken of."""
    rows = await tx.fetch("select distinct on (fund) fund, status from fund_status where book = 0 order by fund, day desc")
    return {row["fund"]: FundStatus(row["status"]) for row in rows}


async def add_statuses(tx: Any, day: date, said: Mapping[str, FundStatus], now: datetime) -> None:
    """What was said of a day first stands."""
    await tx.execute(
        "insert into fund_status (book, fund, day, status, recorded_at) select 0, x.fund, $1, x.status, $4"
        " from unnest($2::text[], $3::text[]) x(fund, status) on conflict do nothing",
        day,
        list(said),
        [one.value for one in said.values()],
        now,
    )
