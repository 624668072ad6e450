"""SQL of dividends of funds with a NAV: what each holder was given, and how holders want them. Lists in, lists out."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.funds.conditions import DividendMethod
from tapwealth.storage.columns import columns


class GivenRow(NamedTuple):
    """A holder's part of a dividend. `fund_order` is the order that stands for it; `ours` is null where we computed the same."""

    book: int
    fund_account: UUID
    fund: str
    record_date: date
    ex_date: date | None
    paid_on: date
    base: int
    fen: int
    per: int
    method: str
    amount: int
    units: int
    nav: int
    fund_order: UUID
    differs: str | None
    business_date: date


async def add_given(tx: Any, rows: Sequence[GivenRow]) -> None:
    if rows:
        await tx.copy_records_to_table("fund_dividend", records=rows, columns=GivenRow._fields)


async def given(tx: Any, dividends: Sequence[tuple[str, date]]) -> dict[tuple[str, date, UUID], GivenRow]:
    """Of dividends (fund, record date): each holder's part so far."""
    rows = await tx.fetch(
        f"select {', '.join(GivenRow._fields)} from fund_dividend"
        " join unnest($1::text[], $2::date[]) k(fund, record_date) using (fund, record_date)",
        *columns(dividends, 2),
    )
    return {(row["fund"], row["record_date"], row["fund_account"]): GivenRow(*row) for row in rows}


async def add_choice(tx: Any, book: int, order: UUID, method: DividendMethod) -> None:
    """What an order 029 asks for."""
    await tx.execute("insert into dividend_choice (book, fund_order, method) values ($1, $2, $3)", book, order, method)


async def choices(tx: Any, orders: Sequence[tuple[int, UUID]]) -> dict[UUID, DividendMethod]:
    """Of orders 029 (book, id)."""
    rows = await tx.fetch(
        "select fund_order, method from dividend_choice join unnest($1::int[], $2::uuid[]) k(book, fund_order) using (book, fund_order)",
        *columns(orders, 2),
    )
    return {row["fund_order"]: DividendMethod(row["method"]) for row in rows}


async def choices_of(tx: Any, book: int, holder: UUID) -> list[tuple[str, DividendMethod, str]]:
    """(fund, method, state of the order), the newest first."""
    rows = await tx.fetch(
        "select o.fund, c.method, o.state from fund_order o join dividend_choice c on c.book = o.book and c.fund_order = o.id"
        " where o.book = $1 and o.fund_account = $2 order by o.received_at desc, o.id desc",
        book,
        holder,
    )
    return [(row["fund"], DividendMethod(row["method"]), row["state"]) for row in rows]


async def methods(tx: Any, funds: Sequence[str], day: date) -> dict[tuple[str, UUID], DividendMethod]:
    """By (fund, holder), of those who have chosen: how the registrar had confirmed it by the end of a day."""
    rows = await tx.fetch(
        "select distinct on (o.fund, o.fund_account) o.fund, o.fund_account, c.method from fund_order o"
        " join dividend_choice c on c.book = o.book and c.fund_order = o.id"
        " where o.fund = any($1) and o.business_code = '029' and o.state = 'confirmed' and o.confirmed_on <= $2"
        " order by o.fund, o.fund_account, o.confirmed_on desc, o.received_at desc",
        list(funds),
        day,
    )
    return {(row["fund"], row["fund_account"]): DividendMethod(row["method"]) for row in rows}
