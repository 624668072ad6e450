"""The key port, and its implementation with a file.

What is secret about people and cards lies only as authenticated ciphertext beside a keyed hash for looking it up. The port names purposes
and keys, never key bytes, so that a hardware module can take the file's place (`pkcs11_keys`).

In the file each purpose has a sealing key of its own, derived from the newest root (HKDF-SHA256, RFC 5869), so that no two processes ever
race to make one. Lookup hashes are HMAC-SHA256 (RFC 2104) by the first root, whose change would mean hashing everything anew.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tapwealth.kernel.ids import secret_bytes
from tapwealth.kernel.refusal import BadInput
from tapwealth.storage import sealed as sealing
from tapwealth.storage.keyfile import KeyFile, Keys, RsaNumbers, root_name

CHECK = 3
"""Bytes of a check value."""
_KEY_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)
_ODD_PARITY = bytes(byte if byte.bit_count() & 1 else byte ^ 1 for byte in range(256))


class KeyEntry(NamedTuple):
    """A key as people may see it. `made`: an instant in UTC by the machine's clock, empty where it is not known."""

    name: str
    kind: str
    check_value: bytes
    made: str


class KeyStore(Protocol):
    """What the house asks of whoever keeps its keys. Raises Outage where they cannot be reached at the moment: ask again."""

    def seal(self, purpose: str, plaintext: bytes, aad: bytes) -> bytes:
        """Authenticated ciphertext that only `open_sealed` with the same purpose and `aad` opens."""

    def open_sealed(self, purpose: str, sealed: bytes, aad: bytes) -> bytes:
        """The plaintext. Raises BadInput for anything altered, torn, or sealed for another row or purpose."""

    def lookup_hash(self, purpose: str, value: str | bytes) -> bytes:
        """32 bytes, the same for the same value; useless to who does not hold the key."""

    def tdes_ecb(self, key_name: str, data: bytes) -> bytes:
        """Two-key triple DES (ISO/IEC 18033-3) over whole blocks of 8 bytes. Raises BadInput for an unknown key or a broken block."""

    def check_value(self, key_name: str) -> bytes:
        """Three bytes by which people compare keys without seeing them (ANSI X9.24-1): the first of an encrypted zero block for triple DES,
        of a zero block's CMAC for AES, of its HMAC for a lookup key, of the modulus' SHA-256 for RSA. Raises BadInput for an unknown
        key."""

    def entries(self) -> Sequence[KeyEntry]:
        """Every key, by name."""

    def generate(self, key_name: str) -> None:
        """Make a card master key of 16 bytes with odd parity; one that is there already is kept."""

    def import_key(self, key_name: str, key: bytes) -> None:
        """Take over a key of 16 bytes. Raises BadInput when another one of that name is there."""

    def generate_rsa(self, key_name: str, bits: int) -> None:
        """Make an RSA key for certificates, public exponent 3; one that is there already is kept."""

    def rsa_public(self, key_name: str) -> tuple[int, int]:
        """Modulus and public exponent. Raises BadInput for an unknown key."""

    def rsa_raw(self, key_name: str, block: bytes) -> bytes:
        """The private operation on one block of the modulus' length and below it (PKCS#11: CKM_RSA_X_509). Raises BadInput."""

    def add_root(self) -> None:
        """From now on seal with fresh keys; what was sealed before is still opened."""


class FileKeyStore:
    """Keys in `<folder>/keystore.json`, made when it is not there. Raises Outage when others can read it, BadInput when nobody can."""

    def __init__(self, folder: Path) -> None:
        self._file = KeyFile(folder)
        self._keys = self._file.load_or_create()

    def seal(self, purpose: str, plaintext: bytes, aad: bytes) -> bytes:
        key_id, root = self._keys.newest_root
        empty = sealing.empty(key_id)
        return empty._replace(ciphertext=_cipher(root, purpose).encrypt(empty.nonce, plaintext, empty.bound(purpose, aad))).encode()

    def open_sealed(self, purpose: str, sealed: bytes, aad: bytes) -> bytes:
        content = sealing.parsed(purpose, sealed)
        if content.key_id not in self._keys.roots:
            self._keys = self._file.load()  # another process may have made it
        root = self._keys.roots.get(content.key_id)
        if root is None:
            raise sealing.unknown_key(purpose, content.key_id)
        try:
            return _cipher(root, purpose).decrypt(content.nonce, content.ciphertext, content.bound(purpose, aad))
        except InvalidTag:
            raise sealing.altered(purpose) from None

    def lookup_hash(self, purpose: str, value: str | bytes) -> bytes:
        content = value.encode() if isinstance(value, str) else value
        return hmac.digest(_derived(self._keys.first_root, "lookup", purpose), content, hashlib.sha256)

    def tdes_ecb(self, key_name: str, data: bytes) -> bytes:
        require_blocks(key_name, data)
        return tdes_ecb(self._key(key_name), data)

    def check_value(self, key_name: str) -> bytes:
        if key_name not in self._names():
            self._keys = self._file.load()
        for number, root in self._keys.roots.items():
            if key_name == root_name(number):
                code = CMAC(AES(root))
                code.update(bytes(16))
                return code.finalize()[:CHECK]
        if key_name in self._keys.rsa:
            return rsa_check_value(self._keys.rsa[key_name].modulus)
        return self.tdes_ecb(key_name, bytes(8))[:CHECK]

    def entries(self) -> Sequence[KeyEntry]:
        keys = self._keys = self._file.load()
        kinds = {root_name(number): "AES-256 and HMAC, derived by purpose" for number in keys.roots}
        kinds |= dict.fromkeys(keys.named, TDES_KIND)
        kinds |= {name: rsa_kind(one.modulus) for name, one in keys.rsa.items()}
        return [KeyEntry(name, kind, self.check_value(name), keys.made.get(name, "")) for name, kind in sorted(kinds.items())]

    def generate(self, key_name: str) -> None:
        checked_name(key_name)
        self._keys = self._file.change(lambda keys: keys.with_key(key_name, keys.named.get(key_name) or _new_key()))

    def import_key(self, key_name: str, key: bytes) -> None:
        require_importable(key_name, key)
        self._keys = self._file.change(lambda keys: keys.with_key(key_name, key))

    def generate_rsa(self, key_name: str, bits: int) -> None:
        checked_name(key_name)
        if key_name not in self._keys.rsa:
            made = generate_private_key(public_exponent=RSA_EXPONENT, key_size=bits).private_numbers()
            numbers = RsaNumbers(made.public_numbers.n, made.public_numbers.e, made.d)
            self._keys = self._file.change(lambda keys: keys.with_rsa(key_name, numbers))

    def rsa_public(self, key_name: str) -> tuple[int, int]:
        numbers = self._rsa(key_name)
        return numbers.modulus, numbers.exponent

    def rsa_raw(self, key_name: str, block: bytes) -> bytes:
        numbers = self._rsa(key_name)
        require_below(key_name, block, numbers.modulus)
        return pow(int.from_bytes(block, "big"), numbers.private_exponent, numbers.modulus).to_bytes(len(block), "big")

    def add_root(self) -> None:
        self._keys = self._file.change(lambda keys: keys.with_root(secret_bytes(32)))

    def _names(self) -> set[str]:
        keys: Keys = self._keys
        return {*map(root_name, keys.roots), *keys.named, *keys.rsa}

    def _rsa(self, key_name: str) -> RsaNumbers:
        if key_name not in self._keys.rsa:
            self._keys = self._file.load()
        try:
            return self._keys.rsa[key_name]
        except KeyError:
            raise BadInput("there is no RSA key of that name", where=key_name, hint="generate it first") from None

    def _key(self, key_name: str) -> bytes:
        if key_name not in self._keys.named:
            self._keys = self._file.load()  # another process may have made it
        try:
            return self._keys.named[key_name]
        except KeyError:
            raise unknown_name(key_name) from None


RSA_EXPONENT = 3
TDES_KIND = "triple DES, 16 bytes"


def rsa_kind(modulus: int) -> str:
    return f"RSA, {modulus.bit_length()} bits"


def rsa_check_value(modulus: int) -> bytes:
    return hashlib.sha256(modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")).digest()[:CHECK]


def checked_name(key_name: str) -> None:
    """Raises BadInput for what no key may be called."""
    if not _KEY_NAME.fullmatch(key_name):
        raise BadInput(f"{key_name[:70]!r} is not a key name", hint="use up to 64 small letters, digits, dots, dashes and underscores")


def unknown_name(key_name: str) -> BadInput:
    return BadInput("there is no key of that name", where=key_name, hint="generate or import it first")


def require_blocks(key_name: str, data: bytes) -> None:
    """Raises BadInput for what a block cipher cannot take."""
    if not data or len(data) % 8:
        raise BadInput(f"{len(data)} bytes are not whole blocks of 8", where=key_name)


def require_importable(key_name: str, key: bytes) -> None:
    """Raises BadInput."""
    checked_name(key_name)
    if len(key) != 16:
        raise BadInput(f"a key of {len(key)} bytes", where=key_name, hint="a two-key triple DES key has 16")


def require_below(key_name: str, block: bytes, modulus: int) -> None:
    """Raises BadInput for a block of another length than the modulus, or not below it."""
    size = (modulus.bit_length() + 7) // 8
    if len(block) != size or int.from_bytes(block, "big") >= modulus:
        raise BadInput(f"a block of {len(block)} bytes", where=key_name, hint=f"it has {size} bytes and is below the modulus")


def tdes_ecb(key: bytes, data: bytes) -> bytes:
    """Two-key triple DES over whole blocks."""
    return _tdes(key).update(data)


def _new_key() -> bytes:
    return secret_bytes(16).translate(_ODD_PARITY)


@lru_cache(maxsize=256)
def _derived(root: bytes, use: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tapwealth/{use}/{purpose}".encode()).derive(root)


@lru_cache(maxsize=256)
def _cipher(root: bytes, purpose: str) -> AESGCM:
    return AESGCM(_derived(root, "seal", purpose))


@lru_cache(maxsize=256)
def _tdes(key: bytes) -> CipherContext:
    """Made ready once: ECB keeps nothing from block to block."""
    return Cipher(TripleDES(key + key[:8]), modes.ECB()).encryptor()  # noqa: S305 - EMV's key derivation is defined on single blocks
