"""The bytes of a sealed value, the same for every key store.

`01 | key id, 2 bytes | nonce, 12 bytes | AES-256-GCM ciphertext and tag`. The caller binds a value to its row by `aad` (additional
authenticated data); purpose and head are bound too.
"""

from typing import NamedTuple

from tapwealth.kernel.ids import secret_bytes
from tapwealth.kernel.refusal import BadInput

_VERSION, _NONCE, _TAG = 1, 12, 16
_HEAD = 3
TAG_BITS = 8 * _TAG


class Sealed(NamedTuple):
    """A sealed value in its parts; `ciphertext` with its tag."""

    key_id: int
    nonce: bytes
    ciphertext: bytes

    def bound(self, purpose: str, aad: bytes) -> bytes:
        """What is authenticated beside the ciphertext. Unambiguous: the purpose goes with its length."""
        name = purpose.encode()
        return self._head + len(name).to_bytes(2, "big") + name + aad

    def encode(self) -> bytes:
        return self._head + self.nonce + self.ciphertext

    @property
    def _head(self) -> bytes:
        return bytes([_VERSION]) + self.key_id.to_bytes(2, "big")


def empty(key_id: int) -> Sealed:
    """With a fresh nonce, to be filled by encryption."""
    return Sealed(key_id, secret_bytes(_NONCE), b"")


def parsed(purpose: str, content: bytes) -> Sealed:
    """Raises BadInput for what was never sealed."""
    if len(content) < _HEAD + _NONCE + _TAG or content[0] != _VERSION:
        raise BadInput("this is not a sealed value", where=purpose, hint="restore it from a backup")
    return Sealed(int.from_bytes(content[1:_HEAD], "big"), content[_HEAD : _HEAD + _NONCE], content[_HEAD + _NONCE :])


def altered(purpose: str) -> BadInput:
    """What authentication failed on."""
    return BadInput("the sealed value was altered, or belongs to another row", where=purpose, hint="restore it from a backup")


def unknown_key(purpose: str, key_id: int) -> BadInput:
    return BadInput(f"sealed with key {key_id}, which this key store lacks", where=purpose, hint="restore the keys it was made with")
