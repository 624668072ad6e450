"""SQL of freezes: orders 031 and 032, and what of a holding they leave frozen."""

from typing import Any
from uuid import UUID

from tapwealth.funds.orders_store import OrderRow


async def frozen_units(tx: Any, book: int, fund_account: UUID, fund: str) -> int:
    """What authorities have frozen of a holder's units and the registrar has not set free."""
    found: int = await tx.fetchval(
        "select coalesce(sum(o.units), 0)::bigint from fund_order o where o.book = $1 and o.fund_account = $2 and o.fund = $3"
        " and o.business_code = '031' and not exists (select from fund_order f where f.book = o.book and f.fund_account = o.fund_account"
        " and f.business_code = '032' and f.source = o.id and f.state = 'confirmed')",
        book,
        fund_account,
        fund,
    )
    return found


async def freed(tx: Any, freeze: OrderRow) -> bool:
    """Whether it has been asked to set free what that order has frozen, and the registrar has not refused."""
    found: bool = await tx.fetchval(
        "select exists (select from fund_order where book = $1 and fund_account = $2 and business_code = '032' and source = $3"
        " and state <> 'refused')",
        freeze.book,
        freeze.fund_account,
        freeze.id,
    )
    return found
