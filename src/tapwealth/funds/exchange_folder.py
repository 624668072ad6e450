"""The folder through which fund files are exchanged with a registrar.

A file counts when an index (OFI) names it; the index is written last. Everything is written under a temporary name, synced and renamed, so
that nobody ever sees half a file, a kill included.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from tapwealth.kernel.refusal import BadInput


@dataclass(frozen=True, slots=True)
class Folder:
    """`root/to_registrar` and `root/from_registrar`."""

    root: Path

    def leave(self, name: str, content: bytes) -> None:
        """Leave a file for the registrar. The same name again with the same content is harmless; other content is an error of ours."""
        target = self._outgoing / name
        if target.exists():
            assert target.read_bytes() == content, f"{name} was sent before with other content"
            return
        part = self._outgoing / f".{name}.part"
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
        _sync(self._outgoing)

    def found(self) -> list[str]:
        """Names of the index files that the registrar has left, in order."""
        if not self._incoming.is_dir():
            return []
        return sorted(path.name for path in self._incoming.iterdir() if path.name.startswith("OFI_"))

    def read(self, name: str) -> bytes:
        """A file of the registrar's. Raises BadInput if the index names one that is not there."""
        path = self._incoming / Path(name).name
        if not path.is_file():
            raise BadInput("the index names a file that is not there", where=name, hint="ask the registrar to send it again")
        return path.read_bytes()

    @property
    def _outgoing(self) -> Path:
        path = self.root / "to_registrar"
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def _incoming(self) -> Path:
        return self.root / "from_registrar"


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
