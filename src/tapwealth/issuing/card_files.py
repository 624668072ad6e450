"""What the issuer writes into a phone for readers to read: records, their locators, and the certificate of the card's key.

One set of records serves both ways of reading: a certificate covers the signed record and the profile (82), which are the same for both
(EMV Book 3, 10.3 and annex C; Book 2, 6.4). Records 1.1 and 1.2 are for readers with contacts alone; the last record that the offline
locator names is made by the card for each tap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tapwealth.kernel.masked import Pan
from tapwealth.wire import dol, tlv
from tapwealth.wire.emv_certificates import Certified, certify_card, last_day_of
from tapwealth.wire.emv_data import Track2, date_bytes
from tapwealth.wire.emv_profiles import CDOL1, CDOL2, DDOL
from tapwealth.wire.emv_rsa import PublicKey, Signer
from tapwealth.wire.emv_signatures import static_data_to_authenticate
from tapwealth.wire.emv_tags import Tag

AIP = bytes.fromhex("3D00")
"""Dynamic data authentication, cardholder verification, terminal risk management, issuer authentication, CDA (EMV Book 3, C1)."""

CONTACT_AFL = bytes.fromhex("08010200" + "10010401")
OFFLINE_AFL = bytes.fromhex("10010401" + "18010100")
"""Files 1 and 2; files 2 and 3. The first record of file 2 is the one that is signed."""

_CHINA, _YUAN = bytes.fromhex("0156"), bytes.fromhex("0156")
_VERSION = bytes.fromhex("0030")
_EVERYWHERE = bytes.fromhex("FF00")
_CVM_LIST = bytes(8) + bytes.fromhex("4203" + "5E03" + "1F03")
"""Online PIN, else signature, else nothing; each where the terminal can (EMV Book 3, C3)."""

_ACTIONS: dict[int, bytes] = {
    Tag.ACTION_DEFAULT_9F0D: bytes.fromhex("D86004A800"),
    Tag.ACTION_DENIAL_9F0E: bytes.fromhex("0010000000"),
    Tag.ACTION_ONLINE_9F0F: bytes.fromhex("D86804F800"),
}


@dataclass(frozen=True, slots=True)
class IssuerCertificate:
    """The issuer's key as a scheme's authority of that index certified it, and the means to sign with it."""

    ca_index: int
    certified: Certified
    signer: Signer


@dataclass(frozen=True, slots=True)
class CardFiles:
    """`records` whole, by file and number."""

    aip: bytes
    records: Mapping[tuple[int, int], bytes]
    offline_afl: bytes
    contact_afl: bytes


def card_files(track2: Track2, psn: str, effective: date, issuer: IssuerCertificate, serial: bytes, key: PublicKey) -> CardFiles:
    """The files of one card; `serial` are the three bytes that number its certificate. Raises BadInput when a key does not fit."""
    expiry = last_day_of(bytes.fromhex(track2.expiry[2:] + track2.expiry[:2]), where="expiry")
    signed = _record(_signed(track2.pan, psn, effective, expiry))
    static = static_data_to_authenticate([(2, signed)], bytes((Tag.AIP_82,)), AIP)
    own = certify_card(issuer.signer, track2.pan, expiry, serial, key, static)
    records = {
        (1, 1): _record({Tag.TRACK2_57: track2.encode()}),
        (1, 2): _record({Tag.CDOL1_8C: dol.encode(CDOL1), Tag.CDOL2_8D: dol.encode(CDOL2)}),
        (2, 1): signed,
        (2, 2): _record({Tag.ISSUER_CERTIFICATE_90: issuer.certified.certificate}),  # under a 1984-bit authority it fills a record
        (2, 3): _record(
            {
                Tag.CA_INDEX_8F: bytes((issuer.ca_index,)),
                Tag.ISSUER_EXPONENT_9F32: issuer.certified.exponent,
                Tag.ISSUER_REMAINDER_92: issuer.certified.remainder,
                Tag.CARD_EXPONENT_9F47: own.exponent,
                Tag.CARD_REMAINDER_9F48: own.remainder,
            }
        ),
        (2, 4): _record({Tag.CARD_CERTIFICATE_9F46: own.certificate}),
    }
    return CardFiles(AIP, records, OFFLINE_AFL, CONTACT_AFL)


def _signed(pan: Pan, psn: str, effective: date, expiry: date) -> dict[int, bytes]:
    digits = pan.reveal()
    return {
        Tag.PAN_5A: bytes.fromhex(digits + "F" * (len(digits) % 2)),
        Tag.EXPIRY_5F24: date_bytes(expiry),
        Tag.EFFECTIVE_5F25: date_bytes(effective),
        Tag.ISSUER_COUNTRY_5F28: _CHINA,
        Tag.PSN_5F34: bytes.fromhex(psn),
        Tag.CVM_LIST_8E: _CVM_LIST,
        Tag.USAGE_9F07: _EVERYWHERE,
        Tag.CARD_VERSION_9F08: _VERSION,
        **_ACTIONS,
        Tag.CURRENCY_9F42: _YUAN,
        Tag.DDOL_9F49: dol.encode(DDOL),
        Tag.STATIC_TAGS_9F4A: bytes((Tag.AIP_82,)),
    }


def _record(elements: Mapping[int, bytes]) -> bytes:
    """A record of the elements that have something in them."""
    return tlv.encode(Tag.RECORD_70, tlv.encode_all((tag, value) for tag, value in elements.items() if value))
