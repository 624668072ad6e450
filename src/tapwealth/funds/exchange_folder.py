"""The folder through which fund files are exchanged with a registrar.

A file counts when an index (OFI) names it; the index is written last. Everything is written under a temporary name, synced and renamed, so
that nobody ever sees half a file, a kill included.
"""

import filecmp
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from tapwealth.kernel.refusal import BadInput

Look = tuple[tuple[int, int, int] | None, ...]
"""What files looked like: inode, size and time of the last change of each; None where there is none."""


@dataclass(frozen=True, slots=True)
class Folder:
    """`root/to_registrar` and `root/from_registrar`."""

    root: Path
    _settled: dict[str, tuple[tuple[str, ...], Look]] = field(default_factory=dict, repr=False, compare=False)
    """By index: its files, and how all of them looked when there was nothing more to do about them."""

    def leave(self, name: str, content: bytes) -> None:
        """Leave a file for the registrar, as `leaving` does."""
        with self.leaving(name) as file:
            file.write(content)

    @contextmanager
    def leaving(self, name: str) -> Iterator[BinaryIO]:
        """A file for the registrar, written as a stream: it is there when the block ends. The same name again with the same content is
        harmless; other content is an error of ours."""
        target, part = self._outgoing / name, self._outgoing / f".{name}.part"
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            assert filecmp.cmp(part, target, shallow=False), f"{name} was sent before with other content"
            part.unlink()
            return
        part.rename(target)
        _sync(self._outgoing)

    def has_left(self, name: str) -> bool:
        """Whether a file lies there for the registrar."""
        return (self._outgoing / name).exists()

    def found(self) -> list[str]:
        """Names of the index files that the registrar has left, in order; without those that are settled and have not changed since."""
        if not self._incoming.is_dir():
            return []
        names = sorted(path.name for path in self._incoming.iterdir() if path.name.startswith("OFI_"))
        return [name for name in names if not self._is_settled(name)]

    def look(self, files: Sequence[str]) -> Look:
        """How these of the registrar's files look now; take it before reading them."""
        return tuple(_state(self._incoming / name) for name in files)

    def settle(self, index: str, files: Sequence[str], look: Look) -> None:
        """Nothing more is to be done about an index and its files as they looked: a scan of the folder does not grow with what has come in
        all the years. Remembered by this process alone."""
        self._settled[index] = tuple(files), look

    def _is_settled(self, index: str) -> bool:
        if index not in self._settled:
            return False
        files, look = self._settled[index]
        return look == self.look((index, *files))

    def read(self, name: str) -> bytes:
        """An index of the registrar's, whole: it is short. Raises BadInput if it is not there."""
        with self.arriving(name) as file:
            return file.read()

    def arriving(self, name: str) -> BinaryIO:
        """A file of the registrar's, to be read as a stream and closed. Raises BadInput if the index names one that is not there."""
        path = self._incoming / Path(name).name
        if not path.is_file():
            raise BadInput("the index names a file that is not there", where=name, hint="ask the registrar to send it again")
        return path.open("rb")

    @property
    def _outgoing(self) -> Path:
        path = self.root / "to_registrar"
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def _incoming(self) -> Path:
        return self.root / "from_registrar"


def digest_of(file: BinaryIO) -> bytes:
    """SHA-256 of a file, a piece after the other; it stands at its beginning then."""
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    file.seek(0)
    return digest.digest()


_PIECE = 1 << 20


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
