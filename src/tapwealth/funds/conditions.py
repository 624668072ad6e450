"""Under which conditions a fund is sold: what its prospectus says and what each distributor takes off its fees.

Rates are millionths, amounts fen, units 1/100, and what the registrar says of a fund's state is a code of JR/T 0017 (07, FundStatus).
"""

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction

import msgspec

from tapwealth.funds.lots import AgeTier
from tapwealth.funds.nav import PurchaseTier, Rounding
from tapwealth.kernel.money import checked
from tapwealth.kernel.refusal import BadInput
from tapwealth.kernel.units import WHOLE, Percent, Yuan

CALENDAR = "CN"
"""Dealing days are China's: Monday to Friday less statutory holidays."""


class FundKind(StrEnum):
    """A money fund is sold and redeemed at 1.0000 and pays its income in units every day; any other has a price of its own each day."""

    MONEY = "money"
    NAV = "nav"


class DividendMethod(StrEnum):
    """What a holder gets who has not chosen."""

    REINVEST = "reinvest"
    CASH = "cash"


class CarryForward(StrEnum):
    """How often a money fund's income joins what earns: its seven-day yield compounds, or it does not."""

    DAILY = "daily"
    MONTHLY = "monthly"


class FundStatus(StrEnum):
    """07, FundStatus."""

    OPEN = "0"
    ISSUING = "1"
    STOPPED = "4"
    NO_PURCHASE = "5"
    NO_REDEMPTION = "6"
    ENDED = "8"
    CLOSED = "9"

    @property
    def sells(self) -> bool:
        return self in (FundStatus.OPEN, FundStatus.NO_REDEMPTION)

    @property
    def redeems(self) -> bool:
        return self in (FundStatus.OPEN, FundStatus.NO_PURCHASE)

    @property
    def words(self) -> tuple[str, str]:
        """Chinese, English."""
        return _WORDS[self]


_WORDS = {
    FundStatus.OPEN: ("开放申购赎回", "open"),
    FundStatus.ISSUING: ("发行认购中", "being issued, and can be subscribed alone"),
    FundStatus.STOPPED: ("暂停交易", "stopped by its manager"),
    FundStatus.NO_PURCHASE: ("暂停申购", "closed to purchases"),
    FundStatus.NO_REDEMPTION: ("暂停赎回", "closed to redemptions"),
    FundStatus.ENDED: ("基金终止", "ended"),
    FundStatus.CLOSED: ("封闭期", "closed for a time"),
}


class PurchaseFee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From that amount on: a rate of the net amount, or a fixed fee."""

    from_amount: Yuan
    rate: Percent = 0
    fixed: Yuan = 0


class RedemptionFee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units younger than so many days (null: any age) pay that rate of their worth."""

    below_days: int | None
    rate: Percent


class Discount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of the purchase rate remains at a distributor: 100,000 are a tenth of it (一折)."""

    channel: str
    remains: int


class Conditions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`parent`: code of the fund whose class this is, empty for one without classes. `confirmation_days`: dealing days from an order's to
    its confirmation. `deviation_gate`: 1/10,000 of the last NAV by which the next one may differ without a second pair of eyes.
    `registrar_plans`: its registrar keeps periodic plans, and their purchases go out as such (039)."""

    kind: FundKind = FundKind.MONEY
    share_class: str = ""
    parent: str = ""
    calendar: str = CALENDAR
    confirmation_days: int = 1
    minimum_redemption: int = 0
    minimum_holding: int = 0
    rounding: Rounding = Rounding.CUT_OFF
    dividend_method: DividendMethod = DividendMethod.REINVEST
    deviation_gate: int = 1_000
    purchase_fees: list[PurchaseFee] = []
    redemption_fees: list[RedemptionFee] = []
    discounts: list[Discount] = []
    carry_forward: CarryForward = CarryForward.DAILY
    registrar_plans: bool = False

    @property
    def purchase_tiers(self) -> tuple[PurchaseTier, ...]:
        return tuple(PurchaseTier(one.from_amount, Fraction(one.rate, WHOLE), one.fixed) for one in self.purchase_fees)

    @property
    def age_tiers(self) -> tuple[AgeTier, ...]:
        return tuple(AgeTier(one.below_days, Fraction(one.rate, WHOLE)) for one in self.redemption_fees)

    def discount(self, channel: str) -> Fraction:
        """What of the purchase rate remains there."""
        return next((Fraction(one.remains, WHOLE) for one in self.discounts if one.channel == channel), Fraction(1))


def check(one: Conditions) -> None:
    """Raises BadInput for conditions that no fund can have."""
    if one.calendar != CALENDAR:
        raise BadInput(f"there is no calendar {one.calendar[:20]!r}", where="calendar", hint=f"the one there is: {CALENDAR}")
    if not 0 <= one.confirmation_days <= 10:
        raise BadInput("a confirmation comes after 0 to 10 dealing days", where="confirmation_days")
    if not 0 <= one.deviation_gate <= 10_000:
        raise BadInput("the gate is 0 to 10,000 ten-thousandths", where="deviation_gate", hint="1,000 let a NAV move by a tenth")
    for name, units in (("minimum_redemption", one.minimum_redemption), ("minimum_holding", one.minimum_holding)):
        if units < 0:
            raise BadInput("it is below zero", where=name, hint="0 means that there is none")
        checked(units, where=name, positive=False)
    if one.kind is FundKind.MONEY and (one.purchase_fees or one.redemption_fees or one.discounts):
        raise BadInput("a money fund charges nothing", where="purchase_fees, redemption_fees, discounts", hint="leave them empty")
    _check_purchase_fees(one.purchase_fees)
    _check_redemption_fees(one.redemption_fees)
    if len({of.channel for of in one.discounts}) < len(one.discounts):
        raise BadInput("a distributor stands there twice", where="discounts", hint="name each once")
    for of in one.discounts:
        _check_rate(of.remains, "discounts.remains")


def _check_purchase_fees(fees: Sequence[PurchaseFee]) -> None:
    begin = [one.from_amount for one in fees]
    if begin and (begin[0] != 0 or sorted(set(begin)) != begin):
        raise BadInput("the tiers do not begin at 0 and rise", where="purchase_fees.from_amount", hint="give each once, the lowest first")
    for one in fees:
        _check_rate(one.rate, "purchase_fees.rate")
        if one.fixed < 0 or (one.fixed and one.rate):
            raise BadInput("a tier has a rate or a fixed fee", where="purchase_fees.fixed", hint="leave the other one at 0")


def _check_redemption_fees(fees: Sequence[RedemptionFee]) -> None:
    ages = [one.below_days for one in fees]
    rising = [age for age in ages if age is not None]
    if fees and (ages[-1] is not None or sorted(set(rising)) != rising or len(rising) != len(fees) - 1 or rising[:1] == [0]):
        raise BadInput("the ages do not rise to one without an end", where="redemption_fees.below_days", hint="the last one is null")
    for one in fees:
        _check_rate(one.rate, "redemption_fees.rate")


def _check_rate(rate: int, where: str) -> None:
    if not 0 <= rate <= WHOLE:
        raise BadInput(f"{rate} is no rate", where=where, hint="give millionths, 0 to 1,000,000: 15,000 are 1.5 %")
