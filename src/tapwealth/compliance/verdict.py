"""What compliance says of an intention. Verdicts travel as data: a flow asks for one and hands it to whoever decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from tapwealth.compliance.rules import Rule


class Outcome(IntEnum):
    """In order of severity."""

    CLEAR = 0
    REVIEW = 1
    """Goes on only after what `reason` asks for: a confirmation, or a case decided by two people."""
    BLOCK = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is one line for the person concerned, empty if clear; `rule` is the row it follows from."""

    outcome: Outcome
    reason: str = ""
    rule: Rule | None = None

    @property
    def is_clear(self) -> bool:
        return self.outcome is Outcome.CLEAR


CLEAR = Verdict(Outcome.CLEAR)


def review(reason: str, rule: Rule | None = None) -> Verdict:
    """Not without something more."""
    return Verdict(Outcome.REVIEW, reason, rule)


def block(reason: str, rule: Rule | None = None) -> Verdict:
    """No."""
    return Verdict(Outcome.BLOCK, reason, rule)


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """The most severe of them, the first of equals; clear if there is none."""
    return max(verdicts, key=lambda verdict: verdict.outcome, default=CLEAR)
