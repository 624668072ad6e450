"""How a holder wants the dividends of a fund, in money or reinvested (029, confirmed by 129): an order to the registrar like others.

It holds from the registrar's confirmation on, for dividends whose record date comes then or later. Who has not chosen gets what the fund's
conditions say.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum, auto
from uuid import UUID

import msgspec

from tapwealth.customers import store as customers
from tapwealth.flows.customers.people import own_key, who
from tapwealth.flows.frame import Envelope, House, Moment, once
from tapwealth.flows.funds.purchase import Place, own_order
from tapwealth.funds import conditions_store, dividend_store, orders_store, store
from tapwealth.funds.conditions import DividendMethod, FundKind
from tapwealth.funds.exchange_values import BusinessCode, ConfirmationRecord
from tapwealth.funds.order_state import UNANSWERED, OrderState
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.purchase import dealing_date
from tapwealth.funds.store import Fund
from tapwealth.kernel.ids import derived, prefixed
from tapwealth.kernel.refusal import Refusal
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.database import Tx


class DividendMethodRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_FUND = auto()
    NO_CHOICE = auto()
    NO_ACCOUNT = auto()
    UNDER_WAY = auto()
    AS_IT_IS = auto()


class ChooseDividendMethod(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Have the dividends of the fund with that code paid that way."""

    fund: str
    method: DividendMethod


class DividendMethodOrdered(msgspec.Struct, frozen=True):
    """The order's id and the dealing day with whose file it goes to the registrar."""

    order: str
    dealing_date: str
    method: str
    received_at: datetime | None = None
    business_date: date | None = None


async def choose(house: House, envelope: Envelope, command: ChooseDividendMethod) -> DividendMethodOrdered | Refusal:
    """Place the order."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> DividendMethodOrdered | Refusal:
        fund = (await store.funds(tx)).get(command.fund)
        if fund is None:
            return Refusal(DividendMethodRefusal.UNKNOWN_FUND, "this fund is not sold here; look at the shelf for those that are")
        if fund.kind is FundKind.MONEY:
            text = f"{fund.code} is a money fund: its income becomes units every day, and there is nothing to choose"
            return Refusal(DividendMethodRefusal.NO_CHOICE, text)
        holder = (await store.accounts_by_id(tx, [(book, person)])).get(person)
        if holder is None or holder.state != "open":
            text = "the registrar keeps no account of yours yet; buy a fund first, and choose when it is confirmed"
            return Refusal(DividendMethodRefusal.NO_ACCOUNT, text)
        made = [one for one in await dividend_store.choices_of(tx, book, person) if one[0] == fund.code and one[2] != OrderState.REFUSED]
        if made and made[0][2] in UNANSWERED:
            text = "the registrar has not answered your last choice for this fund yet; choose again when it has"
            return Refusal(DividendMethodRefusal.UNDER_WAY, text)
        if made and made[0][1] is command.method:
            return Refusal(DividendMethodRefusal.AS_IT_IS, "this is how you get this fund's dividends already")
        row = (await customers.persons(tx, [(book, person)]))[person]
        key, day = own_key(envelope, "dividend_method", row), dealing_date(house.calendar, fund, envelope.received_at, at.cut)
        order = own_order(envelope, at, "dividend method", key, Place(fund.code, day), BusinessCode.DIVIDEND_METHOD)
        await orders_store.add_orders(tx, [order])
        await dividend_store.add_choice(tx, book, order.id, command.method)
        return DividendMethodOrdered(prefixed("ord", order.id), day.isoformat(), command.method, envelope.received_at, order.business_date)

    return await once(house, [book], envelope, command, act, DividendMethodOrdered)


async def standing(tx: Tx, book: int, person: UUID, funds: Sequence[Fund]) -> dict[str, DividendMethod]:
    """By fund, how a holder gets the dividends of those that pay any: as the registrar confirmed it last, else by the fund's conditions."""
    paying = [one.code for one in funds if one.kind is FundKind.NAV]
    if not paying:
        return {}
    decided = await conditions_store.conditions(tx)
    made = {code: decided[code][1].dividend_method for code in paying}
    for code, method, state in reversed(await dividend_store.choices_of(tx, book, person)):
        if code in made and state == OrderState.CONFIRMED:
            made[code] = method
    return made


_CASH = ("现金分红", "in money")
_WORDS = {DividendMethod.CASH: _CASH, DividendMethod.REINVEST: ("红利再投资", "reinvested")}


async def tell(tx: Tx, at: Moment, answered: Sequence[tuple[OrderRow, ConfirmationRecord]]) -> None:
    """Tell holders what the registrar has said to their choices."""
    chosen = await dividend_store.choices(tx, [(order.book, order.id) for order, _ in answered])
    told = []
    for order, one in answered:
        zh, en = _WORDS[chosen[order.id]]
        text = f"{order.fund} 的分红方式已改为{zh}。", f"Dividends of {order.fund} are paid {en} from now on."
        if not one.accepted:
            text = (
                f"登记机构未受理 {order.fund} 改为{zh}的申请（{one.return_code}），可再次申请。",
                f"The registrar did not take your choice of {order.fund} ({en}, {one.return_code}); choose again.",
            )
        book, identifier, person = order.book, derived(order.id, "answered"), order.fund_account
        told.append(Notice(book, identifier, person, at.now, *text, NoticeKind.FUND, "customer/me", obligatory=not one.accepted))
    await notices.tell(tx, told)
