"""A bill as its biller tells it at an inquiry. Amounts in fen; the total is the biller's word, not ours."""

from dataclasses import dataclass
from datetime import date

ALL_BILLS = "*"
"""In place of a bill's id: whatever the account owes, in one sum."""
NO_BILL = ""
"""In place of a bill's id: money in advance."""


@dataclass(frozen=True, slots=True)
class Bill:
    """`balance` is what pays the bill in full: amount and penalty by the biller's own reckoning. `owner` and `address` come masked.
    `due_on`: the last day without a penalty; None where the biller names none."""

    bill_id: str
    account_number: str
    period: str
    amount: int
    penalty: int
    balance: int
    owner: str
    address: str
    due_on: date | None = None
