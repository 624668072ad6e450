"""The key store in a PKCS#11 token (OASIS PKCS#11 2.40): a hardware module, or SoftHSM 2 where there is none.

Every secret key is generated inside as sensitive and not extractable, and is used inside: AES-256-GCM seals, HMAC-SHA256 makes lookup
hashes, triple DES in ECB derives card keys (EMV Book 2, A1.4.1), raw RSA signs certificates. A token serves one installation. Keys are
found by their label; their `CKA_ID` is the instant at which they were made (a date cannot be read back from SoftHSM 2.6).

What the module loses, a session or a whole token, is opened again; what cannot be reached is an Outage. Two traps of SoftHSM 2.6 are why
that is not read off the error alone: a key whose token is gone is "no such key", so that a key that must be there (`lookup`) tells whether
it is the token; and an altered ciphertext is a "general error", so that a sound operation after it tells whether the module is well.

Calls are short and made under a lock; with a module on a network they make the caller wait, an event loop too.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass, PKCS11Error

from tapwealth.kernel.clock import iso, machine_now, monotonic_ns
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.storage import keystore
from tapwealth.storage import sealed as sealing
from tapwealth.storage.keyfile import other_key
from tapwealth.storage.keystore import KeyEntry
from tapwealth.storage.pkcs11_uri import TokenUri

LOOKUP, DATA, TERMINAL = "lookup", "data", "terminal"
"""The key of lookup hashes; the families of sealing keys, numbered from 1: of people's and cards' data, and of terminals' keys."""

_T = TypeVar("_T")
_PAUSE_NS = 1_000_000_000
"""How long a token that could not be opened is left alone: with a real module a try takes time, which taps would wait for."""

_INSIDE: Mapping[Attribute, Any] = {
    Attribute.TOKEN: True,
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.MODIFIABLE: False,
    Attribute.DECRYPT: False,
    Attribute.SIGN: False,
    Attribute.UNWRAP: False,
    Attribute.DERIVE: False,
}
_NO_USE: Mapping[Attribute, Any] = {**_INSIDE, Attribute.ENCRYPT: False, Attribute.VERIFY: False, Attribute.WRAP: False}
"""Of a secret key; a private one has no attribute for these three."""
_ENCRYPTS: Mapping[Attribute, Any] = {**_NO_USE, Attribute.ENCRYPT: True}
_SEALS: Mapping[Attribute, Any] = {**_ENCRYPTS, Attribute.DECRYPT: True, Attribute.SIGN: True}  # signs its check value (CMAC)
_SIGNS: Mapping[Attribute, Any] = {**_NO_USE, Attribute.SIGN: True}
_CERTIFIES: Mapping[Attribute, Any] = {**_INSIDE, Attribute.SIGN: True}

_WRONG_PIN = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked)


class _TokenIsGone(PKCS11Error):
    """A key that must be there is not."""


@dataclass
class _Module:
    """One library in this process. `opened` counts how often it was initialised: handles of before mean nothing, or another object."""

    path: Path
    lock: Any = field(default_factory=threading.RLock)
    opened: int = 0

    def loaded(self, *, again: bool = False) -> Any:
        """Loaded; `again`: initialised anew, since only then a module looks for its tokens."""
        try:
            library = pkcs11.lib(str(self.path))
            if again:
                self.opened += 1
                library.reinitialize()
        except (PKCS11Error, OSError) as error:
            raise Outage(f"the PKCS#11 module {self.path} cannot be used ({_named(error)}); install it, or correct module-path") from None
        return library


@cache
def _module(path: Path) -> _Module:
    return _Module(path)


class Pkcs11KeyStore:
    """The keys in one token. `folder` is where processes of this machine keep each other from making one key twice.

    Opening makes the sealing and lookup keys that are missing. Raises Outage.
    """

    def __init__(self, uri: TokenUri, folder: Path) -> None:
        self._uri, self._folder = uri, folder
        self._module = _module(uri.module)
        self._session: Any = None
        self._opened = 0
        self._known: dict[tuple[ObjectClass, str], Any] = {}
        self._newest: dict[str, int] = {}
        self._failed_at: int | None = None
        self._refused: Masked | None = None
        self._good: Masked | None = None  # the PIN that opened it last: nobody is asked twice
        self._make_basic_keys()

    def __repr__(self) -> str:
        return f"Pkcs11KeyStore(token={self._uri.token!r})"

    def seal(self, purpose: str, plaintext: bytes, aad: bytes) -> bytes:
        def act(session: Any) -> bytes:
            family = _family(purpose)
            empty = sealing.empty(self._newest_of(session, family))
            key = self._secret(session, f"{family}_{empty.key_id}")
            ciphertext = key.encrypt(plaintext, mechanism=Mechanism.AES_GCM, mechanism_param=_gcm(empty, purpose, aad))
            return empty._replace(ciphertext=bytes(ciphertext)).encode()

        return self._use(act)

    def open_sealed(self, purpose: str, sealed: bytes, aad: bytes) -> bytes:
        content = sealing.parsed(purpose, sealed)

        def act(session: Any) -> bytes:
            try:
                key = self._secret(session, f"{_family(purpose)}_{content.key_id}")
            except BadInput:
                raise sealing.unknown_key(purpose, content.key_id) from None
            try:
                return bytes(key.decrypt(content.ciphertext, mechanism=Mechanism.AES_GCM, mechanism_param=_gcm(content, purpose, aad)))
            except PKCS11Error:
                key.sign(bytes(16), mechanism=Mechanism.AES_CMAC)  # raises if it is the module that is not well
                raise sealing.altered(purpose) from None

        return self._use(act)

    def lookup_hash(self, purpose: str, value: str | bytes) -> bytes:
        name, content = purpose.encode(), value.encode() if isinstance(value, str) else value
        framed = len(name).to_bytes(2, "big") + name + content
        return self._use(lambda session: bytes(self._secret(session, LOOKUP).sign(framed, mechanism=Mechanism.SHA256_HMAC)))

    def tdes_ecb(self, key_name: str, data: bytes) -> bytes:
        keystore.require_blocks(key_name, data)
        return self._use(lambda session: bytes(self._secret(session, key_name).encrypt(data, mechanism=Mechanism.DES3_ECB)))

    def check_value(self, key_name: str) -> bytes:
        def act(session: Any) -> bytes:
            try:
                key = self._find(session, ObjectClass.PUBLIC_KEY, key_name)
            except BadInput:
                return _check_value(self._secret(session, key_name))
            return _check_value(key)

        return self._use(act)

    def entries(self) -> Sequence[KeyEntry]:
        def act(session: Any) -> list[KeyEntry]:
            self._secret(session, LOOKUP)
            wanted = (ObjectClass.SECRET_KEY, ObjectClass.PUBLIC_KEY)
            found = [key for kind in wanted for key in _search(session, kind, {Attribute.TOKEN: True}) if key.key_type in _KINDS]
            return sorted(KeyEntry(key.label, _kind(key), _check_value(key), _made(key)) for key in found)

        return self._use(act)

    def generate(self, key_name: str) -> None:
        keystore.checked_name(key_name)
        self._make_missing(ObjectClass.SECRET_KEY, key_name, _make_tdes)

    def import_key(self, key_name: str, key: bytes) -> None:
        keystore.require_importable(key_name, key)
        given = {**_ENCRYPTS, Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.DES2, Attribute.VALUE: key}

        def make(session: Any, name: str) -> None:
            session.create_object({**given, Attribute.LABEL: name, Attribute.ID: _now()})

        block = bytes(range(16))
        self._make_missing(ObjectClass.SECRET_KEY, key_name, make)
        if self.tdes_ecb(key_name, block) != keystore.tdes_ecb(key, block):
            raise other_key(key_name)

    def generate_rsa(self, key_name: str, bits: int) -> None:
        keystore.checked_name(key_name)

        def make(session: Any, name: str) -> None:
            public = {Attribute.PUBLIC_EXPONENT: bytes([keystore.RSA_EXPONENT]), Attribute.ID: _now(), Attribute.TOKEN: True}
            session.generate_keypair(
                KeyType.RSA, bits, label=name, store=True, public_template=public, private_template={**_CERTIFIES, Attribute.ID: _now()}
            )

        self._make_missing(ObjectClass.PRIVATE_KEY, key_name, make)

    def rsa_public(self, key_name: str) -> tuple[int, int]:
        def act(session: Any) -> tuple[int, int]:
            key = self._find(session, ObjectClass.PUBLIC_KEY, key_name)
            return int.from_bytes(key[Attribute.MODULUS], "big"), int.from_bytes(key[Attribute.PUBLIC_EXPONENT], "big")

        return self._use(act)

    def rsa_raw(self, key_name: str, block: bytes) -> bytes:
        keystore.require_below(key_name, block, self.rsa_public(key_name)[0])

        def act(session: Any) -> bytes:
            return bytes(self._find(session, ObjectClass.PRIVATE_KEY, key_name).sign(block, mechanism=Mechanism.RSA_X_509))

        return self._use(act)

    def add_root(self) -> None:
        def act(session: Any) -> None:
            for family in (DATA, TERMINAL):
                _make_aes(session, f"{family}_{self._newest_of(session, family, look=True) + 1}")
                self._newest.pop(family)

        with self._alone():
            self._use(act)

    def _make_basic_keys(self) -> None:
        """The lookup key comes last: where it is, the others are."""
        for name in (f"{DATA}_1", f"{TERMINAL}_1"):
            self._make_missing(ObjectClass.SECRET_KEY, name, _make_aes, anchored=False)
        self._make_missing(ObjectClass.SECRET_KEY, LOOKUP, _make_lookup, anchored=False)

    def _make_missing(self, kind: ObjectClass, name: str, make: Callable[[Any, str], None], *, anchored: bool = True) -> None:
        def act(session: Any) -> None:
            if anchored:
                self._secret(session, LOOKUP)
            if not _search(session, kind, {Attribute.LABEL: name}):
                make(session, name)

        with self._alone():
            self._use(act)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else on this machine makes keys for this installation meanwhile."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _use(self, act: Callable[[Any], _T]) -> _T:
        """Do it in a session; once more in a fresh one, if this one is lost. Raises what `act` raises of our own, and Outage."""
        with self._module.lock:
            try:
                return act(self._in_session())
            except PKCS11Error:
                self._forget()
            try:
                return act(self._in_session())
            except PKCS11Error as error:
                self._forget()
                self._failed_at = monotonic_ns()
                said = "it was removed or emptied" if isinstance(error, _TokenIsGone) else _named(error)
                raise Outage(f"the token {self._uri.token!r} does not answer ({said}); put it back, then ask again") from None

    def _forget(self) -> None:
        self._session = None
        self._known.clear()
        self._newest.clear()

    def _in_session(self) -> Any:
        if self._session is None or self._opened != self._module.opened:
            self._forget()
            if self._failed_at is not None and monotonic_ns() - self._failed_at < _PAUSE_NS:
                raise Outage(f"the token {self._uri.token!r} could not be opened a moment ago; ask again in a second")
            self._failed_at = monotonic_ns()
            self._session, self._good = self._open()
            self._failed_at, self._opened = None, self._module.opened
        return self._session

    def _open(self) -> tuple[Any, Masked]:
        """A session and the PIN that opened it."""
        pin = self._uri.pin() or self._good or self._uri.asked_pin()
        if pin == self._refused:
            raise Outage(f"the PIN of the token {self._uri.token!r} was refused; it is not tried twice: correct it, then ask again")
        try:
            return self._session_with(self._token(self._module.loaded()), pin), pin
        except _WRONG_PIN:
            self._refused = pin
            raise Outage(f"the PIN is not that of the token {self._uri.token!r}; correct it: a token locks itself after a few") from None
        except PKCS11Error:
            pass  # the module knows of no such token, or has lost it: it looks again when it is initialised anew
        try:
            return self._session_with(self._token(self._module.loaded(again=True)), pin), pin
        except PKCS11Error as error:
            raise Outage(f"the token {self._uri.token!r} cannot be opened ({_named(error)}); put it in, then ask again") from None

    def _token(self, library: Any) -> Any:
        serial = self._uri.serial.encode() or None
        return library.get_token(token_label=self._uri.token, token_serial=serial)

    def _session_with(self, token: Any, pin: Masked) -> Any:
        try:
            return token.open(rw=True, user_pin=pin.reveal())
        except pkcs11.UserAlreadyLoggedIn:
            return token.open(rw=True)

    def _secret(self, session: Any, name: str) -> Any:
        return self._find(session, ObjectClass.SECRET_KEY, name)

    def _find(self, session: Any, kind: ObjectClass, name: str) -> Any:
        """Raises BadInput for a key that is not there, while the token is."""
        if (kind, name) not in self._known:
            self._known[kind, name] = self._looked_up(session, kind, name)
        return self._known[kind, name]

    def _looked_up(self, session: Any, kind: ObjectClass, name: str) -> Any:
        found = _search(session, kind, {Attribute.LABEL: name})
        if len(found) > 1:
            raise Outage(f"the token has two keys named {name!r}: destroy the one whose check value is wrong")
        if not found and not _search(session, ObjectClass.SECRET_KEY, {Attribute.LABEL: LOOKUP}):
            raise _TokenIsGone
        if not found:
            raise keystore.unknown_name(name)
        return found[0]

    def _newest_of(self, session: Any, family: str, *, look: bool = False) -> int:
        if look or family not in self._newest:
            self._secret(session, LOOKUP)
            labels = [key.label for key in _search(session, ObjectClass.SECRET_KEY, {Attribute.KEY_TYPE: KeyType.AES})]
            numbers = [label.removeprefix(f"{family}_") for label in labels if label.startswith(f"{family}_")]
            self._newest[family] = max(int(number) for number in numbers if number.isdecimal())
        return self._newest[family]


def _search(session: Any, kind: ObjectClass, wanted: Mapping[Attribute, Any]) -> list[Any]:
    """Not before the session is known to be alive: in a lost one the library's search cannot even be given up in peace."""
    session.generate_random(8)
    return list(session.get_objects({Attribute.CLASS: kind, **wanted}))


def _family(purpose: str) -> str:
    return TERMINAL if purpose == "terminal" else DATA


def _gcm(content: sealing.Sealed, purpose: str, aad: bytes) -> GCMParams:
    return GCMParams(content.nonce, content.bound(purpose, aad), sealing.TAG_BITS)


def _make_tdes(session: Any, name: str) -> None:
    session.generate_key(KeyType.DES2, mechanism=Mechanism.DES2_KEY_GEN, label=name, id=_now(), store=True, template=dict(_ENCRYPTS))


def _make_aes(session: Any, name: str) -> None:
    session.generate_key(KeyType.AES, 256, mechanism=Mechanism.AES_KEY_GEN, label=name, id=_now(), store=True, template=dict(_SEALS))


def _make_lookup(session: Any, name: str) -> None:
    session.generate_key(
        KeyType.GENERIC_SECRET, 256, mechanism=Mechanism.GENERIC_SECRET_KEY_GEN, label=name, id=_now(), store=True, template=dict(_SIGNS)
    )


def _now() -> bytes:
    return iso(machine_now()).encode()


def _made(key: Any) -> str:
    try:
        return str(key.id.decode("ascii")) if key.id[:2] == b"20" else ""
    except UnicodeDecodeError:
        return ""


_KINDS: Mapping[KeyType, str] = {
    KeyType.DES2: keystore.TDES_KIND,
    KeyType.AES: "AES-256",
    KeyType.GENERIC_SECRET: "HMAC-SHA256",
    KeyType.RSA: "RSA",
}
"""What the house has; a token may hold others' keys of other kinds."""


def _kind(key: Any) -> str:
    if key.key_type is KeyType.RSA:
        return keystore.rsa_kind(int.from_bytes(key[Attribute.MODULUS], "big"))
    return _KINDS[key.key_type]


def _check_value(key: Any) -> bytes:
    match key.key_type:
        case KeyType.RSA:
            return keystore.rsa_check_value(int.from_bytes(key[Attribute.MODULUS], "big"))
        case KeyType.AES:
            code = key.sign(bytes(16), mechanism=Mechanism.AES_CMAC)
        case KeyType.DES2:
            code = key.encrypt(bytes(8), mechanism=Mechanism.DES3_ECB)
        case _:
            code = key.sign(bytes(16), mechanism=Mechanism.SHA256_HMAC)
    return bytes(code[: keystore.CHECK])


def _named(error: Exception) -> str:
    return str(error) or type(error).__name__
