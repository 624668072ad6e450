"""How much may be paid from balances, by the class of the payment account and the rule set; amounts in fen, limits inclusive.

What counts as used: payments and transfers to others over all accounts of the person, since opening for class I, in the calendar year for
classes II and III. Transfers to one's own bank account of the same name do not count (PBoC notice 2015 No. 43, art. 11).
"""

from dataclasses import dataclass
from datetime import date

from tapwealth.compliance.rules import Rule, RuleSet, rule_set
from tapwealth.compliance.verdict import CLEAR, Verdict, block
from tapwealth.kernel.money import format_minor

LIMIT_OF_CLASS = {1: ("class_1_lifetime", "since opening"), 2: ("class_2_year", "this year"), 3: ("class_3_year", "this year")}


@dataclass(frozen=True, slots=True)
class Used:
    """Fen paid from balances so far."""

    since_opening: int
    this_year: int

    def counted_for(self, level: int) -> int:
        """What the limit of this class looks at."""
        return self.since_opening if level == 1 else self.this_year


def counted_from(level: int, today: date) -> date:
    """The first day whose payments the limit of this class counts."""
    return date.min if level == 1 else today.replace(month=1, day=1)


def payment_verdict(rules: RuleSet, level: int, used: Used, amount: int) -> Verdict:
    """Whether a person of class `level` (0 to 3) who has `used` so much may pay `amount` more from balances."""
    if level not in LIMIT_OF_CLASS:
        return block("the identity is not verified yet; finish the verification first")
    return _against(rules, level, used.counted_for(level), amount)


def above_limit(rule_set_name: str, level: int, used: int, amount: int) -> str | None:
    """As `payment_verdict`, for a caller that has counted what the class's limit looks at: the reason, or None if it may be paid."""
    if level not in LIMIT_OF_CLASS:
        return "the identity is not verified yet"
    verdict = _against(rule_set(rule_set_name), level, used, amount)
    return None if verdict.is_clear else verdict.reason


def _against(rules: RuleSet, level: int, used: int, amount: int) -> Verdict:
    key, period = LIMIT_OF_CLASS[level]
    row = rules.find("payment_limit", key)
    if row is None or used + amount <= row.value:
        return CLEAR
    left = max(row.value - used, 0)
    return block(f"{format_minor(amount)} is above the {format_minor(left)} that a class {level} account may still pay {period}", row)


def wealth_verdict(rules: RuleSet, level: int) -> Verdict:
    """Whether a person of this class may buy wealth products from the balance."""
    row = rules.find("wealth_from_balance", "lowest_class")
    if level < 1:
        return block("the identity is not verified yet; finish the verification first", row)
    if row is None or level >= row.value:
        return CLEAR
    return block(f"a class {level} account may not buy wealth products from its balance; class {row.value} may", row)


def barred_from_wealth(rule_set_name: str, level: int) -> str | None:
    """As `wealth_verdict`: the reason, or None if the person may buy."""
    verdict = wealth_verdict(rule_set(rule_set_name), level)
    return None if verdict.is_clear else verdict.reason


def needs_pin(rules: RuleSet, amount: int) -> bool:
    """Whether a tap of this amount needs a PIN or a fingerprint."""
    row = rules.find("no_pin", "limit")
    return row is None or amount > row.value


def instant_redemption_verdict(rules: RuleSet, redeemed_today: int, amount: int, *, is_spending: bool) -> Verdict:
    """Whether a person who has `redeemed_today` fen at once from one fund at one distributor may take `amount` more the same day."""
    row = rules.find("instant_redemption", "day_cap")
    if is_spending and not rules.is_on("instant_redemption", "spending_counts"):
        return CLEAR
    if row is None or redeemed_today + amount <= row.value:
        return CLEAR
    return block(_above_cap(row, redeemed_today, amount), row)


def _above_cap(row: Rule, redeemed_today: int, amount: int) -> str:
    left = max(row.value - redeemed_today, 0)
    return f"{format_minor(amount)} is above the {format_minor(left)} that may still be redeemed at once today; redeem ordinarily instead"


def large_value_report(rules: RuleSet, same_day_total: int, kind: str = "person_domestic_cny") -> Rule | None:
    """The row by which a single or a same-day cumulative amount of this kind is reported; None if it is below. Inclusive."""
    row = rules.find("large_value_report", kind)
    return row if row is not None and same_day_total >= row.value else None
