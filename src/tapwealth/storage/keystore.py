"""The key port, and its implementation with a file.

What is secret about people and cards lies only as authenticated ciphertext beside a keyed hash for looking it up. The port names purposes
and keys, never key bytes, so that a hardware module can take the file's place (PKCS#11).

A sealed value is `01 | key id, 2 bytes | nonce, 12 bytes | AES-256-GCM ciphertext and tag`. The caller binds it to its row by `aad`
(additional authenticated data); purpose and head are bound too. Each purpose has its own key, derived from the file's newest root
(HKDF-SHA256, RFC 5869), so that no two processes ever race to make one. Lookup hashes are HMAC-SHA256 (RFC 2104) by the first root, whose
change would mean hashing everything anew.
"""

import hashlib
import hmac
import re
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tapwealth.kernel.ids import secret_bytes
from tapwealth.kernel.refusal import BadInput
from tapwealth.storage.keyfile import KeyFile, RsaNumbers

_VERSION, _NONCE, _HEAD, _TAG = 1, 12, 15, 16
_KEY_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)
_ODD_PARITY = bytes(byte if byte.bit_count() & 1 else byte ^ 1 for byte in range(256))


class KeyStore(Protocol):
    """What the house asks of whoever keeps its keys."""

    def seal(self, purpose: str, plaintext: bytes, aad: bytes) -> bytes:
        """Authenticated ciphertext that only `open_sealed` with the same purpose and `aad` opens."""

    def open_sealed(self, purpose: str, sealed: bytes, aad: bytes) -> bytes:
        """The plaintext. Raises BadInput for anything altered, torn, or sealed for another row or purpose."""

    def lookup_hash(self, purpose: str, value: str | bytes) -> bytes:
        """32 bytes, the same for the same value; useless to who does not hold the key."""

    def tdes_ecb(self, key_name: str, data: bytes) -> bytes:
        """Two-key triple DES (ISO/IEC 18033-3) over whole blocks of 8 bytes. Raises BadInput for an unknown key or a broken block."""

    def check_value(self, key_name: str) -> bytes:
        """The first three bytes of an encrypted zero block, by which people compare keys."""

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


class FileKeyStore:
    """Keys in `<folder>/keystore.json`, made when it is not there. Raises Outage when others can read it, BadInput when nobody can."""

    def __init__(self, folder: Path) -> None:
        self._file = KeyFile(folder)
        self._keys = self._file.load_or_create()

    def seal(self, purpose: str, plaintext: bytes, aad: bytes) -> bytes:
        key_id, root = self._keys.newest_root
        nonce = secret_bytes(_NONCE)
        head = bytes([_VERSION]) + key_id.to_bytes(2, "big")
        return head + nonce + _cipher(root, purpose).encrypt(nonce, plaintext, _bound(head, purpose, aad))

    def open_sealed(self, purpose: str, sealed: bytes, aad: bytes) -> bytes:
        if len(sealed) < _HEAD + _TAG or sealed[0] != _VERSION:
            raise BadInput("this is not a sealed value", where=purpose, hint="restore it from a backup")
        head, nonce, ciphertext = sealed[:3], sealed[3:_HEAD], sealed[_HEAD:]
        key_id = int.from_bytes(head[1:], "big")
        root = self._keys.roots.get(key_id)
        if root is None:
            raise BadInput(
                f"sealed with key {key_id}, which this key file lacks", where=purpose, hint="restore the key file it was made with"
            )
        try:
            return _cipher(root, purpose).decrypt(nonce, ciphertext, _bound(head, purpose, aad))
        except InvalidTag:
            raise BadInput(
                "the sealed value was altered, or belongs to another row", where=purpose, hint="restore it from a backup"
            ) from None

    def lookup_hash(self, purpose: str, value: str | bytes) -> bytes:
        content = value.encode() if isinstance(value, str) else value
        return hmac.digest(_derived(self._keys.first_root, "lookup", purpose), content, hashlib.sha256)

    def tdes_ecb(self, key_name: str, data: bytes) -> bytes:
        if not data or len(data) % 8:
            raise BadInput(f"{len(data)} bytes are not whole blocks of 8", where=key_name)
        encryptor = _tdes(self._key(key_name)).encryptor()
        return encryptor.update(data) + encryptor.finalize()

    def check_value(self, key_name: str) -> bytes:
        return self.tdes_ecb(key_name, bytes(8))[:3]

    def generate(self, key_name: str) -> None:
        _checked_name(key_name)
        self._keys = self._file.change(lambda keys: keys.with_key(key_name, keys.named.get(key_name) or _new_key()))

    def import_key(self, key_name: str, key: bytes) -> None:
        _checked_name(key_name)
        if len(key) != 16:
            raise BadInput(f"a key of {len(key)} bytes", where=key_name, hint="a two-key triple DES key has 16")
        self._keys = self._file.change(lambda keys: keys.with_key(key_name, key))

    def generate_rsa(self, key_name: str, bits: int) -> None:
        _checked_name(key_name)
        if key_name not in self._keys.rsa:
            made = generate_private_key(public_exponent=3, key_size=bits).private_numbers()
            numbers = RsaNumbers(made.public_numbers.n, made.public_numbers.e, made.d)
            self._keys = self._file.change(lambda keys: keys.with_rsa(key_name, numbers))

    def rsa_public(self, key_name: str) -> tuple[int, int]:
        numbers = self._rsa(key_name)
        return numbers.modulus, numbers.exponent

    def rsa_raw(self, key_name: str, block: bytes) -> bytes:
        numbers, value = self._rsa(key_name), int.from_bytes(block, "big")
        size = (numbers.modulus.bit_length() + 7) // 8
        if len(block) != size or value >= numbers.modulus:
            raise BadInput(f"a block of {len(block)} bytes", where=key_name, hint=f"it has {size} bytes and is below the modulus")
        return pow(value, numbers.private_exponent, numbers.modulus).to_bytes(size, "big")

    def add_root(self) -> None:
        """From now on seal with a fresh root; what was sealed before is still opened."""
        self._keys = self._file.change(lambda keys: keys.with_root(secret_bytes(32)))

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
            raise BadInput("there is no key of that name", where=key_name, hint="generate or import it first") from None


def _new_key() -> bytes:
    return secret_bytes(16).translate(_ODD_PARITY)


def _checked_name(key_name: str) -> None:
    if not _KEY_NAME.fullmatch(key_name):
        raise BadInput(f"{key_name[:70]!r} is not a key name", hint="use up to 64 small letters, digits, dots, dashes and underscores")


def _bound(head: bytes, purpose: str, aad: bytes) -> bytes:
    """Unambiguous: the purpose goes with its length."""
    name = purpose.encode()
    return head + len(name).to_bytes(2, "big") + name + aad


@lru_cache(maxsize=256)
def _derived(root: bytes, use: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tapwealth/{use}/{purpose}".encode()).derive(root)


@lru_cache(maxsize=256)
def _cipher(root: bytes, purpose: str) -> AESGCM:
    return AESGCM(_derived(root, "seal", purpose))


@lru_cache(maxsize=256)
def _tdes(key: bytes) -> Cipher[modes.ECB]:
    return Cipher(TripleDES(key + key[:8]), modes.ECB())  # noqa: S305 - EMV's key derivation is defined on single blocks
