"""Messages as a terminal writes them, and the answers as it reads them.

Plain values in, `Message` out (`fields.pack` makes the bytes). Layouts as Q/CUP 009 has them for a contactless chip: 0200 with fields 2, 3,
4, 11, 14, 22, 23, 25, 35, 41, 42, 49, 55, 60, 64; the others with the part of it that names the sale.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso8583 import subfields
from tapwealth.wire.iso8583.fields import MAC_FIELD, Message, unpack
from tapwealth.wire.iso8583.mac import is_sealed_by
from tapwealth.wire.iso8583.requests import APPROVED, YUAN, Management, OriginalReference, Reconciliation, Totals, TransactionKind
from tapwealth.wire.iso8583.spec import answer_type, describe
from tapwealth.wire.iso8583.working_keys import WorkingKeys, deciphered

NO_PIN = "2"
"""Third digit of field 22."""
SETTLED = "0510"


class Place(NamedTuple):
    """Where and as what a message is sent: field 42, 41, 60.2 and 11."""

    merchant_id: str
    terminal_id: str
    batch: str
    stan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A card and an amount in fen, as the chip gave them. `track2` is digits, `D`, digits."""

    track2: Pan
    psn: str
    amount: int
    entry_mode: str

    @property
    def pan(self) -> Pan:
        return Pan(self._track().pan)

    def _track(self) -> subfields.Track2:
        return subfields.Track2.parse(self.track2.reveal(), where="track 2")

    def fields(self) -> dict[int, str]:
        """Fields 2, 4, 14, 22, 23 and 49."""
        track = self._track()
        if self.amount <= 0:
            raise BadInput(f"{self.amount} fen cannot be paid", where="amount", hint="it is above zero")
        return {
            2: track.pan,
            4: subfields.format_amount(self.amount),
            14: track.expiry_date,
            22: f"{self.entry_mode}{NO_PIN}",
            23: f"0{self.psn}",
            49: YUAN,
        }


def _placed(place: Place, kind: str, code: str) -> dict[int, str]:
    return {
        11: place.stan,
        41: place.terminal_id,
        42: place.merchant_id,
        60: subfields.TypeAndBatch(kind, place.batch, code).format(),
    }


def sale_message(place: Place, payment: Payment, icc_data: bytes, kind: TransactionKind = TransactionKind.SALE) -> Message:
    """0200, or 0100 for a pre-authorisation. `icc_data` is the TLV for field 55."""
    own = _kind(kind) | {35: payment.track2.reveal(), 55: icc_data.hex().upper()}
    return Message(f"{kind.mti_class}00", payment.fields() | _placed(place, kind, "000") | own)


def offline_advice_message(place: Place, payment: Payment, icc_data: bytes) -> Message:
    """0220 for a sale that the card has approved by itself: `icc_data` holds its TC. Sent again until it is answered, never reversed."""
    sale = sale_message(place, payment, icc_data, TransactionKind.OFFLINE_SALE)
    return Message("0220", sale.fields)


def inquiry_message(place: Place, payment: Payment, icc_data: bytes) -> Message:
    """0200 after the available balance: the chip's cryptogram is over zero. `payment.amount` is not sent."""
    sale = sale_message(place, payment, icc_data, TransactionKind.BALANCE)
    return Message(sale.mti, {number: value for number, value in sale.fields.items() if number != 4})


def follow_up_message(place: Place, payment: Payment, kind: TransactionKind, original: OriginalReference, rrn: str) -> Message:
    """0100 cancellation, 0200 void, completion or its void, 0220 refund, of the transaction that `original` and `rrn` name."""
    mti = "0220" if kind is TransactionKind.REFUND else f"{kind.mti_class}00"
    own = _kind(kind) | {37: rrn, 61: subfields.format_original(original)}
    return Message(mti, payment.fields() | _placed(place, kind, "000") | own)


def reversal_message(place: Place, payment: Payment, reason: str, date: str, kind: TransactionKind = TransactionKind.SALE) -> Message:
    """0400 for the transaction sent from the same place; `date` is its MMDD."""
    own = _kind(kind) | {39: reason, 61: subfields.format_original(OriginalReference(place.batch, place.stan, date))}
    return Message("0400", payment.fields() | _placed(place, kind, "000") | own)


def _kind(kind: TransactionKind) -> dict[int, str]:
    """Fields 3 and 25."""
    return {3: subfields.PROCESSING[kind], 25: subfields.conditions(kind)}


def upload_message(place: Place, payment: Payment, original: OriginalReference, rrn: str, authorisation_code: str) -> Message:
    """0320 for one approved sale."""
    own = {25: subfields.NORMAL_CONDITIONS, 37: rrn, 38: authorisation_code, 61: subfields.format_original(original)}
    return Message("0320", payment.fields() | _placed(place, subfields.MANAGEMENT_TYPE, subfields.BATCH_CODE) | own)


def management_message(place: Place, kind: Management) -> Message:
    """0800 sign-on, 0820 sign-off and line test; packed without a MAC."""
    mti, code = kind.split("/")
    return Message(mti, _placed(place, subfields.MANAGEMENT_TYPE, code))


def settlement_message(place: Place, totals: Totals) -> Message:
    """0500."""
    own = {48: subfields.format_totals(totals), 49: YUAN}
    return Message("0500", _placed(place, subfields.MANAGEMENT_TYPE, subfields.BATCH_CODE) | own)


class WrongMac(BadInput):
    """The answer has no MAC, or one under another key: it may be anyone's. `told` is the response code that it claims, for people."""

    def __init__(self, told: str = "") -> None:
        said = f", it says {told}" if told not in ("", APPROVED) else ""
        super().__init__(f"the answer's code is wrong{said}", where=describe(MAC_FIELD), hint="don't believe it: reverse")
        self.told = told


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a terminal takes from an answer. `local_time` is hhmmss, `local_date` MMDD, both the host's."""

    response_code: str
    authorisation_code: str
    rrn: str
    local_time: str
    local_date: str
    icc_data: bytes = field(repr=False)
    totals: Totals | None
    reconciliation: Reconciliation | None
    balance: int | None = None


def read_answer(message: bytes, asked: Message, mac_key: bytes) -> Answer:
    """The answer to `asked`. Raises WrongMac, or BadInput if it is unreadable or answers something else."""
    if not is_sealed_by(mac_key, message):
        raise WrongMac(_claimed_code(message, asked))
    return _told(_matched(message, asked))


def _claimed_code(message: bytes, asked: Message) -> str:
    try:
        return _matched(message, asked).fields[39]
    except BadInput:
        return ""


def read_management_answer(message: bytes, asked: Message, master_key: bytes) -> tuple[str, WorkingKeys | None]:
    """Response code, and the keys that a sign-on gave. No MAC proves it; the keys' check values do. Raises BadInput."""
    read = _matched(message, asked)
    given = bytes.fromhex(read.fields.get(62, ""))
    return read.fields[39], deciphered(given, master_key) if given else None


def _matched(message: bytes, asked: Message) -> Message:
    read = unpack(message)
    if read.mti != answer_type(asked.mti):
        raise BadInput(f"{read.mti} came in answer to {asked.mti}", where="message type", hint="reverse")
    for number in (11, 41, 42):
        if read.fields.get(number) != asked.fields[number]:
            raise BadInput("it answers another request", where=describe(number), hint="reverse")
    if subfields.TypeAndBatch.parse(read.fields.get(60, "")) != subfields.TypeAndBatch.parse(asked.fields[60]):
        raise BadInput("it answers another request", where=describe(60), hint="reverse")
    if 39 not in read.fields:
        raise BadInput("an answer needs it", where=describe(39), hint="reverse")
    return read


def _told(read: Message) -> Answer:
    """What matters to a terminal; field 48 is the totals in the answer to a settlement alone."""
    told = read.fields.get
    totals, result = subfields.parse_totals(told(48, "")) if read.mti == SETTLED and 48 in read.fields else (None, None)
    if result is not None and result not in set(Reconciliation):
        raise BadInput(f"the result {result} is unknown", where=describe(48), hint="it is 1, 2 or 3")
    return Answer(
        response_code=read.fields[39],
        authorisation_code=told(38, ""),
        rrn=told(37, ""),
        local_time=told(12, ""),
        local_date=told(13, ""),
        icc_data=bytes.fromhex(told(55, "")),
        totals=totals,
        balance=subfields.parse_balance(told(54, "")) if 54 in read.fields else None,
        reconciliation=None if result is None else Reconciliation(result),
    )
