"""The network's books: the files that it was presented, the items that it clears with their dates, and the files that it made of them.

An institution here is acquirer and issuer at once. Its clearing file is made in the same `tx` that takes what it presents: it then holds
whatever is due by that date, and stays as it is.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import date
from io import BytesIO

from tapwealth.kernel.refusal import BadInput
from tapwealth.sandbox.faults import PlannedFault
from tapwealth.sandbox.network.mistakes import Cleared, cleared
from tapwealth.sandbox.network.tariff import Fees, fees
from tapwealth.wire.clearing_file import Direction, Header, Item, ItemKind, NetworkFile, position_of, write_network_file

NETWORK_SCHEMA = """
CREATE TABLE IF NOT EXISTS tariff (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS presented (
  institution TEXT NOT NULL, day TEXT NOT NULL, sequence INTEGER NOT NULL, digest TEXT NOT NULL, items INTEGER NOT NULL,
  total INTEGER NOT NULL, PRIMARY KEY (institution, day, sequence));
CREATE TABLE IF NOT EXISTS item (
  seq INTEGER PRIMARY KEY, institution TEXT NOT NULL, due TEXT NOT NULL, told_day TEXT, told_sequence INTEGER,
  kind TEXT NOT NULL, rrn TEXT NOT NULL, acquirer TEXT NOT NULL, merchant_number TEXT NOT NULL, terminal_number TEXT NOT NULL,
  stan TEXT NOT NULL, authorisation_code TEXT NOT NULL, category_code TEXT NOT NULL, amount INTEGER NOT NULL,
  original_date TEXT NOT NULL, interchange INTEGER NOT NULL, issuer_fee INTEGER NOT NULL, acquirer_fee INTEGER NOT NULL,
  original_rrn TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS item_due ON item (institution, due) WHERE told_day IS NULL;
CREATE INDEX IF NOT EXISTS item_sale ON item (institution, rrn);
CREATE INDEX IF NOT EXISTS item_original ON item (institution, original_rrn);
CREATE TABLE IF NOT EXISTS clearing (
  institution TEXT NOT NULL, day TEXT NOT NULL, sequence INTEGER NOT NULL, content BLOB NOT NULL, items INTEGER NOT NULL,
  position INTEGER NOT NULL, PRIMARY KEY (institution, day, sequence));
"""
_COLUMNS = tuple(field.name for field in fields(Item))


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was presented: what it says, whether it came just now, and what its institution then owes (fen; below zero: is owed)."""

    header: Header
    just_now: bool
    position: int


def set_tariff(tx: sqlite3.Connection, name: str) -> None:
    """By which list what comes from now on is priced."""
    tx.execute("INSERT INTO tariff VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET name = excluded.name", (name,))


def read_presented(content: bytes) -> tuple[Header, list[Item]]:
    """A file as it is presented. Raises BadInput: unreadable, not one that is presented, or an item of somebody else's terminals."""
    file = NetworkFile(BytesIO(content), "presented file")
    header, items = file.header, list(file)
    if header.direction is not Direction.PRESENTED:
        raise BadInput("this file was cleared already", where="presented file", hint="present one of direction P")
    if any(one.kind.takes_back for one in items):
        raise BadInput("an item takes something back", where="presented file", hint="present sales (P) and refunds (R)")
    if any(one.acquirer != header.institution for one in items):
        raise BadInput(f"an item is not of {header.institution}'s terminals", where="presented file", hint="present your own items only")
    return header, items


def take(
    tx: sqlite3.Connection, content: bytes, header: Header, items: Sequence[Item], fault_of: Callable[[Item], PlannedFault | None]
) -> Taken | None:
    """Take a file and clear it: once, by its institution, date and sequence. None if other content came under them before."""
    place = (header.institution, header.day.isoformat(), header.sequence)
    digest = hashlib.sha256(content).hexdigest()
    known = tx.execute("SELECT digest FROM presented WHERE (institution, day, sequence) = (?, ?, ?)", place).fetchone()
    if known is not None:
        return Taken(header, False, _position(tx, place)) if known["digest"] == digest else None
    tx.execute("INSERT INTO presented VALUES (?, ?, ?, ?, ?, ?)", (*place, digest, header.count, header.total))
    found = [made for one in items for made in cleared(one, header.day, fault_of(one))]
    _add(tx, header.institution, found)
    return Taken(header, True, _clear(tx, header))


def _add(tx: sqlite3.Connection, institution: str, made: Iterable[Cleared]) -> None:
    row = tx.execute("SELECT name FROM tariff").fetchone()
    tariff = row["name"] if row else "current"
    slots = ", ".join("?" * (2 + len(_COLUMNS)))
    insert = f"INSERT INTO item (institution, due, {', '.join(_COLUMNS)}) VALUES ({slots})"  # noqa: S608 - field names
    for due, item in made:
        kind, *cells = astuple(replace(item, **_fees(tx, institution, tariff, item)._asdict()))
        row = (institution, due.isoformat(), kind.value, *(one.isoformat() if isinstance(one, date) else one for one in cells))
        tx.execute(insert, row)


def _fees(tx: sqlite3.Connection, institution: str, tariff: str, item: Item) -> Fees:
    """Of a sale by its amount. A refund gives back what the sale then no longer costs; taken back, as much again."""
    left = _left(tx, institution, item.original_rrn) if item.original_rrn else None
    if left is None:
        return fees(tariff, item.category_code, item.amount)
    most, least = (left, left - item.amount) if item.kind is ItemKind.REFUND else (left + item.amount, left)
    dearer, cheaper = fees(tariff, item.category_code, most), fees(tariff, item.category_code, max(least, 0))
    return Fees(*(more - less for more, less in zip(dearer, cheaper, strict=True)))


_SALE = "SELECT amount FROM item WHERE (institution, rrn, kind) = (?, ?, 'P') ORDER BY seq DESC LIMIT 1"
_GIVEN = (
    "SELECT coalesce(sum(CASE kind WHEN 'R' THEN amount ELSE -amount END), 0) AS given FROM item WHERE (institution, original_rrn) = (?, ?)"
)


def _left(tx: sqlite3.Connection, institution: str, rrn: str) -> int | None:
    """What is left of a sale, by its reference; None if it never came."""
    sale, given = tx.execute(_SALE, (institution, rrn)).fetchone(), tx.execute(_GIVEN, (institution, rrn)).fetchone()
    return None if sale is None else int(sale["amount"]) - int(given["given"])


def _clear(tx: sqlite3.Connection, header: Header) -> int:
    """Make the clearing file of everything that is due; its position."""
    institution, day = header.institution, header.day.isoformat()
    due = f"SELECT {', '.join(_COLUMNS)} FROM item WHERE institution = ? AND told_day IS NULL AND due <= ? ORDER BY seq"  # noqa: S608 - names
    items = [_item(row) for row in tx.execute(due, (institution, day))]
    update = "UPDATE item SET told_day = ?, told_sequence = ? WHERE institution = ? AND told_day IS NULL AND due <= ?"
    tx.execute(update, (day, header.sequence, institution, day))
    content = write_network_file(Direction.CLEARED, institution, header.day, header.sequence, items)
    position = position_of(Direction.CLEARED, institution, items)
    tx.execute("INSERT INTO clearing VALUES (?, ?, ?, ?, ?, ?)", (institution, day, header.sequence, content, len(items), position))
    return position


def _item(row: sqlite3.Row) -> Item:
    cells = {name: row[name] for name in _COLUMNS}
    return Item(**{**cells, "kind": ItemKind(row["kind"]), "original_date": date.fromisoformat(row["original_date"])})


def _position(tx: sqlite3.Connection, place: tuple[str, str, int]) -> int:
    row = tx.execute("SELECT position FROM clearing WHERE (institution, day, sequence) = (?, ?, ?)", place).fetchone()
    return int(row["position"])


def clearing_file(tx: sqlite3.Connection, institution: str, day: date, sequence: int) -> bytes | None:
    """The file, if what it answers was presented."""
    place = (institution, day.isoformat(), sequence)
    row = tx.execute("SELECT content FROM clearing WHERE (institution, day, sequence) = (?, ?, ?)", place).fetchone()
    return None if row is None else bytes(row["content"])


def with_wrong_total(content: bytes) -> bytes:
    """The same file with a header that says one fen more: whole, and a lie."""
    head, _, rest = content.partition(b"\n")
    cells = head.split(b"|")
    body = b"|".join((*cells[:-1], b"%d" % (int(cells[-1]) + 1))) + b"\n" + rest[: rest.rindex(b"END|")]
    trailer = rest[rest.rindex(b"END|") :].rpartition(b"|")[0]
    return body + trailer + b"|" + hashlib.sha256(body).hexdigest().encode() + b"\n"


def positions(tx: sqlite3.Connection) -> list[dict[str, object]]:
    """Every date and sequence with its items and position."""
    return [dict(row) for row in tx.execute("SELECT institution, day, sequence, items, position FROM clearing ORDER BY 1, 2, 3")]


def dump(tx: sqlite3.Connection) -> dict[str, list[list[object]]]:
    """Everything but references and what is made from them, in an order that does not depend on the run."""
    items = tx.execute(
        "SELECT told_day, due, kind, acquirer, merchant_number, terminal_number, category_code, amount, interchange, issuer_fee,"
        " acquirer_fee FROM item ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9"
    ).fetchall()
    return {"items": [list(row) for row in items], "positions": [list(one.values()) for one in positions(tx)]}
