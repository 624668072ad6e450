"""What a till remembers over a power failure: its numbers, the sale without an answer, the batch.

One JSON file, replaced as a whole: written beside it, flushed to the disk, renamed, and the directory flushed too, so that after a kill at
any instant either the old or the new state stands. A lock keeps a second process away: two would give the same STAN twice. Card data are in
it only as ciphertext under a key derived from the terminal's (AES-256-GCM, HKDF-SHA-256); a real till keeps that key in its secure element.
"""

import fcntl
import os
import weakref
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tapwealth.kernel.ids import secret_bytes
from tapwealth.kernel.refusal import BadInput

FORMAT = 1
LAST_NUMBER = 999_999
NONCE_BYTES = 12


class StoredSale(msgspec.Struct):
    """One sale of the open batch. `card` is ciphertext of track 2 and PSN; `at` is the terminal's time (ISO, Shanghai)."""

    stan: str
    card: str
    masked_pan: str
    amount: int
    entry_mode: str
    at: str
    aid: str = ""
    reason: str = ""
    authorisation_code: str = ""
    rrn: str = ""
    upload_stan: str = ""
    upload_code: str = ""


class TillState(msgspec.Struct, forbid_unknown_fields=True):
    """`next_stan` and `batch` only rise (and begin again after 999999). `pending` was sent and has no answer yet."""

    format: int
    merchant_id: str
    terminal_id: str
    next_stan: int = 1
    batch: int = 1
    pending: StoredSale | None = None
    captured: list[StoredSale] = []
    settlement_stan: str = ""

    @property
    def batch_number(self) -> str:
        return f"{self.batch:06d}"

    def take_stan(self) -> str:
        """The next STAN; it counts as used once the state is saved."""
        stan = f"{self.next_stan:06d}"
        self.next_stan = following(self.next_stan)
        return stan


def following(number: int) -> int:
    """The next number of six digits; zero is none."""
    return number % LAST_NUMBER + 1


class CardVault:
    """Turns card data into what may lie on a disk, and back."""

    def __init__(self, terminal_key: bytes, terminal_id: str) -> None:
        key = HKDF(SHA256(), 32, salt=None, info=b"tapwealth till card data").derive(terminal_key)
        self._cipher, self._bound_to = AESGCM(key), terminal_id.encode()

    def seal(self, text: str) -> str:
        nonce = secret_bytes(NONCE_BYTES)
        return (nonce + self._cipher.encrypt(nonce, text.encode(), self._bound_to)).hex()

    def open(self, sealed: str) -> str:
        """Raises BadInput if it was sealed elsewhere or changed."""
        try:
            data = bytes.fromhex(sealed)
            return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], self._bound_to).decode()
        except (ValueError, InvalidTag):
            raise BadInput("stored card data do not open", where="till state", hint="give the key they were stored under") from None


class StateFile:
    """The file of one till, held by one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(path.with_name(path.name + ".lock"))
        self._release = weakref.finalize(self, os.close, self._lock)

    def close(self) -> None:
        """Let another process have it."""
        self._release()

    def load(self, merchant_id: str, terminal_id: str) -> TillState:
        """What was saved last, or a new till's state. Raises BadInput if the file is not this till's."""
        try:
            state = msgspec.json.decode(self._path.read_bytes(), type=TillState)
        except FileNotFoundError:
            return TillState(FORMAT, merchant_id, terminal_id)
        except msgspec.DecodeError as fault:
            raise BadInput(f"it cannot be read ({fault})", where=str(self._path), hint="restore it; an old copy repeats numbers") from None
        if (state.format, state.merchant_id, state.terminal_id) != (FORMAT, merchant_id, terminal_id):
            raise BadInput(
                f"it is of terminal {state.terminal_id} at {state.merchant_id}", where=str(self._path), hint="one till, one file"
            )
        return state

    def save(self, state: TillState) -> None:
        """Durable when it returns."""
        assert self._release.alive, "the till is closed"
        beside = self._path.with_name(self._path.name + ".new")
        _write_through(beside, msgspec.json.format(msgspec.json.encode(state), indent=1))
        os.replace(beside, self._path)
        _flush_directory(self._path.parent)


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise BadInput("another process runs this till", where=str(path), hint="stop it first") from None
    return descriptor


def _write_through(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
