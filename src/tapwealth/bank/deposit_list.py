"""What the platform and the bank as depository tell each other of a day's deposits. Pure; docs/reference/bank.md has the files.

The platform lists what happened to deposits. The bank answers each line by what it has worked out itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.sealed_csv import SealedCsv, SealedWriter
from tapwealth.wire.sorted_csv import SortedRecords, sort_records


class ListEvent(StrEnum):
    """What happened to a deposit; the amount, and the interest that its owner was given."""

    OPENED = "opened"
    PAID_IN = "paid_in"
    WITHDRAWN = "withdrawn"
    """In part or whole."""
    MATURED = "matured"
    RENEWED = "renewed"
    """The amount is the principal before; its interest is added to it."""
    SETTLED = "settled"
    """Interest of a demand deposit, credited on the value date; the amount is 0."""
    NOTIFIED = "notified"
    """Notice was given on the value date; the amount will be withdrawn."""
    NOTICE_CANCELLED = "notice_cancelled"

    SUBSCRIBED = "subscribed"
    """Money given for a product while it is raised."""
    RETURNED = "returned"
    """What was not allotted, or all of it where the product was not formed."""
    ALLOTTED = "allotted"
    RAISE_INTEREST = "raise_interest"
    """What so much earned while the product was raised: paid apart, never principal."""
    REPAID = "repaid"
    """Principal and gain at a product's end."""


class Answer(StrEnum):
    """What the bank says of a line."""

    ACCEPTED = "accepted"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class DepositLine:
    """One event. `form` and `term` as in the catalogue; a `term` of "" is none. Fen."""

    serial: str
    deposit: str
    event: ListEvent
    product: str
    form: str
    term: str
    amount: int
    interest: int
    value_date: date


_IN = frozenset({ListEvent.OPENED, ListEvent.PAID_IN, ListEvent.SUBSCRIBED})
_OUT = frozenset({ListEvent.WITHDRAWN, ListEvent.MATURED, ListEvent.RETURNED, ListEvent.REPAID})


def change_of(line: DepositLine) -> int:
    """By how many fen an event changes what a deposit has."""
    match line.event:
        case event if event in _IN:
            return line.amount
        case event if event in _OUT:
            return -line.amount
        case ListEvent.RENEWED | ListEvent.SETTLED:
            return line.interest
        case _:
            return 0


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """The bank's word on a line: its own interest, the name under which it pays that ("" for none), and why it differs."""

    serial: str
    answer: Answer
    interest: int
    paid_by: str
    reason: str


_LIST = SealedCsv(
    "deposit list",
    ("serial", "deposit", "event", "product", "form", "term", "amount", "interest", "value_date"),
    ("amount", "interest"),
)
_ANSWER = SealedCsv("deposit answer", ("serial", "answer", "interest", "paid_by", "reason"), ("interest",))


def begin_list(file: BinaryIO) -> SealedWriter[DepositLine]:
    """A list that is being written: of its lines in the order given, and of no more of them in memory than a piece."""
    return SealedWriter(_LIST, file, _fields)


def _fields(line: DepositLine) -> list[str]:
    named = [line.serial, line.deposit, line.event.value, line.product, line.form, line.term]
    return [*named, str(line.amount), str(line.interest), line.value_date.isoformat()]


def read_list(content: bytes) -> tuple[DepositLine, ...]:
    """The events of a list. Raises BadInput."""
    return tuple(_line(row, f"deposit list record {number}") for number, row in enumerate(_LIST.read(content), 2))


def _line(row: list[str], where: str) -> DepositLine:
    serial, deposit, event, product, form, term, amount, interest, value_date = row
    if event not in list(ListEvent):
        raise BadInput(f"{event[:20]!r} is no event", where=f"{where} event", hint=f"one of {', '.join(ListEvent)}")
    day = _day(value_date, f"{where} value_date")
    return DepositLine(serial, deposit, ListEvent(event), product, form, term, int(amount), int(interest), day)


def _day(text: str, where: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise BadInput(f"{text[:20]!r} is not a day", where=where, hint="write it like 2014-02-24")
    return day


@dataclass(frozen=True, slots=True)
class Answers:
    """The bank's word on each line, by serial. `accepted`: on all of them."""

    records: SortedRecords
    accepted: bool

    def __iter__(self) -> Iterator[tuple[str, AnswerLine]]:
        return ((record[0], _answered(record)) for record in self.records)


def read_answers(file: BinaryIO, folder: Path) -> Answers:
    """An answer that is whole, put by serial into a file of its own in that folder. Raises BadInput."""
    found = Answers(sort_records(_ANSWER, file, folder / "by_serial"), accepted=True)
    return Answers(found.records, all(line.answer is Answer.ACCEPTED for _, line in found))


def _answered(record: list[str]) -> AnswerLine:
    serial, answer, interest, paid_by, reason = record
    if answer not in list(Answer):
        raise BadInput(f"{answer[:20]!r} is no answer", where=f"deposit answer of {serial[:40]!r}", hint=f"one of {', '.join(Answer)}")
    return AnswerLine(serial, Answer(answer), int(interest), paid_by[:35], " ".join(reason.split())[:200])
