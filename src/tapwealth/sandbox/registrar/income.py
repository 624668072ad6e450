"""How the registrar shares out a day's income; its own arithmetic, in integers.

The fund's income is income per 10,000 units times units over 10,000, half-up to the fen. Each holder gets the whole fen of their part;
the fen that are left go, one each, to the largest remainders, among equals in the order of the accounts.
"""

from collections.abc import Sequence

from tapwealth.sandbox.registrar.register import Holder, Holding

FEN_DIVISOR = 100_000_000
"""(1/10,000 yuan per 10,000 units) × (1/100 unit) over this is fen."""


def fund_income(income_per_10k: int, units: int) -> int:
    """The day's total in fen."""
    whole, rest = divmod(income_per_10k * units, FEN_DIVISOR)
    return whole + (2 * rest >= FEN_DIVISOR)


def shares(income_per_10k: int, register: Sequence[Holding]) -> list[tuple[Holder, int]]:
    """Every holder's income in fen, in the register's order."""
    parts = [divmod(income_per_10k * holding.units, FEN_DIVISOR) for holding in register]
    spare = fund_income(income_per_10k, sum(holding.units for holding in register)) - sum(whole for whole, _ in parts)
    by_remainder = sorted(range(len(register)), key=lambda place: (-parts[place][1], register[place].holder))
    lucky = set(by_remainder[:spare])
    return [(holding.holder, parts[place][0] + (place in lucky)) for place, holding in enumerate(register)]
