"""What a page says when something was not done: a headline in both languages, the reason, and where in the text it lies."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.web import catalogue_wording
from tapwealth.web.phrases import Say
from tapwealth.web.wording import agreed

_PLACE = re.compile(r"line ([0-9]+), column ([0-9]+)(?: \((.*)\))?")
_AROUND = 2
"""Lines shown before and after the one that is wrong."""

_HEADLINES: Mapping[str, tuple[str, str]] = {
    "SAME_PERSON": ("起草的人不能自己决定", "Who drafted it cannot decide it"),
    "NOT_ALLOWED": ("没有这个权限", "This is for others"),
    "NOT_YOURS": ("这不是您起草的", "You did not draft it"),
    "NOTHING_NEW": ("与上一版本相同", "Nothing in it is new"),
    "NOT_NOW": ("现在不能这样做", "This cannot follow now"),
    "LATER_VERSION": ("已有更新的版本", "A later version is there"),
    "OTHER_KIND": ("代码属于另一类产品", "The code is another kind of product's"),
    "KEY_REUSED": ("这个表单已经用过", "This form was used before"),
}
_FOR_PEOPLE: Mapping[str, str] = {
    "KEY_REUSED": "something else was sent with it; nothing was done now: look at it, and send it again",
}
"""In place of words that are for programs: a form carries its key unseen, and the page that comes back a fresh one."""
_NOT_DONE = ("没有办成", "It was not done")


class Excerpt(NamedTuple):
    """A line of a text; of the one that is wrong, `before` stands to the left of what is, and `wrong` is the rest of the line."""

    number: int
    before: str
    wrong: str | None


class Said(NamedTuple):
    """`zh` may be English where nobody has put it into Chinese: `is_english` tells."""

    headline: tuple[str, str]
    zh: str
    en: str
    line: int | None = None
    column: int | None = None
    field: str = ""
    excerpt: Sequence[Excerpt] = ()
    good: bool = False
    is_english: bool = False


def said_of(
    no: BadInput | Refusal, headline: tuple[str, str] = _NOT_DONE, text: str = "", chinese: Say = catalogue_wording.chinese
) -> Said:
    """A refusal, or what is wrong with an input; `text` is what its line and column are of, `chinese` has the lines for it."""
    if isinstance(no, Refusal):
        said = _said(_HEADLINES.get(no.code.name, headline), no.text, chinese)
        return said._replace(en=_FOR_PEOPLE.get(no.code.name, said.en))
    place = _PLACE.match(no.where)
    line = "; ".join(part for part in (no.what, no.hint) if part)
    if place is None:
        return _said(headline, line, chinese, field=no.where)
    number, column = int(place[1]), int(place[2])
    return _said(headline, line, chinese, field=place[3] or "")._replace(line=number, column=column, excerpt=_excerpt(text, number, column))


def _said(headline: tuple[str, str], text: str, chinese: Say, field: str = "") -> Said:
    translated = chinese(text)
    return Said(headline, translated or agreed(text), agreed(text), field=field, is_english=translated is None)


def _excerpt(text: str, line: int, column: int) -> list[Excerpt]:
    lines = text.split("\n")
    first = max(line - 1 - _AROUND, 0)
    shown = list(enumerate(lines, 1))[first : line + _AROUND]
    return [
        Excerpt(number, content[: column - 1], content[column - 1 :] or " ") if number == line else Excerpt(number, content, None)
        for number, content in shown
    ]
