"""How a tap ends at the terminal (EMV Contactless Book A, 6.2), each ending with a reason that a cashier can read.

Of Book A's outcomes, "approved" is `OfflineApproval` and "online request" is `OnlineRequest`; the others are `Ended` with an `Ending`.
"Select next" never leaves the kernel: it takes the card's next application by itself.
"""

from dataclasses import dataclass
from enum import Enum

from tapwealth.kernel.refusal import Refusal
from tapwealth.terminal.config import Tap
from tapwealth.wire.emv_data import CryptogramType, Track2


class Ending(Enum):
    """What the terminal does next when there is neither an approval nor a request to send."""

    DECLINED = "declined"
    """The card said no, or the terminal did. Nothing is booked."""
    TRY_AGAIN = "try again"
    """The card left the field, or its holder must do something first; nothing is booked. `Ended.torn` tells how to go on."""
    TRY_ANOTHER_INTERFACE = "try another interface"
    """Insert this card instead, or pay another way."""
    END_APPLICATION = "end application"
    """This card and this terminal cannot do it."""


class TapReason(Enum):
    """Why a tap ended without an approval and without a request."""

    CARD_LEFT = "the card left the field"
    SEE_PHONE = "the holder must confirm on the phone"
    ABOVE_LIMIT = "the amount is too high for a contactless payment here"
    NO_ENVIRONMENT = "the card has no contactless payment directory"
    NO_COMMON_APPLICATION = "card and terminal have no application in common"
    CARD_REFUSED = "the card refused a command"
    UNREADABLE = "the card's answer cannot be read"
    MISSING_DATA = "the card's answer lacks what the rules demand"
    CONTRADICTION = "the card's answer contradicts itself"
    UNUSABLE_PDOL = "the card asks for data that no command can carry"
    TOO_MANY_RECORDS = "the card wants too many records read"
    NO_CVM = "the amount needs a way of verifying the cardholder that is not at hand"
    DECLINED_BY_CARD = "the card declined"
    OFFLINE_NOT_TAKEN = "the card approved offline, which this terminal does not take"
    OFFLINE_ONLY = "the card wants to ask its issuer, and this terminal cannot"
    NOT_AUTHENTIC = "the card is not proved genuine"
    EXPIRED = "the card has expired"
    NOT_YET_VALID = "the card is not valid yet"
    NOT_FOR_THIS = "the card may not be used for this"
    ON_EXCEPTION_LIST = "the card is on the list of cards not to be taken"


class Cvm(Enum):
    """How the cardholder is verified; the value is 9F34 (EMV Book 3, annex C3; Book 4, A4)."""

    NONE = bytes.fromhex("3F0000")
    """Not at all."""
    ON_DEVICE = bytes.fromhex("010002")
    """By the phone itself, successfully."""
    ONLINE_PIN = bytes.fromhex("020300")
    """The till takes a PIN, enciphers it into field 52, and the issuer checks it."""
    SIGNATURE = bytes.fromhex("1E0300")
    """The holder signs the receipt."""


class Oda(Enum):
    """Whether the card proved offline that it is genuine."""

    NOT_DONE = "not done"
    DONE = "proved genuine"
    FAILED = "not proved genuine"


class Repeat(Enum):
    """What the tap after a torn one turned out to be."""

    SAME = "the same transaction, told again"
    NEW = "the same card, a new transaction: the torn one is void"
    OTHER_CARD = "another card: the torn one is void"


@dataclass(frozen=True, slots=True)
class OnlineRequest:
    """The issuer is to be asked: what the authorisation request carries.

    `icc_data` is field 55; `track2` gives fields 2, 14 and 35; `psn` is field 23 in two digits, None when the card gave none. `tvr` is
    what the terminal found (field 55 carries the bytes that the card was given). `cryptogram` is a TC when the card had approved and the
    terminal, as the card allows, asks nevertheless. `note` says in one line why.
    """

    icc_data: bytes
    track2: Track2
    psn: str | None
    aid: bytes
    atc: int
    cvm: Cvm = Cvm.NONE
    oda: Oda = Oda.NOT_DONE
    tvr: bytes = bytes(5)
    cryptogram: CryptogramType = CryptogramType.ARQC
    repeat: Repeat | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class OfflineApproval:
    """The card has paid: goods may be handed over, and the sale is stored and forwarded as an advice (0220).

    The advice carries `icc_data` as field 55, with the TC in 9F26, and the same fields 2, 14, 23 and 35 as a request. It must be durable
    before the sale is called paid, and is sent until it is answered. `left_on_card` is what the card says is left of its electronic cash
    (9F5D) in the currency's minor unit, None when it says nothing; `authorisation_code` is 9F74, empty when there is none.
    """

    icc_data: bytes
    track2: Track2
    psn: str | None
    aid: bytes
    atc: int
    amount: int
    cvm: Cvm
    tvr: bytes
    left_on_card: int | None = None
    authorisation_code: str = ""
    repeat: Repeat | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Which transaction a card had begun when it left: its number, its counter, its cryptogram. The PAN shows itself masked."""

    track2: Track2
    atc: int
    cryptogram: bytes


@dataclass(frozen=True, slots=True)
class Torn:
    """A tap that broke off after the card was asked to decide. Tap again with the same `tap`, unpredictable number included: a card that
    remembers gives the same answer again. `seen` is None when its answer did not arrive."""

    tap: Tap
    seen: Seen | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The tap is over and nothing goes to the issuer. `torn`, if there is one, goes into the next `dialogue`."""

    ending: Ending
    refusal: Refusal
    torn: Torn | None = None


Outcome = OnlineRequest | OfflineApproval | Ended


def ended(ending: Ending, reason: TapReason, detail: str = "") -> Ended:
    """An ending with its one line: the reason, and what exactly was seen."""
    return Ended(ending, Refusal(reason, f"{reason.value} ({detail})" if detail else reason.value))
