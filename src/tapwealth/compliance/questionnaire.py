"""The questionnaire on how much risk an investor bears: data of a version, points, and the class C1 to C5 that they give.

`data/questionnaire.csv` holds one version: its classes with the least points of each, and its questions with their options. Another text or
other points are another version; what was answered keeps the version that it answered.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tapwealth.kernel.refusal import BadInput


@dataclass(frozen=True, slots=True)
class Option:
    """An answer. `lowest`: who gives it bears no loss, whatever the points."""

    letter: str
    points: int
    lowest: bool
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Question:
    zh: str
    en: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """`least` points of each class, C1 first; `names` of the classes in both languages."""

    version: str
    questions: tuple[Question, ...]
    least: tuple[int, ...]
    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """`level`: 1 to 5, for C1 to C5. `lowest` of C1: one who bears no loss."""

    points: int
    level: int
    lowest: bool


def judge(asked: Questionnaire, answers: Sequence[str]) -> Judged:
    """The class of somebody who answers so, a letter for each question. Raises BadInput."""
    if len(answers) != len(asked.questions):
        raise BadInput(f"{len(answers)} answers are given", where="answers", hint=f"there are {len(asked.questions)} questions")
    chosen = [_chosen(number, question, letter) for number, (question, letter) in enumerate(zip(asked.questions, answers, strict=True), 1)]
    points = sum(option.points for option in chosen)
    lowest = any(option.lowest for option in chosen)
    return Judged(points, 1 if lowest else sum(points >= least for least in asked.least), lowest)


def _chosen(number: int, question: Question, letter: str) -> Option:
    for option in question.options:
        if option.letter == letter:
            return option
    letters = ", ".join(option.letter for option in question.options)
    raise BadInput(f"{letter[:10]!r} is no answer to question {number}", where="answers", hint=f"there are {letters}")


@cache
def current() -> Questionnaire:
    """The version that is answered now."""
    text = (files("tapwealth.compliance") / "data" / "questionnaire.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    classes = [row for row in rows if row["item"] == "class"]
    names = sorted({row["item"] for row in rows if row["item"].startswith("q")}, key=lambda name: int(name[1:]))
    return Questionnaire(
        next(row["option"] for row in rows if row["item"] == "version"),
        tuple(_question([row for row in rows if row["item"] == name]) for name in names),
        tuple(int(row["points"]) for row in classes),
        tuple((row["zh"], row["en"]) for row in classes),
    )


def _question(rows: Sequence[dict[str, str]]) -> Question:
    head, *options = rows
    made = tuple(Option(row["option"], int(row["points"]), row["lowest"] == "yes", row["zh"], row["en"]) for row in options)
    return Question(head["zh"], head["en"], made)
