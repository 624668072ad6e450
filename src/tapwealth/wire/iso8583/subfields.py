"""Fields of a message that are made of several values: 22, 23, 35, 48, 60, 61 (Q/CUP 009, message fields).

Assumes fields that `fields.unpack` has passed: digits are digits. Whatever is wrong with their meaning is BadInput naming the field.
"""

import re
from types import MappingProxyType
from typing import NamedTuple

from tapwealth.kernel.money import checked
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso8583.requests import YUAN, OriginalReference, Totals, TransactionKind
from tapwealth.wire.iso8583.spec import describe

MANAGEMENT_TYPE = "00"
SALE_PROCESSING, UNDO_PROCESSING, HOLD_PROCESSING, BALANCE_PROCESSING = "000000", "200000", "030000", "310000"
PROCESSING = MappingProxyType(
    {
        TransactionKind.SALE: SALE_PROCESSING,
        TransactionKind.OFFLINE_SALE: SALE_PROCESSING,
        TransactionKind.COMPLETION: SALE_PROCESSING,
        TransactionKind.PREAUTHORISATION: HOLD_PROCESSING,
        TransactionKind.BALANCE: BALANCE_PROCESSING,
        TransactionKind.VOID: UNDO_PROCESSING,
        TransactionKind.CANCELLATION: UNDO_PROCESSING,
        TransactionKind.COMPLETION_VOID: UNDO_PROCESSING,
        TransactionKind.REFUND: UNDO_PROCESSING,
    }
)
"""Field 3 by the kind of transaction."""
NORMAL_CONDITIONS, PREAUTHORISED = "00", "06"
"""Field 25: a sale and what belongs to it; a pre-authorisation and what belongs to it."""
BATCH_CODE = "201"
"""60.3 of batch upload and settlement; a sale has 000."""
READS_CHIP = "6"
"""60.4: the terminal reads contact and contactless chips."""
MAX_FIELD_AMOUNT = 10**12 - 1

_TRACK2 = re.compile(r"(\d{12,19})D(\d{4})(\d{3})\d*", re.ASCII)
_TOTALS = re.compile(r"(\d{12})(\d{3})(\d{12})(\d{3})(\d)", re.ASCII)
NO_FOREIGN_CARDS = "0" * 31
"""The second half of field 48: foreign cards have totals of their own, and this house takes none."""


class TypeAndBatch(NamedTuple):
    """Field 60: 60.1 type of transaction, 60.2 batch, 60.3 management code."""

    type: str
    batch: str
    code: str

    @classmethod
    def parse(cls, text: str) -> "TypeAndBatch":
        """At least 60.1 to 60.3 must be there; the terminal's abilities behind them are not needed."""
        if len(text) < 11:
            raise BadInput(f"it has {len(text)} digits", where=describe(60), hint="type (2), batch (6) and code (3) are needed")
        return cls(text[:2], text[2:8], text[8:11])

    def format(self) -> str:
        return f"{self.type}{self.batch}{self.code}{READS_CHIP}"


class Track2(NamedTuple):
    """Field 35: account number, expiry (YYMM), service code; the rest is the issuer's."""

    pan: str
    expiry_date: str
    service_code: str

    @classmethod
    def parse(cls, text: str, where: str = describe(35)) -> "Track2":
        match = _TRACK2.fullmatch(text)
        if match is None:
            raise BadInput("it is no track 2", where=where, hint="write PAN, D, YYMM, service code, issuer's digits")
        return cls(match[1], match[2], match[3])


def parse_amount(text: str) -> int:
    """Field 4, in fen: above zero."""
    return checked(int(text), where=describe(4))


def format_amount(amount: int, where: str = describe(4)) -> str:
    """Twelve digits of fen; BadInput if that is not enough or the amount is negative."""
    if not 0 <= amount <= MAX_FIELD_AMOUNT:
        raise BadInput(f"{amount} fen do not fit into twelve digits", where=where, hint="0 to 9,999,999,999.99 yuan are possible")
    return f"{amount:012d}"


def conditions(kind: TransactionKind) -> str:
    """Field 25."""
    of_hold = (TransactionKind.PREAUTHORISATION, TransactionKind.CANCELLATION, TransactionKind.COMPLETION, TransactionKind.COMPLETION_VOID)
    return PREAUTHORISED if kind in of_hold else NORMAL_CONDITIONS


_BALANCE = re.compile(rf"1002{YUAN}([CD])(\d{{12}})", re.ASCII)


def format_balance(amount: int) -> str:
    """Field 54: account 10, amount 02 (available), currency, C or D, twelve digits of fen."""
    return f"1002{YUAN}{'C' if amount >= 0 else 'D'}{format_amount(abs(amount), describe(54))}"


def parse_balance(text: str) -> int:
    match = _BALANCE.fullmatch(text)
    if match is None:
        raise BadInput("it is no available balance in yuan", where=describe(54), hint="write 1002156, C or D, twelve digits")
    return int(match[2]) if match[1] == "C" else -int(match[2])


def parse_psn(text: str) -> str:
    """Field 23 has three digits, the card's number two."""
    if text[0] != "0":
        raise BadInput(f"{text} is above 099", where=describe(23), hint="a card's sequence number has two digits")
    return text[1:]


def parse_expiry(text: str) -> str:
    """Field 14, YYMM."""
    if not "01" <= text[2:] <= "12":
        raise BadInput(f"there is no month {text[2:]}", where=describe(14), hint="write YYMM")
    return text


def parse_original(text: str) -> OriginalReference:
    """Field 61: batch, STAN and perhaps the date (MMDD) of the original message."""
    if len(text) < 12:
        raise BadInput(f"it has {len(text)} digits", where=describe(61), hint="batch (6) and STAN (6) of the original are needed")
    date = text[12:16]
    if date and len(date) < 4:
        raise BadInput(f"the original's date has {len(date)} digits", where=describe(61), hint="write MMDD or leave it out")
    return OriginalReference(text[:6], text[6:12], date)


def format_original(original: OriginalReference) -> str:
    return "".join(original)


def parse_totals(text: str) -> tuple[Totals, str]:
    """Field 48 of 0500 and 0510: totals of domestic cards, and the reconciliation digit."""
    match = _TOTALS.fullmatch(text[:31])
    if match is None or len(text) != 62:
        raise BadInput(f"it has {len(text)} digits", where=describe(48), hint="twice 31 are needed: amounts, numbers, result")
    if text[31:61].strip("0"):
        raise BadInput("it claims foreign cards", where=describe(48), hint="only domestic cards are taken here")
    debit, debits, credit, credits_, result = match.groups()
    return Totals(debit_amount=int(debit), debit_count=int(debits), credit_amount=int(credit), credit_count=int(credits_)), result


def format_totals(totals: Totals, result: str = "0") -> str:
    """The 62 digits of field 48; more than 999 of a kind do not fit into one batch."""
    for count in (totals.debit_count, totals.credit_count):
        if not 0 <= count <= 999:
            raise BadInput(f"a batch of {count} transactions", where=describe(48), hint="at most 999 of a kind fit: settle earlier")
    debit, credit = (format_amount(amount, describe(48)) for amount in (totals.debit_amount, totals.credit_amount))
    return f"{debit}{totals.debit_count:03d}{credit}{totals.credit_count:03d}{result}{NO_FOREIGN_CARDS}"
