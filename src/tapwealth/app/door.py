"""Where the platform of a data folder is to be found by commands on the same machine.

While it serves, a file in the folder holds its address and a token of its own making, readable to its user alone: whoever may read that
file may read the keys as well. The file goes when the platform ends; one that a kill left behind leads nowhere, since the token dies too.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

_NAME = "platform.json"


class Door(msgspec.Struct, frozen=True):
    """An address, and the token that lets a command in there."""

    url: str
    token: str


@contextmanager
def shown_at(data: Path, door: Door) -> Iterator[None]:
    """The door is written down as long as the block lasts."""
    path = data / _NAME
    passing = path.with_suffix(".new")
    passing.unlink(missing_ok=True)
    passing.touch(mode=0o600)
    passing.write_bytes(msgspec.json.encode(door))
    os.replace(passing, path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find(data: Path) -> Door | None:
    """The door of the platform that serves this folder, or did until it was killed."""
    try:
        return msgspec.json.decode((data / _NAME).read_bytes(), type=Door)
    except FileNotFoundError:
        return None
