"""The file of the software key store: JSON, for its owner's eyes only, replaced as a whole or not at all.

`{"format": 1, "roots": {"1": hex of 32 bytes}, "named": {"iss_mk_ac": hex of 16 bytes}, "rsa": {"issuer_1": [n, e, d in hex]}}`; files of
before there were RSA keys lack the last member.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from tapwealth.kernel.ids import secret_bytes
from tapwealth.kernel.refusal import BadInput, Outage

_FORMAT = 1


class RsaNumbers(NamedTuple):
    """Modulus, public and private exponent."""

    modulus: int
    exponent: int
    private_exponent: int


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """`roots` by id, from 1; `named` are the card master keys, `rsa` the keys that sign certificates."""

    roots: Mapping[int, bytes]
    named: Mapping[str, bytes]
    rsa: Mapping[str, RsaNumbers] = field(default_factory=dict)

    @property
    def first_root(self) -> bytes:
        return self.roots[min(self.roots)]

    @property
    def newest_root(self) -> tuple[int, bytes]:
        newest = max(self.roots)
        return newest, self.roots[newest]

    def with_root(self, root: bytes) -> "Keys":
        return replace(self, roots={**self.roots, max(self.roots, default=0) + 1: root})

    def with_key(self, name: str, key: bytes) -> "Keys":
        """Raises BadInput when another key has that name."""
        if self.named.get(name, key) != key:
            raise BadInput("another key of that name is there", where=name, hint="choose another name; keys are never replaced")
        return replace(self, named={**self.named, name: key})

    def with_rsa(self, name: str, numbers: RsaNumbers) -> "Keys":
        """The first key of a name stays."""
        return self if name in self.rsa else replace(self, rsa={**self.rsa, name: numbers})


class KeyFile:
    """`folder` is made with mode 0700 if it is not there, the file with mode 0600."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / "keystore.json"

    def load_or_create(self) -> Keys:
        """The keys; a file with one root is made when there is none. Raises Outage or BadInput."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Outage(f"cannot make the key folder {self._folder}: {error.strerror}; make it, or give another --data-dir") from None
        with self._locked():
            if not self._path.exists():
                self._write(Keys({}, {}).with_root(secret_bytes(32)))
            return self.load()

    def create_from(self, root: bytes, named: Mapping[str, bytes]) -> None:
        """A file with these very keys, if there is none: for played weeks, whose keys follow a seed."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            if not self._path.exists():
                self._write(Keys({}, named).with_root(root))

    def change(self, change: Callable[[Keys], Keys]) -> Keys:
        """Change the file under a lock, on top of what other processes wrote; returns what it holds now."""
        with self._locked():
            before = self.load()
            after = change(before)
            if after != before:
                self._write(after)
            return after

    def load(self) -> Keys:
        """What the file holds. Raises Outage when it is gone or open to others, BadInput when it cannot be read."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise Outage(f"cannot read the key file {self._path}: {error.strerror}; restore it, or run as its owner") from None
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if status.st_mode & 0o077:
                raise Outage(f"the key file {self._path} is open to others (mode {status.st_mode & 0o777:04o}); run chmod 600 on it")
            if status.st_uid != os.geteuid():
                raise Outage(f"the key file {self._path} belongs to user id {status.st_uid}; run as its owner")
            return _parsed(file.read(), str(self._path))

    def _write(self, keys: Keys) -> None:
        content = {
            "format": _FORMAT,
            "roots": {str(number): root.hex() for number, root in keys.roots.items()},
            "named": {name: key.hex() for name, key in keys.named.items()},
            "rsa": {name: [f"{number:x}" for number in numbers] for name, numbers in keys.rsa.items()},
        }
        part = self._folder / f".keystore-{os.getpid()}"
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(descriptor)
            part.rename(self._path)
            self._sync_folder()
        except OSError as error:
            part.unlink(missing_ok=True)
            raise Outage(f"cannot write the key file {self._path}: {error.strerror}; make room and see its rights") from None

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise Outage(f"cannot use the key folder {self._folder}: {error.strerror}; run as its owner") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _parsed(content: bytes, where: str) -> Keys:
    try:
        fields: Any = json.loads(content)
        roots = {int(number): bytes.fromhex(root) for number, root in fields["roots"].items()}
        named = {str(name): bytes.fromhex(key) for name, key in fields["named"].items()}
        rsa = {str(name): RsaNumbers(*(int(number, 16) for number in numbers)) for name, numbers in fields.get("rsa", {}).items()}
        sound = fields["format"] == _FORMAT and roots and all(0 < number < 1 << 16 for number in roots)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound or any(len(root) != 32 for root in roots.values()) or any(len(key) != 16 for key in named.values()):
        raise BadInput("this is not a key file of this program", where=where, hint="restore it from a backup")
    return Keys(roots, named, rsa)
