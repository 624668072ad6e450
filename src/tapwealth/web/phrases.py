"""Chinese for lines that the flows say in English: a table of what a line may be, and what stands in its place.

What is said is remembered as it was said. A page shows the Chinese of whatever its table has, and the English of the rest, marked as
English.
"""

import re
from collections.abc import Callable, Sequence

DAY, YUAN = r"(\d{4}-\d\d-\d\d)", r"(-?[\d,]+\.\d\d)"
"""A day and an amount in a pattern, each a group of its own."""
Say = Callable[[str], str | None]


def table(lines: Sequence[tuple[str, str]]) -> Say:
    """Of patterns with the Chinese for what they describe whole: the first that fits says it, so that none stands twice."""
    assert len(dict(lines)) == len(lines), "the second of two like patterns is never said"
    known = [(re.compile(pattern), line) for pattern, line in lines]

    def say(text: str) -> str | None:
        return next((match.expand(line) for pattern, line in known if (match := pattern.fullmatch(text)) is not None), None)

    return say


def each_part(text: str, say: Say) -> str | None:
    """What consists of several lines, divided by `; `: None if one of them is not known."""
    parts = [say(part) for part in text.split("; ")]
    return "；".join(part for part in parts if part) if all(parts) else None
