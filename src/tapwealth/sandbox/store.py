"""A partner's own books: one SQLite file, durable at every commit, held by one process at a time.

Write-ahead log with synchronous=FULL: what a committed `tx` wrote survives kill -9 and a power cut. A lock file beside the database
keeps a second process out; the kernel lets go of it when its holder dies, however that happens.
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, RLock
from typing import IO

from tapwealth.kernel.clock import deadline_after, monotonic_ns, seconds
from tapwealth.kernel.refusal import Outage

LOCK_PAUSE_MS, LOCK_PATIENCE_SECONDS = 50, 5
"""How long a restarted partner waits for its killed predecessor to be gone."""


class Store:
    """The file at `path` with the tables of `schema` (CREATE TABLE IF NOT EXISTS …). Raises Outage if it cannot be used."""

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._guard = RLock()
        self._lock_file = _locked(path)
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.row_factory = sqlite3.Row
            self._connection.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; {schema}")
        except sqlite3.OperationalError as error:
            raise Outage(f"{path}: {error}") from None
        except sqlite3.DatabaseError as error:
            raise Outage(f"{path}: not a partner's store ({error}); name another file") from None

    @contextmanager
    def tx(self) -> Iterator[sqlite3.Connection]:
        """All of it or none. A `tx` inside another joins it. Never await inside: another message would join as well."""
        with self._guard:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Fold the log back into the file and let the next process in."""
        self._connection.close()
        self._lock_file.close()


def _locked(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock_file = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise Outage(f"{path}: {error.strerror}; name a file in a directory that can be written") from None
    give_up_at = deadline_after(LOCK_PATIENCE_SECONDS)
    while True:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock_file
        except BlockingIOError:
            if monotonic_ns() > give_up_at:
                lock_file.close()
                raise Outage(f"{path}: another process holds this store; stop it first") from None
            Event().wait(seconds(LOCK_PAUSE_MS))
