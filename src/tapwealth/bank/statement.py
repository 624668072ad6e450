"""A bank statement as the house keeps it: one account, one day, balances and lines. Made from camt.053 and stored as rows.

Card numbers and names of others are masked on the way in: a statement may lie about for years, what names a person may not.
"""

from dataclasses import dataclass
from datetime import date
from typing import IO

import msgspec

from tapwealth.kernel.masked import PersonName
from tapwealth.wire.iso20022.entry import Entry
from tapwealth.wire.iso20022.party import shown_account
from tapwealth.wire.iso20022.statement import StatementReader


class StatementLine(msgspec.Struct, frozen=True, array_like=True):
    """One booking. `amount` in fen, above zero into our account; `end_to_end_id` is empty for a booking of the bank's own."""

    reference: str
    end_to_end_id: str
    amount: int
    booked_on: date
    counterparty: str = ""
    counterparty_name: str = ""
    text: str = ""


def booking_name(account: str, end_to_end_id: str, booked_on: date, reference: str) -> str:
    """What a booking is called here: its end-to-end id; without one, the bank's own reference, which some banks begin anew each day."""
    return end_to_end_id or f"bank reference {reference} of {account} on {booked_on}"


@dataclass(frozen=True, slots=True)
class Statement:
    """Balances in fen, at the beginning and the end of the Shanghai day."""

    account: str
    day: date
    opening: int
    closing: int
    lines: tuple[StatementLine, ...]


def read_statement(source: IO[bytes]) -> Statement:
    """The statement in a camt.053, whole or not at all. Raises BadInput in one line."""
    reader = StatementReader(source)
    lines = tuple(map(_line, reader))
    head = reader.head
    return Statement(head.account, head.day, head.opening, head.closing, lines)


def shown_name(name: str) -> str:
    """The name of whoever is on the other side, by its last character: a person's, or an organisation's."""
    return str(PersonName(name)) if name else ""


def _line(entry: Entry) -> StatementLine:
    return StatementLine(
        entry.reference,
        entry.end_to_end_id,
        entry.amount,
        entry.booked_on,
        shown_account(entry.counterparty_account),
        shown_name(entry.counterparty_name),
        entry.text,
    )


def pack_lines(lines: tuple[StatementLine, ...]) -> str:
    """Lines as the JSON that is stored."""
    return msgspec.json.encode(lines).decode()


def unpack_lines(text: str) -> tuple[StatementLine, ...]:
    """Stored lines."""
    return msgspec.json.decode(text, type=tuple[StatementLine, ...])
