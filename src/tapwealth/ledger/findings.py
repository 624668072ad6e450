"""What an audit can find, and how it says where."""

from enum import Enum
from typing import Any, NamedTuple

from tapwealth.ledger.rules import BATCH_BITS, LINE_MASK


class Wrong(Enum):
    """What does not hold."""

    LINE_CHANGED = "a line is not what was decided"
    LINE_MISSING = "a line was taken out"
    LINE_ADDED = "a line was put in"
    BATCH_CHANGED = "the batch is not what was decided"
    BATCH_MISSING = "a batch was taken out"
    CHAIN_BROKEN = "the batch does not follow from the one before"
    HEAD_CHANGED = "the head is not the end of the chain"
    POINTER_CHANGED = "the line does not name the one before it on its account"
    BALANCE_CHANGED = "the balance is not the sum of the lines"
    PENDING_CHANGED = "what is pending is not the sum of the open holds"
    DAY_CHANGED = "the balance of a closed date is not the sum of the lines"
    HOLD_CHANGED = "the hold is not what its lines say"
    ANSWER_CHANGED = "a key has no single answer"
    BOOK_CHANGED = "the row of the book is not what its lines say"
    UNBALANCED = "debits are not credits"
    SHARE_CHANGED = "the shares are not what the spread gave"
    FOLD_CHANGED = "what was folded is not what its line says"
    ARCHIVE_CHANGED = "the archived year is not what the lines gave"
    ARCHIVE_MISSING = "an archived year was taken out"
    SHOWN_CHANGED = "what a holder is shown is not what the lines moved"
    SALE_CHANGED = "the record of a sale is not what was signed"
    RAISE_CHANGED = "a raise is not what its subscriptions come to"
    DEPOSIT_CHANGED = "a deposit is not what its account has"


class Finding(NamedTuple):
    """One thing that does not hold. `line` and `batch` where the redundancy tells them; `detail` names accounts, holds, figures."""

    wrong: Wrong
    book: int
    batch: int | None
    line: int | None
    detail: str

    def __str__(self) -> str:
        where = (
            f"book {self.book}" + (f", batch {self.batch}" if self.batch is not None else "") + (f", line {self.line}" if self.line else "")
        )
        return f"{where}: {self.wrong.value}; {self.detail}"

    def as_data(self) -> dict[str, Any]:
        """The same, field by field."""
        return {"wrong": self.wrong.name.lower(), "book": self.book, "batch": self.batch, "line": self.line, "detail": self.detail}


def at_line(wrong: Wrong, book: int, no: int, detail: str) -> Finding:
    """A finding at a numbered line; people count lines within their batch."""
    return Finding(wrong, book, no >> BATCH_BITS, no & LINE_MASK, detail)
