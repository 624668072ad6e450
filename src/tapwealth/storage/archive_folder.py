"""Files that hold what the database no longer does. A file is written under another name, synced and then given its own: so it is there
whole or not at all, and writing it again makes the same.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tapwealth.kernel.refusal import Outage

_HINT = "put it back from its copy, then ask again"


class ArchiveLost(Outage):
    """A file is not there, or is not what was written."""


@dataclass(frozen=True, slots=True)
class ArchiveFolder:
    """One folder."""

    folder: Path

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Where to write; it gets its name when the block ends, and is gone when the block raises."""
        self.folder.mkdir(parents=True, exist_ok=True)
        unnamed = self.folder / f".{name}.part"
        try:
            yield unnamed
            _sync(unnamed)
            unnamed.replace(self.folder / name)
            _sync(self.folder)
        finally:
            unnamed.unlink(missing_ok=True)

    def place(self, name: str) -> Path:
        """Of a file that must be there. Raises ArchiveLost."""
        place = self.folder / name
        if not place.is_file():
            raise ArchiveLost(f"the archive {place} is not there; {_HINT}")
        return place

    def digest(self, name: str) -> bytes | None:
        """SHA-256 of its bytes; None: it is not there."""
        try:
            with (self.folder / name).open("rb") as file:
                return hashlib.file_digest(file, "sha256").digest()
        except FileNotFoundError:
            return None

    def unreadable(self, name: str) -> ArchiveLost:
        """What to say of a file that is not what was written."""
        return ArchiveLost(f"the archive {self.folder / name} cannot be read; {_HINT}")


def _sync(path: Path) -> None:
    place = os.open(path, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
