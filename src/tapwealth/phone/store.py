"""Where a phone keeps its card: one file, replaced as a whole, safe against a loss of power at any instant, used by one process at a time.

Two processes on one store would give two cryptograms under one counter; hence the lock, which goes with the process.
"""

import fcntl
import os
from pathlib import Path

from tapwealth.card import CardState, from_json, to_json
from tapwealth.kernel.refusal import BadInput


class CardStore:
    """`path` is the file. Reading and writing raise BadInput when there is no card in it, and OSError when the disk will not."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stored = ""
        self._lock: int | None = None

    @property
    def has_card(self) -> bool:
        return self._path.exists()

    def lock(self) -> None:
        """Keep others out until `close`. Raises BadInput if another process has it."""
        handle = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise BadInput("another process uses this phone", where=str(self._path), hint="end it, or take another phone") from None
        self._lock = handle

    def close(self) -> None:
        """Let others in."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def load(self) -> CardState:
        """The card, switched off."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except (FileNotFoundError, IsADirectoryError):
            raise BadInput("no phone is stored here", where=str(self._path), hint=self._others()) from None
        except UnicodeDecodeError:
            raise BadInput("this is no phone's store", where=str(self._path), hint=self._others()) from None
        try:
            card = from_json(text)
        except BadInput as wrong:
            raise BadInput(wrong.what, where=f"{self._path}: {wrong.where}", hint=wrong.hint) from None
        self._stored = text
        return card

    def save(self, state: CardState) -> None:
        """On return the disk has it. What needs no storing (where the dialogue stands) costs nothing."""
        text = to_json(state)
        if text == self._stored:
            return
        part = self._path.with_suffix(".part")
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._stored = text

    def _others(self) -> str:
        folder = self._path if self._path.is_dir() else self._path.parent
        found = sorted(folder.rglob("phone*.json"))[:8] if folder.is_dir() else []
        return f"there are {', '.join(map(str, found))}" if found else "play a week ('tapwealth demo'): its phones lie in the data folder"
