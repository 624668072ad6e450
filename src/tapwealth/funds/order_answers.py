"""Whether an answer of the registrar's (04) can be one to the order that its serial names, whatever we compute ourselves. Pure."""

from tapwealth.funds.conditions import FundKind
from tapwealth.funds.exchange_values import BUYS, CANCEL_REST, BusinessCode, ConfirmationRecord
from tapwealth.funds.order_state import ANSWERED, OrderState
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.store import Fund, Holder
from tapwealth.kernel.money import format_minor


def misfit(order: OrderRow, fund: Fund, holder: Holder, one: ConfirmationRecord) -> str | None:
    """Why a confirmation does not fit its order, in words."""
    other = not_of_holder(order, holder, one)
    if other is not None:
        return other
    if order.state in ANSWERED:
        return answered_before(order, one)
    if one.business_code != f"{int(order.business_code) + 100:03d}":
        return other_code(order, one)
    if (other := not_of_fund(order, one)) is not None:
        return other
    redeemed = order.business_code == BusinessCode.REDEEM
    if not one.finished and not (one.accepted and redeemed):
        return f"order {one.serial} is marked as not finished, which only a redemption that is confirmed in part can be"
    if not one.accepted:
        return None
    wrong = _beyond(order, one) if redeemed else _not_as_asked(order, one)
    if order.business_code == BusinessCode.SWITCH:
        return wrong or _unswitched(order, one)
    if wrong is not None or order.business_code not in (*BUYS, BusinessCode.REDEEM):
        return wrong
    return _unpriced(one) if fund.kind is FundKind.NAV else _off_par(one)


def not_of_holder(order: OrderRow, holder: Holder, one: ConfirmationRecord) -> str | None:
    """Why it is of somebody else, in words."""
    known = (holder.ta_account or one.ta_account, holder.trading_account)
    if (one.ta_account, one.trading_account) != known:
        return f"order {one.serial} is of holder {'/'.join(known)}, the confirmation of {one.ta_account}/{one.trading_account}"
    return None


def other_code(order: OrderRow, one: ConfirmationRecord) -> str:
    return f"order {one.serial} has business code {order.business_code}, the confirmation {one.business_code}"


def not_of_fund(order: OrderRow, one: ConfirmationRecord) -> str | None:
    """Why it is of another fund, in words."""
    if one.fund_code != order.fund:
        return f"order {one.serial} is of fund {order.fund}, the confirmation of {one.fund_code or 'none'}"
    return None


def answered_before(order: OrderRow, one: ConfirmationRecord) -> str:
    return f"order {one.serial} was {order.state} before and is answered otherwise now"


def _not_as_asked(order: OrderRow, one: ConfirmationRecord) -> str | None:
    asked, got = (order.amount, one.amount) if order.business_code in BUYS else (order.units, one.volume)
    return None if asked == got else f"order {one.serial} asked for {format_minor(asked)}, confirmed are {format_minor(got)}"


def _off_par(one: ConfirmationRecord) -> str | None:
    if one.volume == one.amount:
        return None
    return f"order {one.serial}: {format_minor(one.amount)} yuan at 1.0000 are not {format_minor(one.volume)} units"


def _beyond(order: OrderRow, one: ConfirmationRecord) -> str | None:
    """Why a part of a redemption does not fit it: a large-redemption day leaves a rest, which goes on unless its order is to be cancelled
    then, and never confirms more than there is."""
    rest = order.units - order.confirmed_units
    dropped = one.finished and one.volume < rest and order.large_flag != CANCEL_REST
    if one.volume > rest or (one.volume == rest and not one.finished) or dropped:
        open_ = "" if order.state != OrderState.DEFERRED else " more"
        return f"order {one.serial} asked for {format_minor(rest)}{open_}, confirmed are {format_minor(one.volume)}"
    return None


def _unswitched(order: OrderRow, one: ConfirmationRecord) -> str | None:
    """Why an answer to a switch cannot be one, whatever we compute."""
    if one.target_fund != order.target_fund:
        return f"order {one.serial} goes into fund {order.target_fund}, the confirmation into {one.target_fund or 'none'}"
    if not (one.nav and one.target_nav):
        return f"order {one.serial} is confirmed without the NAVs of both funds"
    if not one.target_volume:
        return f"order {one.serial} is confirmed without a unit of {order.target_fund}"
    return None


_BOUGHT = tuple(one.confirmed for one in BUYS)


def _unpriced(one: ConfirmationRecord) -> str | None:
    """Why an answer at a NAV cannot be one, whatever we compute."""
    if not one.nav:
        return f"order {one.serial} is confirmed without a NAV"
    if not one.volume and (one.amount or one.business_code in _BOUGHT):
        return f"order {one.serial} is confirmed without a unit"
    return None
