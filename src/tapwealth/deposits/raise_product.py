"""What a product manager says of a wealth product of the bank: how much of it is raised, who gets what, and what it is expected to earn
for how many days. Its window is that of its sale. Pure; amounts are fen, rates millionths a year.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec

from tapwealth.kernel.money import checked, format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.kernel.units import WHOLE, Called, Most, Percent, Yuan

LEAST_BY_RISK: Mapping[int, int] = {1: 50_000_00, 2: 50_000_00, 3: 100_000_00, 4: 100_000_00, 5: 200_000_00}
"""Fen, by the product's risk level: what a person buys at least."""
LOWERED_ON, LOWERED_LEAST = date(2018, 9, 26), 10_000_00
"""From that day on the least is the same for all."""
_LONGEST, _LATEST = 3_660, 3


class Allotment(StrEnum):
    """Who gets what when more is asked for than there is."""

    ARRIVAL = "arrival"
    """First come, first served: the one with whom the target is reached gets what is left, and the raise closes."""
    PRO_RATA = "pro_rata"
    """When the raise is over, in proportion to what was asked for, in whole steps."""


WorkingDays = Annotated[int, msgspec.Meta(ge=0, le=_LATEST)]


class WealthParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`bank`: whose product it is (CNAPS); `least`: without so much it is not formed; `cap`: of a person in all, 0 for none; `expected`: a
    year, which nobody promises; `days`: from the day after the raise to maturity; `credit_within`, `back_within`: working days after
    maturity, and after a raise that failed; `demand`: the code of the demand deposit whose rate the money earns while it is raised."""

    bank: Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$", description="12 digits of CNAPS"), Called()]
    target: Yuan
    least: Yuan
    minimum: Yuan
    step: Yuan
    cap: Most = 0
    allotment: Allotment = Allotment.ARRIVAL
    expected: Percent
    days: Annotated[int, msgspec.Meta(ge=1, le=_LONGEST)]
    credit_within: WorkingDays = _LATEST
    back_within: WorkingDays = _LATEST
    demand: Annotated[str, msgspec.Meta(min_length=1)]


def least_minimum(risk_level: int, day: date) -> int:
    """Fen that a person must at least be sold of a product of that risk on that day."""
    return LEAST_BY_RISK[risk_level] if day < LOWERED_ON else LOWERED_LEAST


def check(said: WealthParameters, risk_level: int, first_day: date) -> None:
    """What no raise of a wealth product may be; `first_day`: that on which it opens. Raises BadInput whose `where` is the path within the
    parameters."""
    for name, amount in (("target", said.target), ("minimum", said.minimum), ("step", said.step), ("least", said.least)):
        checked(amount, where=name)
    lowest = least_minimum(risk_level, first_day)
    if said.minimum < lowest:
        text = f"{format_minor(said.minimum)} yuan is too little for a product of risk R{risk_level}"
        raise BadInput(text, where="minimum", hint=f"give {format_minor(lowest)} or more")
    if said.minimum > said.target:
        raise BadInput("an order of the minimum is more than the target", where="minimum", hint="give a lower minimum")
    if said.least > said.target:
        raise BadInput("more must be sold than can be", where="least", hint="give at most the target")
    if 0 < said.cap < said.minimum:
        raise BadInput("nobody could order that little", where="cap", hint="0 means no cap; else give at least the minimum")
    if not 0 < said.expected < WHOLE:
        raise BadInput("nobody earns that much, or that little", where="expected", hint="give percent a year above 0 and below 100")
    if said.allotment is Allotment.PRO_RATA:
        _check_steps(said)


def _check_steps(said: WealthParameters) -> None:
    """What is shared out in whole steps consists of them."""
    for name, amount in (("target", said.target), ("minimum", said.minimum)):
        if amount % said.step:
            text = f"{format_minor(amount)} yuan is not in whole steps of {format_minor(said.step)}, in which it is shared out"
            raise BadInput(text, where=name, hint="give a multiple of the step, or let it be sold by arrival")


WORDS: Mapping[str, tuple[str, str]] = {
    "bank": ("发行银行", "bank"),
    "target": ("募集规模", "target"),
    "least": ("最低成立规模", "least that is to be raised"),
    "minimum": ("认购起点", "least order"),
    "step": ("递增金额", "step"),
    "cap": ("单人上限", "cap of a person"),
    "allotment": ("配售方式", "allotment"),
    "arrival": ("先到先得", "by arrival"),
    "pro_rata": ("按比例配售", "pro rata"),
    "expected": ("预期收益率（年）", "expected yield (yearly)"),
    "days": ("期限（天）", "days"),
    "credit_within": ("到期后入账工作日", "working days from maturity to credit"),
    "back_within": ("未成立退款工作日", "working days to give back"),
    "demand": ("募集期按活期计息", "demand deposit whose rate the raise earns"),
}
"""How all of it is called, Chinese and English."""
