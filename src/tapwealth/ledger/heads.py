"""The heads of the chain, kept in a file outside the database: one JSON object per book and line, appended at every day's end.

Whoever rewrites a book from some batch on, chain and all, cannot rewrite what was already carried elsewhere.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.port import Head


@dataclass(frozen=True, slots=True)
class KeptHead:
    """Where a book's chain ended when a business date was closed; `digest` in hex."""

    business_date: str
    book: int
    batch: int
    digest: str


def append(path: Path, business_date: date, heads: Iterable[Head]) -> None:
    """Add a date's heads and see to it that they are on the disk. A rerun of a day's end may add them twice, which is harmless."""
    lines = "".join(json.dumps(asdict(KeptHead(business_date.isoformat(), *head))) + "\n" for head in heads)
    with path.open("a", encoding="ascii") as file:
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> list[KeptHead]:
    """All heads kept so far. A torn last line, from a machine that stopped while it was written, counts as not written. Raises BadInput."""
    *whole, torn = path.read_text("utf-8", errors="replace").split("\n")
    return [_parse(path, number, line) for number, line in enumerate(whole, 1)] + (
        [] if _is_torn(torn) else [_parse(path, len(whole) + 1, torn)]
    )


def _is_torn(line: str) -> bool:
    return not line.endswith("}")


def _parse(path: Path, number: int, line: str) -> KeptHead:
    where = f"{path}, line {number}"
    try:
        fields = json.loads(line)
        head = KeptHead(str(fields["business_date"]), fields["book"], fields["batch"], str(fields["digest"]))
    except (ValueError, KeyError, TypeError):
        raise BadInput("this is no head of a chain", where=where, hint="restore the file from its copy") from None
    if not (isinstance(head.book, int) and isinstance(head.batch, int)):
        raise BadInput("book and batch must be numbers", where=where, hint="restore the file from its copy")
    return head
