"""How a tap ends at the terminal (EMV Contactless Book A, 6.2), each ending with a reason that a cashier can read."""

from dataclasses import dataclass
from enum import Enum

from tapwealth.kernel.refusal import Refusal
from tapwealth.wire.emv_data import Track2


class Ending(Enum):
    """What the terminal does next when there is no request to send."""

    DECLINED = "declined"
    """The card said no."""
    TRY_AGAIN = "try again"
    """The card left the field; nothing is booked."""
    TRY_ANOTHER_INTERFACE = "try another interface"
    """Insert this card instead, or pay another way."""
    END_APPLICATION = "end application"
    """This card and this terminal cannot do it."""


class TapReason(Enum):
    """Why a tap ended without a request."""

    CARD_LEFT = "the card left the field"
    NO_ENVIRONMENT = "the card has no contactless payment directory"
    NO_COMMON_APPLICATION = "card and terminal have no application in common"
    CARD_REFUSED = "the card refused a command"
    UNREADABLE = "the card's answer cannot be read"
    MISSING_DATA = "the card's answer lacks what the rules demand"
    CONTRADICTION = "the card's answer contradicts itself"
    UNUSABLE_PDOL = "the card asks for data that no command can carry"
    NO_CVM = "the amount needs a way of verifying the cardholder that is not at hand"
    DECLINED_BY_CARD = "the card declined"
    OFFLINE_NOT_TAKEN = "the card approved offline, which this terminal does not take"


@dataclass(frozen=True, slots=True)
class OnlineRequest:
    """The card wants the issuer's word: what the authorisation request carries.

    `icc_data` is field 55; `track2` gives fields 2, 14 and 35; `psn` is field 23 in two digits, None when the card gave none.
    """

    icc_data: bytes
    track2: Track2
    psn: str | None
    aid: bytes
    atc: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The tap is over and nothing goes to the issuer."""

    ending: Ending
    refusal: Refusal


Outcome = OnlineRequest | Ended
