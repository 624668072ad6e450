"""SQL of what a holder paid into funds with a NAV and what came back, by the registrar's answers; read alone.

Each part of a redemption that goes on over several days stands under the date of its own answer, as its units do.
"""

from collections import defaultdict
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.funds.returns import Step

_STEPS = """
select fund, day, sum(paid_in)::bigint as paid_in, sum(came_back)::bigint as came_back, sum(units)::bigint as units from (
  select fund, confirmed_on as day, confirmed_amount as paid_in, 0 as came_back, 0 as units from fund_order
    where book = $1 and fund_account = $2 and business_code in ('020', '022', '039') and confirmed_units > 0
  union all select target_fund, confirmed_on, confirmed_amount, 0, 0 from fund_order
    where book = $1 and fund_account = $2 and business_code = '036' and confirmed_units > 0
  union all select fund, confirmed_on, 0, confirmed_amount, 0 from fund_order
    where book = $1 and fund_account = $2 and business_code = '036' and confirmed_units > 0
  union all select o.fund, d.business_date, 0, d.amount, 0 from fund_order o join registrar_due d on d.book = o.book and d.fund_order = o.id
    where o.book = $1 and o.fund_account = $2 and o.business_code in ('024', '142')
  union all select fund, business_date, 0, amount, 0 from fund_dividend where book = $1 and fund_account = $2 and units = 0
  union all select fund, business_date, 0, 0, units from fund_lot where book = $1 and fund_account = $2
  union all select fund, business_date, 0, 0, -units from fund_lot_use where book = $1 and fund_account = $2
) x group by 1, 2
"""


async def steps_of(tx: Any, book: int, holder: UUID) -> dict[str, dict[date, Step]]:
    """By fund and day. A switch comes back of one fund and is paid into the other; a dividend in cash comes back."""
    found: dict[str, dict[date, Step]] = defaultdict(dict)
    for row in await tx.fetch(_STEPS, book, holder):
        found[row["fund"]][row["day"]] = Step(row["paid_in"], row["came_back"], row["units"])
    return found


async def prices_since(tx: Any, funds: dict[str, date]) -> dict[str, list[tuple[date, int]]]:
    """Of each fund from a day on, the oldest first: what counts."""
    rows = await tx.fetch(
        "select fund, day, nav from fund_quotation_standing join unnest($1::text[], $2::date[]) k(fund, first) using (fund)"
        " where book = 0 and day >= first order by day",
        list(funds),
        list(funds.values()),
    )
    found: dict[str, list[tuple[date, int]]] = {fund: [] for fund in funds}
    for row in rows:
        found[row["fund"]].append((row["day"], row["nav"]))
    return found
