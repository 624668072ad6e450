"""Messages a partner owes to others: written with the booking that caused them, pushed until they are answered with 2xx.

Sending is repeated after a crash, so its taker may see a message twice and must know it by its content (end-to-end id, serial).
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from tapwealth.kernel.clock import iso

OUTBOX_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
  seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, destination TEXT NOT NULL,
  path TEXT NOT NULL, content_type TEXT NOT NULL, body BLOB NOT NULL, not_before TEXT,
  copies INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, last_answer TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS outbox_owed ON outbox (seq) WHERE copies > 0;
"""


PLATFORM, BANK = "platform", "bank"


@dataclass(frozen=True, slots=True)
class Message:
    """`key` names the message among all of this partner's; `path` is below the URL of the `destination`, `platform` or `bank`."""

    key: str
    kind: str
    path: str
    body: bytes
    content_type: str
    destination: str = PLATFORM


def owe(tx: sqlite3.Connection, message: Message, *, copies: int = 1, not_before: datetime | None = None) -> None:
    """Put a message among those to push; one whose key is there already is not owed again. With 0 copies it counts as sent."""
    content = (message.key, message.kind, message.destination, message.path, message.content_type, message.body)
    tx.execute(
        "INSERT INTO outbox (key, kind, destination, path, content_type, body, not_before, copies)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
        (*content, iso(not_before) if not_before else None, copies),
    )


def owed(tx: sqlite3.Connection, destination: str, now: datetime) -> list[sqlite3.Row]:
    """What is to be pushed there at the partner's time `now`, oldest first."""
    return tx.execute(
        "SELECT * FROM outbox WHERE copies > 0 AND destination = ? AND (not_before IS NULL OR not_before <= ?) ORDER BY seq LIMIT 100",
        (destination, iso(now)),
    ).fetchall()
