"""What a product manager says of a fund: its master data and conditions, and under which terms each distributor sells it."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from tapwealth.funds.conditions import (
    CALENDAR,
    CarryForward,
    Conditions,
    Discount,
    DividendMethod,
    FundKind,
    PurchaseFee,
    RedemptionFee,
)
from tapwealth.funds.nav import Rounding
from tapwealth.kernel.units import Most, Percent, Shares, Yuan

Hour = Annotated[int, msgspec.Meta(ge=0, le=24)]


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of any fund. `registrar`: its code; `custody_account`: at the bank; `cut_off_hour`: Shanghai; the rest as in `Conditions`."""

    registrar: Annotated[str, msgspec.Meta(pattern="^[0-9A-Z]{2,9}$", description="2 to 9 capital letters and digits")]
    custody_account: str
    cut_off_hour: Hour = 15
    share_class: str = ""
    parent: str = ""
    calendar: str = CALENDAR
    confirmation_days: Annotated[int, msgspec.Meta(ge=0, le=10)] = 1
    minimum_redemption: Shares = 0
    minimum_holding: Shares = 0
    dividend_method: DividendMethod = DividendMethod.REINVEST
    registrar_plans: bool = False


class MoneyFundParameters(Parameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sold and redeemed at 1.0000, its income paid in units every day."""

    carry_forward: CarryForward = CarryForward.DAILY


class FundParameters(Parameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sold at its price of the day."""

    rounding: Rounding = Rounding.CUT_OFF
    deviation_gate: int = 1_000
    purchase_fees: list[PurchaseFee] = []
    redemption_fees: list[RedemptionFee] = []


class FundChannel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A distributor's terms: `own` customers pay from their wallets; caps of 0 mean none. `remains`: what of the purchase rate is left
    (10: a tenth, 一折)."""

    own: bool
    minimum_purchase: Yuan
    day_cap: Most = 0
    holding_cap: Most = 0
    remains: Percent = 1_000_000


def conditions_of(parameters: Parameters, channels: Mapping[str, FundChannel]) -> Conditions:
    """What they say, as the fund's orders are judged by it."""
    known = set(Conditions.__struct_fields__)
    said = {name: getattr(parameters, name) for name in parameters.__struct_fields__ if name in known}
    kind = FundKind.MONEY if isinstance(parameters, MoneyFundParameters) else FundKind.NAV
    less = [Discount(code, one.remains) for code, one in channels.items() if one.remains != 1_000_000]
    return Conditions(kind=kind, discounts=less, **said)


WORDS: Mapping[str, tuple[str, str]] = {
    "registrar": ("登记机构", "registrar"),
    "custody_account": ("托管账户", "custody account"),
    "cut_off_hour": ("截止时点", "cut-off hour"),
    "share_class": ("份额类别", "share class"),
    "parent": ("主基金", "fund whose class it is"),
    "calendar": ("交易日历", "calendar"),
    "confirmation_days": ("确认天数", "days to confirmation"),
    "minimum_redemption": ("最低赎回份额", "least redemption"),
    "minimum_holding": ("最低持有份额", "least holding"),
    "dividend_method": ("默认分红方式", "dividend method"),
    "reinvest": ("红利再投资", "reinvested"),
    "cash": ("现金分红", "cash"),
    "registrar_plans": ("登记机构管理定投", "plans kept by the registrar"),
    "carry_forward": ("收益结转", "carry-forward"),
    "daily": ("每日", "daily"),
    "monthly": ("每月", "monthly"),
    "rounding": ("尾数处理", "rounding"),
    "cut_off": ("截位", "cut off"),
    "half_up": ("四舍五入", "half up"),
    "deviation_gate": ("净值偏离阈值（万分之）", "deviation gate (ten-thousandths)"),
    "purchase_fees": ("申购费", "purchase fee"),
    "redemption_fees": ("赎回费", "redemption fee"),
    "from_amount": ("起始金额", "from amount"),
    "rate": ("费率", "rate"),
    "fixed": ("固定费用", "fixed fee"),
    "below_days": ("持有不满天数", "held below days"),
    "own": ("自有渠道", "own channel"),
    "minimum_purchase": ("起购金额", "least purchase"),
    "day_cap": ("单日限额", "day cap"),
    "holding_cap": ("持有限额", "holding cap"),
    "remains": ("费率折扣", "what of the rate remains"),
    "management_fee": ("管理费率（年）", "management fee (yearly)"),
    "custody_fee": ("托管费率（年）", "custody fee (yearly)"),
    "service_fee": ("销售服务费率（年）", "sales service fee (yearly)"),
}
"""How all of it is called, Chinese and English."""
