"""What is found out later about whom a policy insures: an answer that was not true (Insurance Law article 16), another age (article 32).
Pure.

A policy that would not have been issued so can be rescinded within 30 days of knowing, and never after two years from its issue. An answer
that was untrue on purpose brings nothing back, one from negligence all premiums. An age that is outside the product's range is rescinded
for the refund of a cancellation; within it the sum insured is scaled by paid / due, or what was paid too much comes back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto
from fractions import Fraction

from tapwealth.insurance.policy import anniversary
from tapwealth.insurance.questions import Question
from tapwealth.insurance.underwriting import Verdict, judge
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import Refusal

_MONTHS = 12


class DiscoveryRefusal(Enum):
    """In the order in which they are checked."""

    NOT_ASKED = auto()
    NOT_MATERIAL = auto()
    NOT_BY_AGE = auto()
    KNOWN_AT_ISSUE = auto()
    INCONTESTABLE = auto()
    KNOWN_TOO_LONG = auto()


@dataclass(frozen=True, slots=True)
class Clocks:
    """When it was issued, when it became known, and today. `figures`: of the rule `insurance`."""

    issued_on: date
    known_on: date
    today: date
    figures: Mapping[str, int]


def cannot_be_rescinded(clocks: Clocks) -> Refusal | None:
    """Whoever knew it when the policy was issued has agreed to it."""
    if clocks.known_on < clocks.issued_on:
        return Refusal(DiscoveryRefusal.KNOWN_AT_ISSUE, "it was known when the policy was issued; it stays in force")
    last = anniversary(clocks.issued_on, clocks.figures["incontestability"] // _MONTHS)
    if clocks.today >= last:
        return Refusal(DiscoveryRefusal.INCONTESTABLE, f"since {last} the policy cannot be rescinded any more; it stays in force")
    until = clocks.known_on + timedelta(days=clocks.figures["rescission_after_knowing"])
    if clocks.today > until:
        return Refusal(DiscoveryRefusal.KNOWN_TOO_LONG, f"it could be rescinded until {until}; it stays in force")
    return None


def not_material(questions: Sequence[Question], told: Mapping[str, str], truth: Mapping[str, str]) -> Refusal | None:
    """Why the truth would have changed nothing: it must have been declined, referred, or cost more."""
    before, after = judge(questions, told), judge(questions, truth)
    if isinstance(after, Refusal) or not isinstance(before, Verdict):
        return None
    if set(after.referred) - set(before.referred) or after.permille > before.permille:
        return None
    return Refusal(
        DiscoveryRefusal.NOT_MATERIAL, "with the true answer the policy would have been issued for no more; nothing follows from it"
    )


@dataclass(frozen=True, slots=True)
class TrueAge:
    """What a policy is with the true age: the sum insured, fen that come back, and the premium of a year from then on."""

    sum_insured: int
    back: int
    premium: int


def by_true_age(sum_insured: int, paid: int, due: int, paid_in_all: int) -> TrueAge:
    """`paid` and `due`: the yearly premium as it was and as it should have been, fen; `paid_in_all`: all premiums so far."""
    assert paid > 0, "a policy has a premium"
    assert due > 0, "a policy has a premium"
    if due > paid:
        return TrueAge(half_up(Fraction(sum_insured * paid, due)), 0, paid)
    return TrueAge(sum_insured, half_up(Fraction(paid_in_all * (paid - due), paid)), due)
