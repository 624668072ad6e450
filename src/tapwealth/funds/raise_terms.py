"""What a product manager says of a raise: how much of a fund is for sale, in which orders, and to whom how much. Its window is that of
its sale."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from tapwealth.funds.raising import Offering
from tapwealth.kernel.units import Most, Percent, Yuan


class Allotment(StrEnum):
    """Who gets what when more is asked for than there is."""

    ARRIVAL = "arrival"
    """First come, first served: the one with whom the target is reached gets what is left."""


class RaiseParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`fund`: what is raised; `least`: without so much from all who sell it the registrar does not form it; `cap`: of a person in all, 0
    for none; `interest`: a year, of accepted money until the end."""

    fund: Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$", description="a fund has 6 digits")]
    target: Yuan
    least: Yuan
    minimum: Yuan
    step: Yuan
    cap: Most = 0
    allotment: Allotment = Allotment.ARRIVAL
    interest: Percent = 0


def offering_of(said: RaiseParameters, opens: datetime, closes: datetime) -> Offering:
    """As subscriptions are judged by it."""
    return Offering(said.fund, opens, closes, said.target, said.minimum, said.step, said.cap, said.least, said.interest)


FIELD_OF = {"rate": "parameters.interest", "closes_at": "sale.closes"}
"""Where a definition says what an `Offering` calls otherwise; all else is a parameter of the same name."""

WORDS: Mapping[str, tuple[str, str]] = {
    "fund": ("基金", "fund"),
    "target": ("募集规模", "target"),
    "least": ("最低成立规模", "least that is to be raised"),
    "minimum": ("认购起点", "least order"),
    "step": ("递增金额", "step"),
    "cap": ("单人上限", "cap of a person"),
    "allotment": ("配售方式", "allotment"),
    "arrival": ("先到先得", "by arrival"),
    "interest": ("募集期利率（年）", "interest of the raise (yearly)"),
}
"""How all of it is called, Chinese and English."""
