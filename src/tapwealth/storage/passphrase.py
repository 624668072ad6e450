"""The passphrase of the software key store: where it lies, and the key that is made of it.

Looked for in this order: the environment's `TAPWEALTH_KEY_PASSPHRASE`; the file that `TAPWEALTH_KEY_PASSPHRASE_FILE` names; the file
`passphrase` beside the key file, made at random where there is neither key file nor passphrase; at last whoever sits at a terminal.
A passphrase is stretched by scrypt (RFC 7914), with a cost that is low for 256 random bits and high for what a person may have chosen.
"""

import getpass
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from tapwealth.kernel.ids import secret_bytes
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.storage.secret_file import first_line

TEXT, FILE = "TAPWEALTH_KEY_PASSPHRASE", "TAPWEALTH_KEY_PASSPHRASE_FILE"
BESIDE = "passphrase"
_SHORTEST = 12
_RANDOM_BYTES = 32
_RANDOM_COST, _CHOSEN_COST = 10, 17
"""Logarithms of scrypt's cost. 17 takes 128 MB and some tenths of a second (OWASP's password storage cheat sheet)."""
HIGHEST_COST = 20


@dataclass(frozen=True, slots=True)
class Passphrase:
    """A passphrase, and in words where it came from."""

    text: Masked
    origin: str

    @property
    def cost(self) -> int:
        """The logarithm of scrypt's cost for sealing anew."""
        text = self.text.reveal()
        random = len(text) == 2 * _RANDOM_BYTES and all(char in "0123456789abcdef" for char in text)
        return _RANDOM_COST if random else _CHOSEN_COST

    def key(self, salt: bytes, cost: int) -> bytes:
        """The 32 bytes that encrypt the keys."""
        return _stretched(self.text, salt, cost)


def look_up(folder: Path) -> Passphrase | None:
    """The passphrase of the key file in `folder`, nobody asked. Raises Outage for a file that cannot be read or is open to others."""
    if TEXT in os.environ:
        return _spoken(os.environ[TEXT], TEXT)
    if os.environ.get(FILE):
        return read(Path(os.environ[FILE]))
    return read(folder / BESIDE) if (folder / BESIDE).exists() else None


def asked(folder: Path) -> Passphrase:
    """What whoever sits at the terminal says. Raises Outage where there is none."""
    if not sys.stdin.isatty():
        raise Outage(f"the passphrase of the key file in {folder} is not given; set {FILE} (or {TEXT}), or put back {folder / BESIDE}")
    return _spoken(getpass.getpass("Passphrase of the key file: "), "the terminal")


def for_new_file(folder: Path) -> Passphrase:
    """The one that is given, or a random one that is put beside the key file, for its owner alone."""
    found = look_up(folder)
    if found is not None:
        return chosen(found)
    text = secret_bytes(_RANDOM_BYTES).hex()
    part = folder / f".{BESIDE}-{os.getpid()}"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(descriptor)
    part.rename(folder / BESIDE)  # whole or not at all: half of one would open nothing
    return Passphrase(Masked(text), str(folder / BESIDE))


def chosen(given: Passphrase) -> Passphrase:
    """The same, if it is long enough to seal with. Raises BadInput."""
    if len(given.text.reveal()) < _SHORTEST:
        raise BadInput(
            "the passphrase is too short", where=given.origin, hint=f"take {_SHORTEST} characters or more, best of all random ones"
        )
    return given


def read(path: Path) -> Passphrase:
    """The first line of a file. Raises Outage when it cannot be read, is empty, or is open to others."""
    return Passphrase(first_line(path, "passphrase"), str(path))


def _spoken(text: str, origin: str) -> Passphrase:
    if not text:
        raise Outage(f"the passphrase is empty: {origin}; give the one the key file was sealed with")
    return Passphrase(Masked(text), origin)


@lru_cache(maxsize=16)
def _stretched(text: Masked, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=1 << cost, r=8, p=1).derive(text.reveal().encode())
