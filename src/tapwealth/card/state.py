"""What the phone's card knows: what it was personalised with, its counter, its electronic cash, and where the dialogue stands.

Immutable; a step gives a new one. `store` writes and reads it for the phone's own protected store.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from tapwealth.kernel.masked import Masked
from tapwealth.wire.emv_data import Track2
from tapwealth.wire.emv_profiles import PBOC_CVN
from tapwealth.wire.emv_rsa import PrivateKey

LAST_ATC = 0xFFFF
DEBIT_AID = bytes.fromhex("A000000333010101")
"""UnionPay debit (quick debit and credit, QuickPass)."""

LOG_SIZE = 10


class Interface(Enum):
    """How the reader reaches the card."""

    CONTACTLESS = "contactless"
    CONTACT = "contact"


class Selected(Enum):
    """What the last successful SELECT chose."""

    NOTHING = "nothing"
    PPSE = "ppse"
    PSE = "pse"
    APPLICATION = "application"


class Stage(Enum):
    """Where a contact transaction stands (EMV Book 3, 9)."""

    NONE = "none"
    INITIATED = "initiated"
    """GET PROCESSING OPTIONS was answered: the first cryptogram may be asked for."""
    ONLINE = "online"
    """An ARQC was given: the issuer's word, then the second cryptogram."""


@dataclass(frozen=True, slots=True)
class LimitedUseKey:
    """One key of a phone, for the counters `first_atc` to `last_atc`. Number 0 is the card's own key, of a card that is no phone."""

    number: int
    key: Masked
    first_atc: int
    last_atc: int


@dataclass(frozen=True, slots=True)
class Files:
    """What the issuer lets readers read: whole records by file and number, the locators that name them, and the card's RSA key.

    `offline_afl` is for qPBOC when the signature is wanted, `contact_afl` for the contact dialogue.
    """

    aip: bytes
    records: Mapping[tuple[int, int], bytes]
    offline_afl: bytes
    contact_afl: bytes
    key: PrivateKey


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A payment out of electronic cash, as log records tell it. Amount in fen, `day` YYMMDD as the terminal gave it, hex."""

    amount: int
    day: str
    country: str
    currency: str
    kind: str
    atc: int


@dataclass(frozen=True, slots=True)
class Purse:
    """Electronic cash, in fen. `loads` and `unloads` are the numbers of the last order of each kind. Newest log entry first."""

    balance: int
    balance_limit: int
    single_limit: int
    reset_threshold: int
    load_key: Masked
    loads: int = 0
    unloads: int = 0
    log: tuple[LogEntry, ...] = ()

    def spent(self, entry: LogEntry) -> "Purse":
        """After a payment that the balance covers."""
        assert 0 < entry.amount <= self.balance
        return replace(self, balance=self.balance - entry.amount, log=(entry, *self.log)[:LOG_SIZE])


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What a card forgets when it loses power. `signed` is what CDA covers so far; `record` is made for this tap alone."""

    interface: Interface = Interface.CONTACTLESS
    selected: Selected = Selected.NOTHING
    gpo_allowed: bool = False
    stage: Stage = Stage.NONE
    signed: bytes = b""
    arqc: bytes = b""
    issuer_said: bytes | None = None
    record: bytes = b""


@dataclass(frozen=True, slots=True)
class CardState:
    """`psn` two digits; `atc` the counter of the last transaction, 0 before the first. `cvn` names the cryptogram's profile.

    `consent_limit`: above so many fen the phone wants its holder's consent first (None: it cannot ask). `consented`: the holder has
    just given it, for one tap; never stored.
    """

    track2: Track2
    psn: str
    keys: tuple[LimitedUseKey, ...]
    key_index: int = 1
    cvn: int = PBOC_CVN
    aid: bytes = DEBIT_AID
    label: str = "Tapwealth"
    atc: int = 0
    files: Files | None = None
    cash: Purse | None = None
    consent_limit: int | None = None
    consented: bool = False
    dialogue: Dialogue = Dialogue()

    def key_for(self, atc: int) -> LimitedUseKey | None:
        """The key that makes the cryptogram under that counter; None when the phone has none for it."""
        return next((key for key in self.keys if key.first_atc <= atc <= key.last_atc), None)

    @property
    def taps_left(self) -> int:
        """For how many taps without a gap the keys at hand suffice: at 0 the phone must ask for more."""
        last = self.atc
        while (key := self.key_for(last + 1)) is not None:
            last = key.last_atc
        return last - self.atc

    def powered_off(self) -> "CardState":
        """As it is when it leaves the field: counter and cash stay, the dialogue and a consent that was not used are forgotten."""
        return replace(self, dialogue=Dialogue(), consented=False)

    def powered_on(self, interface: Interface) -> "CardState":
        """As it is when a reader gives it power. A consent given before stays for this tap."""
        return replace(self, dialogue=Dialogue(interface))

    def consent(self) -> "CardState":
        """The holder has shown the phone who he is (CDCVM): good for the next cryptogram."""
        return replace(self, consented=True)
