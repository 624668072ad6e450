"""Working keys as a terminal is given them when it signs on (field 62 of 0810; Q/CUP 009, sign-on, 60.3 = 003).

`PIN key enciphered (16) | check (4) | MAC key enciphered (16) | check (4)`, both keys of double length, enciphered block by block (triple
DES, ECB) under the terminal's master key; a check value is the first four bytes of eight zeros enciphered under the key itself.
"""

import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.emv_crypto import tdes_ecb
from tapwealth.wire.iso8583.spec import describe

KEY, CHECK = 16, 4
LENGTH = 2 * (KEY + CHECK)


@dataclass(frozen=True, slots=True)
class WorkingKeys:
    """16 bytes each."""

    pin: bytes = field(repr=False)
    mac: bytes = field(repr=False)


def check_value(key: bytes) -> bytes:
    """By which both sides see that they have the same key."""
    return tdes_ecb(key, bytes(8))[:CHECK]


def enciphered(keys: WorkingKeys, master_key: bytes) -> bytes:
    """The 40 bytes of field 62."""
    return b"".join(tdes_ecb(master_key, key) + check_value(key) for key in (keys.pin, keys.mac))


def deciphered(content: bytes, master_key: bytes) -> WorkingKeys:
    """As a terminal takes them. BadInput if the length or a check value is wrong: then it keeps the keys that it has."""
    if len(content) != LENGTH:
        raise BadInput(f"{len(content)} bytes of working keys", where=describe(62), hint=f"{LENGTH} are expected: sign on again")
    pin, mac = (_one(content[start : start + KEY + CHECK], master_key) for start in (0, KEY + CHECK))
    return WorkingKeys(pin, mac)


def _one(content: bytes, master_key: bytes) -> bytes:
    decryptor = Cipher(TripleDES(master_key + master_key[:8]), modes.ECB()).decryptor()  # noqa: S305
    key = decryptor.update(content[:KEY])
    if not hmac.compare_digest(check_value(key), content[KEY:]):
        raise BadInput("a check value is wrong", where=describe(62), hint="the master key is not the terminal's: have it injected anew")
    return key
