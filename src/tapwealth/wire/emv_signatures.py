"""What a card's key, or its issuer's, signs of a card's data, made and verified (EMV Book 2, clauses 5.4, 6.5 and 6.6; PBOC 3.0 part 12).

Four kinds: static data (SDA, tag 93), and in 9F4B the dynamic number of DDA, the cryptogram of CDA, and the fast DDA of a contactless
tap in its versions 00 and 01. Verifying raises BadInput with the element's tag as place and the failed check as text.
"""

from collections.abc import Iterable
from typing import NamedTuple

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire import tlv
from tapwealth.wire.emv_certificates import FILLER, HASH, SHA_1, hashed, opened, sealed, sha_1
from tapwealth.wire.emv_rsa import PublicKey, Signer
from tapwealth.wire.emv_tags import Tag

STATIC_FORMAT, DYNAMIC_FORMAT = 0x03, 0x05
STATIC_WHERE, DYNAMIC_WHERE = "93 Signed static application data", "9F4B Signed dynamic application data"
FAST_VERSIONS = (0x00, 0x01)

_HINT = "the data were changed, or the card is a copy"
_LAST_PLAIN_FILE = 10
_CRYPTOGRAM = 8


class Dynamic(NamedTuple):
    """What a card signed dynamically: its number of 2 to 8 bytes (9F4C), and what follows it."""

    number: bytes
    rest: bytes = b""

    def encode(self) -> bytes:
        return bytes((len(self.number),)) + self.number + self.rest


class Combined(NamedTuple):
    """What CDA signed: the card's number, its decision (9F27) and its cryptogram (9F26)."""

    number: bytes
    cid: int
    cryptogram: bytes


def static_data_to_authenticate(records: Iterable[tuple[int, bytes]], tag_list: bytes | None, aip: bytes) -> bytes:
    """What the issuer signed of a card's data (EMV Book 3, 10.3): the records that the locator marks, then the AIP if 9F4A names it.

    `records` are file numbers with whole records, template 70 included; of files 1 to 10 the content counts alone. Raises BadInput when
    a record is not that template, and when the list names anything but the AIP.
    """
    if tag_list not in (None, b"\x82"):
        text = f"the list is {(tag_list or b'').hex().upper() or 'empty'}"
        raise BadInput(text, where="9F4A Static data authentication tag list", hint="82 is all it may name")
    return b"".join(_signed_part(sfi, record) for sfi, record in records) + (aip if tag_list else b"")


def _signed_part(sfi: int, record: bytes) -> bytes:
    where = f"record of file {sfi}"
    elements = tlv.decode(record, where=where)
    if len(elements) != 1 or elements[0].tag != Tag.RECORD_70:
        raise BadInput("it is not one template 70", where=where, hint="only such records can be authenticated")
    return elements[0].value if sfi <= _LAST_PLAIN_FILE else record


def sign_static(issuer: Signer, authentication_code: bytes, static_data: bytes) -> bytes:
    """Tag 93 over the static data (Book 2, 5.1, table 3). The data authentication code has two bytes."""
    assert len(authentication_code) == 2
    content = bytes((STATIC_FORMAT, SHA_1)) + authentication_code
    return sealed(issuer, content.ljust(issuer.public.size - HASH - 2, FILLER), static_data)


def verify_static(issuer: PublicKey, signature: bytes, static_data: bytes) -> bytes:
    """The data authentication code (Book 2, 5.4). Raises BadInput."""
    covered = hashed(opened(issuer, signature, STATIC_FORMAT, where=STATIC_WHERE), static_data, where=STATIC_WHERE)
    _known_hash(covered, STATIC_WHERE)
    return covered[2:4]


def sign_dynamic(card: Signer, dynamic: Dynamic, terminal_data: bytes) -> bytes:
    """9F4B over the card's number and the terminal's data (Book 2, 6.5.1, table 15). Raises BadInput when it does not fit the key."""
    data = dynamic.encode()
    room = card.public.size - HASH - 5
    if len(data) > room:
        raise BadInput(f"{len(data)} bytes do not fit", where=DYNAMIC_WHERE, hint=f"this key has room for {room}")
    content = bytes((DYNAMIC_FORMAT, SHA_1, len(data))) + data
    return sealed(card, content.ljust(card.public.size - HASH - 2, FILLER), terminal_data)


def verify_dynamic(card: PublicKey, signature: bytes, terminal_data: bytes) -> Dynamic:
    """The card's number out of 9F4B, over the terminal's data as the DDOL, or `fast_terminal_data`, joins them (Book 2, 6.5.2)."""
    covered = hashed(opened(card, signature, DYNAMIC_FORMAT, where=DYNAMIC_WHERE), terminal_data, where=DYNAMIC_WHERE)
    _known_hash(covered, DYNAMIC_WHERE)
    size, body = covered[2], covered[3:]
    if size > len(body) or size == 0 or not 2 <= body[0] < size or body[0] > 8:
        raise BadInput("its dynamic data have no card's number", where=DYNAMIC_WHERE, hint="length, then 2 to 8 bytes")
    return Dynamic(body[1 : 1 + body[0]], body[1 + body[0] : size])


def fast_terminal_data(version: int, unpredictable_number: bytes, amount: bytes, currency: bytes, card_data: bytes) -> bytes:
    """What fast DDA signs besides the card's number: 9F37, and in version 01 also 9F02, 5F2A and the card's 9F69 (PBOC 3.0 part 12).

    Raises BadInput on another version.
    """
    if version not in FAST_VERSIONS:
        raise BadInput(f"version {version:02X} of fast DDA is unknown", where="9F69 Card authentication related data", hint="00 and 01 are")
    return unpredictable_number + (amount + currency + card_data if version else b"")


def sign_combined(card: Signer, signed: Combined, unpredictable_number: bytes, transaction_data: bytes) -> bytes:
    """9F4B of CDA (Book 2, 6.6.1, tables 18 and 19).

    `transaction_data` are the values for PDOL and CDOL, and the elements of the answer without 9F4B (6.6.1, step 2).
    """
    rest = bytes((signed.cid,)) + signed.cryptogram + sha_1(transaction_data)
    return sign_dynamic(card, Dynamic(signed.number, rest), unpredictable_number)


def verify_combined(card: PublicKey, signature: bytes, unpredictable_number: bytes, transaction_data: bytes, cid: int) -> Combined:
    """What CDA signed, if it is of this transaction and says what 9F27 says (Book 2, 6.6.2). Raises BadInput."""
    dynamic = verify_dynamic(card, signature, unpredictable_number)
    signed_cid, cryptogram, transaction_hash = dynamic.rest[:1], dynamic.rest[1 : 1 + _CRYPTOGRAM], dynamic.rest[1 + _CRYPTOGRAM :]
    if len(transaction_hash) < HASH:
        raise BadInput("no cryptogram is signed", where=DYNAMIC_WHERE, hint="the card did DDA where CDA was asked for")
    if signed_cid != bytes((cid,)):
        raise BadInput(f"the signed decision is {signed_cid.hex().upper()}, 9F27 says {cid:02X}", where=DYNAMIC_WHERE, hint=_HINT)
    if transaction_hash[:HASH] != sha_1(transaction_data):
        raise BadInput("the hash of the transaction does not match", where=DYNAMIC_WHERE, hint=_HINT)
    return Combined(dynamic.number, cid, cryptogram)


def _known_hash(covered: bytes, where: str) -> None:
    if covered[1] != SHA_1:
        raise BadInput(f"its hash algorithm {covered[1]:02X} is unknown", where=where, hint="01 is SHA-1")
