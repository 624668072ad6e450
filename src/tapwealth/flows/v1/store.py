"""What /v1 reads in pages: lists by id or date, newest first, from behind the last one seen."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID


class PaymentRow(NamedTuple):
    """A customer's payment; `card` is the bound card's id."""

    id: UUID
    direct_debit: bool
    card: str
    amount: int
    state: str
    reason: str
    instructed_on: date
    settled_on: date | None
    instructed_at: datetime


class OrderLine(NamedTuple):
    """`covers`: whether it covers a payment at a till. `nav` (1/10,000 yuan) is 0 for a money fund. `method`: what was chosen by a 029."""

    id: UUID
    fund: str
    business_code: str
    covers: bool
    amount: int
    units: int
    state: str
    received_at: datetime
    business_date: date
    dealing_date: date
    confirmed_on: date | None
    confirmed_amount: int
    confirmed_units: int
    return_code: str
    nav: int
    charge: int
    target_fund: str
    target_units: int
    method: str | None


class Quoted(NamedTuple):
    """Income in 1/10,000 yuan per 10,000 units, yield in 1/1,000 percent, price in 1/10,000 yuan."""

    day: date
    income_per_10k: int
    seven_day_yield: int
    nav: int


async def payments(tx: Any, book: int, wallet: int, only: UUID | None, before: UUID | None, limit: int) -> list[PaymentRow]:
    """By the wallet: the one that is asked for, or those before one."""
    rows = await tx.fetch(
        "select i.id, i.direct_debit, case when i.direct_debit then i.from_account else i.to_account end, i.amount, i.state, i.reason,"
        " i.instructed_on, i.settled_on, i.instructed_at"
        " from instruction_part p join payment_instruction i on i.book = 0 and i.id = p.instruction"
        " where p.book = $1 and greatest(p.source, p.target) = $2 and i.purpose in ('move_in', 'move_out')"
        " and ($3::uuid is null or p.instruction = $3) and ($4::uuid is null or p.instruction < $4)"
        " order by p.instruction desc limit $5",
        book,
        wallet,
        only,
        before,
        limit,
    )
    return [PaymentRow(*row) for row in rows]


async def orders(tx: Any, book: int, holder: UUID, only: UUID | None, before: UUID | None, limit: int) -> list[OrderLine]:
    """The same, by the holder; what an authority has ordered (031, 032) is none of the holder's orders."""
    rows = await tx.fetch(
        "select id, fund, business_code, source is not null and business_code = '098', amount, units, state, received_at, business_date,"
        " dealing_date, confirmed_on, confirmed_amount, confirmed_units, return_code, nav, charge, target_fund, target_units, method"
        " from fund_order left join (select book, fund_order as id, method from dividend_choice) c using (book, id)"
        " where book = $1 and fund_account = $2"
        " and business_code not in ('031', '032')"
        " and ($3::uuid is null or id = $3) and ($4::uuid is null or id < $4) order by id desc limit $5",
        book,
        holder,
        only,
        before,
        limit,
    )
    return [OrderLine(*row) for row in rows]


async def quotations(tx: Any, fund: str, before: date | None, limit: int) -> list[Quoted]:
    """The newest first, all before that day if one is given."""
    rows = await tx.fetch(
        "select distinct on (day) day, income_per_10k, seven_day_yield, nav from fund_quotation"
        " where book = 0 and fund = $1 and day < $2 and state = 'stands' order by day desc, version desc limit $3",
        fund,
        before or date.max,
        limit,
    )
    return [Quoted(*row) for row in rows]


async def latest(tx: Any) -> dict[str, Quoted]:
    """The newest of each fund."""
    rows = await tx.fetch(
        "select f.code, q.* from fund f cross join lateral (select day, income_per_10k, seven_day_yield, nav from fund_quotation q"
        " where q.book = 0 and q.fund = f.code and q.state = 'stands' order by day desc, version desc limit 1) q where f.book = 0"
    )
    return {row[0]: Quoted(*row[1:]) for row in rows}
