"""What a terminal is and what one tap is about: everything the kernel knows besides the card."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from tapwealth.kernel.masked import Masked, Pan
from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput
from tapwealth.terminal.qualifiers import TTQ_BYTES, TVR_BYTES, Ttq
from tapwealth.wire.emv_certificates import CaKey, Revoked
from tapwealth.wire.emv_data import date_bytes, numeric
from tapwealth.wire.emv_tags import Tag

CHINA, YUAN = 156, 156
"""ISO 3166-1 and ISO 4217 numbers."""

PURCHASE, INQUIRY = 0, 31
"""Transaction type 9C: goods and services; a look at the balance (ISO 8583 processing codes 00 and 31)."""

MAX_SEQUENCE = 99_999_999
_GREATEST_9F02 = 999_999_999_999
_GREATEST_9F1B = 0xFFFFFFFF
CONTACTLESS = 7
"""Entry mode 9F39, as field 22 has it."""


UNIONPAY = bytes.fromhex("A00000033301")
"""UnionPay's debit, credit, quasi-credit and electronic-cash applications all begin so."""


@dataclass(frozen=True, slots=True)
class Application:
    """One kind of application that is taken, also as the beginning of a card's longer name, with its limits in the currency's minor unit.

    Up to `floor_limit`, inclusive, a card may approve offline; from `cvm_limit` on the holder must be verified; from `contactless_limit`
    on there is no tap at all. None is no limit (EMV Contactless Book B, 3.1.1; Book A, 5.2).
    """

    aid: bytes = UNIONPAY
    floor_limit: int = 0
    cvm_limit: int | None = None
    contactless_limit: int | None = None

    def __post_init__(self) -> None:
        if not 5 <= len(self.aid) <= 16:
            raise BadInput(f"an AID of {len(self.aid)} bytes", where="terminal application", hint="it has 5 to 16")
        limits = (self.floor_limit, self.cvm_limit, self.contactless_limit)
        if any(limit is not None and not 0 <= limit <= _GREATEST_9F02 for limit in limits):
            raise BadInput("a limit is out of range", where="terminal application", hint="write it in fen, from 0")

    def takes(self, amount: int) -> bool:
        return self.contactless_limit is None or amount < self.contactless_limit

    def qualifiers(self, offered: bytes, amount: int) -> Ttq:
        """9F66 for that amount: what the terminal offers, and what the limits ask for (Book B, 3.1.1.9 to 3.1.1.12)."""
        ttq = Ttq(int.from_bytes(offered, "big"))
        if amount > self.floor_limit:
            ttq |= Ttq.ONLINE_CRYPTOGRAM_REQUIRED
        return ttq | Ttq.CVM_REQUIRED if self.cvm_limit is not None and amount >= self.cvm_limit else ttq


@dataclass(frozen=True, slots=True)
class ExceptionList:
    """PANs that are not taken offline. The list holds marks and no PAN: HMAC-SHA-256 of the digits under a key of the acquirer's."""

    key: Masked = field(default_factory=lambda: Masked(""))
    marks: frozenset[bytes] = frozenset()

    def mark(self, pan: Pan) -> bytes:
        """32 bytes."""
        return hmac.digest(bytes.fromhex(self.key.reveal()), pan.reveal().encode(), "sha256")

    def holds(self, pan: Pan) -> bool:
        return bool(self.marks) and self.mark(pan) in self.marks


@dataclass(frozen=True, slots=True)
class TerminalConfig:
    """What the merchant's terminal is. `serial` is the device's number, eight characters; the rest are EMV data elements.

    `ttq` is what it offers, 9F66 before an amount's limits: 36000000 is qPBOC, contact, online PIN and signature. Offline approvals need
    `ca_keys`; `revoked` and `exceptions` are the lists that go with them.
    """

    serial: str
    applications: tuple[Application, ...] = (Application(),)
    ttq: bytes = bytes.fromhex("36000000")
    country: int = CHINA
    currency: int = YUAN
    capabilities: bytes = bytes.fromhex("E0E1C8")
    terminal_type: int = 22
    version: bytes = bytes.fromhex("0020")
    ca_keys: tuple[CaKey, ...] = ()
    revoked: frozenset[Revoked] = frozenset()
    exceptions: ExceptionList = field(default_factory=ExceptionList)

    def __post_init__(self) -> None:
        plain = self.serial.isascii() and self.serial.isalnum()
        if not plain or len(self.serial) != 8:
            raise BadInput("the serial number is not eight letters and digits", where="terminal", hint="take it from the device's plate")
        if len(self.ttq) != TTQ_BYTES or not Ttq(int.from_bytes(self.ttq, "big")) & Ttq.QPBOC:
            raise BadInput(f"TTQ {self.ttq.hex().upper()} does not offer qPBOC", where="terminal", hint="use 36000000")
        if len(self.capabilities) != 3 or len(self.version) != 2:
            raise BadInput("an EMV parameter has a wrong length", where="terminal", hint="9F33 has 3 bytes, 9F09 2")
        if any(not 0 <= number <= 999 for number in (self.country, self.currency)) or not 0 <= self.terminal_type <= 99:
            raise BadInput(
                "country, currency or terminal type is out of range", where="terminal", hint="ISO 3166-1, ISO 4217, EMV Book 4 A1"
            )
        if not self.applications:
            raise BadInput("no application is taken", where="terminal", hint=f"name at least {UNIONPAY.hex().upper()}")
        if any(application.floor_limit for application in self.applications) and not self.ca_keys:
            raise BadInput(
                "a floor limit without CA keys", where="terminal", hint="load the scheme's keys: offline approvals are proved by them"
            )
        named = [(key.rid, key.index) for key in self.ca_keys]
        if len(set(named)) < len(named):
            raise BadInput("two CA keys have one RID and index", where="terminal", hint="keep the one with the published check value")

    def application_of(self, name: bytes) -> Application | None:
        """The application that takes a card's name: the longest that it begins with."""
        taking = [application for application in self.applications if name.startswith(application.aid)]
        return max(taking, key=lambda application: len(application.aid), default=None)

    def ca_key(self, rid: bytes, index: int) -> CaKey | None:
        return next((key for key in self.ca_keys if (key.rid, key.index) == (rid, index)), None)


@dataclass(frozen=True, slots=True)
class Tap:
    """One transaction: `amount` in fen (0 for an inquiry alone), `day` the merchant's date, four random bytes, and the terminal's running
    number (9F41)."""

    amount: int
    day: date
    unpredictable_number: bytes
    sequence: int
    transaction_type: int = PURCHASE

    def __post_init__(self) -> None:
        least = 0 if self.transaction_type == INQUIRY else 1
        if not least <= self.amount <= min(MAX_AMOUNT, _GREATEST_9F02):
            raise BadInput(f"{self.amount} fen cannot be tapped", where="amount", hint="at most 12 digits, above zero")
        if len(self.unpredictable_number) != 4:
            raise BadInput(f"{len(self.unpredictable_number)} bytes", where="unpredictable number", hint="four random bytes are needed")
        if not 0 <= self.sequence <= MAX_SEQUENCE or not 0 <= self.transaction_type <= 99:
            raise BadInput("the running number or the transaction type is out of range", where="tap", hint="8 digits, and 2")


def terminal_data(config: TerminalConfig, application: Application, tap: Tap, ttq: Ttq) -> Mapping[int, bytes]:
    """What the terminal can tell a card or the issuer, by tag. All verification bits (TVR) are zero in qPBOC before the answer."""
    return {
        Tag.TTQ_9F66: ttq.to_bytes(TTQ_BYTES, "big"),
        Tag.AMOUNT_9F02: numeric(tap.amount, 6),
        Tag.AMOUNT_OTHER_9F03: bytes(6),
        Tag.COUNTRY_9F1A: numeric(config.country, 2),
        Tag.TVR_95: bytes(TVR_BYTES),
        Tag.CURRENCY_5F2A: numeric(config.currency, 2),
        Tag.DATE_9A: date_bytes(tap.day),
        Tag.TYPE_9C: numeric(tap.transaction_type, 1),
        Tag.UNPREDICTABLE_NUMBER_9F37: tap.unpredictable_number,
        Tag.CAPABILITIES_9F33: config.capabilities,
        Tag.TERMINAL_TYPE_9F35: numeric(config.terminal_type, 1),
        Tag.IFD_SERIAL_9F1E: config.serial.encode(),
        Tag.VERSION_9F09: config.version,
        Tag.SEQUENCE_COUNTER_9F41: numeric(tap.sequence, 4),
        Tag.FLOOR_LIMIT_9F1B: min(application.floor_limit, _GREATEST_9F1B).to_bytes(4, "big"),
        Tag.ENTRY_MODE_9F39: numeric(CONTACTLESS, 1),
        Tag.CASH_TERMINAL_9F7A: numeric(int(application.floor_limit > 0), 1),
    }
