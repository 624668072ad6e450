"""Certificates of payment cards, made and recovered (EMV Book 2, clauses 5 and 6).

A scheme's authority certifies the issuer's key (tag 90), the issuer certifies the card's (9F46) together with the card's static data.
A certificate is signed with message recovery: what fits of the key lies inside the signature, the remainder (92, 9F48) and the exponent
(9F32, 9F47) lie beside it, and a hash binds them. Recovering checks everything that the clauses list; what fails is `BadInput` with the
element's tag as place and the failed check as text, which never shows a digit of the PAN.

The dynamic signatures that such keys make are in `emv_signatures`.
"""

import hashlib
from calendar import monthrange
from collections.abc import Container
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.emv_rsa import PublicKey, Signer

HEADER, TRAILER, FILLER = 0x6A, 0xBC, b"\xbb"
ISSUER_FORMAT, CARD_FORMAT = 0x02, 0x04
SHA_1, RSA = 0x01, 0x01
"""The hash and key algorithms that Book 2 knows (B2.1, B3.1)."""

HASH = 20
_BESIDE_ISSUER_KEY, _BESIDE_CARD_KEY = 36, 42
"""Bytes of a certificate that are not key (tables 6 and 14)."""

ISSUER_WHERE, CARD_WHERE = "90 Issuer public key certificate", "9F46 ICC public key certificate"
_HINT = "another authority, a damaged card, or a forged one"


@dataclass(frozen=True, slots=True)
class CaKey:
    """An authority's public key as terminals are given it. `expiry` is its last day, None when none was announced."""

    rid: bytes
    index: int
    key: PublicKey
    expiry: date | None = None

    def __post_init__(self) -> None:
        if len(self.rid) != 5 or not 0 <= self.index <= 0xFF:
            raise BadInput("RID or index is out of range", where="CA key", hint="a RID has 5 bytes, an index is 0 to 255")

    @property
    def check_value(self) -> bytes:
        """20 bytes of SHA-1 over RID, index, modulus and exponent (Book 2, table 29): the fingerprint that schemes publish."""
        return sha_1(self.rid + bytes((self.index,)) + self.key.modulus_bytes + self.key.exponent_bytes)


class Revoked(NamedTuple):
    """One line of a scheme's revocation list: the certificates of that serial number under that authority key count no more (5.3)."""

    rid: bytes
    ca_index: int
    serial: bytes


class Certified(NamedTuple):
    """A made certificate, as a card is given it: the signature, the remainder (empty if the key fits inside) and the exponent."""

    certificate: bytes
    remainder: bytes
    exponent: bytes


class Recovered(NamedTuple):
    """A recovered key, good to the end of the month of which `last_day` is the last day. `serial` has three bytes."""

    key: PublicKey
    last_day: date
    serial: bytes


def certify_issuer(authority: Signer, issuer_digits: str, last_month: date, serial: bytes, key: PublicKey) -> Certified:
    """The issuer's certificate (Book 2, 5.1, table 2).

    `issuer_digits` are the leftmost 3 to 8 digits of its PANs, `last_month` any day of the month it is good to, `serial` 3 bytes.
    Raises BadInput when EMV rules a part out.
    """
    if not 3 <= len(issuer_digits) <= 8 or not (issuer_digits.isascii() and issuer_digits.isdecimal()):
        raise BadInput("the issuer's identifier is not 3 to 8 digits", where=ISSUER_WHERE, hint="take the leftmost digits of its PANs")
    owner = bytes.fromhex(issuer_digits.ljust(8, "F"))
    return _certified(authority, ISSUER_FORMAT, owner, last_month, serial, key, ISSUER_WHERE)


def certify_card(issuer: Signer, pan: Pan, last_month: date, serial: bytes, key: PublicKey, static_data: bytes) -> Certified:
    """The card's certificate (Book 2, 6.1, table 12); `static_data` as `static_data_to_authenticate` joins it. Raises BadInput."""
    return _certified(issuer, CARD_FORMAT, padded_pan(pan), last_month, serial, key, CARD_WHERE, static_data)


def recover_issuer_key(ca: CaKey, given: Certified, pan: Pan, today: date, revoked: Container[Revoked] = ()) -> Recovered:
    """The issuer's key from its certificate (Book 2, 5.3). Raises BadInput that names the failed check."""
    recovered, owner = _recovered(ca.key, ISSUER_FORMAT, 4, given, ISSUER_WHERE)
    digits = owner.hex().rstrip("f")
    if len(digits) < 3 or not digits.isdecimal() or not pan.reveal().startswith(digits):
        raise BadInput("it is another issuer's: its identifier does not begin the PAN", where=ISSUER_WHERE, hint=_HINT)
    _not_expired(recovered.last_day, today, ISSUER_WHERE)
    if Revoked(ca.rid, ca.index, recovered.serial) in revoked:
        raise BadInput(f"serial {recovered.serial.hex().upper()} is revoked", where=ISSUER_WHERE, hint="take another card")
    return recovered


def recover_card_key(issuer: PublicKey, given: Certified, pan: Pan, today: date, static_data: bytes) -> Recovered:
    """The card's key from its certificate (Book 2, 6.4). Raises BadInput that names the failed check."""
    recovered, owner = _recovered(issuer, CARD_FORMAT, 10, given, CARD_WHERE, static_data)
    if owner != padded_pan(pan):
        raise BadInput("it is another card's: its PAN differs", where=CARD_WHERE, hint=_HINT)
    _not_expired(recovered.last_day, today, CARD_WHERE)
    return recovered


def padded_pan(pan: Pan) -> bytes:
    """10 bytes of digits, padded with F on the right (table 12)."""
    return bytes.fromhex(pan.reveal().ljust(20, "F"))


def sha_1(data: bytes) -> bytes:
    """The one hash of Book 2 (B3.1). It is prescribed; nothing of ours rests on its resistance to collisions."""
    return hashlib.sha1(data, usedforsecurity=False).digest()


def opened(key: PublicKey, signature: bytes, kind: int, *, where: str) -> bytes:
    """The bytes between header and trailer of a signed block of that format. Raises BadInput (Book 2, A2.1.2, and steps 1 to 4)."""
    block = key.recover(signature, where=where)
    if block[-1] != TRAILER:
        raise BadInput(f"its trailer is {block[-1]:02X}, not BC", where=where, hint=_HINT)
    if block[0] != HEADER:
        raise BadInput(f"its header is {block[0]:02X}, not 6A", where=where, hint=_HINT)
    if block[1] != kind:
        raise BadInput(f"its format is {block[1]:02X}, not {kind:02X}", where=where, hint=_HINT)
    return block[1:-1]


def hashed(content: bytes, beside: bytes, *, where: str) -> bytes:
    """What precedes the hash that `content` ends with, if the hash is right over it and what lies beside. Raises BadInput."""
    covered, stated = content[:-HASH], content[-HASH:]
    if sha_1(covered + beside) != stated:
        raise BadInput("its hash does not match", where=where, hint=_HINT)
    return covered


def sealed(signer: Signer, content: bytes, beside: bytes) -> bytes:
    """The signature over `content` with its hash, which covers what lies beside as well (Book 2, A2.1.1)."""
    return signer.sign(bytes((HEADER,)) + content + sha_1(content + beside) + bytes((TRAILER,)))


def _certified(
    signer: Signer, kind: int, owner: bytes, last_month: date, serial: bytes, key: PublicKey, where: str, static_data: bytes = b""
) -> Certified:
    if len(serial) != 3:
        raise BadInput(f"the serial number has {len(serial)} bytes", where=where, hint="three are needed")
    room = signer.public.size - (_BESIDE_ISSUER_KEY if kind == ISSUER_FORMAT else _BESIDE_CARD_KEY)
    if key.size > signer.public.size:
        raise BadInput(f"a key of {key.size} bytes under one of {signer.public.size}", where=where, hint="a certified key is never longer")
    inside, remainder = key.modulus_bytes[:room].ljust(room, FILLER), key.modulus_bytes[room:]
    described = bytes((SHA_1, RSA, key.size, len(key.exponent_bytes)))
    content = bytes((kind,)) + owner + bytes.fromhex(f"{last_month:%m%y}") + serial + described + inside
    return Certified(sealed(signer, content, remainder + key.exponent_bytes + static_data), remainder, key.exponent_bytes)


def _recovered(
    key: PublicKey, kind: int, owner_size: int, given: Certified, where: str, static_data: bytes = b""
) -> tuple[Recovered, bytes]:
    """Key and owner of a certificate whose hash, algorithms and lengths are right."""
    content = opened(key, given.certificate, kind, where=where)
    covered = hashed(content, given.remainder + given.exponent + static_data, where=where)
    owner, rest = covered[1 : 1 + owner_size], covered[1 + owner_size :]
    month, serial, (hash_algorithm, algorithm, size, exponent_size), inside = rest[:2], rest[2:5], rest[5:9], rest[9:]
    if (hash_algorithm, algorithm) != (SHA_1, RSA):
        raise BadInput(f"its algorithms {hash_algorithm:02X} {algorithm:02X} are unknown", where=where, hint="01 01 is SHA-1 and RSA")
    if exponent_size != len(given.exponent) or len(given.remainder) != max(0, size - len(inside)):
        raise BadInput("remainder or exponent has another length than it says", where=where, hint=_HINT)
    modulus = int.from_bytes((inside + given.remainder)[:size], "big")
    return Recovered(PublicKey(modulus, int.from_bytes(given.exponent, "big")), last_day_of(month, where=where), serial), owner


def last_day_of(month: bytes, *, where: str) -> date:
    """The last day of MMYY, of this century. Raises BadInput."""
    digits = month.hex()
    if not digits.isdecimal() or not 1 <= int(digits[:2]) <= 12:
        raise BadInput(f"{digits.upper()} is no month", where=where, hint="MMYY is expected")
    year, number = 2000 + int(digits[2:]), int(digits[:2])
    return date(year, number, monthrange(year, number)[1])


def _not_expired(last_day: date, today: date, where: str) -> None:
    if today > last_day:
        raise BadInput(f"it expired on {last_day}", where=where, hint="take another card")
