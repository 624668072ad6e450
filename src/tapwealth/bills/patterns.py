"""Patterns of what a payer fills in: a row of characters and classes with counts, from `^` to `$`.

Without groups, alternatives and unbounded repetition, and with at most two parts whose count may vary, no input can make the search for a
match take long; and what such a pattern describes can be said in words.
"""

import re
import string
from itertools import takewhile
from typing import NamedTuple

from tapwealth.kernel.refusal import BadInput

LONGEST = 64
_ATOM = r"(?:\[[0-9A-Za-z-]+\]|[0-9A-Za-z-])"
_PART = re.compile(rf"({_ATOM})(\?|\{{[0-9]{{1,2}}(?:,[0-9]{{1,2}})?\}})?", re.ASCII)
_MOST_VARYING = 2
_WHERE = "schema.pattern"
_HINT = "write characters and classes with counts from ^ to $, like ^[0-9]{10}$ or ^1[3-9][0-9]{9}$"
DIGITS, _CAPITALS, _LETTERS = frozenset(string.digits), frozenset(string.ascii_uppercase), frozenset(string.ascii_letters)
_SORTS = (
    (DIGITS, ("位数字", "digits")),
    (_CAPITALS, ("位大写字母", "capital letters")),
    (_LETTERS, ("位字母", "letters")),
    (DIGITS | _CAPITALS, ("位大写字母或数字", "capital letters or digits")),
    (DIGITS | _LETTERS, ("位字母或数字", "letters or digits")),
    (DIGITS | _LETTERS | {"-"}, ("位字母、数字或短横", "letters, digits or dashes")),
)
"""Of which characters a value is, the narrowest first."""


class Part(NamedTuple):
    """One of `letters`, so many times."""

    letters: frozenset[str]
    least: int
    most: int


def parts_of(pattern: str) -> list[Part]:
    """Raises BadInput for one that is not of the plain kind."""
    if not (pattern.startswith("^") and pattern.endswith("$")):
        raise BadInput("the pattern does not describe the whole", where=_WHERE, hint=_HINT)
    body, parts, place = pattern[1:-1], [], 0
    while place < len(body):
        part = _PART.match(body, place)
        if part is None:
            raise BadInput(f"{body[place : place + 20]!r} is not taken in a pattern", where=_WHERE, hint=_HINT)
        parts.append(Part(_letters(part[1]), *_counts(part[2])))
        place = part.end()
    try:
        re.compile(body)
    except re.error as error:
        raise BadInput(f"this is no class of characters: {error}", where=_WHERE, hint=_HINT) from None
    if sum(one.least != one.most for one in parts) > _MOST_VARYING:
        raise BadInput("three and more parts vary in length", where=_WHERE, hint=f"let at most {_MOST_VARYING} vary")
    longest = lengths(parts)[1]
    if not 0 < longest <= LONGEST:
        raise BadInput(f"it describes up to {longest} characters", where=_WHERE, hint=f"describe 1 to {LONGEST}")
    return parts


def lengths(parts: list[Part]) -> tuple[int, int]:
    """Of the shortest and the longest value."""
    return sum(one.least for one in parts), sum(one.most for one in parts)


def in_words(parts: list[Part], shortest: int, longest: int) -> tuple[str, str, bool]:
    """What is to be filled in, Chinese and English, and whether that is all there is to say: 11 digits, beginning with 1."""
    letters, (zh, en) = next(sort for sort in _SORTS if all(part.letters <= sort[0] for part in parts))
    if longest == 1:
        en = en.replace("s ", " ").removesuffix("s")
    said = (f"{longest}", f"{longest}") if shortest == longest else (f"{shortest} 至 {longest}", f"{shortest} to {longest}")
    fixed = list(takewhile(lambda part: len(part.letters) == 1 and part.least == part.most, parts))
    head = "".join(next(iter(part.letters)) * part.least for part in fixed)
    begins = (f"，以 {head} 开头", f", beginning with {head}") if head else ("", "")
    whole = all(part.letters == letters for part in parts[len(fixed) :])
    return f"{said[0]} {zh}{begins[0]}", f"{said[1]} {en}{begins[1]}", whole


def _letters(atom: str) -> frozenset[str]:
    """Which characters it stands for; none, if it is no class."""
    try:
        return frozenset(letter for letter in f"{string.digits}{string.ascii_letters}-" if re.fullmatch(atom, letter, re.ASCII))
    except re.error:
        return frozenset()


def _counts(written: str | None) -> tuple[int, int]:
    if written is None:
        return 1, 1
    if written == "?":
        return 0, 1
    least, _, most = written[1:-1].partition(",")
    return int(least), int(most or least)
