"""The sandbox's certificate authority, and the issuer's certificate by it: what makes a card genuine to a terminal without a line.

A scheme's real authority certifies an issuer's key after an audit; none can be had here. The sandbox makes one of its own, with a key
index that UnionPay does not use, and its public key is handed to terminals like any other (`authority_key`). Both private keys lie behind
the key port.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from tapwealth.issuing.card_files import CardFiles, IssuerCertificate, card_files
from tapwealth.wire.emv_certificates import CaKey, certify_issuer, sha_1
from tapwealth.wire.emv_data import Track2
from tapwealth.wire.emv_rsa import PrivateKey, PublicKey, private_key

RID, CA_INDEX = bytes.fromhex("A000000333"), 0xF1
AUTHORITY, ISSUER = "sandbox_authority", "issuer_rsa_1"
"""Names in the key store."""

AUTHORITY_BITS, ISSUER_BITS, CARD_BITS = 1984, 1408, 1024
"""A card's signature and all else of a tap must fit one answer of 256 bytes."""

ISSUER_SERIAL = bytes.fromhex("000001")
_EXPONENT = 3


class RsaKeys(Protocol):
    """The key port, as much of it as is needed here."""

    def generate_rsa(self, key_name: str, bits: int) -> None: ...

    def rsa_public(self, key_name: str) -> tuple[int, int]: ...

    def rsa_raw(self, key_name: str, block: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class StoredSigner:
    """A private key that stays behind the key port."""

    port: RsaKeys
    name: str

    @property
    def public(self) -> PublicKey:
        return PublicKey(*self.port.rsa_public(self.name))

    def sign(self, block: bytes) -> bytes:
        return self.port.rsa_raw(self.name, block)


def make_keys(port: RsaKeys) -> None:
    """The authority's and the issuer's key; what is there already stays."""
    port.generate_rsa(AUTHORITY, AUTHORITY_BITS)
    port.generate_rsa(ISSUER, ISSUER_BITS)


def authority_key(port: RsaKeys) -> CaKey:
    """What terminals are given. Makes the keys if there are none yet."""
    make_keys(port)
    return CaKey(RID, CA_INDEX, StoredSigner(port, AUTHORITY).public)


def issuer_certificate(port: RsaKeys, issuer_digits: str, last_month: date) -> IssuerCertificate:
    """The issuer's certificate for cards whose numbers begin with these digits, good to that month. Takes some milliseconds; the keys are
    made when the first one is asked for."""
    make_keys(port)
    issuer = StoredSigner(port, ISSUER)
    certified = certify_issuer(StoredSigner(port, AUTHORITY), issuer_digits, last_month, ISSUER_SERIAL, issuer.public)
    return IssuerCertificate(CA_INDEX, certified, issuer)


def new_card(port: RsaKeys, track2: Track2, psn: str, issuer_digits: str, effective: date) -> tuple[CardFiles, PrivateKey]:
    """The files of a new card and its key, which nobody keeps but the card. Takes tens of milliseconds: not for an event loop."""
    made = generate_private_key(public_exponent=_EXPONENT, key_size=CARD_BITS).private_numbers()
    key = private_key(made.public_numbers.n, made.public_numbers.e, made.d)
    good_to = date(2000 + int(track2.expiry[:2]), int(track2.expiry[2:]), 1)
    issuer = issuer_certificate(port, issuer_digits, good_to)
    serial = sha_1(key.public.modulus_bytes)[:3]
    return card_files(track2, psn, effective, issuer, serial, key.public), key
