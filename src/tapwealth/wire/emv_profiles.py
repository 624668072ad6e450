"""What a cryptogram version number stands for: how the session key is made and the data padded, the same for card and issuer.

UnionPay publishes version 01; the number of the profile with EMV's common session key is this issuer's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from tapwealth.wire.dol import Wanted
from tapwealth.wire.emv_crypto import Padding, csk_session_key, pboc_session_key, retail_mac
from tapwealth.wire.emv_tags import Tag


class SessionScheme(Enum):
    """How the key of one transaction comes from the card's key."""

    PBOC = "the PBOC session key"
    EMV_CSK = "the EMV common session key"
    CARD_KEY = "the card key itself"

    def session_key(self, card_key: bytes, atc: int) -> bytes:
        """The key that makes the cryptogram of transaction `atc`."""
        match self:
            case SessionScheme.PBOC:
                return pboc_session_key(card_key, atc)
            case SessionScheme.EMV_CSK:
                return csk_session_key(card_key, atc)
            case SessionScheme.CARD_KEY:
                return card_key


@dataclass(frozen=True, slots=True)
class Profile:
    """What a version stands for, besides the data that it covers."""

    scheme: SessionScheme
    padding: Padding

    def cryptogram(self, card_key: bytes, atc: int, maced: bytes) -> bytes:
        """8 bytes: the application cryptogram."""
        return retail_mac(self.scheme.session_key(card_key, atc), maced, self.padding)


TERMINAL_DATA = (
    Wanted(Tag.AMOUNT_9F02, 6),
    Wanted(Tag.AMOUNT_OTHER_9F03, 6),
    Wanted(Tag.COUNTRY_9F1A, 2),
    Wanted(Tag.TVR_95, 5),
    Wanted(Tag.CURRENCY_5F2A, 2),
    Wanted(Tag.DATE_9A, 3),
    Wanted(Tag.TYPE_9C, 1),
    Wanted(Tag.UNPREDICTABLE_NUMBER_9F37, 4),
)
"""The terminal's part of what a cryptogram covers, in this order; AIP, counter and CVR follow (PBOC 3.0 part 5). It is also what a card
asks of a terminal: contactless after the qualifiers (PDOL), over contacts as CDOL1, and as CDOL2 behind the issuer's response code."""

CDOL1, CDOL2 = TERMINAL_DATA, (Wanted(Tag.RESPONSE_CODE_8A, 2), *TERMINAL_DATA)
DDOL = (Wanted(Tag.UNPREDICTABLE_NUMBER_9F37, 4),)

PBOC_CVN, CSK_CVN = 0x01, 0x02
PROFILES: Mapping[int, Profile] = {
    PBOC_CVN: Profile(SessionScheme.PBOC, Padding.MARKED),
    CSK_CVN: Profile(SessionScheme.EMV_CSK, Padding.MARKED),
}
"""By cryptogram version (third byte of 9F10)."""
