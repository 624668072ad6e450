"""Who the five channels know, and what they answered.

Each channel compares the name; bank and telecom compare the phone number as well. Somebody a channel does not know is `unknown` there; a
known person whose data differ is a `mismatch`. An answer is remembered by its serial: asked again it is the same, whatever was
registered since.

The telecom operator also carries text messages: one per serial, kept for who holds the phone.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

IDENTITY_SCHEMA = """
CREATE TABLE IF NOT EXISTS known (
  channel TEXT NOT NULL, identity_number TEXT NOT NULL, name TEXT NOT NULL, phone TEXT NOT NULL, PRIMARY KEY (channel, identity_number));
CREATE TABLE IF NOT EXISTS verification (serial TEXT PRIMARY KEY, digest TEXT NOT NULL, channel TEXT NOT NULL, result TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS text_message (serial TEXT PRIMARY KEY, phone TEXT NOT NULL, text TEXT NOT NULL);
"""


class Channel(StrEnum):
    """Who is asked."""

    POPULATION = "population"
    BANK = "bank"
    TELECOM = "telecom"
    TAX = "tax"
    EDUCATION = "education"


COMPARES_PHONE = frozenset({Channel.BANK, Channel.TELECOM})


class Result(StrEnum):
    """What a channel says of a name, an identity number and a phone number."""

    MATCH = "match"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody says they are."""

    name: str
    identity_number: str
    phone: str


def register(tx: sqlite3.Connection, claim: Claim, channels: Sequence[Channel]) -> None:
    """Let exactly these channels know a person; what was registered under the identity number before is replaced."""
    tx.execute("DELETE FROM known WHERE identity_number = ?", (claim.identity_number,))
    tx.executemany(
        "INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?)",
        [(channel.value, claim.identity_number, claim.name, claim.phone) for channel in channels],
    )


def verify(tx: sqlite3.Connection, serial: str, channel: Channel, claim: Claim) -> Result | None:
    """The channel's answer; None if the serial was used for another question."""
    digest = hashlib.sha256("|".join((channel, claim.name, claim.identity_number, claim.phone)).encode()).hexdigest()
    earlier = tx.execute("SELECT digest, result FROM verification WHERE serial = ?", (serial,)).fetchone()
    if earlier is not None:
        return Result(earlier["result"]) if earlier["digest"] == digest else None
    result = _compare(tx, channel, claim)
    tx.execute("INSERT INTO verification VALUES (?, ?, ?, ?)", (serial, digest, channel.value, result.value))
    return result


def _compare(tx: sqlite3.Connection, channel: Channel, claim: Claim) -> Result:
    known = tx.execute(
        "SELECT name, phone FROM known WHERE channel = ? AND identity_number = ?", (channel.value, claim.identity_number)
    ).fetchone()
    if known is None:
        return Result.UNKNOWN
    same_phone = channel not in COMPARES_PHONE or known["phone"] == claim.phone
    return Result.MATCH if known["name"] == claim.name and same_phone else Result.MISMATCH


def answered(tx: sqlite3.Connection, serial: str) -> tuple[Channel, Result] | None:
    """What was answered under a serial; None if it never came."""
    row = tx.execute("SELECT channel, result FROM verification WHERE serial = ?", (serial,)).fetchone()
    return None if row is None else (Channel(row["channel"]), Result(row["result"]))


def send(tx: sqlite3.Connection, serial: str, phone: str, text: str) -> bool:
    """Bring a text message to a phone, once per serial; False if the serial was used for another message."""
    tx.execute("INSERT INTO text_message VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (serial, phone, text))
    sent = tx.execute("SELECT phone, text FROM text_message WHERE serial = ?", (serial,)).fetchone()
    return (sent["phone"], sent["text"]) == (phone, text)


def texts_to(tx: sqlite3.Connection, phone: str) -> list[str]:
    """What came to a phone, oldest first."""
    return [row["text"] for row in tx.execute("SELECT text FROM text_message WHERE phone = ? ORDER BY rowid", (phone,))]


def dump(tx: sqlite3.Connection) -> dict[str, list[list[object]]]:
    """Everything but serials, in an order that does not depend on the run."""
    known = tx.execute("SELECT channel, identity_number, name, phone FROM known ORDER BY 1, 2").fetchall()
    answers = tx.execute("SELECT channel, result, count(*) FROM verification GROUP BY 1, 2 ORDER BY 1, 2").fetchall()
    return {"known": [list(row) for row in known], "answers": [list(row) for row in answers]}
