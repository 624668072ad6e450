"""The shapes of /v1: what is asked for and what is answered. The OpenAPI document is made from them.

Money is whole minor units and a currency; units, yields and rates are decimal strings; instants are UTC (RFC 3339), and a business date
stands beside them. What is not decided or not known yet is `processing`.
"""

from datetime import date, datetime
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from tapwealth.funds.conditions import DividendMethod
from tapwealth.kernel.money import MAX_AMOUNT

T = TypeVar("T")
Identifier = Annotated[str, Meta(pattern="^[a-z]+_[0-9a-f]{32}$", max_length=40)]
Decimals = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", max_length=24)]
Units = Annotated[str, Meta(pattern=r"^[0-9]{1,13}(\.[0-9]{1,2})?$", description="units of the fund, two decimals")]
Code = Annotated[str, Meta(pattern="^[0-9A-Z]{6}$", description="a fund's code")]


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount in minor units: 12.50 yuan is 1250."""

    amount: Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]
    currency: Literal["CNY"]


class SignedMoney(msgspec.Struct, frozen=True):
    """The same, and it may be below zero."""

    amount: Annotated[int, Meta(ge=-MAX_AMOUNT, le=MAX_AMOUNT)]
    currency: Literal["CNY"]


def yuan(fen: int) -> Money:
    return Money(fen, "CNY")


def decimals(value: int, places: int) -> str:
    """An integer of that scale as a decimal string: `-1234` of 2 places is `-12.34`."""
    whole, part = divmod(abs(value), 10**places)
    return f"{'-' if value < 0 else ''}{whole}.{part:0{places}d}"


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list. `next_cursor` asks for what follows; null at the end."""

    data: list[T]
    has_more: bool
    next_cursor: str | None


class BankCard(msgspec.Struct, frozen=True):
    """A bound bank card that money is moved in from and out to."""

    id: Identifier
    bank: str
    number_masked: str


class Wallet(msgspec.Struct, frozen=True):
    """What can be spent, and what is held for payments that are not cleared yet."""

    available: Money
    held: Money


class Holding(msgspec.Struct, frozen=True):
    """Units of a fund: those that are free, and those held; what all are worth at the last price, what was paid in less what came back, and
    the gain, which is the one less the other. `dividend_method`: how its dividends are paid; null of a money fund, whose income becomes
    units."""

    fund: Code
    units: Decimals
    units_held: Decimals
    worth: Money
    cost: SignedMoney
    gain: SignedMoney
    dividend_method: DividendMethod | None = None


class HoldingDay(msgspec.Struct, frozen=True):
    """What a day brought a holding, and all days up to its end; what the units were worth then, null of a money fund. Fees are in it."""

    date: date
    gain: SignedMoney
    total_gain: SignedMoney
    worth: Money | None


class PocketFund(msgspec.Struct, frozen=True):
    """A fund in its place, with its free units. `pays`: false while it is passed over, since its registrar redeems nothing."""

    place: int
    fund: Code
    units: Decimals
    pays: bool


class Pocket(msgspec.Struct, frozen=True):
    """The funds that pay what the wallet lacks, the first one first. `chosen`: false where the customer has chosen none, and the first
    fund on the shelf pays alone."""

    chosen: bool
    funds: list[PocketFund]


class NewPocket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money funds in their order of use, each once; a fund that is left out never pays."""

    funds: list[Code]


class Subsidy(msgspec.Struct, frozen=True):
    """What a campaign has granted so far: money of its sponsor's that came to the wallet, and no return of the fund."""

    campaign: str
    name: str
    name_en: str
    fund: Code
    sponsor: str
    last_day: date
    granted: Money


class AccountLine(msgspec.Struct, frozen=True):
    """An account that lets this client act, and for what."""

    id: Identifier
    scopes: list[str]
    consented_at: datetime


class Account(msgspec.Struct, frozen=True):
    """A customer's account. `holder` is masked; `level` is how far the customer is verified (0: not yet)."""

    id: Identifier
    holder: str
    level: int
    wallet: Wallet
    holdings: list[Holding]
    bank_cards: list[BankCard]
    subsidies: list[Subsidy]
    as_of: datetime
    business_date: date


class NewPayment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money into the wallet from a bound bank card, or out of it to one."""

    direction: Literal["in", "out"]
    bank_card: Identifier
    amount: Money


class Payment(msgspec.Struct, frozen=True):
    """A payment through the bank. `failed` has the bank's `reason`; `completed_on` is the bank's booking date."""

    id: Identifier
    account: Identifier
    direction: Literal["in", "out"]
    bank_card: Identifier
    amount: Money
    state: Literal["processing", "succeeded", "failed"]
    reason: str
    created_at: datetime
    business_date: date
    completed_on: date | None


class Purchase(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="purchase"):
    """Buy for that much of the wallet's money."""

    fund: Code
    amount: Money


class Subscription(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="subscription"):
    """So much of the wallet's money for a fund that is being raised; the one with whom its target is reached gets what is left."""

    fund: Code
    amount: Money


class InstantRedemption(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="instant_redemption"):
    """So many units into the wallet at once, by the bank's line."""

    fund: Code
    units: Units


class Redemption(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="redemption"):
    """So many units back into money, in the ordinary way: without a cap, about two days after the dealing day."""

    fund: Code
    units: Units


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="switch"):
    """So many units of a fund into another one of the same registrar."""

    fund: Code
    into: Code
    units: Units


class ChooseDividends(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="dividend_method"):
    """Have a fund's dividends paid in money (`cash`) or in units (`reinvest`), once the registrar has said yes."""

    fund: Code
    dividend_method: DividendMethod


NewOrder = Purchase | Subscription | Redemption | InstantRedemption | Switch | ChooseDividends


class Cancel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing more is asked."""


class Order(msgspec.Struct, frozen=True):
    """An order and what became of it.

    `state` is `processing` until the registrar has confirmed or refused it (`paid`: the money of a redemption has come; `accepted`: of a
    subscription, and the fund is not formed yet); `amount` of a purchase and `units` of a redemption are what was asked for, `amount` of a
    subscription what was given, the `confirmed_` ones what the registrar said, with its `return_code`. `dealing_date` is the dealing day it
    goes out for. Of a fund with a price of its own, `nav` is the price it was confirmed at, and `fee` stands within the `confirmed_amount`
    of a purchase and is taken off that of a redemption. A switch goes into `target_fund`, and has become `target_units` of it.
    A `dividend_method` is asked for by an order of its own, and by no other.
    """

    id: Identifier
    account: Identifier
    type: str
    fund: Code
    amount: Money | None
    units: Decimals | None
    state: str
    created_at: datetime
    business_date: date
    dealing_date: date
    confirmed_on: date | None = None
    confirmed_amount: Money | None = None
    confirmed_units: Decimals | None = None
    return_code: str = ""
    nav: Decimals | None = None
    fee: Money | None = None
    target_fund: Code | None = None
    target_units: Decimals | None = None
    dividend_method: DividendMethod | None = None


class Cancelled(msgspec.Struct, frozen=True):
    """An order that was taken back before its cut-off: `amount` is in the wallet again, or `units` are free again."""

    id: Identifier
    state: Literal["cancelled"]
    amount: Money | None
    units: Decimals | None


class NewPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Buy for that much of the wallet's money every week (`day` 1, Monday, to 7) or month (1 to 31; its last day where it has no such)."""

    fund: Code
    amount: Money
    every: Literal["week", "month"]
    day: Annotated[int, Meta(ge=1, le=31)]


class Period(msgspec.Struct, frozen=True):
    """A period by its planned day, and the dealing day `looked_at` on which it was tried last. `waiting` is tried once more; `passed` fell
    together with the period after it; `reason` says why it was not bought."""

    planned_on: date
    looked_at: date
    amount: Money
    state: Literal["waiting", "placed", "failed", "passed"]
    reason: str
    order: Identifier | None


class Plan(msgspec.Struct, frozen=True):
    """A periodic plan. `next_on` is the next planned day and `deals_on` the dealing day it falls to; null while it is not `active` (or the
    calendar of dealing days does not reach that far). It is `stopped` by `failures` in a row. `periods` are the newest."""

    id: Identifier
    account: Identifier
    fund: Code
    amount: Money
    every: Literal["week", "month"]
    day: int
    state: Literal["active", "paused", "stopped", "ended"]
    next_on: date | None
    deals_on: date | None
    failures: int
    periods: list[Period]


class NewPlanState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pause it, resume one that was paused or has stopped, or end it for good."""

    state: Literal["active", "paused", "ended"]


class Quotation(msgspec.Struct, frozen=True):
    """A fund's day. Of a money fund the income in yuan per 10,000 units and the yield of seven days in percent a year; of any other its
    price, `nav`, in yuan."""

    date: date
    income_per_10k: Decimals | None
    seven_day_yield: Decimals | None
    nav: Decimals | None


class Yield(msgspec.Struct, frozen=True):
    """A money fund's day: income and yield as in its quotation, and what 1 yuan that was in the fund before the first quoted day had grown
    to by its end, each day's income left in. Of the past; nothing follows from it for what comes."""

    date: date
    income_per_10k: Decimals
    seven_day_yield: Decimals
    growth: Decimals


class Raise(msgspec.Struct, frozen=True):
    """A fund that is sold by arrival, at 1.0000, from `opens_at` on and before `closes_at`, until `target` is reached. Orders are `minimum`
    and whole `step`s above it; `cap` is what a customer may have in all, null: no cap."""

    fund: Code
    name: str
    name_en: str
    risk_level: str
    opens_at: datetime
    closes_at: datetime
    target: Money
    minimum: Money
    step: Money
    cap: Money | None
    sold: Money
    left: Money
    state: Literal["coming", "open", "sold_out", "closed", "formed", "failed"]


class Fund(msgspec.Struct, frozen=True):
    """A fund on the shelf. `kind`: `money`, dealt in at 1.0000, or `nav`, with a price of its own each day. `risk_level` R1 to R5;
    `cut_off` in Shanghai; null caps: there is none. `latest` is the newest quotation."""

    code: Code
    name: str
    name_en: str
    risk_level: str
    cut_off: str
    minimum_purchase: Money
    day_cap: Money | None
    holding_cap: Money | None
    latest: Quotation | None
    kind: Literal["money", "nav"] = "money"
