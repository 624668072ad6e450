"""The bank's register of deposits: the platform's lists, each line worked out anew, and what the bank pays for it.

A day's list is taken once. The same list again changes nothing but lines that differed, which are worked out once more: the bank may have
put its terms right meanwhile. What it then agrees to, it pays; nothing is paid twice. Files may be longer than memory.
"""

import io
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from tapwealth.kernel.clock import iso, shanghai
from tapwealth.kernel.refusal import BadInput
from tapwealth.sandbox.bank.deposit_interest import Line, Standing, Worked, Wrong, work
from tapwealth.sandbox.bank.deposit_terms import Shelf, shelf
from tapwealth.sandbox.faults import Fault, next_fault
from tapwealth.sandbox.messages import hash_of
from tapwealth.wire.sealed_csv import SealedCsv
from tapwealth.wire.sorted_csv import LOT, sort_records

REGISTER_SCHEMA = """
CREATE TABLE IF NOT EXISTS deposit_list (day TEXT PRIMARY KEY, hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deposit_line (
  day TEXT NOT NULL, position INTEGER NOT NULL, serial TEXT NOT NULL UNIQUE, deposit TEXT NOT NULL, content BLOB NOT NULL,
  answer TEXT NOT NULL, interest INTEGER NOT NULL, reason TEXT NOT NULL, standing BLOB, balance INTEGER NOT NULL, paid_by TEXT,
  PRIMARY KEY (day, position));
CREATE INDEX IF NOT EXISTS deposit_line_deposit ON deposit_line (deposit, day, position);
CREATE TABLE IF NOT EXISTS deposit_payment (
  end_to_end_id TEXT PRIMARY KEY, day TEXT NOT NULL, amount INTEGER NOT NULL, due TEXT NOT NULL, paid INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS deposit_payment_due ON deposit_payment (due) WHERE paid = 0;
"""

LIST = SealedCsv(
    "deposit list",
    ("serial", "deposit", "event", "product", "form", "term", "amount", "interest", "value_date"),
    ("amount", "interest"),
)
ANSWER = SealedCsv("deposit answer", ("serial", "answer", "interest", "paid_by", "reason"), ("interest",))
REGISTER = SealedCsv("deposit register", ("deposit", "balance"), ("balance",))
PAYS_AT_HOUR = 9
YEARS = 1970, 2199
"""Of the dates that the bank's messages have."""


def check_list(file: BinaryIO) -> None:
    """Whether a list is whole and can be read. Raises BadInput."""
    with tempfile.TemporaryDirectory() as folder:
        for record in sort_records(LIST, file, Path(folder) / "by_serial"):
            _line(record)


def _lines(file: BinaryIO) -> Iterator[Line]:
    """Of a list that is checked, in its order."""
    return (_line(record) for lot in LIST.lots(file, LOT) for record in lot)


def _line(record: Sequence[str]) -> Line:
    try:
        line = msgspec.convert(dict(zip(LIST.columns, record, strict=True)), Line, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput(str(error), where="deposit list", hint="see docs/reference/bank.md") from None
    if not YEARS[0] <= line.value_date.year <= YEARS[1]:
        raise BadInput(f"{line.value_date} is no date of these years", where="deposit list value_date", hint="see docs/reference/bank.md")
    return line


def take(tx: sqlite3.Connection, day: date, file: BinaryIO, now: datetime) -> str | None:
    """Take the list of a day, which is checked. What stands in its way, in words: another list of that day, or a line that another list
    had."""
    digest = hash_of(file)
    known = tx.execute("SELECT hash FROM deposit_list WHERE day = ?", (day.isoformat(),)).fetchone()
    if known is not None and known["hash"] != digest:
        return f"another list of {day} was taken before"
    if known is None:
        had = _had_before(tx, _lines(file))
        if had is not None:
            return f"line {had} stood in the list of another day"
        tx.execute("INSERT INTO deposit_list VALUES (?, ?)", (day.isoformat(), digest))
        tx.executemany(
            "INSERT INTO deposit_line VALUES (?, ?, ?, ?, ?, 'differs', 0, '', NULL, 0, NULL)",
            ((day.isoformat(), place, line.serial, line.deposit, msgspec.json.encode(line)) for place, line in enumerate(_lines(file))),
        )
    _work_out(tx, day)
    _owe(tx, day, now)
    return None


def _had_before(tx: sqlite3.Connection, lines: Iterable[Line]) -> str | None:
    for line in lines:
        if tx.execute("SELECT 1 FROM deposit_line WHERE serial = ?", (line.serial,)).fetchone():
            return line.serial
    return None


def _work_out(tx: sqlite3.Connection, day: date) -> None:
    """Every deposit with a line of that day that is not agreed: from that line on. They are put in order before the first is given out, so
    that none comes again for what is changed meanwhile."""
    terms = shelf(tx)
    rows = tx.execute(
        "SELECT deposit, min(position) AS place FROM deposit_line WHERE day = ? AND answer = 'differs' GROUP BY deposit ORDER BY place",
        (day.isoformat(),),
    )
    for row in rows:
        _work_out_from(tx, terms, row["deposit"], (day.isoformat(), row["place"]))


def _work_out_from(tx: sqlite3.Connection, terms: Shelf, deposit: str, start: tuple[str, int]) -> None:
    before = tx.execute(
        "SELECT standing FROM deposit_line WHERE deposit = ? AND (day, position) < (?, ?) ORDER BY day DESC, position DESC LIMIT 1",
        (deposit, *start),
    ).fetchone()
    standing = None if before is None or before["standing"] is None else msgspec.json.decode(before["standing"], type=Standing)
    rows = tx.execute(
        "SELECT * FROM deposit_line WHERE deposit = ? AND (day, position) >= (?, ?) ORDER BY day, position", (deposit, *start)
    ).fetchall()
    for row in rows:
        standing = _worked(tx, terms, standing, row)


def _worked(tx: sqlite3.Connection, terms: Shelf, standing: Standing | None, row: sqlite3.Row) -> Standing | None:
    line = msgspec.json.decode(row["content"], type=Line)
    try:
        after, reason = work(terms, standing, line), ""
    except Wrong as wrong:
        after, reason = None, str(wrong)
    if after is not None:
        after = _misworked(tx, line, after)
        standing, reason = after.standing, _difference(line, after)
    interest = 0 if after is None else after.interest
    encoded = None if standing is None else msgspec.json.encode(standing)
    tx.execute(
        "UPDATE deposit_line SET answer = ?, interest = ?, reason = ?, standing = ?, balance = ? WHERE day = ? AND position = ?",
        ("differs" if reason else "accepted", interest, reason, encoded, standing.balance if standing else 0, row["day"], row["position"]),
    )
    return standing


def _misworked(tx: sqlite3.Connection, line: Line, after: Worked) -> Worked:
    """What a fault makes of it."""
    planned = next_fault(tx, "deposit_line", line.serial, line.event)
    return Worked(after.standing, after.interest + 1) if planned is not None and planned.fault is Fault.ONE_FEN else after


def _difference(line: Line, after: Worked) -> str:
    return "" if after.interest == line.interest else f"interest is {after.interest} fen at the bank, {line.interest} in the list"


def _owe(tx: sqlite3.Connection, day: date, now: datetime) -> None:
    """Pay the interest of lines that are agreed and not paid: the first time the next morning, then at once."""
    amount = tx.execute(
        "SELECT coalesce(sum(interest), 0) FROM deposit_line WHERE day = ? AND answer = 'accepted' AND interest > 0 AND paid_by IS NULL",
        (day.isoformat(),),
    ).fetchone()[0]
    if not amount:
        return
    number = tx.execute("SELECT count(*) FROM deposit_payment WHERE day = ?", (day.isoformat(),)).fetchone()[0] + 1
    name = f"DPX-{day:%Y%m%d}" if number == 1 else f"DPX-{day:%Y%m%d}-{number}"
    due = max(now, shanghai(day, 24 + PAYS_AT_HOUR))
    tx.execute(
        "INSERT INTO deposit_payment (end_to_end_id, day, amount, due) VALUES (?, ?, ?, ?)", (name, day.isoformat(), amount, iso(due))
    )
    tx.execute(
        "UPDATE deposit_line SET paid_by = ? WHERE day = ? AND answer = 'accepted' AND interest > 0 AND paid_by IS NULL",
        (name, day.isoformat()),
    )


def due_payments(tx: sqlite3.Connection, now: datetime) -> Sequence[sqlite3.Row]:
    """What is to be paid by then, in order."""
    return tx.execute("SELECT * FROM deposit_payment WHERE paid = 0 AND due <= ? ORDER BY due, end_to_end_id", (iso(now),)).fetchall()


def mark_paid(tx: sqlite3.Connection, end_to_end_id: str) -> None:
    tx.execute("UPDATE deposit_payment SET paid = 1 WHERE end_to_end_id = ?", (end_to_end_id,))


# ---- what is handed out


def came(tx: sqlite3.Connection, day: date) -> bool:
    """Whether that day's list is here."""
    return tx.execute("SELECT 1 FROM deposit_list WHERE day = ?", (day.isoformat(),)).fetchone() is not None


def answers_of(tx: sqlite3.Connection, day: date) -> Iterator[list[str]]:
    """By line of that day's list."""
    rows = tx.execute("SELECT * FROM deposit_line WHERE day = ? ORDER BY position", (day.isoformat(),))
    return ([row["serial"], row["answer"], str(row["interest"]), row["paid_by"] or "", row["reason"]] for row in rows)


def register_of(tx: sqlite3.Connection, day: date) -> Iterator[list[str]]:
    """Every deposit with a balance at the end of that day's list, by its number."""
    rows = tx.execute(
        "SELECT deposit, balance FROM (SELECT deposit, balance,"
        " row_number() OVER (PARTITION BY deposit ORDER BY day DESC, position DESC) AS latest FROM deposit_line WHERE day <= ?)"
        " WHERE latest = 1 AND balance > 0 ORDER BY deposit",
        (day.isoformat(),),
    )
    return ([row["deposit"], str(row["balance"])] for row in rows)


def write_spoiled(kind: SealedCsv, file: BinaryIO, records: Iterable[Sequence[str]], fault: Fault | None) -> None:
    """The file, and what a fault makes of it."""
    rest = iter(records)
    first = list(islice(rest, 1))
    match fault:
        case Fault.SHORT_FILE:
            first = []
        case Fault.DOUBLE:
            first *= 2
        case Fault.ONE_FEN:
            at = kind.columns.index(kind.summed[0])
            first = [[*row[:at], str(int(row[at]) + 1), *row[at + 1 :]] for row in first]
        case _:
            pass
    kind.write_into(file, chain(first, rest))
    if fault is Fault.TORN_FILE:
        file.truncate(file.seek(-20, io.SEEK_END))
