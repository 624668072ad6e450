"""SQL of campaigns: what two operators decided, and what each holder was granted day by day. Lists in, lists out."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.funds.campaign import Campaign, Standing
from tapwealth.storage.columns import columns

_CAMPAIGN = ", ".join(Campaign.__struct_fields__)


class GrantRow(NamedTuple):
    """A holder's day in a campaign: `unit_days` and `granted` are sums over all days so far, `amount` is the day's."""

    book: int
    campaign: UUID
    day: date
    person: UUID
    trading_account: str
    unit_days: int
    granted: int
    amount: int


class CampaignDay(NamedTuple):
    """`could`: the fen that there were; `granted` of them."""

    campaign: UUID
    day: date
    could: int
    granted: int


async def add_campaign(tx: Any, one: Campaign, now: datetime) -> None:
    await tx.execute(
        f"insert into campaign (book, {_CAMPAIGN}, recorded_at) values (0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        *msgspec.structs.astuple(one),
        now,
    )


async def campaigns(tx: Any) -> list[Campaign]:
    """By code."""
    return [Campaign(*row) for row in await tx.fetch(f"select {_CAMPAIGN} from campaign where book = 0 order by code")]


async def add_day(tx: Any, days: Sequence[CampaignDay], grants: Sequence[GrantRow]) -> None:
    await tx.execute(
        "insert into campaign_day (book, campaign, day, could, granted)"
        " select 0, x.* from unnest($1::uuid[], $2::date[], $3::bigint[], $4::bigint[]) x",
        *columns(days, 4),
    )
    await tx.execute(
        "insert into campaign_grant (book, campaign, day, person, trading_account, unit_days, granted, amount) select * from"
        " unnest($1::int[], $2::uuid[], $3::date[], $4::uuid[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[])",
        *columns(grants, 8),
    )


async def days(tx: Any, day: date) -> dict[UUID, CampaignDay]:
    """What was granted for a date, by campaign."""
    rows = await tx.fetch("select campaign, day, could, granted from campaign_day where book = 0 and day = $1", day)
    return {row["campaign"]: CampaignDay(*row) for row in rows}


async def granted(tx: Any) -> dict[UUID, int]:
    """So far, by campaign."""
    rows = await tx.fetch("select campaign, sum(granted)::bigint from campaign_day where book = 0 group by campaign")
    return {row[0]: row[1] for row in rows}


async def standings(tx: Any, campaigns: Sequence[UUID], before: date) -> dict[UUID, dict[str, Standing]]:
    """How each holder stood after the last date before that one, by campaign and trading account."""
    rows = await tx.fetch(
        "select g.campaign, g.trading_account, g.unit_days, g.granted from unnest($1::uuid[]) c(id) cross join lateral"
        " (select max(day) as day from campaign_day d where d.book = 0 and d.campaign = c.id and d.day < $2) last"
        " join campaign_grant g on g.campaign = c.id and g.day = last.day",
        list(campaigns),
        before,
    )
    found: dict[UUID, dict[str, Standing]] = {identifier: {} for identifier in campaigns}
    for row in rows:
        found[row["campaign"]][row["trading_account"]] = Standing(row["unit_days"], row["granted"])
    return found


async def grants_of_day(tx: Any, campaigns: Sequence[UUID], day: date) -> list[GrantRow]:
    rows = await tx.fetch(
        "select book, campaign, day, person, trading_account, unit_days, granted, amount from campaign_grant"
        " where campaign = any($1) and day = $2",
        list(campaigns),
        day,
    )
    return [GrantRow(*row) for row in rows]


async def grants_of(tx: Any, book: int, person: UUID) -> dict[UUID, int]:
    """Fen that a person was granted so far, by campaign."""
    rows = await tx.fetch(
        "select campaign, sum(amount)::bigint from campaign_grant where book = $1 and person = $2 group by campaign", book, person
    )
    return {row[0]: row[1] for row in rows}
