"""The insurer's bordereau, read: CSV (RFC 4180, UTF-8 with or without its mark), a header, a line per event of the day, and
`END,<events>,<SHA-256 of all before this line>,<sum>`."""

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput

HEADER = ["serial", "policy_number", "event", "amount"]


class BordereauEvent(StrEnum):
    """What happened to a policy; the text is stored. Amounts are never negative but an endorsement's."""

    ISSUED = "issued"
    """The first premium."""
    CANCELLED = "cancelled"
    """The refund."""
    PREMIUM = "premium"
    """The premium of a later year was taken on."""
    RENEWED = "renewed"
    """The premium of the new contract year."""
    LAPSED = "lapsed"
    """The refund, mostly none."""
    REINSTATED = "reinstated"
    """The arrears, with their interest."""
    ENDORSED = "endorsed"
    """More premium, or, with a minus, what comes back of it."""
    CLAIMED = "claimed"
    """The benefit that was paid."""
    RECOVERED = "recovered"
    """What was got back of a benefit."""
    DEDUCTED = "deducted"
    """The premium that the insurer kept of a benefit."""
    PREMIUMS_BACK = "premiums_back"
    """What was paid for a policy, given back in place of a benefit since an illness came too early."""


@dataclass(frozen=True, slots=True)
class BordereauLine:
    """One event; `amount` in fen."""

    serial: str
    policy_number: str
    event: BordereauEvent
    amount: int


def read_bordereau(content: bytes) -> tuple[BordereauLine, ...]:
    """The events. Raises BadInput: not UTF-8, torn, altered, a wrong field, an end line that does not agree."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise BadInput("not UTF-8", where=f"bordereau byte {error.start}", hint="fetch it again") from None
    except csv.Error as error:
        raise BadInput(f"not a CSV file ({error})", where="bordereau", hint="fetch it again") from None
    if len(rows) < 2 or rows[0] != HEADER or rows[-1][:1] != ["END"]:
        raise BadInput("the header or the end line is missing", where="bordereau", hint="it is torn; fetch it again")
    lines = tuple(_line(cells, f"bordereau line {number}") for number, cells in enumerate(rows[1:-1], 2))
    _agree(lines, rows[-1])
    if rows[-1][2] != digest_of(content):
        raise BadInput("its hash is not that of its content", where="bordereau end line", hint="it was altered; fetch it again")
    return lines


def digest_of(content: bytes) -> str:
    """SHA-256, in hexadecimal, of all that stands before the end line."""
    return hashlib.sha256(content[: content.rfind(b"END,")]).hexdigest()


def _line(cells: Sequence[str], where: str) -> BordereauLine:
    if len(cells) != len(HEADER) or not all(cells):
        raise BadInput(f"{len(cells)} fields, or an empty one", where=where, hint=f"they are {','.join(HEADER)}")
    serial, policy_number, event, amount = cells
    if event not in list(BordereauEvent):
        raise BadInput(f"{event[:20]!r} is no event", where=f"{where} event", hint=f"one of {', '.join(BordereauEvent)}")
    fen = _number(amount, f"{where} amount", signed=event == BordereauEvent.ENDORSED)
    return BordereauLine(serial, policy_number, BordereauEvent(event), fen)


def _agree(lines: Sequence[BordereauLine], end: Sequence[str]) -> None:
    where = "bordereau end line"
    if len(end) != len(HEADER):
        raise BadInput(f"{len(end)} fields instead of {len(HEADER)}", where=where, hint="it is END,<events>,<hash>,<sum>")
    count, total, summed = _number(end[1], where), _number(end[3], where, signed=True), sum(line.amount for line in lines)
    if count != len(lines):
        raise BadInput(f"it counts {count} events, but there are {len(lines)}", where=where, hint="fetch it again")
    if total != summed:
        raise BadInput(f"it says {total} fen, but the events sum to {summed}", where=where, hint="ask the insurer")


def _number(text: str, where: str, *, signed: bool = False) -> int:
    if not re.fullmatch("-?[0-9]{1,16}" if signed else "[0-9]{1,16}", text, re.ASCII) or abs(int(text)) > MAX_AMOUNT:
        least = -MAX_AMOUNT if signed else 0
        raise BadInput(f"{text[:20]!r} is not a whole number from {least} to {MAX_AMOUNT}", where=where)
    return int(text)
