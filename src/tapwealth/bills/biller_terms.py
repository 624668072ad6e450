"""What a product manager says of a biller: where it is, how it is reached and paid, and what one can pay there."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from tapwealth.bills.biller import AmountMode, BillerItem, Category, Inquiry
from tapwealth.bills.inputs import ACCOUNT_NUMBER, check_field
from tapwealth.bills.region import read_region
from tapwealth.bills.settlement import Cycle
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.kernel.units import Yuan

MOST_ITEMS, MOST_FIELDS = 20, 8


class BillerParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`region`: of GB/T 2260, empty for the whole country; `connection`: by which the platform reaches it; at the end of each `cycle` its
    `bank_account` gets what was paid, less `fee_kept` for every payment."""

    region: str = ""
    connection: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    bank_account: str
    cycle: Cycle = Cycle.NEXT_DAY
    fee_kept: Yuan = 0
    items: list[BillerItem]


def check(parameters: BillerParameters) -> None:
    """What no biller may be. Raises BadInput whose `where` is the path within the parameters."""
    read_region(parameters.region)
    if not 0 < len(parameters.items) <= MOST_ITEMS:
        raise BadInput(f"there are {len(parameters.items)} items", where="items", hint=f"name 1 to {MOST_ITEMS} things to pay")
    _once([one.code for one in parameters.items], "items[{}].code")
    for number, item in enumerate(parameters.items):
        try:
            _check_item(item)
        except BadInput as error:
            raise BadInput(error.what, where=f"items[{number}].{error.where}", hint=error.hint) from None
    least = min(one.amount.maximum for one in parameters.items)
    if parameters.fee_kept > least:
        raise BadInput("it is above what some payments come to at most", where="fee_kept", hint="keep less than the least maximum")


def _check_item(item: BillerItem) -> None:
    names = [one.name for one in item.fields]
    if len(names) > MOST_FIELDS:
        raise BadInput(f"{len(names)} things are asked for", where="fields", hint=f"ask for at most {MOST_FIELDS}")
    if ACCOUNT_NUMBER not in names:
        raise BadInput(f"there is no field {ACCOUNT_NUMBER}", where="fields", hint="name so what the biller knows the account by")
    _once(names, "fields[{}].name")
    for number, field in enumerate(item.fields):
        try:
            check_field(field)
        except BadInput as error:
            raise BadInput(error.what, where=f"fields[{number}].{error.where}", hint=error.hint) from None
    _check_amount(item)
    hours = item.hours
    for name, time in (("opens", hours.opens), ("closes", hours.closes)):
        if time.tzinfo:
            raise BadInput("the time has an offset", where=f"hours.{name}", hint="write Shanghai time like '09:00:00'")
    if hours.opens >= hours.closes and hours.closes.isoformat() != "00:00:00":
        raise BadInput("it closes before it opens", where="hours.closes", hint="give a later time, or 00:00:00 for the day's end")


def _check_amount(item: BillerItem) -> None:
    amount = item.amount
    if amount.minimum == 0:
        raise BadInput("nothing is paid by 0.00", where="amount.minimum", hint="give 0.01 or more")
    if amount.maximum < amount.minimum:
        raise BadInput("the maximum is below the minimum", where="amount.maximum", hint="give more")
    presets = amount.mode is AmountMode.PRESETS
    if presets is not bool(amount.faces):
        what = "there are no faces to choose from" if presets else "faces are for presets alone"
        raise BadInput(what, where="amount.faces", hint="name the amounts of the mode presets, and of no other")
    _once([format_minor(one) for one in amount.faces], "amount.faces[{}]")
    for number, face in enumerate(amount.faces):
        if not amount.minimum <= face <= amount.maximum:
            raise BadInput("it is not within minimum and maximum", where=f"amount.faces[{number}]", hint="let them say the same")
    without = item.inquiry is Inquiry.NONE
    if amount.mode is not AmountMode.FROM and without is not presets:
        raise BadInput(
            "without an inquiry nothing is known of a bill" if without else "a bill is not paid like that",
            where="inquiry", hint="`none` goes with presets, `required` with exact, up_to and all_arrears, either one with from",
        )  # fmt: skip
    _once(item.prefixes, "prefixes[{}]")


def _once(names: Sequence[str], where: str) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise BadInput(f"{name!r} stands there twice", where=where.format(number), hint="name each once")


WORDS: Mapping[str, tuple[str, str]] = {
    "region": ("地区", "region"),
    "connection": ("接入通道", "connection"),
    "bank_account": ("结算账户", "bank account"),
    "cycle": ("结算周期", "settlement cycle"),
    "next_day": ("次日", "the next day"),
    "weekly": ("每周", "weekly"),
    "monthly": ("每月", "monthly"),
    "fee_kept": ("每笔手续费（机构承担）", "fee kept from the biller"),
    "items": ("缴费项目", "item"),
    "code": ("代码", "code"),
    "category": ("类别", "category"),
    "fields": ("输入项", "field"),
    "hint": ("提示", "hint"),
    "schema": ("格式", "form"),
    "pattern": ("正则", "pattern"),
    "type": ("类型", "type"),
    "string": ("文本", "text"),
    "min_length": ("最短长度", "least length"),
    "max_length": ("最大长度", "greatest length"),
    "format": ("校验", "checksum"),
    "": ("无", "none"),
    "luhn": ("Luhn 校验", "Luhn"),
    "mod_11_2": ("MOD 11-2 校验", "MOD 11-2"),
    "mod_97_10": ("MOD 97-10 校验", "MOD 97-10"),
    "order": ("顺序", "order"),
    "amount": ("金额", "amount"),
    "mode": ("金额方式", "mode"),
    "exact": ("按账单金额", "the bill's amount"),
    "up_to": ("可部分缴费", "up to the bill's amount"),
    "from": ("不低于", "at least"),
    "presets": ("固定面额", "faces"),
    "all_arrears": ("可合并缴清", "one bill or all arrears"),
    "faces": ("面额", "faces"),
    "payer_fee": ("服务费（用户承担）", "payer's fee"),
    "inquiry": ("查询账单", "inquiry"),
    "required": ("必须", "required"),
    "none": ("无需", "none"),
    "prefixes": ("号段", "prefixes"),
    "minimum": ("最低", "least"),
    "maximum": ("最高", "most"),
    "hours": ("服务时间", "hours"),
    "offered": ("受理新缴费", "offered"),
    **{one.value: one.words for one in Category},
}
"""How all of it is called, Chinese and English."""
