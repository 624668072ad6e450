"""Who is signed in on the house's pages: a session each, as a row under the hash of its secret. Times are the machine's.

A session ends when its holder signs out, after a working day, and when nothing was asked under it for half an hour.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tapwealth.storage.database import Tx

LONGEST, IDLE = timedelta(hours=10), timedelta(minutes=30)
_NOTED_EVERY = timedelta(minutes=1)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class Sessions:
    """A table of them, and its column that says whose each is."""

    table: str
    column: str

    async def begin(self, tx: Tx, holder: Any, secret: str, now: datetime) -> None:
        """Open a session."""
        await tx.execute(
            f"insert into {self.table} (secret_hash, {self.column}, begun_at, used_at, ends_at) values ($1, $2, $3, $3, $4)",
            _hash(secret),
            holder,
            now,
            now + LONGEST,
        )

    async def holder(self, tx: Tx, secret: str, now: datetime) -> Any:
        """Who is signed in under that secret, None for nobody; the session lasts on."""
        row = await tx.fetchrow(
            f"select {self.column} as holder, used_at from {self.table} where secret_hash = $1 and ends_at > $2 and used_at > $3",
            _hash(secret),
            now,
            now - IDLE,
        )
        if row is None:
            return None
        if now - row["used_at"] >= _NOTED_EVERY:
            await tx.execute(f"update {self.table} set used_at = greatest(used_at, $2) where secret_hash = $1", _hash(secret), now)
        return row["holder"]

    async def end(self, tx: Tx, secret: str, now: datetime) -> None:
        """Close that session; harmless if it has ended."""
        await tx.execute(f"update {self.table} set ends_at = least(ends_at, $2) where secret_hash = $1", _hash(secret), now)


OPERATORS = Sessions("operator_session", "operator")
"""By the operator's number."""
CUSTOMERS = Sessions("customer_session", "device")
"""By the keyed hash of the phone."""
