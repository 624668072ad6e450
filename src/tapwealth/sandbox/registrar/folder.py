"""The folder that stands between distributors and registrar, from the registrar's side.

Files appear under their name when they are whole: written under another name, synced, renamed. An index is written after what it names.
"""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Exchange:
    """`root/to_registrar` is read, `root/from_registrar` is written."""

    root: Path

    @property
    def incoming(self) -> Path:
        return self.root / "to_registrar"

    @property
    def outgoing(self) -> Path:
        return self.root / "from_registrar"

    def prepare(self) -> None:
        """Make both folders."""
        self.incoming.mkdir(parents=True, exist_ok=True)
        self.outgoing.mkdir(parents=True, exist_ok=True)

    def send(self, name: str, content: bytes) -> None:
        """Let a file appear for the distributors; again is harmless."""
        put(self.outgoing.joinpath(name), content)

    def complain(self, name: str, text: str) -> None:
        """Say beside a file that it was refused, and why."""
        put(self.incoming / f"{name}.ERROR", f"{text}\n".encode())

    def be_content(self, name: str) -> None:
        """Take the complaint back: the file came again and was taken."""
        (self.incoming / f"{name}.ERROR").unlink(missing_ok=True)


def put(path: Path, content: bytes) -> None:
    """Write a file so that it is whole whenever it can be seen."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
