"""A key on its way under another one: the key block of ANSI X9.143 (TR-31), version D.

`header (16) | key ciphered (AES-CBC) | MAC (AES-CMAC, 16)`, the two in hexadecimal digits. The key that protects it gives one key to
encipher and one to authenticate (NIST SP 800-108, counter mode with CMAC); the MAC covers the header and what is ciphered, and is its
initial vector, so that neither the key nor what it may be used for can be altered. Keys of triple DES are filled up to 24 bytes, to hide
their length.
"""

import hmac
import re
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from tapwealth.kernel.refusal import BadInput

_BLOCK, _HEADER, _WHERE = 16, 16, "key block"
_ALGORITHM = {16: b"\x00\x02", 24: b"\x00\x03", 32: b"\x00\x04"}
"""Of the derived keys, by the length of the one they come from."""
_ENCIPHER, _AUTHENTICATE = b"\x00\x00", b"\x00\x01"
_TDES_FILLED = 24
_WRITTEN = re.compile(r"D([0-9]{4})([0-9A-Z]{2})([0-9A-Z])([0-9A-Z])([0-9A-Za-z]{2})([ENS])0000((?:[0-9A-F]{32}){2,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class BlockKey:
    """A key and what it is for, by the codes of X9.143: usage (K0 encipher keys, P0 PIN …), algorithm (T triple DES, A AES), mode (N any,
    E encipher …), version, exportability (N never, E under a key of one's own, S)."""

    usage: str
    algorithm: str
    mode: str
    exportability: str
    key: bytes = field(repr=False)
    version: str = "00"


def key_check_value(key: bytes) -> bytes:
    """Of an AES key: the first three bytes of the CMAC of a block of zeros (X9.24-1)."""
    return _cmac(key, bytes(_BLOCK))[:3]


def padding_of(key: BlockKey) -> int:
    """How many random bytes `write_key_block` is to be given."""
    filled = max(len(key.key), _TDES_FILLED) if key.algorithm == "T" else len(key.key)
    return -(2 + filled) % _BLOCK + filled - len(key.key)


def write_key_block(protection: bytes, key: BlockKey, padding: bytes) -> str:
    """The block under an AES key of 16, 24 or 32 bytes."""
    assert len(padding) == padding_of(key), "as many random bytes as are asked for"
    clear = (len(key.key) * 8).to_bytes(2, "big") + key.key + padding
    length = _HEADER + 2 * (len(clear) + _BLOCK)
    header = f"D{length:04d}{key.usage}{key.algorithm}{key.mode}{key.version}{key.exportability}0000"
    mac = _cmac(_derived(protection, _AUTHENTICATE), header.encode() + clear)
    encryptor = Cipher(AES(_derived(protection, _ENCIPHER)), modes.CBC(mac)).encryptor()
    return header + (encryptor.update(clear) + encryptor.finalize() + mac).hex().upper()


def read_key_block(protection: bytes, text: str) -> BlockKey:
    """What is in it. Raises BadInput for anything that is not a whole, unaltered block under that key."""
    match = _WRITTEN.fullmatch(text)
    if match is None or int(match[1]) != len(text):
        raise BadInput("it is no key block of version D without optional parts", where=_WHERE, hint="hand it on as it was given")
    header, content = text[:_HEADER], bytes.fromhex(match[7])
    ciphered, mac = content[:-_BLOCK], content[-_BLOCK:]
    decryptor = Cipher(AES(_derived(protection, _ENCIPHER)), modes.CBC(mac)).decryptor()
    clear = decryptor.update(ciphered) + decryptor.finalize()
    if not hmac.compare_digest(mac, _cmac(_derived(protection, _AUTHENTICATE), header.encode() + clear)):
        raise BadInput("it was altered, or is under another key", where=_WHERE, hint="compare the check values of the transport key")
    bits = int.from_bytes(clear[:2], "big")
    if bits % 8 or not 0 < bits // 8 <= len(clear) - 2:
        raise BadInput(f"a key of {bits} bits does not fit into it", where=_WHERE)
    return BlockKey(match[2], match[3], match[4], match[6], clear[2 : 2 + bits // 8], match[5])


def _derived(protection: bytes, purpose: bytes) -> bytes:
    size = len(protection)
    rest = purpose + b"\x00" + _ALGORITHM[size] + (size * 8).to_bytes(2, "big")
    return b"".join(_cmac(protection, bytes([number]) + rest) for number in (1, 2))[:size]


def _cmac(key: bytes, content: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(content)
    return mac.finalize()
