"""What a whole number counts, said where it is declared: so that people may write it as they read it.

`Yuan` is stored in fen and written `1000.00`, `Shares` likewise in hundredths of a fund's unit; `Percent` is stored in millionths and
written `1.5` for 1.5 %.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from tapwealth.kernel.refusal import BadInput

_PERCENT = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,4}))? ?%?", re.ASCII)
_HUNDREDTHS = re.compile(r"([0-9]{1,13}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.([0-9]{1,2}))?", re.ASCII)


class Unit(Enum):
    """How the number is written, and into how many parts its unit is cut."""

    YUAN = "yuan"
    SHARES = "shares"
    PERCENT = "percent"

    @property
    def decimals(self) -> int:
        return 4 if self is Unit.PERCENT else 2


WHOLE = 1_000_000
"""Millionths: all of it."""
Yuan = Annotated[int, Unit.YUAN]
Shares = Annotated[int, Unit.SHARES]
Percent = Annotated[int, Unit.PERCENT]


@dataclass(frozen=True, slots=True)
class Days:
    """Noted at a whole number of days, or none: what it means, in Chinese and English, that there are none."""

    none: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Called:
    """Noted at a code that stands for somebody: what it is called stands among the words of its kind."""


@dataclass(frozen=True, slots=True)
class Zero:
    """Noted at a number: what 0 means there, in Chinese and English."""

    means: tuple[str, str]


Most = Annotated[Yuan, Zero(("不限", "no limit"))]
"""At the most so much; 0: as much as one likes."""
_HINTS = {
    Unit.YUAN: ("no amount", "write yuan like 1000.00"),
    Unit.SHARES: ("no number of units", "write it like 1000.00"),
    Unit.PERCENT: ("no rate", "write percent like 1.5, with at most 4 decimals"),
}


def read_in(unit: Unit, text: str, *, where: str) -> int:
    """The number that somebody wrote: `1000.5`, `1,000.50`, `1.5`, `1.5 %`. Not negative. Raises BadInput."""
    match = (_PERCENT if unit is Unit.PERCENT else _HUNDREDTHS).fullmatch(text)
    if match is None:
        what, hint = _HINTS[unit]
        raise BadInput(f"{text[:40]!r} is {what}", where=where, hint=hint)
    whole, part = match.groups()
    return int(whole.replace(",", "") + (part or "").ljust(unit.decimals, "0"))


def written_in(unit: Unit, number: int) -> str:
    """As `read_in` reads it: hundredths with two decimals, percent with as many as it needs."""
    whole, part = divmod(number, 10**unit.decimals)
    decimals = f"{part:0{unit.decimals}d}"
    if unit is Unit.PERCENT:
        decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else f"{whole}"
