"""The file of the software key store: JSON, for its owner's eyes only, its keys encrypted, replaced as a whole or not at all.

`{"format": 2, "kdf": "scrypt", "cost": 10, "salt": hex, "nonce": hex, "sealed": hex, "digest": hex}`. `sealed` is AES-256-GCM under a
key that scrypt (n = 2^cost, r = 8, p = 1) makes of a passphrase; what stands before the nonce is bound to it; the digest (SHA-256 of all
that stands before it) tells a torn file from a wrong passphrase. Inside is `{"roots": {"1": hex of 32 bytes}, "named": {"iss_mk_ac_1": hex
of 16 bytes}, "rsa": {"issuer_1": [n, e, d in hex]}, "made": {"root_1": instant}}`.

Format 1, without encryption, was written by earlier versions; it is taken over when it is met. `rsa` and `made` may be missing in it.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tapwealth.kernel.clock import iso, machine_now
from tapwealth.kernel.ids import secret_bytes
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.storage import passphrase
from tapwealth.storage.passphrase import Passphrase

_PLAIN, _FORMAT = 1, 2
_SALT, _NONCE = 16, 12


@dataclass(frozen=True, slots=True, repr=False)
class RsaNumbers:
    """Modulus, public and private exponent."""

    modulus: int
    exponent: int
    private_exponent: int


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """`roots` by id, from 1; `named` are the card master keys, `rsa` the keys that sign certificates. `made`: when, by the machine's clock;
    keys of earlier versions are not in it."""

    roots: Mapping[int, bytes]
    named: Mapping[str, bytes]
    rsa: Mapping[str, RsaNumbers] = field(default_factory=dict)
    made: Mapping[str, str] = field(default_factory=dict)

    @property
    def first_root(self) -> bytes:
        return self.roots[min(self.roots)]

    @property
    def newest_root(self) -> tuple[int, bytes]:
        newest = max(self.roots)
        return newest, self.roots[newest]

    def with_root(self, root: bytes) -> "Keys":
        number = max(self.roots, default=0) + 1
        return replace(self, roots={**self.roots, number: root})._dated(root_name(number))

    def with_key(self, name: str, key: bytes) -> "Keys":
        """Raises BadInput when another key has that name."""
        if self.named.get(name, key) != key:
            raise other_key(name)
        return self if name in self.named else replace(self, named={**self.named, name: key})._dated(name)

    def with_rsa(self, name: str, numbers: RsaNumbers) -> "Keys":
        """The first key of a name stays."""
        return self if name in self.rsa else replace(self, rsa={**self.rsa, name: numbers})._dated(name)

    def _dated(self, name: str) -> "Keys":
        return replace(self, made={**self.made, name: iso(machine_now())})


def other_key(name: str) -> BadInput:
    """What is never replaced."""
    return BadInput("another key of that name is there", where=name, hint="choose another name; keys are never replaced")


def root_name(number: int) -> str:
    """What a root is called where keys are listed."""
    return f"root_{number}"


class _Wrapping(NamedTuple):
    """How a file is sealed."""

    passphrase: Passphrase
    salt: bytes
    cost: int

    @property
    def head(self) -> dict[str, Any]:
        return {"format": _FORMAT, "kdf": "scrypt", "cost": self.cost, "salt": self.salt.hex()}

    @property
    def cipher(self) -> AESGCM:
        return AESGCM(self.passphrase.key(self.salt, self.cost))


class KeyFile:
    """`folder` is made with mode 0700 if it is not there, the file with mode 0600."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / "keystore.json"
        self._good: Passphrase | None = None  # opened it last: nobody is asked twice

    def load_or_create(self) -> Keys:
        """The keys; a file with one root is made when there is none, and one of format 1 is encrypted. Raises Outage or BadInput."""
        self._make_folder()
        with self._locked():
            if not self._path.exists():
                return self._written(Keys({}, {}).with_root(secret_bytes(32)), self._new_wrapping())
            keys, wrapping = self._read()
            return self._written(keys, self._new_wrapping()) if wrapping is None else keys

    def create_from(self, root: bytes, named: Mapping[str, bytes]) -> None:
        """A file with these very keys, if there is none: for played weeks, whose keys follow a seed."""
        self._make_folder()
        with self._locked():
            if not self._path.exists():
                keys = Keys({}, {}).with_root(root)
                for name, key in named.items():
                    keys = keys.with_key(name, key)
                self._written(keys, self._new_wrapping())

    def change(self, change: Callable[[Keys], Keys]) -> Keys:
        """Change the file under a lock, on top of what other processes wrote; returns what it holds now."""
        with self._locked():
            before, wrapping = self._read()
            after = change(before)
            return after if after == before else self._written(after, wrapping or self._new_wrapping())

    def rewrap(self, new: Passphrase) -> None:
        """Seal the same keys with another passphrase. Raises BadInput for one that is too short."""
        passphrase.chosen(new)
        with self._locked():
            keys, _ = self._read()
            self._written(keys, _Wrapping(new, secret_bytes(_SALT), new.cost))

    def load(self) -> Keys:
        """What the file holds. Raises Outage when it is gone, open to others, or the passphrase is missing; BadInput when it is torn or the
        passphrase is another one's."""
        return self._read()[0]

    def _read(self) -> tuple[Keys, _Wrapping | None]:
        """The keys and how they are sealed; None for a file of format 1."""
        content, where = self._content(), str(self._path)
        fields = _fields(content, where)
        if fields.get("format") == _PLAIN:
            return _keys(fields, where), None
        head, nonce, sealed = _envelope(fields, where)
        given = passphrase.look_up(self._folder) or self._good or passphrase.asked(self._folder)
        wrapping = _Wrapping(given, *head)
        try:
            inner = wrapping.cipher.decrypt(nonce, sealed, _bytes(wrapping.head))
        except InvalidTag:
            hint = "give the one the key file was sealed with last"
            raise BadInput(f"the passphrase of {given.origin} does not open the key file", where=where, hint=hint) from None
        self._good = given
        return _keys(_fields(inner, where), where), wrapping

    def _content(self) -> bytes:
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
            return file.read()

    def _new_wrapping(self) -> _Wrapping:
        given = passphrase.for_new_file(self._folder)
        return _Wrapping(given, secret_bytes(_SALT), given.cost)

    def _written(self, keys: Keys, wrapping: _Wrapping) -> Keys:
        inner = {
            "roots": {str(number): root.hex() for number, root in keys.roots.items()},
            "named": {name: key.hex() for name, key in keys.named.items()},
            "rsa": {name: [f"{one:x}" for one in (key.modulus, key.exponent, key.private_exponent)] for name, key in keys.rsa.items()},
            "made": dict(keys.made),
        }
        nonce = secret_bytes(_NONCE)
        sealed = wrapping.cipher.encrypt(nonce, _bytes(inner), _bytes(wrapping.head))
        content = {**wrapping.head, "nonce": nonce.hex(), "sealed": sealed.hex()}
        self._replace({**content, "digest": _digest(content)})
        return keys

    def _replace(self, content: Mapping[str, Any]) -> None:
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

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Outage(f"cannot make the key folder {self._folder}: {error.strerror}; make it, or give another --data-dir") from None

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


def _bytes(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_bytes(content)).hexdigest()


def _torn(where: str) -> BadInput:
    return BadInput("this is not a whole key file of this program", where=where, hint="restore it from a backup")


def _fields(content: bytes, where: str) -> Any:
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        raise _torn(where) from None
    if not isinstance(fields, dict):
        raise _torn(where)
    return fields


def _envelope(fields: Mapping[str, Any], where: str) -> tuple[tuple[bytes, int], bytes, bytes]:
    """((salt, cost), nonce, sealed) of a whole file."""
    content = {name: value for name, value in fields.items() if name != "digest"}
    try:
        salt, nonce, sealed = (bytes.fromhex(fields[name]) for name in ("salt", "nonce", "sealed"))
        known = (fields["format"], fields["kdf"]) == (_FORMAT, "scrypt") and fields["digest"] == _digest(content)
        cost = int(fields["cost"])
    except (ValueError, KeyError, TypeError):
        raise _torn(where) from None
    if not known or len(nonce) != _NONCE or not 0 < cost <= passphrase.HIGHEST_COST:
        raise _torn(where)
    return (salt, cost), nonce, sealed


def _keys(fields: Mapping[str, Any], where: str) -> Keys:
    try:
        roots = {int(number): bytes.fromhex(root) for number, root in fields["roots"].items()}
        named = {str(name): bytes.fromhex(key) for name, key in fields["named"].items()}
        rsa = {str(name): RsaNumbers(*(int(number, 16) for number in numbers)) for name, numbers in fields.get("rsa", {}).items()}
        made = {str(name): str(at) for name, at in fields.get("made", {}).items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _torn(where) from None
    sound = roots and all(0 < number < 1 << 16 and len(root) == 32 for number, root in roots.items())
    if not sound or any(len(key) != 16 for key in named.values()):
        raise _torn(where)
    return Keys(roots, named, rsa, made)
