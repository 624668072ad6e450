"""Large-redemption days running: the registrar may pay late, so that nobody is alarmed and every holder is told until when.

What it leaves of redemptions on a date tells that the dealing day before was a large one.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from tapwealth.flows.frame import House, Moment
from tapwealth.funds import large_store
from tapwealth.funds.exchange_values import BusinessCode, ConfirmationRecord
from tapwealth.funds.large_redemption import payable_until
from tapwealth.funds.large_store import Waiting
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.store import Fund
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import format_minor
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind

_LOOKS_BACK = timedelta(days=90)
"""Longer than 20 working days ever take."""


async def note(
    house: House, tx: Any, at: Moment, said: Sequence[tuple[OrderRow, ConfirmationRecord]], funds: Mapping[str, Fund], day: date
) -> None:
    """Note what these answers tell, and tell the holders whose money may come late. Their orders are settled, and paid where money is."""
    left = {order.fund for order, one in said if _leaves_a_rest(order, one)}
    if not left:
        return
    await large_store.note(tx, sorted(left), day)
    noted = await large_store.noted(tx, day - _LOOKS_BACK)
    for code in sorted(left):
        until = {on: late for on in noted[code] if (late := payable_until(on, noted[code], house.calendar)) is not None}
        held = await large_store.waiting(tx, code, sorted(until))
        await notices.tell(tx, [_told(at, funds[code], one, until[one.business_date]) for one in held])


def _leaves_a_rest(order: OrderRow, one: ConfirmationRecord) -> bool:
    return order.business_code == BusinessCode.REDEEM and one.accepted and one.volume < order.units - order.confirmed_units


def _told(at: Moment, fund: Fund, one: Waiting, until: date) -> Notice:
    yuan = format_minor(one.amount)
    zh = f"{fund.name}连续发生巨额赎回，您的赎回款 {yuan} 元最迟于 {until} 到账；份额已确认，无需再次赎回。"
    en = f"{fund.name_en} had large redemptions on days running: {yuan} yuan of yours come by {until} at the latest; you need do nothing."
    return Notice(one.book, derived(one.due, "paid late"), one.person, at.now, zh, en, NoticeKind.FUND, "statement/me", obligatory=True)


async def delayed(house: House, tx: Any, day: date) -> dict[tuple[str, date], date]:
    """(fund, date of the confirmation) whose money may still come after the end of that date, and until when."""
    noted = await large_store.noted(tx, day - _LOOKS_BACK)
    found = {(fund, on): payable_until(on, days, house.calendar) for fund, days in noted.items() for on in days}
    return {key: until for key, until in found.items() if until is not None and until > day}
