"""What a product asks of whom it insures: questions with their answers, and what becomes of each answer (Insurance Law article 16). Pure.

They belong to a version of the product, so that what was answered can always be held against what was asked.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from tapwealth.kernel.refusal import BadInput

MOST_PERMILLE = 5_000
"""What answers may add to a premium at most, all together."""
_Code = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,31}$", description="small letters, digits and _")]


class Then(StrEnum):
    """What becomes of an answer; the text is stored."""

    ACCEPT = "accept"
    LOAD = "load"
    """The premium is higher by the answer's `permille`."""
    REFER = "refer"
    """An underwriter decides."""
    DECLINE = "decline"


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As people read it, in Chinese and in English."""

    zh: str
    en: str

    @property
    def in_words(self) -> tuple[str, str]:
        return self.zh, self.en


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer; `permille` of the premium of one that loads."""

    answer: _Code
    says: Wording
    then: Then = Then.ACCEPT
    permille: Annotated[int, msgspec.Meta(ge=0, le=MOST_PERMILLE)] = 0


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question, with two answers or more."""

    question: _Code
    asks: Wording
    choices: list[Choice]


def check_questions(questions: Sequence[Question]) -> None:
    """What no product may ask. Raises BadInput whose `where` is the path within the parameters."""
    seen: set[str] = set()
    for number, one in enumerate(questions):
        where = f"questions[{number}]"
        if one.question in seen:
            raise BadInput(f"{one.question!r} is asked twice", where=f"{where}.question", hint="give each question a name of its own")
        seen.add(one.question)
        _check_choices(one, where)


def _check_choices(one: Question, where: str) -> None:
    answers = [choice.answer for choice in one.choices]
    if len(answers) < 2 or len(set(answers)) != len(answers):
        raise BadInput(
            "a question has two answers or more, each with a name of its own", where=f"{where}.choices", hint="add what is missing"
        )
    if all(choice.then is Then.DECLINE for choice in one.choices):
        raise BadInput("nobody could buy it", where=f"{where}.choices", hint="let one answer accept")
    for place, choice in enumerate(one.choices):
        if (choice.then is Then.LOAD) != (choice.permille > 0):
            text = "an answer that loads says by how much, and no other does"
            raise BadInput(text, where=f"{where}.choices[{place}].permille", hint="give permille of the premium with `then: load`")


def check_answers(questions: Sequence[Question], answers: Mapping[str, str]) -> None:
    """Raises BadInput for an answer to what is not asked, and for one that cannot be given."""
    asked = {one.question: [choice.answer for choice in one.choices] for one in questions}
    for name, answer in answers.items():
        if name not in asked:
            hint = f"answer {', '.join(asked)}" if asked else "leave the answers out"
            raise BadInput(f"{name[:32]!r} is not asked", where="answers", hint=hint)
        if answer not in asked[name]:
            raise BadInput(f"{answer[:32]!r} is no answer", where=f"answers.{name}", hint=f"choose one of {', '.join(asked[name])}")
