"""What billers of the sandbox differ in: how an account is written, how a late bill grows, what may be paid otherwise than in full.

A penalty a day: residents' electricity 0.1 % and at least one yuan, water 0.5 % (the most that is asked) and no more than the bill itself,
telecom 0.3 %; a card's late interest stands on its next statement.
"""

import re
from dataclasses import dataclass

ALL_BILLS = "*"
"""In place of a bill's name: whatever the account owes, in one sum."""
NO_BILL = ""
"""In place of a bill's name: money in advance, a top-up, a repayment at will."""


@dataclass(frozen=True, slots=True)
class Trade:
    """`late` 1/10000 of what is unpaid a day, at least `least` fen in all, and with `capped` at most the bill's amount. With `parts` a
    bill may be paid in parts, with `more` by more than it comes to; `faces` are the fen of a top-up, of which one is in progress at first;
    with `at_will` any sum is taken without a bill."""

    name: str
    account: str
    late: int = 0
    least: int = 0
    capped: bool = False
    parts: bool = False
    more: bool = False
    faces: tuple[int, ...] = ()
    at_will: bool = False

    def knows(self, account_number: str) -> bool:
        """Whether an account may be written so."""
        return re.fullmatch(self.account, account_number, re.ASCII) is not None

    def takes_in_advance(self, amount: int) -> bool:
        """Whether so many fen may be paid without a bill."""
        return self.at_will or amount in self.faces

    def penalty(self, unpaid: int, days: int, so_far: int, amount: int) -> int:
        """Fen of penalty of a bill of `amount` when `unpaid` of it was late for so many further days, and `so_far` had come before.

        >>> power = Trade("power", "", late=10, least=100)
        >>> power.penalty(30_000, 10, 0, 30_000), power.penalty(5_000, 1, 0, 5_000)
        (300, 100)
        >>> Trade("water", "", late=50, capped=True).penalty(10_000, 300, 0, 10_000)
        10000
        """
        if days <= 0 or not self.late:
            return so_far
        grown = max(so_far + (unpaid * self.late * days + 5_000) // 10_000, self.least)
        return min(grown, amount) if self.capped else grown


ELECTRICITY = Trade("biller", "[0-9]{10}", late=10, least=100)
WATER = Trade("water", "[0-9]{9}", late=50, capped=True, parts=True)
CARRIER = Trade("carrier", "1[0-9]{10}", late=30, more=True, faces=(1_000, 2_000, 3_000, 5_000, 10_000, 30_000))
ISSUER = Trade("issuer", "[0-9]{16,19}", parts=True, more=True, at_will=True)
