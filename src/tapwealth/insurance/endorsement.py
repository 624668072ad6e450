"""What changes in a policy that runs, and what that costs or gives back. Pure.

A change of occupation changes the class by which an accident policy is priced: the difference of the two yearly premiums for the whole
months that are left, difference × months / 12; of a policy for days, difference × days left / days. A class that the product does not
cover ends the cover, for the refund of a cancellation. It counts from the day after it was told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, StrEnum, auto
from fractions import Fraction

from tapwealth.insurance.policy import Policy, PolicyState
from tapwealth.insurance.premium import Insured, QuoteRefusal, premium_of
from tapwealth.insurance.product import Accident, CancellationRule, Product
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.units import WHOLE

MONTHS_OF_A_YEAR = 12


class EndorsementKind(StrEnum):
    """What is changed; the text is stored."""

    OCCUPATION = "occupation"
    BENEFICIARIES = "beneficiaries"
    ADDRESS = "address"
    AGE = "age"
    """The insured person's true age, found later (Insurance Law article 32)."""


class EndorsementRefusal(Enum):
    """In the order in which they are checked."""

    NOT_RUNNING = auto()
    ENDORSEMENT_UNDER_WAY = auto()
    NOT_BY_OCCUPATION = auto()
    SAME_AS_BEFORE = auto()
    TOO_LATE = auto()
    AMOUNT_DIFFERS = auto()


@dataclass(frozen=True, slots=True)
class ClassChange:
    """From `effective` on the year costs `premium`; `amount` fen are to be paid for what is left of it, with a minus they come back."""

    effective: date
    premium: int
    amount: int


@dataclass(frozen=True, slots=True)
class EndsCover:
    """The product does not cover the new class."""


def not_running(policy: Policy) -> Refusal | None:
    """Why nothing can be changed."""
    if policy.state in (PolicyState.ISSUED, PolicyState.IN_FORCE):
        return None
    return Refusal(EndorsementRefusal.NOT_RUNNING, f"the policy is {policy.state}; only one that the insurer has issued can be changed")


def whole_months(first: date, last: date) -> int:
    """From `first` to before `last`: those of which every day lies between. The month after 31 January ends before 1 March."""
    months = (last.year - first.year) * MONTHS_OF_A_YEAR + last.month - first.month
    return max(months - (1 if last.day < first.day and not _is_last_of_month(last) else 0), 0)


def _is_last_of_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def change_of_class(product: Product, policy: Policy, old: Insured, new: Insured, on: date) -> ClassChange | EndsCover | Refusal:
    """What becomes of a change of occupation that is told on that day. The product has the prices at which the year was bought."""
    cover = product.terms.cover
    if not isinstance(cover, Accident):
        text = f"{product.name} costs the same whatever somebody's work is; nothing is to be changed"
        return Refusal(EndorsementRefusal.NOT_BY_OCCUPATION, text)
    if new.occupation is old.occupation:
        return Refusal(EndorsementRefusal.SAME_AS_BEFORE, f"the policy has occupation class {new.occupation} already")
    effective = max(on + timedelta(days=1), policy.from_day)
    if effective >= policy.paid_until:
        return Refusal(EndorsementRefusal.TOO_LATE, f"cover ends on {policy.paid_until}; name the new occupation when you renew it")
    before, premium = premium_of(product, old), premium_of(product, new)
    if isinstance(premium, Refusal):
        return EndsCover() if premium.code is QuoteRefusal.OCCUPATION_NOT_COVERED else premium
    assert not isinstance(before, Refusal), "it was bought at that price"
    return ClassChange(effective, premium, half_up((premium - before) * _left(product, policy, effective)))


def _left(product: Product, policy: Policy, effective: date) -> Fraction:
    """The share of the premium's time that is left."""
    if product.terms.days is not None:
        return Fraction((policy.paid_until - effective).days, product.terms.days)
    return Fraction(min(whole_months(effective, policy.paid_until), MONTHS_OF_A_YEAR), MONTHS_OF_A_YEAR)


def unearned_changes(product: Product, policy: Policy, changes: Sequence[tuple[date, int]], on: date) -> int:
    """Fen of earlier changes (day from which each counts, amount) that belong to days after a cancellation on that day, by the product's
    rule; with a minus where more was given back than taken."""
    first_not_used = max(on + timedelta(days=1), policy.from_day)
    total = Fraction(0)
    for effective, amount in changes:
        days = (policy.paid_until - effective).days
        left = min(max((policy.paid_until - first_not_used).days, 0), days)
        total += Fraction(amount * left, days) if days > 0 else 0
    if product.terms.cancellation is CancellationRule.UNEARNED_LESS_LOADING:
        total *= 1 - Fraction(product.terms.loading, WHOLE)
    return half_up(total)
