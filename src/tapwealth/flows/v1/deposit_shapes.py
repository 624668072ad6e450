"""The shapes of /v1 for deposits, what insurance of deposits covers of them, and everything that a customer owns on a date."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tapwealth.deposits.deposit import AtMaturity
from tapwealth.deposits.product import Term
from tapwealth.flows.v1.shapes import Identifier, Money, SignedMoney
from tapwealth.flows.v1.translation import meta, renamed, scaled
from tapwealth.flows.v1.wealth_shapes import ProductCode

DepositId = Annotated[str, meta("dep", "deposit")]
NoticeId = Annotated[str, meta("dnt", "notice")]
Rate = Annotated[str, scaled(4, description="percent a year, four decimals")]
Code = Annotated[str, renamed("product")]
Form = Literal["demand", "fixed_term", "notice", "certificate"]
Early = Literal["nothing", "whole", "in_part"]
Confirmed = Annotated[list[Annotated[str, Meta(max_length=32)]], Meta(max_length=16)]


class DepositTier(msgspec.Struct, frozen=True):
    """The rate of a deposit of so much and more."""

    from_amount: Money
    rate: Rate


class DepositRates(msgspec.Struct, frozen=True):
    """The rates of a term by amount; `term` is null where the product has none."""

    term: Term | None
    tiers: list[DepositTier]


class DepositProduct(msgspec.Struct, frozen=True):
    """A deposit that can be opened. `maximum`: null for none; `early`: what may be taken out before it is due; `notice_days`: 0 for none;
    `rates` are those of the date that is asked about, empty where none is posted for it."""

    product: str
    version: int
    name: str
    name_en: str
    bank: str
    form: Form
    minimum: Money
    maximum: Money | None
    early: Early
    renews: bool
    notice_days: int
    least_withdrawal: Money
    least_balance: Money
    rates: list[DepositRates]


class NewDeposit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put money from the wallet into a deposit. `rate`: what the customer was shown, refused if another one holds by now; `confirmed` names
    what the customer saw and agreed to: `terms`."""

    product: ProductCode
    amount: Money
    confirmed: Confirmed
    term: Term | None = None
    at_maturity: AtMaturity = AtMaturity.PAY
    rate: Rate | None = None


class DepositQuote(msgspec.Struct, frozen=True):
    """What a deposit would be that is opened today: `rate` from `first` to before `due`, and what it would pay then, `interest` and all of
    it; null without a term. `demand_rate`, as posted today, is what money earns that is taken out before that, or without a notice."""

    account: Identifier
    product: str
    version: int
    amount: Money
    term: Term | None
    rate: Rate
    first: date
    due: date | None
    interest: Money | None
    pays: Money | None
    demand_rate: Rate


class DepositOpened(msgspec.Struct, frozen=True):
    """It earns `rate` from `first` to before `due`; null without a term."""

    id: DepositId
    account: Identifier
    amount: Money
    rate: Rate
    first: date
    due: date | None


class DepositEvent(msgspec.Struct, frozen=True):
    """What happened on a day; `balance` is what was in it after that."""

    date: Annotated[date, renamed("day")]
    event: Literal["opened", "paid_in", "withdrawn", "matured", "renewed", "settled", "notified", "notice_cancelled"]
    amount: Money
    interest: Money
    balance: Money


class DepositNotice(msgspec.Struct, frozen=True):
    """A notice that stands: so much may be taken out on `date` at the rate of the notice."""

    id: NoticeId
    amount: Money
    given_on: date
    date: Annotated[date, renamed("day")]


class Deposit(msgspec.Struct, frozen=True):
    """`interest_due`: what it will have earned when it is due, zero without a term; `interest_today`: what all of it would earn if it were
    taken out today, `early` if that is before it is due. `events` and `notices` are told of one deposit, not in a list."""

    id: DepositId
    account: Identifier
    number: str
    product: str
    version: int
    name: Annotated[str, renamed("name_zh")]
    name_en: str
    form: Form
    term: Term | None
    amount: Money
    rate: Rate
    first: date
    due: date | None
    at_maturity: AtMaturity | None
    state: Literal["open", "overdue", "closed"]
    opened_on: date
    closed_on: date | None
    interest_due: Money
    interest_today: Money
    early: bool
    early_rule: Early
    events: Annotated[list[DepositEvent], renamed("happened")]
    notices: list[DepositNotice]


class WithdrawalQuote(msgspec.Struct, frozen=True):
    """What would be paid on that date, by the rates that are posted now. `early`: it earns the demand rate, and `forgone` is what the same
    money would have earned beyond that until it is due."""

    id: DepositId
    date: Annotated[date, renamed("day")]
    principal: Money
    interest: Money
    left: Money
    early: bool
    forgone: Money


class NewWithdrawal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take out so much; left out: all of it."""

    amount: Money | None = None


class DepositWithdrawn(msgspec.Struct, frozen=True):
    """What is in the wallet, and what is left in the deposit."""

    id: DepositId
    account: Identifier
    principal: Money
    interest: Money
    left: Money
    early: bool


class NewPayIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put so much more into a demand deposit."""

    amount: Money


class DepositPaidInto(msgspec.Struct, frozen=True):
    """`balance` is what is in it now."""

    id: DepositId
    account: Identifier
    amount: Money
    balance: Money


class NewDepositNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say that so much of a deposit at notice will be taken out after its notice."""

    amount: Money


class DepositNoticeGiven(msgspec.Struct, frozen=True):
    """On `date` so much may be taken out at the rate of the notice."""

    id: NoticeId
    deposit: Annotated[str, meta("dep")]
    amount: Money
    date: Annotated[date, renamed("day")]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing more is asked: `{}`."""


class DepositNoticeCancelled(msgspec.Struct, frozen=True):
    """It is as if it had not been given."""

    id: NoticeId


class NewWhenDue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to become of a deposit when it is due."""

    at_maturity: AtMaturity


class WhenDueWished(msgspec.Struct, frozen=True):
    """It holds for the due day, and for those after it if it is renewed."""

    id: DepositId
    account: Identifier
    at_maturity: AtMaturity
    due: date


class BankInsurance(msgspec.Struct, frozen=True):
    """Deposits at one bank (CNAPS): `insured` of principal and interest together, up to `limit`, and what is `beyond`."""

    bank: str
    principal: Money
    interest: Money
    limit: Money
    insured: Money
    beyond: Money


class DepositInsurance(msgspec.Struct, frozen=True):
    """By bank, as of today."""

    account: Identifier
    banks: list[BankInsurance]


class AssetOwned(msgspec.Struct, frozen=True):
    """One thing owned. `asset`: CNY, or a fund's code, whose `units` it is; `nav` of `nav_date`: null of money and of what has no price."""

    what: Literal["wallet", "cash", "fund", "wealth_subscribed", "wealth", "deposit", "under_way"]
    product: str
    name: Annotated[str, renamed("text_zh")]
    name_en: Annotated[str, renamed("text_en")]
    asset: str
    units: str | None
    nav: str | None
    nav_date: date | None
    worth: SignedMoney


class Assets(msgspec.Struct, frozen=True):
    """Everything owned at the end of a date; while that is not `closed`, as far as it has come. `worth` is the sum."""

    account: Identifier
    date: date
    closed: bool
    worth: SignedMoney
    assets: list[AssetOwned]
