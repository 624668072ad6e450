"""A money fund's income of one day: the fund's sum, and each holder's share of it, equal in sum to the fen.

Every holder's share keeps two decimals, the third is cut off; what that leaves of the day's sum is handed out a fen at a time, to the
largest remainder first, among equals by account. A negative day is the mirror image of a positive one.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tapwealth.ledger.columns import total_of
from tapwealth.ledger.port import Column

Account = tuple[str, str]
"""(TA account, trading account): what the registrar knows a holder by, and the order among equal remainders."""

INCOME_SCALE = 10**8
"""`income_per_10k` (1/10,000 yuan) × units (1/100) ÷ this = fen."""


def day_income(income_per_10k: int, units: int) -> int:
    """The fund's income in fen for `units` 1/100 units in all: income per 10,000 × units ÷ 10,000, half-up."""
    magnitude = (abs(income_per_10k) * units * 2 + INCOME_SCALE) // (2 * INCOME_SCALE)
    return magnitude if income_per_10k >= 0 else -magnitude


def distribute(income_per_10k: int, holdings: Mapping[Account, int]) -> dict[Account, int]:
    """Each holder's income in fen, which is units in 1/100 too: the fund's NAV is 1.0000. `holdings` are the units (1/100, none below
    zero) that earn on the day; their order does not matter. The sum is `day_income` of their sum."""
    assert all(units >= 0 for units in holdings.values()), "units below zero cannot earn"
    rate, sign = abs(income_per_10k), 1 if income_per_10k >= 0 else -1
    exact = {account: divmod(rate * units, INCOME_SCALE) for account, units in holdings.items()}
    left_over = day_income(rate, sum(holdings.values())) - sum(share for share, _ in exact.values())
    lucky = _largest(exact, left_over)
    return {account: sign * (share + (account in lucky)) for account, (share, _) in exact.items()}


def _largest(exact: Mapping[Account, tuple[int, int]], count: int) -> set[Account]:
    """The `count` accounts with the largest remainders. There are always that many above zero, as the sum of the remainders, half-up,
    is `count`."""
    if count == 0:
        return set()
    threshold = sorted((remainder for _, remainder in exact.values()), reverse=True)[count - 1]
    above = {account for account, (_, remainder) in exact.items() if remainder > threshold}
    level = sorted(account for account, (_, remainder) in exact.items() if remainder == threshold)
    return above.union(level[: count - len(above)])


_MOST = (1 << 63) - 1


def distribute_columns(income_per_10k: int, units: Column, first: Callable[[int, Column], Column]) -> Column:
    """`distribute` for many holders at once, a place for each. `first` tells which so many of some places come first by account."""
    rate, total = abs(income_per_10k), total_of(units)
    exact: Any = (units if rate * total <= _MOST else units.astype(object)) * rate
    shares, rest = (exact // INCOME_SCALE).astype(np.int64), (exact % INCOME_SCALE).astype(np.int64)
    left_over = day_income(rate, total) - total_of(shares)
    if left_over:
        threshold = np.partition(rest, len(rest) - left_over)[len(rest) - left_over]
        shares += rest > threshold
        level = np.flatnonzero(rest == threshold)
        shares[first(left_over - int((rest > threshold).sum()), level)] += 1
    signed: Column = shares if income_per_10k >= 0 else -shares
    return signed
