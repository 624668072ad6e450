"""The insurer's bordereau: what happened to policies on one day, as CSV (RFC 4180, UTF-8, CRLF, a header line).

The last line, `END,<events>,<SHA-256 of all before it>,<sum of amounts>`, shows that the file is whole and as it was written. An event's
amount is what moved in fen; of an endorsement with a minus what goes back.
"""

import csv
import hashlib
import io
import sqlite3
from datetime import date

from tapwealth.sandbox.faults import Fault

HEADER = ("serial", "policy_number", "event", "amount")
Event = tuple[str, str, str, int]


def events_of(tx: sqlite3.Connection, day: date) -> list[Event]:
    """(serial, policy number, event, amount in fen) of a day, by serial."""
    rows = tx.execute("SELECT serial, policy_number, event, amount FROM event WHERE day = ? ORDER BY serial, event", (day.isoformat(),))
    return [(row["serial"], row["policy_number"], row["event"], row["amount"]) for row in rows]


def spoiled(events: list[Event], fault: Fault | None) -> list[Event]:
    """What a fault makes of the events; the last line will agree with what is left of them."""
    if not events:
        return events
    serial, number, event, amount = events[0]
    match fault:
        case Fault.SHORT_FILE:
            return events[1:]
        case Fault.DOUBLE:
            return [events[0], *events]
        case Fault.ONE_FEN:
            return [(serial, number, event, amount + 1), *events[1:]]
        case _:
            return events


def render(events: list[Event]) -> bytes:
    """The file."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows(events)
    before = text.getvalue().encode()
    writer.writerow(("END", len(events), hashlib.sha256(before).hexdigest(), sum(event[3] for event in events)))
    return text.getvalue().encode()
