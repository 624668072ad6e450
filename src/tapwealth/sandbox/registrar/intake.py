"""Taking the distributors' files: whole or not at all, once.

Only files that an index names exist. One that cannot be read is refused with a line beside it, and taken when it comes again mended; one
that was taken is known by its content, and refused when it comes with other content.
"""

import hashlib
import sqlite3
from os import stat_result

from tapwealth.kernel.calendar_data import load_calendar
from tapwealth.kernel.refusal import BadInput
from tapwealth.sandbox.registrar.folder import Exchange
from tapwealth.sandbox.registrar.reports import REGISTRAR
from tapwealth.sandbox.registrar.requests import NEEDED, keep, note_problem
from tapwealth.sandbox.store import Store
from tapwealth.wire.ofd import DataFile, DataFileName, Index, parse_index_name, read_index

DISTRIBUTORS = ("996", "T01")
_ABSENT = (0, 0, 0)
TAKEN_SCHEMA = "CREATE TABLE IF NOT EXISTS taken (name TEXT PRIMARY KEY, digest TEXT NOT NULL);"


class Intake:
    """Looks into the folder. What was looked at before and has not changed since is not read again."""

    def __init__(self, store: Store, exchange: Exchange) -> None:
        self._store, self._exchange = store, exchange
        self._looked_at: dict[str, tuple[int, int, int]] = {}

    def scan(self) -> None:
        """Take all that is new, in the order of dates and, within a date, accounts before orders."""
        indexes = [index for path in sorted(self._exchange.incoming.glob("OFI_*")) if (index := self._index(path.name)) is not None]
        files = [file for index in indexes for file in index.files]
        for file in sorted(files, key=lambda file: (file.day, file.file_type, file.creator)):
            self._look(file)

    def _index(self, name: str) -> Index | None:
        path = self._exchange.incoming / name
        if name.endswith(".ERROR"):
            return None
        try:
            return read_index(path.read_bytes(), parse_index_name(name))
        except BadInput as error:
            if self._is_news(name, path.stat()):
                self._refuse(name, str(error))
            return None

    def _look(self, file: DataFileName) -> None:
        path = self._exchange.incoming / str(file)
        there = path.is_file()
        if not self._is_news(str(file), path.stat() if there else None):
            return None
        if not there:
            return self._refuse(str(file), f"{file}: an index names it and it is not there; send it, then the index")
        try:
            _check(file)
            self._take(file)
        except BadInput as error:
            return self._refuse(str(file), str(error))
        return self._exchange.be_content(str(file))

    def _take(self, file: DataFileName) -> None:
        with (self._exchange.incoming / str(file)).open("rb") as stream, self._store.tx() as tx:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            known = tx.execute("SELECT digest FROM taken WHERE name = ?", (str(file),)).fetchone()
            if known is not None and known["digest"] != digest:
                raise BadInput("it was taken before with other content, which stands", where=str(file), hint="send it under another date")
            if known is None:
                stream.seek(0)
                keep(tx, DataFile(stream, str(file), file), load_calendar())
                tx.execute("INSERT INTO taken VALUES (?, ?)", (str(file), digest))

    def _refuse(self, name: str, text: str) -> None:
        with self._store.tx() as tx:
            note_problem(tx, text)
        self._exchange.complain(name, text)

    def _is_news(self, name: str, now: stat_result | None) -> bool:
        state = _ABSENT if now is None else (now.st_ino, now.st_size, now.st_mtime_ns)
        before = self._looked_at.get(name)
        self._looked_at[name] = state
        return before != state


def _check(file: DataFileName) -> None:
    if file.receiver != REGISTRAR:
        raise BadInput(f"it is for {file.receiver}", where=str(file), hint=f"this is {REGISTRAR}")
    if file.creator not in DISTRIBUTORS:
        raise BadInput(f"{file.creator} is no distributor here", where=str(file), hint=f"known are {', '.join(DISTRIBUTORS)}")
    if file.file_type not in NEEDED:
        raise BadInput(f"type {file.file_type} is not taken here", where=str(file), hint=f"send {' or '.join(NEEDED)}")


def taken(tx: sqlite3.Connection) -> list[dict[str, object]]:
    """Names and digests of what was taken."""
    return [dict(row) for row in tx.execute("SELECT name, digest FROM taken ORDER BY name")]
