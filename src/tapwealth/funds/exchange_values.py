"""What the exchange files say, as values: applications and orders that go to the registrar, confirmations, holdings, dividends and
quotations that come from it (JR/T 0017 file types 01 to 07).

Amounts are fen, volumes 1/100 unit. A holder is known to the registrar by (`ta_account`, `trading_account`): one trading account may
have several TA accounts.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.masked import IdentityNumber, PersonName

SUCCESS = "0000"
CANCEL_REST, DEFER_REST = "0", "1"
"""LargeRedemptionFlag: what becomes of the part of a redemption that a large-redemption day leaves."""
UNFINISHED = "0"
"""BusinessFinishFlag of an answer that another one follows."""
REINVESTED, IN_CASH = "0", "1"
"""DefDividendMethod."""
PAR = 10_000
"""A money fund's NAV."""
CNY = "156"
"""ISO 4217 number of the currency, as exchange files write it."""


class BusinessCode(StrEnum):
    """What a record asks for; the confirmation's code is 100 more."""

    OPEN_ACCOUNT = "001"
    ADD_TRADING_ACCOUNT = "008"
    SUBSCRIBE = "020"
    PURCHASE = "022"
    REDEEM = "024"
    DIVIDEND_METHOD = "029"
    FREEZE = "031"
    UNFREEZE = "032"
    SWITCH = "036"
    PLAN = "039"
    FAST_TRANSFER = "098"
    FORCED_REDEMPTION = "142"
    DIVIDEND = "143"
    FORCED_INCREASE = "144"
    FORCED_DECREASE = "145"
    RAISE_FORMED = "130"
    RAISE_FAILED = "149"

    @property
    def confirmed(self) -> str:
        """The code of the confirmation."""
        return f"{int(self) + 100:03d}"


BUYS = (BusinessCode.PURCHASE, BusinessCode.PLAN)
"""Orders of so much money for units of an open fund."""


@dataclass(frozen=True, slots=True)
class AccountApplication:
    """01: open a TA account (001) or let a trading account deal under one that exists (008, with `ta_account`)."""

    serial: str
    business_code: str
    trading_account: str
    name: PersonName
    identity_number: IdentityNumber
    applied_on: date
    applied_at: time
    distributor: str
    ta_account: str = ""
    payout_account: str = ""
    """Bank account that redemptions of this holder are paid to; blank: the distributor's collection account."""


@dataclass(frozen=True, slots=True)
class AccountConfirmation:
    """02: the registrar's answer to an `AccountApplication`, with the TA account it gave."""

    serial: str
    business_code: str
    trading_account: str
    ta_account: str
    confirmed_on: date
    return_code: str
    ta_serial: str
    distributor: str
    reason: str = ""

    @property
    def accepted(self) -> bool:
        return self.return_code == SUCCESS


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """03: a purchase (022, or 039 under a periodic plan) or a subscription (020), each by `amount`, a redemption (024), a freeze or its end
    (031, 032), each by `volume`, a fast transfer (098, `volume` to the target accounts), a switch (036, `volume` into `target_fund`), or a
    dividend method (029). A blank `ta_account` lets the registrar find the holder by `trading_account`."""

    serial: str
    business_code: str
    trading_account: str
    ta_account: str
    fund_code: str
    amount: int
    volume: int
    ordered_on: date
    ordered_at: time
    distributor: str
    deposit_account: str = ""
    target_trading_account: str = ""
    target_ta_account: str = ""
    target_distributor: str = ""
    large_flag: str = ""
    target_fund: str = ""
    dividend_method: str = ""
    """Of a 029: what the holder wants, DefDividendMethod."""
    plan: str = ""
    """Of a 039: the number of the plan, RationProtocolNo."""

    @property
    def ordered(self) -> datetime:
        """The instant of the order, aware UTC."""
        return shanghai(self.ordered_on, self.ordered_at.hour, self.ordered_at.minute, self.ordered_at.second)


@dataclass(frozen=True, slots=True)
class ConfirmationRecord:
    """04: what became of an order: units and money confirmed on `confirmed_on`, or a return code and why. Of a fund with a NAV: `nav` in
    1/10,000 yuan, and the fee in fen (`charge`), which stands within the amount of a purchase and is taken off that of a redemption. Of a
    switch `volume` units of `fund_code` became `target_volume` of `target_fund` at `target_nav`: their worth less `charge` is `amount`, of
    which `target_charge` was paid to enter."""

    serial: str
    ta_serial: str
    business_code: str
    trading_account: str
    ta_account: str
    fund_code: str
    volume: int
    amount: int
    ordered_volume: int
    ordered_amount: int
    confirmed_on: date
    return_code: str
    distributor: str
    reason: str = ""
    finished: bool = True
    """False: the rest of the order goes on, and another answer follows."""
    nav: int = PAR
    charge: int = 0
    target_fund: str = ""
    target_volume: int = 0
    target_nav: int = 0
    target_charge: int = 0
    from_ta: str = "0"
    """FromTAFlag, 1: the registrar has started it, there is no order of ours, and the serial is its own."""
    interest: int = 0
    """Of the end of a raise: RaiseInterest in fen. Of a fund that was formed it is in the volume, at 1.0000 as all of it."""
    refund: int = 0
    """Of a raise that failed: RefundAmount in fen, without the interest."""

    @property
    def accepted(self) -> bool:
        return self.return_code == SUCCESS


@dataclass(frozen=True, slots=True)
class HoldingRecord:
    """05: a holder's units at the end of `as_of`."""

    ta_account: str
    trading_account: str
    fund_code: str
    total: int
    available: int
    frozen: int
    as_of: date
    distributor: str


@dataclass(frozen=True, slots=True)
class DividendRecord:
    """06: a holder's income of `record_date`, credited as units on `paid_on`. Of a fund with a NAV: a dividend of `fen` on every `per`
    units, to who held them at the end of `record_date`, as money or (`method`) reinvested at `nav`, that of `ex_date`."""

    ta_account: str
    trading_account: str
    fund_code: str
    base: int
    volume: int
    amount: int
    record_date: date
    paid_on: date
    return_code: str
    ta_serial: str
    distributor: str
    ex_date: str = ""
    fen: int = 0
    per: int = 0
    method: str = ""
    nav: int = PAR

    @property
    def accepted(self) -> bool:
        return self.return_code == SUCCESS


@dataclass(frozen=True, slots=True)
class Quotation:
    """07: a fund's day. `income_per_10k` in 1/10,000 yuan, `seven_day_yield` in 1/1,000 percent, `day_income` in fen, `nav` in 1/10,000
    yuan, `total_units` those that earned. A negative day has negative figures."""

    fund_code: str
    day: date
    income_per_10k: int
    seven_day_yield: int
    day_income: int
    total_units: int
    nav: int
    status: str
