"""The issuer's side of the application cryptogram: verify, answer, and say in words what is wrong with one that differs.

Pure over a key port: the issuer master keys are named, never seen. The card's key is derived anew for each request, one call of the
port, and forgotten. Verifying says only that this card made this cryptogram over these data; whether the counter was used before,
or the money is there, is decided elsewhere.
"""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from operator import itemgetter
from typing import Protocol

from tapwealth.issuing.chip_data import MACED, ChipData
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.wire.emv_crypto import (
    Padding,
    TdesEcb,
    arpc_1_block,
    arpc_method_2,
    card_key_input,
    limited_use_key,
    odd_parity,
    retail_mac_block,
)
from tapwealth.wire.emv_data import CryptogramType
from tapwealth.wire.emv_profiles import PBOC_CVN, PROFILES, Profile, SessionScheme


class MasterKeys(Protocol):
    """The key port, as much of it as is needed here: encrypts whole blocks under a two-key triple DES key that never leaves it."""

    def tdes_ecb(self, key_name: str, data: bytes) -> bytes: ...


TRIPLE_DES = 0x01


class CryptogramRefusal(Enum):
    """Why a cryptogram is not accepted, in the order in which it is checked."""

    UNKNOWN_ALGORITHM = 1
    UNKNOWN_VERSION = 2
    UNKNOWN_KEY_INDEX = 3
    KEY_INDEX_RETIRED = 4
    WRONG_TYPE = 5
    DIFFERS = 6


@dataclass(frozen=True, slots=True, repr=False)
class Verified:
    """A cryptogram that is right; knows how to answer it."""

    arqc: bytes
    session_key: bytes
    ready: TdesEcb
    """The session key made ready to encrypt, as it was for the cryptogram: half of what the answer costs."""

    def arpc_1(self, response_code: str) -> bytes:
        """8 bytes of ARPC method 1 for the two characters of field 39."""
        return self.ready.encrypt(arpc_1_block(self.arqc, response_code.encode("ascii")))

    def arpc_2(self, card_status_update: bytes, proprietary: bytes = b"") -> bytes:
        """4 bytes of ARPC method 2 for four bytes of card status update and up to eight proprietary ones."""
        return arpc_method_2(self.session_key, self.arqc, card_status_update, proprietary)


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """`names` maps the key index in 9F10 to the name of the master key behind the port; those in `retired` are honoured no more."""

    port: MasterKeys
    names: Mapping[int, str]
    profiles: Mapping[int, Profile] = field(default_factory=lambda: PROFILES)
    retired: frozenset[int] = frozenset()

    def card_key(self, key_index: int, pan: Pan, psn: str) -> bytes:
        """A card's key (`icc_mk_ac`), 16 bytes: for verifying, and for personalising a phone. KeyError when there is no such index.

        Raises Outage when the key store lacks a key that must be there: that is no card's fault.
        """
        try:
            return odd_parity(self.port.tdes_ecb(self.names[key_index], card_key_input(pan.reveal(), psn)))
        except BadInput as lacking:
            raise Outage(f"the key store lacks a master key: {lacking}") from None

    def key_in_use(self, key_index: int, pan: Pan, psn: str, number: int) -> bytes:
        """What the card computes with: its limited-use key of that number, or for number 0 its own key. KeyError as above."""
        key = self.card_key(key_index, pan, psn)
        return limited_use_key(key, number) if number else key


def verify(
    keys: IssuerKeys, chip: ChipData, pan: Pan, psn: str, wanted: CryptogramType = CryptogramType.ARQC, *, number: int = 0
) -> Verified | Refusal:
    """Whether the card of `pan` and `psn` (two digits) made this cryptogram with its key of that number, and of the wanted type.

    `diagnose` explains a difference.
    """
    iad = chip.iad
    if iad.algorithm != TRIPLE_DES:
        return Refusal(CryptogramRefusal.UNKNOWN_ALGORITHM, f"cryptogram algorithm {iad.algorithm:02X} is not known, only 01")
    profile = keys.profiles.get(iad.cvn)
    if profile is None:
        return Refusal(CryptogramRefusal.UNKNOWN_VERSION, f"cryptogram version {iad.cvn:02X} is not known")
    if iad.key_index not in keys.names:
        return Refusal(CryptogramRefusal.UNKNOWN_KEY_INDEX, f"there is no master key of index {iad.key_index:02X}")
    if iad.key_index in keys.retired:
        return Refusal(CryptogramRefusal.KEY_INDEX_RETIRED, f"key index {iad.key_index} retired")
    if iad.decision is not wanted:
        return Refusal(CryptogramRefusal.WRONG_TYPE, f"the card made a {iad.decision.name}, wanted was a {wanted.name}")
    key = profile.scheme.session_key(keys.key_in_use(iad.key_index, pan, psn, number), chip.atc)
    ready = TdesEcb(key)
    if not hmac.compare_digest(ready.encrypt(retail_mac_block(key, maced(chip, chip.atc), profile.padding)), chip.cryptogram):
        return Refusal(CryptogramRefusal.DIFFERS, "the cryptogram differs")
    return Verified(chip.cryptogram, key, ready)


_before_the_counter = itemgetter(*MACED[:-1])
"""Of `MACED` all but the last, which is the counter."""


def maced(chip: ChipData, atc: int) -> bytes:
    """The data under the cryptogram, with another counter for a diagnosis."""
    return b"".join((*_before_the_counter(chip.elements), atc.to_bytes(2, "big"), chip.iad.cvr))


def diagnose(keys: IssuerKeys, chip: ChipData, pan: Pan, psn: str, number: int = 0) -> str:
    """One line for operations about a cryptogram that differs: the first change that makes it match, or that none does.

    Tried are the neighbouring counters, the other master keys, the other padding, the other session keys, the other sequence numbers
    up to 03: some twenty MACs, so this is for the people who look at a decline and not for the way of a tap.
    """
    for change, candidate in _variants(keys, chip, pan, psn, number):
        if candidate == chip.cryptogram:
            return f"cryptogram differs: matches with {change}"
    return "cryptogram differs: matches no neighbouring counter, other key, padding or sequence number; another card, or changed data"


def _variants(keys: IssuerKeys, chip: ChipData, pan: Pan, psn: str, limited: int) -> Iterator[tuple[str, bytes]]:
    """Changes in words, and the cryptogram each of them would give."""
    index, profile = chip.iad.key_index, keys.profiles.get(chip.iad.cvn, PROFILES[PBOC_CVN])
    if index in keys.names:
        yield from _own_key_variants(keys.key_in_use(index, pan, psn, limited), chip, profile)
    for other in keys.names:
        if other != index:
            yield f"key index {other:02X}", _cryptogram(profile, keys.key_in_use(other, pan, psn, limited), chip, chip.atc)
    for number in (f"{count:02d}" for count in range(4)):
        if number != psn and index in keys.names:
            yield f"PAN sequence number {number}", _cryptogram(profile, keys.key_in_use(index, pan, number, limited), chip, chip.atc)


def _own_key_variants(card_key: bytes, chip: ChipData, profile: Profile) -> Iterator[tuple[str, bytes]]:
    if chip.atc > 0:
        yield "ATC−1", _cryptogram(profile, card_key, chip, chip.atc - 1)
    if chip.atc < 0xFFFF:
        yield "ATC+1", _cryptogram(profile, card_key, chip, chip.atc + 1)
    for scheme in SessionScheme:
        for padding in Padding:
            if (scheme, padding) != (profile.scheme, profile.padding):
                changed = [part.value for part, own in ((scheme, profile.scheme), (padding, profile.padding)) if part is not own]
                yield " and ".join(changed), _cryptogram(Profile(scheme, padding), card_key, chip, chip.atc)


def _cryptogram(profile: Profile, card_key: bytes, chip: ChipData, atc: int) -> bytes:
    return profile.cryptogram(card_key, atc, maced(chip, atc))
