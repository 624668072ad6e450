"""What distributors ask for: applications and orders, kept from the file they came in until they are decided.

A serial is a distributor's name for one request. The same serial with the same content, from a later file, is not taken again; with other
content it is a problem that a person has to look at.
"""

import sqlite3
from collections.abc import Iterable
from datetime import date

from tapwealth.kernel.calendar import Calendar
from tapwealth.wire.ofd import DataFile, Record

REQUEST_SCHEMA = """
CREATE TABLE IF NOT EXISTS request (
  seq INTEGER PRIMARY KEY, file_type TEXT NOT NULL, distributor TEXT NOT NULL, serial TEXT NOT NULL, sent_on TEXT NOT NULL,
  due_after TEXT NOT NULL, business_code TEXT NOT NULL, named_distributor TEXT NOT NULL, ta_account TEXT NOT NULL,
  trading_account TEXT NOT NULL, fund_code TEXT NOT NULL, amount INTEGER NOT NULL, volume INTEGER NOT NULL,
  transaction_date TEXT NOT NULL, transaction_time TEXT NOT NULL, target_distributor TEXT NOT NULL, target_ta_account TEXT NOT NULL,
  target_trading_account TEXT NOT NULL, name TEXT NOT NULL, identity_number TEXT NOT NULL, payout_account TEXT NOT NULL,
  large_flag TEXT NOT NULL, target_fund TEXT NOT NULL, dividend_method TEXT NOT NULL, plan TEXT NOT NULL,
  done INTEGER NOT NULL DEFAULT 0, decided_on TEXT, return_code TEXT,
  UNIQUE (file_type, distributor, serial));
CREATE INDEX IF NOT EXISTS request_waiting ON request (due_after, seq) WHERE decided_on IS NULL;
CREATE TABLE IF NOT EXISTS problem (seq INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
"""
ACCOUNTS, ORDERS = "01", "03"
FAST_TRANSFER = "098"
NEEDED = {
    ACCOUNTS: ("AppSheetSerialNo", "BusinessCode", "TransactionAccountID", "DistributorCode", "InvestorName", "CertificateNo"),
    ORDERS: (
        "AppSheetSerialNo",
        "BusinessCode",
        "TransactionAccountID",
        "DistributorCode",
        "FundCode",
        "ApplicationAmount",
        "ApplicationVol",
    ),
}
"""The fields without which a request of a file type cannot be understood."""

_TEXTS = {
    "business_code": "BusinessCode",
    "named_distributor": "DistributorCode",
    "ta_account": "TAAccountID",
    "trading_account": "TransactionAccountID",
    "fund_code": "FundCode",
    "transaction_date": "TransactionDate",
    "transaction_time": "TransactionTime",
    "target_distributor": "TargetDistributorCode",
    "target_ta_account": "TargetTAAccountID",
    "target_trading_account": "TargetTransactionAccountID",
    "name": "InvestorName",
    "identity_number": "CertificateNo",
    "payout_account": "AcctNoOfInvestorInClearingAgency",
    "large_flag": "LargeRedemptionFlag",
    "target_fund": "CodeOfTargetFund",
    "dividend_method": "DefDividendMethod",
    "plan": "RationProtocolNo",
}
_NUMBERS = {"amount": "ApplicationAmount", "volume": "ApplicationVol"}
_CONTENT = (*_TEXTS, *_NUMBERS)
_INSERT = (
    f"INSERT INTO request (file_type, distributor, serial, sent_on, due_after, {', '.join(_CONTENT)})"  # noqa: S608 - column names above
    f" VALUES ({', '.join('?' * (5 + len(_CONTENT)))}) ON CONFLICT DO NOTHING"
)


def keep(tx: sqlite3.Connection, file: DataFile, calendar: Calendar) -> None:
    """Keep every record of an 01 or 03 file. Raises BadInput, also when a record is found wrong after others were kept: roll back."""
    header = file.header
    header.require(NEEDED[header.file_type], file.header_line)
    dealing = header.day if calendar.is_dealing_day(header.day) else calendar.next_dealing_day(header.day)
    for record in file:
        serial = record.text("AppSheetSerialNo")
        if not serial:
            raise record.bad("AppSheetSerialNo is blank", "give each record a serial")
        on_dealing_days = header.file_type == ORDERS and record.text("BusinessCode") != FAST_TRANSFER
        due_after = dealing if on_dealing_days else header.day
        content = _content(record)
        key = (header.file_type, header.creator, serial)
        cursor = tx.execute(_INSERT, (*key, header.day.isoformat(), due_after.isoformat(), *content))
        if cursor.rowcount == 0:
            _compare(tx, key, content, record)


def _content(record: Record) -> tuple[str | int, ...]:
    texts = [record.text(field) if field in record else "" for field in _TEXTS.values()]
    return (*texts, *(record.number(field) if field in record else 0 for field in _NUMBERS.values()))


def _compare(tx: sqlite3.Connection, key: tuple[str, str, str], content: tuple[str | int, ...], record: Record) -> None:
    known = tx.execute("SELECT * FROM request WHERE file_type = ? AND distributor = ? AND serial = ?", key).fetchone()
    if tuple(known[name] for name in _CONTENT) != content:
        note_problem(tx, f"{record.where}: serial {key[2]} came before with other content; the first one stands")


def waiting(tx: sqlite3.Connection, file_type: str, before: date, *, fast: bool = False) -> list[sqlite3.Row]:
    """Undecided requests due before a day, as they came; `fast` are the fast transfers, which wait for no dealing day."""
    return tx.execute(
        "SELECT * FROM request WHERE decided_on IS NULL AND due_after < ? AND file_type = ? AND (business_code = ?) = ? ORDER BY seq",
        (before.isoformat(), file_type, FAST_TRANSFER, fast),
    ).fetchall()


def decided(tx: sqlite3.Connection, outcomes: Iterable[tuple[int, str]], day: date) -> None:
    """Write down how requests, by `seq`, were answered."""
    tx.executemany(
        "UPDATE request SET decided_on = ?, return_code = ? WHERE seq = ?", [(day.isoformat(), code, seq) for seq, code in outcomes]
    )


def go_on(tx: sqlite3.Connection, seq: int, units: int) -> None:
    """So many units more of a request are done; the rest goes on with the next dealing day."""
    tx.execute("UPDATE request SET done = done + ? WHERE seq = ?", (units, seq))


def note_problem(tx: sqlite3.Connection, text: str) -> None:
    """Something a person has to look at, listed once."""
    tx.execute("INSERT INTO problem (text) VALUES (?) ON CONFLICT DO NOTHING", (text,))


def problems(tx: sqlite3.Connection) -> list[str]:
    """What was noted, oldest first."""
    return [str(row["text"]) for row in tx.execute("SELECT text FROM problem ORDER BY seq")]
