"""What a terminal is and what one tap is about: everything the kernel knows besides the card."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.emv_data import date_bytes, numeric
from tapwealth.wire.emv_tags import Tag

CHINA, YUAN = 156, 156
"""ISO 3166-1 and ISO 4217 numbers."""

PURCHASE = 0x00
"""Transaction type 9C: goods and services."""

MAX_SEQUENCE = 99_999_999
_GREATEST_9F02 = 999_999_999_999

_TTQ_QPBOC, _TTQ_CVM_REQUIRED = 0x20, 0x40
"""In TTQ bytes 1 and 2."""


@dataclass(frozen=True, slots=True)
class TerminalConfig:
    """`aids` are the applications taken, each also as the beginning of a card's longer name; the rest are EMV data elements.

    `serial` is the device's number, eight characters. TTQ 36800000: qPBOC, contact, online PIN and signature; online cryptogram required.
    """

    serial: str
    aids: tuple[bytes, ...] = (bytes.fromhex("A00000033301"),)
    ttq: bytes = bytes.fromhex("36800000")
    country: int = CHINA
    currency: int = YUAN
    capabilities: bytes = bytes.fromhex("E0E1C8")
    terminal_type: int = 22
    version: bytes = bytes.fromhex("0020")

    def __post_init__(self) -> None:
        plain = self.serial.isascii() and self.serial.isalnum()
        if not plain or len(self.serial) != 8:
            raise BadInput("the serial number is not eight letters and digits", where="terminal", hint="take it from the device's plate")
        if len(self.ttq) != 4 or not self.ttq[0] & _TTQ_QPBOC:
            raise BadInput(f"TTQ {self.ttq.hex().upper()} does not offer qPBOC", where="terminal", hint="use 36800000")
        if len(self.capabilities) != 3 or len(self.version) != 2 or any(not 5 <= len(aid) <= 16 for aid in self.aids):
            raise BadInput("an EMV parameter has a wrong length", where="terminal", hint="9F33 has 3 bytes, 9F09 2, an AID 5 to 16")

    @property
    def wants_cvm(self) -> bool:
        """Whether the cardholder must be verified, by the terminal's own parameters."""
        return bool(self.ttq[1] & _TTQ_CVM_REQUIRED)


@dataclass(frozen=True, slots=True)
class Tap:
    """One transaction: `amount` in fen, `day` the merchant's date, four random bytes, and the terminal's running number (9F41)."""

    amount: int
    day: date
    unpredictable_number: bytes
    sequence: int
    transaction_type: int = PURCHASE

    def __post_init__(self) -> None:
        if not 0 < self.amount <= min(MAX_AMOUNT, _GREATEST_9F02):
            raise BadInput(f"{self.amount} fen cannot be tapped", where="amount", hint="at most 12 digits, above zero")
        if len(self.unpredictable_number) != 4:
            raise BadInput(f"{len(self.unpredictable_number)} bytes", where="unpredictable number", hint="four random bytes are needed")
        if not 0 <= self.sequence <= MAX_SEQUENCE or not 0 <= self.transaction_type <= 99:
            raise BadInput("the running number or the transaction type is out of range", where="tap", hint="8 digits, and 2")


def terminal_data(config: TerminalConfig, tap: Tap) -> Mapping[int, bytes]:
    """What the terminal can tell a card or the issuer, by tag. All verification bits (TVR) are zero in qPBOC before the answer."""
    return {
        Tag.TTQ_9F66: config.ttq,
        Tag.AMOUNT_9F02: numeric(tap.amount, 6),
        Tag.AMOUNT_OTHER_9F03: bytes(6),
        Tag.COUNTRY_9F1A: numeric(config.country, 2),
        Tag.TVR_95: bytes(5),
        Tag.CURRENCY_5F2A: numeric(config.currency, 2),
        Tag.DATE_9A: date_bytes(tap.day),
        Tag.TYPE_9C: numeric(tap.transaction_type, 1),
        Tag.UNPREDICTABLE_NUMBER_9F37: tap.unpredictable_number,
        Tag.CAPABILITIES_9F33: config.capabilities,
        Tag.TERMINAL_TYPE_9F35: numeric(config.terminal_type, 1),
        Tag.IFD_SERIAL_9F1E: config.serial.encode(),
        Tag.VERSION_9F09: config.version,
        Tag.SEQUENCE_COUNTER_9F41: numeric(tap.sequence, 4),
    }
