"""The cryptography of payment cards as bytes to bytes: key derivation, cryptogram, answer to it.

Two-key triple DES in ECB from `cryptography`; everything here is composition of it. The keys are handed in: the card holds its own,
the issuer's master key stays behind its port, which needs only `tdes_ecb`. Clauses: EMV Book 2, A1 (keys, MAC), 8.1 and 8.2
(cryptogram and ARPC); PBOC 3.0 part 7 for the PBOC session key.
"""

from enum import Enum

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

BLOCK = 8
KEY_LENGTH = 16
_ECB = modes.ECB()  # noqa: S305 the payment standards prescribe it: every use here is a single key or MAC block
_ZERO_CBC = modes.CBC(bytes(BLOCK))
_INVERT = bytes(byte ^ 0xFF for byte in range(256))
_ODD_PARITY = bytes(byte if byte.bit_count() & 1 else byte ^ 1 for byte in range(256))


class Padding(Enum):
    """How a MAC's data is brought to whole blocks (ISO/IEC 9797-1)."""

    ZEROS = "padding 00"
    """Method 1: zero bytes, none if the length fits already."""
    MARKED = "padding 80"
    """Method 2: one byte 80, then zero bytes."""


class TdesEcb:
    """A 16-byte key made ready to encrypt whole blocks; handed over as 24 bytes, K1 K2 K1. ECB keeps nothing from block to block."""

    def __init__(self, key: bytes) -> None:
        self.encrypt = Cipher(TripleDES(key + key[:BLOCK]), _ECB).encryptor().update


def tdes_ecb(key: bytes, data: bytes) -> bytes:
    """Encrypt whole blocks under a 16-byte key."""
    return TdesEcb(key).encrypt(data)


def odd_parity(key: bytes) -> bytes:
    """Each byte with an odd number of ones, as DES keys are written; DES itself ignores the lowest bit."""
    return key.translate(_ODD_PARITY)


def card_key_input(pan: str, psn: str) -> bytes:
    """The 16 bytes that an issuer master key encrypts to the card's key (EMV Book 2, A1.4.1, option A).

    The rightmost 16 digits of PAN and PSN, and their complement. `odd_parity` of the result is the key.
    """
    left = bytes.fromhex((pan + psn)[-16:].rjust(16, "0"))
    return left + left.translate(_INVERT)


def pboc_session_input(atc: int) -> bytes:
    """What a card key encrypts to the session key of one transaction (PBOC 3.0 part 7): the counter and its complement."""
    counter = atc.to_bytes(2, "big")
    return bytes(6) + counter + bytes(6) + counter.translate(_INVERT)


def pboc_session_key(card_key: bytes, atc: int) -> bytes:
    """The PBOC session key, without parity adjustment, as the published vector has it."""
    return tdes_ecb(card_key, pboc_session_input(atc))


def csk_session_key(card_key: bytes, atc: int) -> bytes:
    """The EMV common session key (EMV Book 2, A1.3.1): counter‖F0‖zeros and counter‖0F‖zeros."""
    counter = atc.to_bytes(2, "big")
    return odd_parity(tdes_ecb(card_key, counter + b"\xf0" + bytes(5) + counter + b"\x0f" + bytes(5)))


def limited_use_key(card_key: bytes, number: int) -> bytes:
    """Key `number` (from 1, 32 bits) of those that stand in for a card's key on a phone, each for a range of its counter.

    Own layout, as the schemes' are not public: the card key encrypts number‖"LUK1" and its complement.
    """
    left = number.to_bytes(4, "big") + b"LUK1"
    return odd_parity(tdes_ecb(card_key, left + left.translate(_INVERT)))


def cash_load_key(card_key: bytes) -> bytes:
    """The key under which issuer and phone agree on loading and unloading electronic cash. Own layout, as above."""
    left = b"EC-LOAD\x00"
    return odd_parity(tdes_ecb(card_key, left + left.translate(_INVERT)))


def pad(data: bytes, padding: Padding) -> bytes:
    """Whole blocks, at least one."""
    if padding is Padding.MARKED:
        data += b"\x80"
    return data.ljust(-(-max(len(data), 1) // BLOCK) * BLOCK, b"\x00")


def retail_mac(key: bytes, data: bytes, padding: Padding) -> bytes:
    """8 bytes: single DES in CBC under the left half, triple DES in the last block (EMV Book 2, A1.2.1; ISO/IEC 9797-1, algorithm 3)."""
    return tdes_ecb(key, retail_mac_block(key, data, padding))


def retail_mac_block(key: bytes, data: bytes, padding: Padding) -> bytes:
    """The block that triple DES makes the retail MAC of: for who has more to encrypt under the same key."""
    blocks = pad(data, padding)
    if len(blocks) == BLOCK:
        return blocks
    single = Cipher(TripleDES(key[:BLOCK] * 3), _ZERO_CBC).encryptor()
    return xor(single.update(blocks[:-BLOCK])[-BLOCK:], blocks[-BLOCK:])


def xor(left: bytes, right: bytes) -> bytes:
    """Two strings of one length, bit by bit."""
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")


def arpc_method_1(session_key: bytes, arqc: bytes, response_code: bytes) -> bytes:
    """8 bytes; the response code is the two characters of field 39 (EMV Book 2, 8.2.1)."""
    return tdes_ecb(session_key, arpc_1_block(arqc, response_code))


def arpc_1_block(arqc: bytes, response_code: bytes) -> bytes:
    """The block that triple DES makes ARPC method 1 of."""
    return xor(arqc, response_code.ljust(BLOCK, b"\x00"))


def arpc_method_2(session_key: bytes, arqc: bytes, card_status_update: bytes, proprietary: bytes = b"") -> bytes:
    """4 bytes over cryptogram, card status update and up to 8 proprietary bytes (EMV Book 2, 8.2.2)."""
    return retail_mac(session_key, arqc + card_status_update + proprietary, Padding.MARKED)[:4]
