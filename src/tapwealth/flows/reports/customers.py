"""A customer as their phone shows them: what they have, what it earned, what they pay and are insured for."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.bills import store as bills
from tapwealth.bills.autopay import BillState
from tapwealth.bills.store import BillerRow, BillRow, PaymentRow
from tapwealth.customers import store as customers
from tapwealth.customers.phone_number import read_phone_number
from tapwealth.customers.store import PersonRow
from tapwealth.flows.bills import autopay
from tapwealth.flows.bills.autopay import AutopayView
from tapwealth.flows.bills.paying import STATE_WORDS
from tapwealth.flows.frame import House
from tapwealth.flows.funds import campaigns, plans, raises, sweeps
from tapwealth.flows.funds.campaigns import SubsidyShown
from tapwealth.flows.funds.income_given import income_of
from tapwealth.flows.funds.plans import PlanView
from tapwealth.flows.funds.pocket import pocket_of
from tapwealth.flows.funds.raises import SubscriptionShown
from tapwealth.flows.funds.sweeps import SweepView
from tapwealth.flows.insurance.policy_product import products_of
from tapwealth.flows.reports.assets import AS_IT_STANDS, UNDER_WAY, assets_of
from tapwealth.flows.reports.holdings import HoldingShown
from tapwealth.flows.reports.refusals import ReportRefusal
from tapwealth.flows.reports.returns import ReturnShown, returns_of
from tapwealth.flows.reports.statement import StatementLine, statement_of
from tapwealth.flows.reports.words import POLICY_STATES
from tapwealth.funds import quotation_store
from tapwealth.funds.plan import PlanState
from tapwealth.insurance import store as insurance
from tapwealth.insurance.product import Product
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.ids import book_of
from tapwealth.kernel.refusal import BadInput, Refusal

MOST_CUSTOMERS = 100
"""As many as the open page shows: the first who opened an account."""
_LONGEST_ORDINAL = 6
_BEGINNING, _END = date(1900, 1, 1), date(9999, 12, 31)


class IncomePoint(msgspec.Struct, frozen=True):
    """What a date earned, in fen (units at 1.0000)."""

    date: date
    amount: int


class BillView(msgspec.Struct, frozen=True):
    """A payment of a bill. `account` is masked."""

    date: date
    biller: str
    biller_en: str
    account: str
    period: str
    amount: int
    state: str
    state_zh: str
    state_en: str


class PolicyView(msgspec.Struct, frozen=True):
    """A policy, on that version of the product with that code. `refund` fen came back, or are to come."""

    bought_on: date
    product: str
    product_en: str
    code: str
    version: int
    premium: int
    sum_insured: int
    from_day: date
    to_day: date
    free_look_until: date | None
    state: str
    state_zh: str
    state_en: str
    refund: int
    refund_received: bool


class SweepShown(msgspec.Struct, frozen=True):
    """An agreement to sweep; `card` is masked and empty for the wallet's. `last_day` and what went that day; None before the first."""

    card: str
    fund: str
    keep_balance: int
    daily_cap: int
    run_before: str
    state: str
    state_zh: str
    state_en: str
    last_day: date | None
    last_amount: int
    last_zh: str
    last_en: str


class PlanShown(msgspec.Struct, frozen=True):
    """A periodic plan that is not ended. `deals_on`: when it buys next; `last_day` is the newest on which it was to buy. None: there is
    none."""

    fund: str
    amount: int
    when_zh: str
    when_en: str
    state: str
    state_zh: str
    state_en: str
    deals_on: date | None
    last_day: date | None
    last_zh: str
    last_en: str


class AutopayShown(msgspec.Struct, frozen=True):
    """Bills that are paid by themselves; `account` is masked. `last_day` is the newest on which the biller was asked, None before it.
    `next_…`: the bill that is paid next and its day, or one that is left to the hand and its due day; empty where none is owed."""

    biller: str
    biller_en: str
    account: str
    most: int
    state: str
    state_zh: str
    state_en: str
    last_day: date | None
    last_paid: int
    last_zh: str
    last_en: str
    next_on: date | None
    next_balance: int
    next_zh: str
    next_en: str


class CustomerView(msgspec.Struct, frozen=True):
    """`person` counts customers in the order in which they opened their accounts. Money in fen, units in 1/100.

    `wealth` is everything owned as `assets` has it; `under_way` is on no account of theirs.
    `yesterday` is the newest date of which the fund's income is known; `holding_cost` is what was put into the first fund less what was
    taken out, and with `cumulative_income` makes up `holding`. `returns`: what each of `funds` has brought.
    """

    person: int
    shown_name: str
    kyc_level: int
    wealth: int
    wallet: int
    wallet_held: int
    holding: int
    holding_held: int
    holding_cost: int
    cash: int
    cash_held: int
    under_way: int
    yesterday: date | None
    yesterday_income: int
    cumulative_income: int
    income_curve: list[IncomePoint]
    policies: list[PolicyView]
    bills: list[BillView]
    autopays: list[AutopayShown]
    sweeps: list[SweepShown]
    plans: list[PlanShown]
    subscriptions: list[SubscriptionShown]
    subsidies: list[SubsidyShown]
    funds: list[HoldingShown]
    returns: list[ReturnShown]
    statement: list[StatementLine]


async def everybody(tx: Any) -> list[PersonRow]:
    """In the order of opening; who opened at the same instant, by name: no id decides."""
    rows = await customers.everybody(tx)
    return sorted(rows, key=lambda row: (row.opened_at.replace(microsecond=0), row.shown_name, row.identity_lookup))


async def customer_views(house: House, tx: Any) -> list[CustomerView]:
    """The first `MOST_CUSTOMERS`."""
    people = (await everybody(tx))[:MOST_CUSTOMERS]
    return [await customer_view(house, tx, row, number) for number, row in enumerate(people, 1)]


async def customer_view(house: House, tx: Any, row: PersonRow, number: int) -> CustomerView:
    statement = await statement_of(house, tx, row)
    pocket = await pocket_of(house, tx)
    given = await income_of(house, tx, row.book, row.id) if pocket else []
    income = {one.income_date: one.amount for one in given if pocket and one.fund == pocket.fund}
    yesterday = await _newest_income_date(tx, pocket.fund) if pocket else None
    owned = await assets_of(house, tx, row, AS_IT_STANDS)
    others = statement.funds
    return CustomerView(
        person=number,
        shown_name=row.shown_name,
        kyc_level=row.kyc_level,
        wealth=owned.worth,
        wallet=statement.wallet,
        wallet_held=statement.wallet_held,
        holding=statement.holding,
        holding_held=statement.holding_held,
        holding_cost=statement.holding - sum(income.values()),
        cash=statement.cash,
        cash_held=statement.cash_held,
        under_way=sum(one.worth for one in owned.assets if one.what == UNDER_WAY),
        yesterday=yesterday,
        yesterday_income=income.get(yesterday, 0) if yesterday else 0,
        cumulative_income=sum(income.values()),
        income_curve=[IncomePoint(day, amount) for day, amount in income.items()],
        policies=await policy_views(tx, await insurance.policies_of(tx, row.book, row.id)),
        bills=_bill_views(await bills.payments_of(tx, row.book, row.id), await bills.billers(tx)),
        autopays=[_autopay_shown(one) for one in await autopay.held(tx, row.book, row.id)],
        sweeps=[_sweep_shown(one) for one in await sweeps.held(tx, row.book, row.id)],
        plans=[_plan_shown(one) for one in await plans.held(house, tx, row.book, row.id) if one.state != PlanState.ENDED],
        subscriptions=await raises.held(tx, row.book, row.id),
        subsidies=await campaigns.granted_to(tx, row.book, row.id),
        funds=others,
        returns=await returns_of(house, tx, row.book, row.id, {one.fund: one.worth for one in others}),
        statement=statement.statement,
    )


def _plan_shown(one: PlanView) -> PlanShown:
    last = one.runs[0] if one.runs else None
    return PlanShown(
        one.fund,
        one.amount,
        one.when_zh,
        one.when_en,
        one.state,
        one.state_zh,
        one.state_en,
        one.deals_on,
        last.day if last else None,
        last.state_zh if last else "",
        last.state_en if last else "",
    )


def _autopay_shown(one: AutopayView) -> AutopayShown:
    following = next((bill for bill in one.bills if bill.state != BillState.PLACED), None)
    return AutopayShown(
        one.biller,
        one.biller_en,
        one.account,
        one.most,
        one.state,
        one.state_zh,
        one.state_en,
        one.last_day,
        one.last_paid,
        one.last_zh,
        one.last_en,
        (following.due_on if following.state == BillState.LEFT else following.pay_on) if following else None,
        following.balance if following else 0,
        following.state_zh if following else "",
        following.state_en if following else "",
    )


def _sweep_shown(one: SweepView) -> SweepShown:
    last = one.runs[0] if one.runs else None
    return SweepShown(
        one.masked,
        one.fund,
        one.keep_balance,
        one.daily_cap,
        one.run_before,
        one.state,
        one.state_zh,
        one.state_en,
        last.day if last else None,
        last.amount if last else 0,
        last.state_zh if last else "",
        last.state_en if last else "",
    )


async def _newest_income_date(tx: Any, fund: str) -> date | None:
    known = await quotation_store.quotations(tx, fund, _BEGINNING, _END)
    return known[-1].day if known else None


def _bill_views(paid: Sequence[tuple[PaymentRow, BillRow]], billers: Mapping[UUID, BillerRow]) -> list[BillView]:
    """Oldest first."""
    views = [bill_view(payment, bill, billers[payment.biller]) for payment, bill in paid]
    return sorted(views, key=lambda one: (one.date, one.period, one.biller, one.account, one.amount))


def bill_view(payment: PaymentRow, bill: BillRow, biller: BillerRow) -> BillView:
    zh, en = STATE_WORDS[payment.state]
    return BillView(
        date=payment.business_date,
        biller=biller.biller.name,
        biller_en=biller.name_en,
        account=bill.shown_account,
        period=bill.period,
        amount=payment.amount,
        state=payment.state.value,
        state_zh=zh,
        state_en=en,
    )


async def policy_views(tx: Any, rows: Sequence[PolicyRow]) -> list[PolicyView]:
    """Oldest first."""
    products = await products_of(tx, rows)
    ordered = sorted(rows, key=lambda row: (row.applied_at, row.product, row.premium))
    return [_policy_view(row, products[row.product, row.version]) for row in ordered]


def _policy_view(row: PolicyRow, product: Product) -> PolicyView:
    """`rejected`: the insurer did not take it."""
    state = "rejected" if row.refused_on else row.state.value
    words = POLICY_STATES[state]
    return PolicyView(
        bought_on=row.business_date,
        product=product.name,
        product_en=product.name_en,
        code=row.product,
        version=row.version,
        premium=row.premium,
        sum_insured=row.sum_insured,
        from_day=row.from_day,
        to_day=row.to_day,
        free_look_until=row.free_look_until,
        state=state,
        state_zh=words.zh,
        state_en=words.en,
        refund=row.refund,
        refund_received=row.refunded_on is not None,
    )


async def find_person(house: House, tx: Any, named: str) -> tuple[PersonRow, int] | Refusal:
    """(person, number) by phone number, by the id that opening the account gave (`cus_…`), or by the number on the page.

    Raises BadInput for what is none of these.
    """
    people = await everybody(tx)
    if named.isascii() and named.isdigit() and len(named) <= _LONGEST_ORDINAL:
        number = int(named)
        return (people[number - 1], number) if 0 < number <= len(people) else _nobody()
    key = _identifier(named) or await customers.by_phone(tx, house.keys.lookup_hash("phone", read_phone_number(named).reveal()))
    found = [(row, number) for number, row in enumerate(people, 1) if key == (row.book, row.id)]
    return found[0] if found else _nobody()


def _nobody() -> Refusal:
    return Refusal(ReportRefusal.UNKNOWN, "there is no such customer; check the phone number")


def _identifier(named: str) -> tuple[int, UUID] | None:
    identifier = read_identifier(named, strict=named.startswith("cus_"))
    return (book_of(identifier), identifier) if identifier else None


def read_identifier(named: str, *, strict: bool = True) -> UUID | None:
    """An id as it was shown: a UUID, with its prefix or without. Raises BadInput where it must be one."""
    try:
        return UUID(named.rpartition("_")[2])
    except ValueError:
        if strict:
            raise BadInput(f"{named[:60]!r} is no id", where="id", hint="take it from the answer of the command") from None
        return None
