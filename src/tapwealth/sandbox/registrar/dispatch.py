"""Files to the distributors: written down in the store with what caused them, then put into the folder as often as it takes.

The index of a distributor's date grows: income and confirmations of the morning, then the holdings of the day's end. A file itself is
never changed once it is out.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from tapwealth.kernel.clock import iso
from tapwealth.sandbox.faults import Fault, PlannedFault, next_fault
from tapwealth.sandbox.process import DELAY
from tapwealth.sandbox.registrar.folder import Exchange
from tapwealth.sandbox.registrar.reports import Fields
from tapwealth.sandbox.store import Store
from tapwealth.wire.ofd import (
    DataFileName,
    Header,
    Index,
    IndexName,
    Value,
    fields_of,
    parse_data_file_name,
    read_date,
    write_data_file,
    write_date,
    write_index,
)

DISPATCH_SCHEMA = """
CREATE TABLE IF NOT EXISTS outgoing (
  name TEXT PRIMARY KEY, distributor TEXT NOT NULL, day TEXT NOT NULL, content BLOB NOT NULL, not_before TEXT, copies INTEGER NOT NULL,
  sent INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS outgoing_owed ON outgoing (name) WHERE copies > 0;
"""
_FIGURES = {
    "04": ("ConfirmedVol",),
    "05": ("AvailableVol", "TotalVolOfDistributorInTA"),
    "06": ("VolOfDividendforReinvestment", "ConfirmedAmount"),
    "07": ("FundDayIncome",),
}
"""What is one fen (or 1/100 unit) too high, or a hundred times too high, in the first record of a falsified file."""
_DAYS = ("TransactionCfmDate", "DividentDate", "RegistrationDate", "XRDate", "UpdateDate")


def write_down(tx: sqlite3.Connection, name: DataFileName, records: Sequence[Fields], at: datetime) -> None:
    """Make a file at the registrar's time `at`. The plan of faults counts those that have records, by their type."""
    planned = next_fault(tx, name.file_type, str(name)) if records else None
    fault = None if planned is None else planned.fault
    told = records if fault is None else _FALSIFIERS.get(fault, _truly)(name.file_type, records)
    header = Header(name.creator, name.receiver, name.day, name.file_type, tuple(fields_of(name.file_type)), len(told))
    copies = {Fault.LOSE: 0, Fault.DOUBLE: 2}.get(fault, 1) if fault else 1
    content = write_data_file(header, told)
    content = content[: len(content) // 2] if fault is Fault.TORN_FILE else content
    tx.execute(
        "INSERT INTO outgoing (name, distributor, day, content, not_before, copies) VALUES (?, ?, ?, ?, ?, ?)",
        (str(name), name.receiver, name.day.isoformat(), content, _not_before(planned, at), copies),
    )


def _not_before(planned: PlannedFault | None, at: datetime) -> str | None:
    if planned is None or planned.fault is not Fault.DELAY:
        return None
    return iso(planned.until or at + DELAY)


def publish(store: Store, exchange: Exchange, registrar: str, now: datetime) -> None:
    """Put what is due at the registrar's time `now` into the folder, each date's index last. Repeated after a kill, it is harmless."""
    with store.tx() as tx:
        due = tx.execute("SELECT * FROM outgoing WHERE copies > 0 AND (not_before IS NULL OR not_before <= ?)", (iso(now),)).fetchall()
    for row in due:
        exchange.send(row["name"], row["content"])
    for distributor, day in sorted({(row["distributor"], row["day"]) for row in due}):
        fresh = [row["name"] for row in due if (row["distributor"], row["day"]) == (distributor, day)]
        _send_index(store, exchange, registrar, distributor, day, fresh)
    with store.tx() as tx:
        tx.executemany("UPDATE outgoing SET copies = copies - 1, sent = sent + 1 WHERE name = ?", [(row["name"],) for row in due])


def _send_index(store: Store, exchange: Exchange, registrar: str, distributor: str, day: str, fresh: Sequence[str]) -> None:
    with store.tx() as tx:
        sent = tx.execute("SELECT name FROM outgoing WHERE distributor = ? AND day = ? AND sent > 0", (distributor, day))
        names = sorted({*fresh, *(str(row["name"]) for row in sent)})
    files = tuple(parse_data_file_name(name) for name in names)
    name = IndexName(registrar, distributor, files[0].day)
    exchange.send(str(name), write_index(Index(name, files)))


def _truly(_file_type: str, records: Sequence[Fields]) -> Sequence[Fields]:
    return records


def _one_fen(file_type: str, records: Sequence[Fields]) -> Sequence[Fields]:
    return _first_figures(file_type, records, lambda figure: figure + 1)


def _wrong_unit(file_type: str, records: Sequence[Fields]) -> Sequence[Fields]:
    return _first_figures(file_type, records, lambda figure: figure * 100)


def _first_figures(file_type: str, records: Sequence[Fields], change: Callable[[int], int]) -> Sequence[Fields]:
    first = dict(records[0])
    for name in _FIGURES.get(file_type, ()):
        value = first[name]
        assert isinstance(value, int)
        first[name] = change(value)
    return [first, *records[1:]]


def _doubled_record(_file_type: str, records: Sequence[Fields]) -> Sequence[Fields]:
    return [records[0], *records]


def _wrong_day(_file_type: str, records: Sequence[Fields]) -> Sequence[Fields]:
    return [{name: _day_before(value) if name in _DAYS else value for name, value in record.items()} for record in records]


def _day_before(value: Value) -> Value:
    return write_date(read_date(str(value), "a record of our own") - timedelta(days=1))


def _short(_file_type: str, records: Sequence[Fields]) -> Sequence[Fields]:
    return records[1:]


_FALSIFIERS: Mapping[Fault, Callable[[str, Sequence[Fields]], Sequence[Fields]]] = {
    Fault.ONE_FEN: _one_fen,
    Fault.WRONG_DAY: _wrong_day,
    Fault.SHORT_FILE: _short,
    Fault.WRONG_UNIT: _wrong_unit,
    Fault.DOUBLED_RECORD: _doubled_record,
}


def sent(tx: sqlite3.Connection) -> list[dict[str, object]]:
    """Names and digests of all files that were made, and how often each went out."""
    return [
        {"name": row["name"], "digest": hashlib.sha256(row["content"]).hexdigest(), "times_sent": row["sent"]}
        for row in tx.execute("SELECT name, content, sent FROM outgoing ORDER BY name")
    ]
