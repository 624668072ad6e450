"""Faults on demand: a plan says which message of a kind a partner loses, doubles, delays or falsifies.

Messages are counted persistently from the moment the plan is set, so that a restart neither repeats a fault nor forgets one. A message
that comes with a key of its own is counted once, however often it is handled.

What is sent at the same time arrives in any order, and a number then means now this message and now that one. So a plan may name which
messages of a kind it counts: `pain.001 FEE-` are those about something whose name begins with `FEE-`.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from tapwealth.kernel.clock import iso, shanghai

DELAY = timedelta(hours=1)
"""How long a delayed message waits if the plan does not say until when."""

FAULT_SCHEMA = """
CREATE TABLE IF NOT EXISTS fault_plan (
  seq INTEGER PRIMARY KEY, message TEXT NOT NULL, nth INTEGER NOT NULL, fault TEXT NOT NULL, until TEXT);
CREATE TABLE IF NOT EXISTS fault_plan_serial (one INTEGER PRIMARY KEY CHECK (one = 1), serial TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fault_count (message TEXT PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fault_seen (message TEXT NOT NULL, key TEXT NOT NULL, nth INTEGER NOT NULL, PRIMARY KEY (message, key));
CREATE TABLE IF NOT EXISTS fault_spent (message TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (message, key));
"""


class Fault(StrEnum):
    """What can go wrong with one message. Which of them a message kind knows stands in docs/reference/partners.md."""

    LOSE = "lose"
    """Never sent, or taken and forgotten."""
    DOUBLE = "double"
    """Sent twice."""
    DELAY = "delay"
    """Sent when the partner's clock has reached `until`, or one hour later than planned."""
    ONE_FEN = "one_fen"
    """One amount is one fen too high."""
    WRONG_DAY = "wrong_day"
    """Dated the day before."""
    SILENT = "silent"
    """Processed, but the answer never comes: the request is held open until the asker gives up."""
    SILENT_UNPROCESSED = "silent_unprocessed"
    """As `silent`, and not processed either."""
    LATE_SUCCESS = "late_success"
    """Said to have failed until the partner's clock reaches `until`, then found to have succeeded."""
    SHORT_FILE = "short_file"
    """One record is missing, and the count agrees with what is there."""
    DOUBLED_RECORD = "doubled_record"
    """One record stands there twice, under one serial, and the count agrees with what is there."""
    WRONG_UNIT = "wrong_unit"
    """One record gives its figures in another unit: a hundred times what they are."""
    LOWER = "lower"
    """One amount is a quarter lower."""
    HIGHER = "higher"
    """One amount is a tenth higher."""
    TOO_HIGH = "too_high"
    """One amount is twice what it should be; taken back the day after."""
    NEVER_AUTHORISED = "never_authorised"
    """With the right item comes one that nobody authorised; taken back the day after."""
    UNASKED_REFUND = "unasked_refund"
    """With the right item comes its refund, which nobody asked for; taken back the day after."""
    TORN_FILE = "torn_file"
    """The file ends in the middle."""
    WRONG_TOTAL = "wrong_total"
    """The file's sum is not that of its items."""
    OTHER_CUSTOMER = "other_customer"
    """Answered with what belongs to somebody else."""
    GARBAGE = "garbage"
    """Processed, but the answer cannot be read."""
    SLOW = "slow"
    """Processed at once, and answered after 90 seconds by the machine's clock."""
    NO_LOOKUP = "no_lookup"
    """Answered that no payment can be looked up by its serial."""
    ERROR = "error"
    """Answered with HTTP status 500, nothing done."""
    ERROR_AFTER = "error_after"
    """Processed, and then answered with HTTP status 500."""


UNPROCESSED = frozenset({Fault.LOSE, Fault.ERROR, Fault.SILENT_UNPROCESSED})
"""What keeps a request from being processed."""
UNANSWERED = UNPROCESSED | {Fault.SILENT, Fault.GARBAGE, Fault.SLOW, Fault.ERROR_AFTER}
"""What keeps its answer from its sender, who will send it again."""


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """`fault` befalls message number `nth` (from 1; 0 is every one) of the kind `message`; `until` is an instant of the partner's clock.

    After the kind may stand a space and how the name begins of what the message is about: then only those are counted.
    """

    message: str
    nth: int
    fault: Fault
    until: datetime | None = None


def replace_plan(tx: sqlite3.Connection, plan: Sequence[PlannedFault], serial: str) -> None:
    """Set the plan and count from the beginning. The same serial again changes nothing: a doubled admin call is harmless."""
    if tx.execute("SELECT 1 FROM fault_plan_serial WHERE serial = ?", (serial,)).fetchone():
        return
    tx.execute("INSERT INTO fault_plan_serial VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET serial = excluded.serial", (serial,))
    for table in ("fault_plan", "fault_count", "fault_seen", "fault_spent"):
        tx.execute(f"DELETE FROM {table}")  # noqa: S608 - the names stand in the line above
    tx.executemany(
        "INSERT INTO fault_plan (message, nth, fault, until) VALUES (?, ?, ?, ?)",
        [(planned.message, planned.nth, planned.fault.value, iso(planned.until) if planned.until else None) for planned in plan],
    )


def next_fault(tx: sqlite3.Connection, message: str, key: str | None, about: str = "") -> PlannedFault | None:
    """Count this message of its kind and say what the plan has for it. `about` is the name of what it is about, if it has one.

    What is planned for it by its name comes before what is planned for its number.
    """
    named = {one.message for one in plan_of(tx) if " " in one.message and f"{message} {about}".startswith(one.message)}
    numbers = {kind: _number_of(tx, kind, key) for kind in (*sorted(named, key=len, reverse=True), message)}
    found = [one for kind, nth in numbers.items() for one in plan_of(tx) if one.message == kind and one.nth in (0, nth)]
    return min(found, key=lambda one: (-len(one.message), -one.nth), default=None)


def next_fault_once(tx: sqlite3.Connection, message: str, key: str, about: str = "") -> PlannedFault | None:
    """`next_fault` for a request that its sender repeats until it is answered: one left unanswered is taken when it comes again.

    So a fault befalls the request it was planned for, however often that one is repeated, and never the next. Planned for every
    message (`nth` 0), it befalls repetitions too.
    """
    planned = next_fault(tx, message, key, about)
    if planned is None or planned.nth == 0 or planned.fault not in UNANSWERED:
        return planned
    first = tx.execute("INSERT INTO fault_spent VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING key", (message, key)).fetchone()
    return planned if first else None


def plan_of(tx: sqlite3.Connection) -> list[PlannedFault]:
    """The plan in force."""
    return [_planned(row) for row in tx.execute("SELECT * FROM fault_plan ORDER BY seq")]


def counts_of(tx: sqlite3.Connection) -> dict[str, int]:
    """How many messages of each kind were counted since the plan was set."""
    return {row["message"]: row["count"] for row in tx.execute("SELECT * FROM fault_count ORDER BY message")}


def withheld(planned: PlannedFault | None, day: date, now: datetime) -> bool:
    """Whether the file of `day`, ready at 24:00 of it, is not to be had at `now`: lost, or delayed until later."""
    if planned is None:
        return False
    return planned.fault is Fault.LOSE or (planned.fault is Fault.DELAY and now < (planned.until or shanghai(day, 24) + DELAY))


def _number_of(tx: sqlite3.Connection, message: str, key: str | None) -> int:
    if key is not None:
        seen = tx.execute("SELECT nth FROM fault_seen WHERE message = ? AND key = ?", (message, key)).fetchone()
        if seen is not None:
            return int(seen["nth"])
    counted = tx.execute(
        "INSERT INTO fault_count VALUES (?, 1) ON CONFLICT (message) DO UPDATE SET count = count + 1 RETURNING count", (message,)
    ).fetchone()
    if key is not None:
        tx.execute("INSERT INTO fault_seen VALUES (?, ?, ?)", (message, key, counted["count"]))
    return int(counted["count"])


def _planned(row: sqlite3.Row) -> PlannedFault:
    until = datetime.fromisoformat(row["until"]) if row["until"] else None
    return PlannedFault(row["message"], row["nth"], Fault(row["fault"]), until)
