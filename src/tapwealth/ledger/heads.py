"""The heads of the chain as they are kept outside the database: one JSON object per book and line, appended at every day's end.

Whoever rewrites a book from some batch on, chain and all, cannot rewrite what was already carried elsewhere. Where the lines are kept is
`storage.heads`; this is what they say.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.port import Head

_HINT = "restore the file from its copy"


@dataclass(frozen=True, slots=True)
class KeptHead:
    """Where a book's chain ended when a business date was closed; `digest` in hex."""

    date: str
    book: int
    batch: int
    digest: str


def lines_of(business_date: date, heads: Iterable[Head]) -> list[str]:
    """A date's heads as lines. A rerun of a day's end may append them twice, which is harmless."""
    return [json.dumps({"date": str(business_date), "book": head.book, "batch": head.batch, "digest": head.digest}) for head in heads]


def parse(lines: Sequence[str]) -> list[KeptHead]:
    """Read them back. Raises BadInput, naming the line."""
    return [_parse(number, line) for number, line in enumerate(lines, 1)]


def _parse(number: int, line: str) -> KeptHead:
    where = f"the heads' file, line {number}"
    try:
        fields = json.loads(line)
        head = KeptHead(str(fields["date"]), fields["book"], fields["batch"], str(fields["digest"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadInput("this is no head of a chain", where=where, hint=_HINT) from None
    if type(head.book) is not int or type(head.batch) is not int or not (0 <= head.book < 1 << 16 and 0 <= head.batch < 1 << 43):
        raise BadInput("book and batch must be numbers of the ledger", where=where, hint=_HINT)
    return head
