"""What /v1 can be asked: one row per operation."""

from collections.abc import Awaitable, Callable
from typing import Any

from tapwealth.api.v1.claim_operations import claim_operations
from tapwealth.api.v1.deposit_operations import deposit_operations
from tapwealth.api.v1.insurance_operations import insurance_operations
from tapwealth.api.v1.operation import Asked, Operation, who
from tapwealth.bills.autopay import AutopayRefusal
from tapwealth.bills.biller import BillRefusal
from tapwealth.bills.pay import PayRefusal
from tapwealth.catalogue.eligible import EligibilityRefusal
from tapwealth.deposits.raise_rules import WealthRefusal
from tapwealth.flows.bills.paying import BillsRefusal
from tapwealth.flows.customers.people import PeopleRefusal
from tapwealth.flows.frame import Caller, House
from tapwealth.flows.funds.dividend_method import DividendMethodRefusal
from tapwealth.flows.v1 import asking, autopays, bill_payments, notices, reading, sales, wealth
from tapwealth.flows.v1.asking import Hot
from tapwealth.flows.v1.autopay_shapes import Autopay, AutopayAttempt, AutopayNotice, NewAutopay, NewTerms
from tapwealth.flows.v1.autopays import AUTOPAY
from tapwealth.flows.v1.bill_payments import BILL_PAYMENT
from tapwealth.flows.v1.bill_shapes import Biller, BillPayment, Inquiry, NewBillPayment, NewInquiry
from tapwealth.flows.v1.notices import NewNoticeChoice, Notice, NoticeChoice, Opened, Unread
from tapwealth.flows.v1.reading import ORDER, PAYMENT, PLAN, Part, Wanted
from tapwealth.flows.v1.sales import Sale
from tapwealth.flows.v1.shapes import (
    Account,
    AccountLine,
    Cancel,
    Cancelled,
    Fund,
    HoldingDay,
    NewOrder,
    NewPayment,
    NewPlan,
    NewPlanState,
    NewPocket,
    Order,
    Page,
    Payment,
    Plan,
    Pocket,
    Quotation,
    Raise,
    Yield,
)
from tapwealth.flows.v1.translation import NOBODY
from tapwealth.flows.v1.wealth import WEALTH
from tapwealth.flows.v1.wealth_shapes import NewWealthSubscription, WealthCancellation, WealthProduct, WealthSubscription
from tapwealth.funds.instant import InstantRefusal
from tapwealth.funds.plan import PlanRefusal
from tapwealth.funds.pocket import PocketRefusal
from tapwealth.funds.purchase import PurchaseRefusal
from tapwealth.funds.raising import RaiseRefusal
from tapwealth.funds.redemption import CancelRefusal, RedemptionRefusal
from tapwealth.funds.switch import SwitchRefusal
from tapwealth.kernel.ids import unprefixed
from tapwealth.kernel.refusal import Refusal
from tapwealth.notices.choice import NoticeRefusal
from tapwealth.storage.clients import Scope

_AT_A_BILLER = (BillsRefusal.UNKNOWN_BILLER, BillsRefusal.UNKNOWN_ITEM, BillsRefusal.BILLER_CLOSED)
CANCELLING = (
    WealthRefusal.UNKNOWN_SUBSCRIPTION, WealthRefusal.ALREADY_CANCELLED, WealthRefusal.RAISE_OVER, WealthRefusal.LAST_DAY,
)  # fmt: skip
_OF_THE_HOUSE = (WealthRefusal.NOT_FORMED, WealthRefusal.MATURED, WealthRefusal.AMOUNT_DIFFERS)
SUBSCRIBING = tuple(one for one in WealthRefusal if one not in (*CANCELLING, *_OF_THE_HOUSE) or one is WealthRefusal.RAISE_OVER)
Read = Callable[[Asked], Awaitable[Any]]
PURCHASE = (*PurchaseRefusal, *EligibilityRefusal)
MONEY = (PeopleRefusal.NOT_VERIFIED, PeopleRefusal.UNKNOWN_CARD, PeopleRefusal.NO_MONEY)


def operations(house: House, hot: Hot) -> list[Operation]:
    """All of them. `hot` hands a command to the batcher."""

    def one(prefix: str, parameter: str, read: Callable[[House, Caller, Wanted], Awaitable[Part | Refusal]]) -> Read:
        """The thing of a list that the path names."""

        async def found(asked: Asked) -> Any:
            only = unprefixed(prefix, asked.path[parameter]) or NOBODY
            part = await read(house, who(asked), Wanted(1, "", only))
            if isinstance(part, Refusal):
                return part
            return part.found[0] if part.found else reading.unknown(parameter.replace("_", " "))

        return found

    async def fund(asked: Asked) -> Any:
        shelf = await reading.shelf(house, asked.bearer)
        if isinstance(shelf, Refusal):
            return shelf
        return next((one for one in shelf if one.code == asked.path["fund"]), None) or reading.unknown("fund")

    async def funds(asked: Asked) -> Any:
        shelf = await reading.shelf(house, asked.bearer)
        if isinstance(shelf, Refusal):
            return shelf
        behind = [one for one in shelf if one.code > asked.wanted.after]
        more = len(behind) > asked.wanted.limit
        return Part(behind[: asked.wanted.limit], behind[asked.wanted.limit - 1].code if more else "")

    return [
        Operation(
            "list_accounts", "GET", "/v1/accounts", Scope.ACCOUNTS_READ, "The accounts that let this client act", Page[AccountLine],
            read=lambda asked: reading.accounts(house, asked.bearer, asked.wanted), listed=True,
        ),
        Operation(
            "get_account", "GET", "/v1/accounts/{account}", Scope.ACCOUNTS_READ, "An account with its balances", Account,
            read=lambda asked: reading.account(house, who(asked)),
        ),
        Operation(
            "list_holding_days", "GET", "/v1/accounts/{account}/holdings/{fund}/days", Scope.ACCOUNTS_READ,
            "What each day brought a holding, newest first", Page[HoldingDay],
            read=lambda asked: reading.holding_days(house, who(asked), asked.path["fund"], asked.wanted), listed=True, seen="day",
        ),
        Operation(
            "get_pocket", "GET", "/v1/accounts/{account}/pocket", Scope.ACCOUNTS_READ,
            "The funds that pay what the wallet lacks, in their order", Pocket, read=lambda asked: reading.pocket_of(house, who(asked)),
        ),
        Operation(
            "order_pocket", "POST", "/v1/accounts/{account}/pocket", Scope.ORDERS_WRITE, "Give these funds another order", Pocket,
            act=lambda envelope, asked, _path: asking.order_pocket(house, envelope, asked), takes=NewPocket,
            refusals=tuple(PocketRefusal), makes=False,
        ),
        Operation(
            "create_payment", "POST", "/v1/accounts/{account}/payments", Scope.PAYMENTS_WRITE, "Move money in or out", Payment,
            act=lambda envelope, asked, _path: asking.pay(house, envelope, asked), takes=NewPayment, refusals=MONEY,
        ),
        Operation(
            "list_payments", "GET", "/v1/accounts/{account}/payments", Scope.PAYMENTS_READ, "An account's payments, newest first",
            Page[Payment], read=lambda asked: reading.payments(house, who(asked), asked.wanted), listed=True,
        ),
        Operation(
            "get_payment", "GET", "/v1/accounts/{account}/payments/{payment}", Scope.PAYMENTS_READ, "A payment and what became of it",
            Payment, read=one(PAYMENT, "payment", reading.payments),
        ),
        Operation(
            "create_order", "POST", "/v1/accounts/{account}/orders", Scope.ORDERS_WRITE,
            "Buy a fund, subscribe, redeem, switch, or choose how dividends are paid", Order,
            act=lambda envelope, asked, _path: asking.order(house, hot, envelope, asked), takes=NewOrder,
            refusals=(*PURCHASE, *RaiseRefusal, *RedemptionRefusal, *InstantRefusal, *SwitchRefusal, *DividendMethodRefusal),
        ),
        Operation(
            "cancel_order", "POST", "/v1/accounts/{account}/orders/{order}/cancel", Scope.ORDERS_WRITE,
            "Take an order back before its cut-off", Cancelled,
            act=lambda envelope, _asked, path: asking.cancel(house, envelope, path["order"]), takes=Cancel,
            refusals=tuple(CancelRefusal), makes=False,
        ),
        Operation(
            "list_orders", "GET", "/v1/accounts/{account}/orders", Scope.ORDERS_READ, "An account's orders, newest first", Page[Order],
            read=lambda asked: reading.orders(house, who(asked), asked.wanted), listed=True,
        ),
        Operation(
            "get_order", "GET", "/v1/accounts/{account}/orders/{order}", Scope.ORDERS_READ, "An order and what became of it", Order,
            read=one(ORDER, "order", reading.orders),
        ),
        Operation(
            "get_sale", "GET", "/v1/accounts/{account}/sales/{sale}", Scope.ORDERS_READ,
            "What an account's customer was shown, confirmed and signed", Sale,
            read=lambda asked: sales.sale(house, who(asked), asked.path["sale"]),
        ),
        Operation(
            "create_plan", "POST", "/v1/accounts/{account}/plans", Scope.ORDERS_WRITE, "Buy a fund every week or month", Plan,
            act=lambda envelope, asked, _path: asking.agree_plan(house, envelope, asked), takes=NewPlan,
            refusals=(*(one for one in PURCHASE if one is not PurchaseRefusal.NO_MONEY), PlanRefusal.TOO_MANY_PLANS),
        ),
        Operation(
            "change_plan", "POST", "/v1/accounts/{account}/plans/{plan}/state", Scope.ORDERS_WRITE, "Pause a plan, resume it, or end it",
            Plan, act=lambda envelope, asked, path: asking.change_plan(house, envelope, asked, path["plan"]), takes=NewPlanState,
            refusals=(PlanRefusal.UNKNOWN_PLAN, PlanRefusal.NOT_IN_FORCE, PlanRefusal.IN_FORCE), makes=False,
        ),
        Operation(
            "list_plans", "GET", "/v1/accounts/{account}/plans", Scope.ORDERS_READ, "An account's periodic plans, newest first",
            Page[Plan], read=lambda asked: reading.plans_of(house, who(asked), asked.wanted), listed=True,
        ),
        Operation(
            "get_plan", "GET", "/v1/accounts/{account}/plans/{plan}", Scope.ORDERS_READ, "A periodic plan with its newest periods", Plan,
            read=one(PLAN, "plan", reading.plans_of),
        ),
        Operation(
            "create_autopay", "POST", "/v1/accounts/{account}/autopays", Scope.BILLS_WRITE, "Have a biller's bills paid by themselves",
            Autopay, act=lambda envelope, asked, _path: autopays.agree(house, envelope, asked), takes=NewAutopay,
            refusals=(
                BillsRefusal.UNKNOWN_BILLER, BillsRefusal.UNKNOWN_ITEM, BillsRefusal.BILLER_CLOSED, BillsRefusal.NOT_BILLED,
                *(one for one in AutopayRefusal if one is not AutopayRefusal.UNKNOWN_AUTOPAY),
            ),
        ),
        Operation(
            "change_autopay", "POST", "/v1/accounts/{account}/autopays/{autopay}/terms", Scope.BILLS_WRITE, "Agree to other terms", Autopay,
            act=lambda envelope, asked, path: autopays.change(house, envelope, asked, path["autopay"]), takes=NewTerms,
            refusals=(AutopayRefusal.UNKNOWN_FUND, AutopayRefusal.UNKNOWN_CARD, AutopayRefusal.UNKNOWN_AUTOPAY), makes=False,
        ),
        Operation(
            "end_autopay", "POST", "/v1/accounts/{account}/autopays/{autopay}/end", Scope.BILLS_WRITE, "Have no more bills paid by it",
            Autopay, act=lambda envelope, _asked, path: autopays.end(house, envelope, path["autopay"]), takes=Cancel,
            refusals=(AutopayRefusal.UNKNOWN_AUTOPAY,), makes=False,
        ),
        Operation(
            "list_autopays", "GET", "/v1/accounts/{account}/autopays", Scope.BILLS_READ, "What is paid by itself, newest first",
            Page[Autopay], read=lambda asked: autopays.autopays(house, who(asked), asked.wanted), listed=True,
        ),
        Operation(
            "get_autopay", "GET", "/v1/accounts/{account}/autopays/{autopay}", Scope.BILLS_READ,
            "An agreement with the bills it looks after", Autopay, read=one(AUTOPAY, "autopay", autopays.autopays),
        ),
        Operation(
            "list_autopay_attempts", "GET", "/v1/accounts/{account}/autopays/{autopay}/attempts", Scope.BILLS_READ,
            "Efforts to pay under an agreement, newest first", Page[AutopayAttempt],
            read=lambda asked: autopays.attempts(house, who(asked), asked.path["autopay"], asked.wanted), listed=True,
        ),
        Operation(
            "list_autopay_notices", "GET", "/v1/accounts/{account}/autopays/{autopay}/notices", Scope.BILLS_READ,
            "What its customer was told of an agreement, newest first", Page[AutopayNotice],
            read=lambda asked: autopays.notices_of(house, who(asked), asked.path["autopay"], asked.wanted), listed=True,
        ),
        Operation(
            "list_notices", "GET", "/v1/accounts/{account}/notices", Scope.NOTICES_READ, "What the customer was told, newest first",
            Page[Notice], read=lambda asked: notices.notices(house, who(asked), asked.wanted), listed=True,
        ),
        Operation(
            "read_notices", "POST", "/v1/accounts/{account}/opened-notices", Scope.NOTICES_WRITE, "Mark notices as opened", Unread,
            act=lambda envelope, asked, _path: notices.opened(house, envelope, asked), takes=Opened, makes=False,
        ),
        Operation(
            "get_notice_preferences", "GET", "/v1/accounts/{account}/notice-preferences", Scope.NOTICES_READ,
            "What comes to the customer's phone, over which channels", NoticeChoice,
            read=lambda asked: notices.choice(house, who(asked)),
        ),
        Operation(
            "choose_notices", "POST", "/v1/accounts/{account}/notice-preferences", Scope.NOTICES_WRITE,
            "Choose what comes to the phone, and in which language", NoticeChoice,
            act=lambda envelope, asked, _path: notices.choose(house, envelope, asked), takes=NewNoticeChoice,
            refusals=tuple(NoticeRefusal), makes=False,
        ),
        Operation(
            "list_billers", "GET", "/v1/billers", Scope.BILLS_READ, "Billers that can be paid now, with what can be paid there",
            Page[Biller], read=lambda asked: bill_payments.billers(house, asked.bearer, asked.wanted), listed=True, seen="code",
            filters={"region": "^[0-9]{2}([0-9]{2}){0,2}$", "category": "^[a-z_]{1,32}$", "prefix": "^[0-9]{3,7}$"},
        ),
        Operation(
            "get_biller", "GET", "/v1/billers/{biller}", Scope.BILLS_READ, "A biller, its items and what they ask for", Biller,
            read=lambda asked: bill_payments.biller(house, asked.bearer, asked.path["biller"]),
        ),
        Operation(
            "inquire_bills", "POST", "/v1/accounts/{account}/bill-inquiries", Scope.BILLS_READ, "Ask a biller what an account owes",
            Inquiry, act=lambda envelope, asked, _path: bill_payments.inquire(house, envelope, asked), takes=NewInquiry,
            refusals=(*_AT_A_BILLER, BillsRefusal.UNKNOWN_NUMBER), makes=False,
        ),
        Operation(
            "create_bill_payment", "POST", "/v1/accounts/{account}/bill-payments", Scope.BILLS_WRITE,
            "Pay a bill, or an account without one", BillPayment,
            act=lambda envelope, asked, _path: bill_payments.pay(house, hot, envelope, asked), takes=NewBillPayment,
            refusals=(*_AT_A_BILLER, BillsRefusal.INQUIRY_REQUIRED, BillsRefusal.OTHER_CARRIER, *PayRefusal, *BillRefusal),
        ),
        Operation(
            "list_bill_payments", "GET", "/v1/accounts/{account}/bill-payments", Scope.BILLS_READ, "An account's payments of bills",
            Page[BillPayment], read=lambda asked: bill_payments.payments(house, who(asked), asked.wanted), listed=True,
        ),
        Operation(
            "get_bill_payment", "GET", "/v1/accounts/{account}/bill-payments/{bill_payment}", Scope.BILLS_READ,
            "A payment of a bill, what became of it, and its receipt", BillPayment,
            read=one(BILL_PAYMENT, "bill_payment", bill_payments.payments),
        ),
        Operation(
            "list_funds", "GET", "/v1/funds", Scope.FUNDS_READ, "The funds that are sold here", Page[Fund], read=funds, listed=True,
            seen="code",
        ),
        Operation("get_fund", "GET", "/v1/funds/{fund}", Scope.FUNDS_READ, "A fund with its newest quotation", Fund, read=fund),
        Operation(
            "list_wealth_products", "GET", "/v1/wealth-products", Scope.FUNDS_READ, "Wealth products of the bank, and how much is left",
            Page[WealthProduct], read=lambda asked: wealth.products(house, asked.bearer, asked.wanted), listed=True, seen="code",
        ),
        Operation(
            "create_wealth_subscription", "POST", "/v1/accounts/{account}/wealth-subscriptions", Scope.ORDERS_WRITE,
            "Subscribe to a wealth product of the bank", WealthSubscription,
            act=lambda envelope, asked, _path: wealth.subscribe(house, envelope, asked), takes=NewWealthSubscription,
            refusals=(*SUBSCRIBING, *EligibilityRefusal, PurchaseRefusal.NOT_VERIFIED, PurchaseRefusal.RISK_TOO_HIGH),
        ),
        Operation(
            "cancel_wealth_subscription", "POST", "/v1/accounts/{account}/wealth-subscriptions/{subscription}/cancel", Scope.ORDERS_WRITE,
            "Take a subscription back before the last day of its raise", WealthCancellation,
            act=lambda envelope, _asked, path: wealth.cancel(house, envelope, path["subscription"]), takes=Cancel,
            refusals=CANCELLING, makes=False,
        ),
        Operation(
            "list_wealth_subscriptions", "GET", "/v1/accounts/{account}/wealth-subscriptions", Scope.ORDERS_READ,
            "An account's subscriptions to wealth products, newest first", Page[WealthSubscription],
            read=lambda asked: wealth.subscriptions(house, who(asked), asked.wanted), listed=True,
        ),
        Operation(
            "get_wealth_subscription", "GET", "/v1/accounts/{account}/wealth-subscriptions/{subscription}", Scope.ORDERS_READ,
            "A subscription to a wealth product and what became of it", WealthSubscription,
            read=one(WEALTH, "subscription", wealth.subscriptions),
        ),
        Operation(
            "list_raises", "GET", "/v1/raises", Scope.FUNDS_READ, "Funds that are being raised, and how much is left", Page[Raise],
            read=lambda asked: reading.raises_of(house, asked.bearer, asked.wanted), listed=True, seen="code",
        ),
        Operation(
            "list_quotations", "GET", "/v1/funds/{fund}/quotations", Scope.FUNDS_READ, "A fund's quotations, newest first",
            Page[Quotation], listed=True, seen="day",
            read=lambda asked: reading.quotations(house, asked.bearer, asked.path["fund"], asked.wanted),
        ),
        Operation(
            "list_yields", "GET", "/v1/funds/{fund}/yields", Scope.FUNDS_READ, "A money fund's yield and growth, newest first",
            Page[Yield], read=lambda asked: reading.yields(house, asked.bearer, asked.path["fund"], asked.wanted), listed=True, seen="day",
        ),
        *deposit_operations(house),
        *insurance_operations(house),
        *claim_operations(house),
    ]  # fmt: skip
