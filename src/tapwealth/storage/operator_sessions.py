"""Operators who are signed in on the house's pages: a session each, as a row under the hash of its secret. Times are the machine's.

A session ends when its operator signs out or is shut out, after a working day, and when nothing was asked under it for half an hour.
"""

import hashlib
from datetime import datetime, timedelta

from tapwealth.storage.database import Tx
from tapwealth.storage.operators import Operator, found

LONGEST, IDLE = timedelta(hours=10), timedelta(minutes=30)
_NOTED_EVERY = timedelta(minutes=1)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def begin(tx: Tx, operator_id: int, secret: str, now: datetime) -> None:
    """Open a session."""
    await tx.execute(
        "insert into operator_session (secret_hash, operator, begun_at, used_at, ends_at) values ($1, $2, $3, $3, $4)",
        _hash(secret),
        operator_id,
        now,
        now + LONGEST,
    )


async def holder(tx: Tx, secret: str, now: datetime) -> Operator | None:
    """Who is signed in under that secret, and may still act; the session lasts on."""
    row = await tx.fetchrow(
        "select operator, used_at from operator_session where secret_hash = $1 and ends_at > $2 and used_at > $3",
        _hash(secret),
        now,
        now - IDLE,
    )
    if row is None:
        return None
    if now - row["used_at"] >= _NOTED_EVERY:
        await tx.execute("update operator_session set used_at = greatest(used_at, $2) where secret_hash = $1", _hash(secret), now)
    operator = (await found(tx, [row["operator"]]))[row["operator"]]
    return operator if operator.active else None


async def end(tx: Tx, secret: str, now: datetime) -> None:
    """Close that session; harmless if it has ended."""
    await tx.execute("update operator_session set ends_at = least(ends_at, $2) where secret_hash = $1", _hash(secret), now)
