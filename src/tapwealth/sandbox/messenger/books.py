"""The messenger's books: what it was given to bring, by serial, and which numbers and phones are dead.

A message is kept once by its serial. Whether it reaches anybody is decided when it is taken: a text message its number, a push message each
of the phones that it names; it has come if it has come to one of them. A text message is billed in segments of UCS-2 (3GPP TS 23.040): one
of up to 70 units, or several of 67.
"""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tapwealth.kernel.clock import iso

MESSENGER_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
  seq INTEGER PRIMARY KEY, serial TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, channel TEXT NOT NULL, addresses TEXT NOT NULL,
  text TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, taken_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS dead (address TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS arrived (seq INTEGER PRIMARY KEY, address TEXT NOT NULL, channel TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS arrived_at ON arrived (address, seq);
"""
ALONE, CHAINED, MOST_SEGMENTS, LONGEST_PUSH = 70, 67, 4, 500
"""UCS-2 units of a text message, and of each segment of a longer one; segments of one; characters of a push message."""


class Channel(StrEnum):
    """How a message goes."""

    SMS = "sms"
    PUSH = "push"


class State(StrEnum):
    """What became of a message."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Submission:
    """What is to be brought where; `segments` is what the sender reckons to pay for."""

    serial: str
    channel: Channel
    addresses: Sequence[str]
    text: str
    segments: int

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps([self.channel, *self.addresses, self.text, self.segments]).encode()).hexdigest()


def segments_of(text: str) -> int:
    """What a text message costs."""
    units = len(text.encode("utf-16-be")) // 2
    return 1 if units <= ALONE else -(-units // CHAINED)


def take(tx: sqlite3.Connection, given: Submission, now: datetime) -> tuple[sqlite3.Row | None, bool]:
    """The message under its serial, and whether it was taken just now; no message if the serial was used for another one."""
    earlier = find(tx, given.serial)
    if earlier is not None:
        return (earlier if earlier["digest"] == given.digest else None), False
    reason = _wrong(given)
    alive = [] if reason else [address for address in given.addresses if not _is_dead(tx, address)]
    state = State.REJECTED if reason else State.DELIVERED if alive else State.BOUNCED
    why = reason or ("" if alive else "dead_number" if given.channel is Channel.SMS else "no_such_phone")
    tx.execute(
        "INSERT INTO message (serial, digest, channel, addresses, text, state, reason, taken_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (given.serial, given.digest, given.channel, json.dumps(given.addresses), given.text, state, why, iso(now)),
    )
    tx.executemany(
        "INSERT INTO arrived (address, channel, text) VALUES (?, ?, ?)", [(address, given.channel, given.text) for address in alive]
    )
    return find(tx, given.serial), True


def _wrong(given: Submission) -> str:
    if given.channel is Channel.PUSH:
        return "too_long" if len(given.text) > LONGEST_PUSH else ""
    segments = segments_of(given.text)
    if segments > MOST_SEGMENTS:
        return "too_long"
    return "" if segments == given.segments else "wrong_segments"


def _is_dead(tx: sqlite3.Connection, address: str) -> bool:
    return tx.execute("SELECT 1 FROM dead WHERE address = ?", (address,)).fetchone() is not None


def find(tx: sqlite3.Connection, serial: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = tx.execute("SELECT * FROM message WHERE serial = ?", (serial,)).fetchone()
    return row


def bury(tx: sqlite3.Connection, addresses: Sequence[str], *, dead: bool) -> None:
    """These numbers and phones take nothing from now on, or take messages again."""
    change = "INSERT INTO dead VALUES (?) ON CONFLICT DO NOTHING" if dead else "DELETE FROM dead WHERE address = ?"
    tx.executemany(change, [(address,) for address in addresses])


def arrived(tx: sqlite3.Connection, address: str) -> list[dict[str, str]]:
    """What has come to a number or a phone, oldest first."""
    rows = tx.execute("SELECT channel, text FROM arrived WHERE address = ? ORDER BY seq", (address,))
    return [dict(row) for row in rows]


def dump(tx: sqlite3.Connection) -> dict[str, list[str]]:
    """Whom anything has reached, by channel: how news are put together into messages depends on when each came."""
    rows = tx.execute("SELECT DISTINCT channel, address FROM arrived ORDER BY address").fetchall()
    return {channel.value: [row["address"] for row in rows if row["channel"] == channel] for channel in Channel}
