"""What becomes of somebody's answers: taken on as they are, for a higher premium, by an underwriter's word, or not at all. Pure.

Answers that load add up. One that declines is not outweighed by any other, and none that refers is settled by those that load.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from tapwealth.insurance.questions import MOST_PERMILLE, Choice, Question, Then
from tapwealth.kernel.refusal import Refusal

KEEP_YEARS = 3
"""How long answers are kept by which no policy was bought: until nobody can go to law about them (Civil Code article 188)."""


class UnderwritingRefusal(Enum):
    """In the order in which they are checked."""

    NOT_ANSWERED = auto()
    DECLINED = auto()
    REFERRED = auto()
    UNKNOWN_APPLICATION = auto()
    NOT_ACCEPTED = auto()
    NOT_REFERRED = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Taken on for a premium that is higher by so many permille, or, with `referred`, once an underwriter has looked at these questions."""

    permille: int
    referred: tuple[str, ...] = ()


def judge(questions: Sequence[Question], answers: Mapping[str, str]) -> Verdict | Refusal:
    """By the product's own table. The answers must have been checked against the questions."""
    missing = [one.question for one in questions if one.question not in answers]
    if missing:
        text = f"{', '.join(missing)} is not answered; answer whatever the product asks, truthfully"
        return Refusal(UnderwritingRefusal.NOT_ANSWERED, text)
    given = {one.question: _choice(one, answers[one.question]) for one in questions}
    declined = [name for name, choice in given.items() if choice.then is Then.DECLINE]
    permille = sum(choice.permille for choice in given.values())
    if declined or permille > MOST_PERMILLE:
        return Refusal(UnderwritingRefusal.DECLINED, "the insurer does not take this risk on; ask for another product")
    return Verdict(permille, tuple(name for name, choice in given.items() if choice.then is Then.REFER))


def _choice(question: Question, answer: str) -> Choice:
    return next(one for one in question.choices if one.answer == answer)
