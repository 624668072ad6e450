"""How much may be paid from balances, by the class of the payment account and the rule set; amounts in fen, limits inclusive.

What counts as used: payments and transfers to others over all accounts of the person, since opening for class I, in the calendar year for
classes II and III. Transfers to one's own bank account of the same name do not count (PBoC notice 2015 No. 43, art. 11). The year is that
of the payment's business date, however late it is decided.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from tapwealth.compliance.rules import rule_set
from tapwealth.kernel.money import format_minor

LIMIT_OF_CLASS = {1: ("class_1_lifetime", "since opening"), 2: ("class_2_year", "this year"), 3: ("class_3_year", "this year")}


def counted_between(level: int, day: date) -> tuple[date, date]:
    """The first and the last day whose payments the limit of this class counts for a payment of `day`."""
    return (date.min, date.max) if level == 1 else (day.replace(month=1, day=1), day.replace(month=12, day=31))


@dataclass(frozen=True, slots=True)
class Used:
    """Fen of their limits that people have used, by person and first day that counts; drawn on as payments are decided. `levels` are their
    classes."""

    levels: Mapping[UUID, int]
    amounts: Counter[tuple[UUID, date]]

    def above(self, rule_set_name: str, person: UUID, day: date, amount: int) -> str | None:
        """Why a person may not pay so much more on a day; None: they may."""
        return above_limit(rule_set_name, self.levels[person], self.amounts[self._key(person, day)], amount)

    def add(self, person: UUID, day: date, amount: int) -> None:
        self.amounts[self._key(person, day)] += amount

    def _key(self, person: UUID, day: date) -> tuple[UUID, date]:
        return person, counted_between(self.levels[person], day)[0]


def periods(level: int, days: Iterable[date]) -> set[tuple[date, date]]:
    """Between which days payments are counted for payments of `days`."""
    return {counted_between(level, day) for day in days}


def above_limit(rule_set_name: str, level: int, used: int, amount: int) -> str | None:
    """Why a person of class `level` (0 to 3) who has `used` so much of the limit may not pay `amount` more; None: they may."""
    if level not in LIMIT_OF_CLASS:
        return "the identity is not verified yet; finish the verification first"
    key, period = LIMIT_OF_CLASS[level]
    row = rule_set(rule_set_name).find("payment_limit", key)
    if row is None or used + amount <= row.value:
        return None
    left = max(row.value - used, 0)
    return f"{format_minor(amount)} is above the {format_minor(left)} that a class {level} account may still pay {period}"


def above_debit_limit(rule_set_name: str, per_tap: int, per_day: int) -> str | None:
    """Why nobody may let a bank account pay that much, in fen at a tap and in a day; None: they may.

    A tap below the amount that asks for the owner proves one factor, the phone: the limits are those of a payment without PIN and of fewer
    than two factors.
    """
    rules = rule_set(rule_set_name)
    for wanted, period, row in (
        (per_tap, "at a tap", rules.find("no_pin", "limit")),
        (per_day, "in a day", rules.find("payment_limit_day", "fewer_than_two_factors")),
    ):
        if row is not None and wanted > row.value:
            return f"{format_minor(wanted)} is above the {format_minor(row.value)} that may be collected {period}"
    return None


def barred_from_wealth(rule_set_name: str, level: int) -> str | None:
    """Why a person of this class may not buy wealth products from the balance; None: they may."""
    row = rule_set(rule_set_name).find("wealth_from_balance", "lowest_class")
    if level < 1:
        return "the identity is not verified yet; finish the verification first"
    if row is None or level >= row.value:
        return None
    return f"a class {level} account may not buy wealth products from its balance; class {row.value} may"
