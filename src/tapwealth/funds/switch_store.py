"""SQL of switches that go into a fund. Lists in, lists out."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.storage.columns import columns


class Entering(NamedTuple):
    """What a holder switches into a fund on a dealing day: `units` of the fund `left` that are not answered yet, and the fen that those
    brought which are."""

    fund_account: UUID
    fund: str
    left: str
    day: date
    units: int
    amount: int


async def entering(tx: Any, holders: Sequence[tuple[int, UUID]], first: date) -> list[Entering]:
    """Of each holder (book, id): the switches under way, and those of the dealing days from `first` on."""
    rows = await tx.fetch(
        "with holder as (select * from unnest($1::int[], $2::uuid[]) k(book, fund_account)), found as ("
        " select fund_account, target_fund, fund, dealing_date, state, units, confirmed_amount from holder"
        " join fund_order using (book, fund_account) where dealing_date >= $3 and business_code = '036' and state <> 'cancelled'"
        " union all select fund_account, target_fund, fund, dealing_date, state, units, confirmed_amount from holder"
        " join fund_order using (book, fund_account)"
        " where dealing_date < $3 and business_code = '036' and under_way and state in ('placed', 'sent'))"
        " select fund_account, target_fund, fund, dealing_date,"
        " coalesce(sum(units) filter (where state in ('placed', 'sent')), 0)::bigint,"
        " coalesce(sum(confirmed_amount) filter (where state not in ('placed', 'sent')), 0)::bigint from found group by 1, 2, 3, 4",
        *columns(holders, 2),
        first,
    )
    return [Entering(*row) for row in rows]
