"""The message authentication code of UnionPay terminals (field 64).

Q/CUP 009 (point-of-sale terminals), "MAC algorithm", the ECB way: the message from its type to the last byte before field 64, with bit 64
already set in the bitmap, is cut into blocks of eight bytes (the last filled up with 00) that are XORed into one. That block is written
as 16 hexadecimal characters; the first eight are enciphered under the terminal's MAC key, XORed with the other eight and enciphered again.
The result is written as hexadecimal characters too, and the first eight of these are the code: 32 bits of it travel.

With a key of 8 bytes the cipher is DES, with one of 16 it is 3DES. The code is not a CBC-MAC: the XOR forgets the order of blocks. It is
what the terminals speak; the connection's own protection has to make up for it.
"""

import hmac
import operator
import struct
from functools import lru_cache, reduce

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.emv_crypto import TdesEcb, xor

BLOCK = 8


def checked_key(key: bytes) -> bytes:
    """The key, if it is of 8 or 16 bytes; else BadInput."""
    if len(key) not in (8, 16):
        raise BadInput(f"a MAC key of {len(key)} bytes", where="MAC key", hint="it has 8 bytes (DES) or 16 (3DES)")
    return key


@lru_cache(maxsize=8_192)
def _cipher(key: bytes) -> TdesEcb:
    """DES is 3DES with equal halves. Kept by key: a terminal's is used for every message, and making ready costs as much as ten blocks."""
    return TdesEcb(key if len(checked_key(key)) == 2 * BLOCK else key * 2)


def _folded(message: bytes) -> bytes:
    """All blocks of eight XORed; an unfinished last one counts as filled up with 00."""
    padded = message + bytes(-len(message) % BLOCK)
    return reduce(operator.xor, struct.unpack(f">{len(padded) // BLOCK}Q", padded), 0).to_bytes(BLOCK, "big")


def terminal_mac(key: bytes, message: bytes) -> bytes:
    """The eight bytes of field 64 over `message` (type to field 63, bitmap with bit 64 set)."""
    spread = _folded(message).hex().upper().encode()
    cipher = _cipher(key)
    enciphered = cipher.encrypt(xor(cipher.encrypt(spread[:BLOCK]), spread[BLOCK:]))
    return enciphered.hex().upper().encode()[:BLOCK]


def sealed(key: bytes, message: bytes) -> bytes:
    """The message with its code behind it. `message` must have bit 64 set and end with field 63."""
    return message + terminal_mac(key, message)


def is_sealed_by(key: bytes, message: bytes) -> bool:
    """Whether the last eight bytes of a whole message are its code under this key. Takes the same time for every wrong code."""
    has_code = len(message) > 10 + BLOCK and message[9] & 1
    return bool(has_code) and hmac.compare_digest(terminal_mac(key, message[:-BLOCK]), message[-BLOCK:])
