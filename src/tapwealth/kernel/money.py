"""Amounts are integers in the smallest part of their asset; there is no float and no second representation.

CNY counts in fen (1/100 yuan), fund units in 1/100 unit. Prices and rates are integers of a stated scale
(`income_per_10k` in 1/10,000 yuan) or `fractions.Fraction` inside a computation.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import ClassVar, TypeVar

from tapwealth.kernel.refusal import BadInput

MAX_AMOUNT = 10**15
"""Greatest amount of a single movement, in minor units (ten thousand billion yuan): no sum of a batch overflows 64 bits."""


_WRITTEN = re.compile(r"([0-9]{1,13}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.([0-9]{1,2}))?", re.ASCII)


class Asset(int):
    """What an account holds: yuan, or the units of a fund. The number is stored; a fund's is that of its row on the shelf."""

    __slots__ = ()
    CNY: ClassVar["Asset"]
    MOST: ClassVar["Asset"]
    """The greatest number there is: so many fit the ledger's column, and the serials of house accounts below those of people's."""


Asset.CNY = Asset(1)
Asset.MOST = Asset(2**15 - 1)


def checked(amount: int, *, where: str = "amount", positive: bool = True) -> int:
    """The amount, if it can be moved in one transfer; else BadInput."""
    if positive and amount <= 0:
        raise BadInput(f"{format_minor(amount)} is not above zero", where=where, hint="give more")
    if abs(amount) > MAX_AMOUNT:
        most = format_minor(MAX_AMOUNT)
        raise BadInput(f"{format_minor(amount)} is above {most}, the most one movement can carry", where=where, hint="give less")
    return amount


def format_minor(amount: int) -> str:
    """Hundredths as people read them: `-1234567` is `-12,345.67`."""
    sign, rest = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{rest // 100:,}.{rest % 100:02d}"


def read_minor(text: str, *, where: str) -> int:
    """Hundredths from what people write: `1000`, `1000.5` and `1,000.50`. Not negative. Raises BadInput."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise BadInput(f"{text!r} is no amount", where=where, hint="write it like 1000.00")
    whole, part = match.groups()
    return checked(int(whole.replace(",", "")) * 100 + int((part or "").ljust(2, "0")), where=where, positive=False)


def half_up(value: Fraction) -> int:
    """Nearest integer, halves away from zero (四舍五入)."""
    magnitude = (abs(value.numerator) * 2 + value.denominator) // (2 * value.denominator)
    return magnitude if value >= 0 else -magnitude


def truncate(value: Fraction) -> int:
    """Towards zero (截位)."""
    magnitude = abs(value.numerator) // value.denominator
    return magnitude if value >= 0 else -magnitude


Share = TypeVar("Share", int, str)


def apportion(total: int, weights: Mapping[Share, int]) -> dict[Share, int]:
    """`total` in proportion to the weights: cut off, and what is left over one by one to the largest remainder, then the lowest key.

    The shares add up to `total`, which is not negative; the weights' sum is positive.
    """
    whole = sum(weights.values())
    shares = {key: total * weight // whole for key, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda key: (-(total * weights[key] % whole), key))
    for key in by_remainder[: total - sum(shares.values())]:
        shares[key] += 1
    return shares
