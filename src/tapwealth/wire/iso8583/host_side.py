"""Requests as the host reads them, and its answers.

Assumes one message without envelope; its MAC is checked apart (`mac.is_sealed_by`), because only the host knows whose key it is. Which
field must and may be in which message follows Q/CUP 009 as far as this house takes part: 0100, 0200 and 0220 by the kind of transaction in
field 60.1, 0320 batch upload, 0400 reversal, 0500 settlement. Fields that say nothing to us may come; fields that would ask for something
we do not do may not.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, TypedDict, assert_never

from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso8583 import subfields
from tapwealth.wire.iso8583.fields import MAC_FIELD, Message, UnreadableMessage, unpack
from tapwealth.wire.iso8583.requests import (
    YUAN,
    AuthorisationRequest,
    AuthorisationResponse,
    BatchUploadRequest,
    BatchUploadResponse,
    FollowUpRequest,
    Management,
    ManagementRequest,
    ManagementResponse,
    OriginalReference,
    Reconciliation,
    ReversalRequest,
    ReversalResponse,
    SettlementRequest,
    SettlementResponse,
    TransactionKind,
)
from tapwealth.wire.iso8583.spec import answer_type, describe

UNSUPPORTED, INVALID = "40", "12"
ECHOED = (3, 4, 11, 25, 41, 42, 49, 60)
"""Fields that an answer repeats, so that the terminal knows what is answered; never the card's number."""
NEEDED_TO_ANSWER = (11, 41, 42)

Request = AuthorisationRequest | FollowUpRequest | ReversalRequest | BatchUploadRequest | SettlementRequest | ManagementRequest
Response = AuthorisationResponse | ReversalResponse | BatchUploadResponse | SettlementResponse | ManagementResponse


class _Layout(NamedTuple):
    """The fields that a message must have, and those that it may have besides."""

    required: frozenset[int]
    allowed: frozenset[int]


_CHIP = _Layout(
    frozenset({2, 3, 4, 11, 14, 22, 23, 25, 35, 41, 42, 49, 55, 60, MAC_FIELD}),
    frozenset({26, 32, 48, 53, 59, 62, 63}),
)
_ADVICE = _Layout(_CHIP.required, _CHIP.allowed | {38})
_INQUIRY = _Layout(_CHIP.required - {4}, _CHIP.allowed)
_FOLLOWING = _Layout(
    frozenset({2, 3, 4, 11, 22, 25, 37, 41, 42, 49, 60, 61, MAC_FIELD}),
    frozenset({14, 23, 26, 32, 35, 38, 48, 53, 55, 59, 62, 63}),
)
_REVERSAL = _Layout(
    frozenset({2, 3, 4, 11, 39, 41, 42, 49, 60, MAC_FIELD}),
    frozenset({14, 22, 23, 25, 26, 32, 35, 37, 38, 55, 59, 61, 62, 63}),
)
_UPLOAD = _Layout(frozenset({2, 4, 11, 22, 23, 37, 38, 41, 42, 49, 60, 61, MAC_FIELD}), frozenset({3, 14, 15, 25, 32, 55, 62, 63}))
_SETTLEMENT = _Layout(frozenset({11, 41, 42, 48, 49, 60, MAC_FIELD}), frozenset({32, 62, 63}))
_MANAGEMENT = _Layout(frozenset({11, 41, 42, 60}), frozenset({32, 49, 62, 63, MAC_FIELD}))
_K = TransactionKind
_LAYOUTS: Mapping[str, Mapping[str, _Layout]] = {
    "0100": {_K.PREAUTHORISATION: _CHIP, _K.CANCELLATION: _FOLLOWING},
    "0200": {_K.SALE: _CHIP, _K.VOID: _FOLLOWING, _K.COMPLETION: _FOLLOWING, _K.COMPLETION_VOID: _FOLLOWING, _K.BALANCE: _INQUIRY},
    "0220": {_K.REFUND: _FOLLOWING, _K.OFFLINE_SALE: _ADVICE},
    "0320": {subfields.MANAGEMENT_TYPE: _UPLOAD},
    "0400": dict.fromkeys((_K.SALE, *(kind for kind in _K if kind not in (_K.SALE, _K.BALANCE, _K.OFFLINE_SALE))), _REVERSAL),
    "0500": {subfields.MANAGEMENT_TYPE: _SETTLEMENT},
    "0800": {subfields.MANAGEMENT_TYPE: _MANAGEMENT},
    "0820": {subfields.MANAGEMENT_TYPE: _MANAGEMENT},
}
"""By message type and field 60.1; the first of a message type stands for one that is not told."""
_PIN = 52
_WITHOUT_PIN = "pay without one: the phone knows its owner"


def read_request(message: bytes) -> Message:
    """The fields of a request, complete for its type. Raises UnreadableMessage."""
    read = unpack(message)
    if answer_type(read.mti) is None:
        raise UnreadableMessage(f"a message type {read.mti} is no request", where="message type", hint="send 0200, 0320, 0400 or 0500")
    layouts = _LAYOUTS.get(read.mti)
    if layouts is None:
        raise UnreadableMessage(f"{read.mti} is not taken here", where="message type", read=read, code=UNSUPPORTED)
    told = read.fields.get(60, "")[:2]
    if len(told) == 2 and told not in layouts:  # which fields it should have, nobody here can say
        fault = _not_taken(told, layouts)
        raise UnreadableMessage(fault.what, where=fault.where, hint=fault.hint, read=read, code=fault.code)
    layout = layouts.get(told) or next(iter(layouts.values()))
    present = frozenset(read.fields)
    if _PIN in present:
        raise UnreadableMessage("a PIN is not checked here", where=describe(_PIN), hint=_WITHOUT_PIN, read=read, code=UNSUPPORTED)
    for number in sorted(layout.required - present):
        raise UnreadableMessage(f"a {read.mti} needs it", where=describe(number), hint="add it", read=read)
    for number in sorted(present - layout.required - layout.allowed):
        raise UnreadableMessage(f"it does not belong into a {read.mti} here", where=describe(number), hint="leave it out", read=read)
    return read


def parse_request(read: Message, received_at: datetime) -> Request:
    """The request that the fields make. Raises UnreadableMessage naming the field that makes no sense."""
    try:
        return _PARSERS[read.mti](_head(read.mti, read.fields, received_at), read.fields)
    except _Unsupported as fault:
        raise UnreadableMessage(fault.what, where=fault.where, hint=fault.hint, read=read, code=fault.code) from None
    except BadInput as fault:
        raise UnreadableMessage(fault.what, where=fault.where, hint=fault.hint, read=read) from None


class _Unsupported(BadInput):
    """Well written, but not done here."""

    def __init__(self, what: str, number: int, code: str, hint: str) -> None:
        super().__init__(what, where=describe(number), hint=hint)
        self.code = code


def _not_taken(kind: str, taken: Iterable[str]) -> _Unsupported:
    """Of a transaction's kind (60.1) that its message type has not here."""
    return _Unsupported(f"transactions of type {kind} are not taken", 60, UNSUPPORTED, f"60.1 is {' or '.join(taken)} here")


class _Base(TypedDict):
    """What every request is made of, whatever it asks for."""

    merchant_id: str
    terminal_id: str
    batch: str
    stan: str
    received_at: datetime


class _Head(NamedTuple):
    """`type` is 60.1, `code` 60.3."""

    mti: str
    type: str
    code: str
    base: _Base


def _head(mti: str, fields: Mapping[int, str], received_at: datetime) -> _Head:
    kind, expected = subfields.TypeAndBatch.parse(fields[60]), _LAYOUTS[mti]
    if kind.type not in expected:
        raise _not_taken(kind.type, expected)
    processing = subfields.SALE_PROCESSING if kind.type == subfields.MANAGEMENT_TYPE else subfields.PROCESSING[TransactionKind(kind.type)]
    if fields.get(3, processing) != processing:
        raise _Unsupported(f"{fields[3]} is not taken", 3, UNSUPPORTED, f"type {kind.type} has {processing}")
    if fields.get(49, YUAN) != YUAN:
        raise _Unsupported(f"{fields[49]} is not taken", 49, INVALID, f"only {YUAN} (yuan) is")
    for number in (41, 42):
        if not fields[number].strip():
            raise BadInput("it is blank", where=describe(number), hint="the acquirer assigned one")
    base = _Base(merchant_id=fields[42], terminal_id=fields[41], batch=kind.batch, stan=fields[11], received_at=received_at)
    return _Head(mti, kind.type, kind.code, base)


def _checked_card(fields: Mapping[int, str]) -> Pan:
    """The account number, which track 2 and expiry must agree with."""
    if len(fields[2]) < 12:
        raise BadInput(f"it has {len(fields[2])} digits", where=describe(2), hint="12 to 19 are possible")
    if 14 in fields:
        subfields.parse_expiry(fields[14])
    if 35 in fields:
        track2 = subfields.Track2.parse(fields[35])
        if track2.pan != fields[2] or track2.expiry_date != fields.get(14, track2.expiry_date):
            raise BadInput("it is of another card than fields 2 and 14 say", where=describe(35), hint="take all from the same card")
    return Pan(fields[2])


def _parse_transaction(head: _Head, fields: Mapping[int, str]) -> Request:
    """0100, 0200, 0220: what the card is asked for, or what follows an earlier transaction."""
    return _parse_follow_up(head, fields) if _LAYOUTS[head.mti][head.type] is _FOLLOWING else _parse_chip(head, fields)


def _parse_chip(head: _Head, fields: Mapping[int, str]) -> AuthorisationRequest:
    return AuthorisationRequest(
        **head.base,
        pan=_checked_card(fields),
        psn=subfields.parse_psn(fields[23]),
        expiry_date=fields[14],
        amount=subfields.parse_amount(fields[4]) if 4 in fields else 0,
        currency=fields[49],
        entry_mode=fields[22][:2],
        icc_data=bytes.fromhex(fields[55]),
        kind=TransactionKind(head.type),
    )


def _parse_follow_up(head: _Head, fields: Mapping[int, str]) -> FollowUpRequest:
    return FollowUpRequest(
        **head.base,
        pan=_checked_card(fields),
        amount=subfields.parse_amount(fields[4]),
        currency=fields[49],
        original=subfields.parse_original(fields[61]),
        rrn=fields[37],
        kind=TransactionKind(head.type),
    )


def _parse_reversal(head: _Head, fields: Mapping[int, str]) -> ReversalRequest:
    original = subfields.parse_original(fields[61]) if 61 in fields else OriginalReference(head.base["batch"], fields[11])
    if original.stan != fields[11]:
        raise BadInput(
            f"it names STAN {original.stan}, field 11 says {fields[11]}",
            where=describe(61),
            hint="a reversal keeps the STAN of what it undoes",
        )
    return ReversalRequest(
        **head.base,
        pan=_checked_card(fields),
        amount=subfields.parse_amount(fields[4]),
        currency=fields[49],
        reason=fields[39],
        original=original,
        kind=TransactionKind(head.type),
    )


def _parse_upload(head: _Head, fields: Mapping[int, str]) -> BatchUploadRequest:
    return BatchUploadRequest(
        **head.base,
        pan=_checked_card(fields),
        psn=subfields.parse_psn(fields[23]),
        amount=subfields.parse_amount(fields[4]),
        currency=fields[49],
        entry_mode=fields[22][:2],
        original=subfields.parse_original(fields[61]),
        rrn=fields[37],
        authorisation_code=fields[38],
    )


def _parse_settlement(head: _Head, fields: Mapping[int, str]) -> SettlementRequest:
    totals, _ = subfields.parse_totals(fields[48])
    return SettlementRequest(
        **head.base,
        currency=fields[49],
        totals=totals,
    )


def _parse_management(head: _Head, fields: Mapping[int, str]) -> ManagementRequest:
    asked = f"{head.mti}/{head.code}"
    if asked not in set(Management):
        known = " or ".join(kind[5:] for kind in Management if kind.startswith(head.mti))
        raise _Unsupported(f"management of code {asked[5:]} is not taken", 60, UNSUPPORTED, f"60.3 is {known} here")
    return ManagementRequest(
        **head.base,
        kind=Management(asked),
    )


_PARSERS: Mapping[str, Callable[[_Head, Mapping[int, str]], Request]] = {
    "0100": _parse_transaction,
    "0200": _parse_transaction,
    "0220": _parse_transaction,
    "0320": _parse_upload,
    "0400": _parse_reversal,
    "0500": _parse_settlement,
    "0800": _parse_management,
    "0820": _parse_management,
}


def decode_request(message: bytes, received_at: datetime) -> Request:
    """Read and parse in one. Raises UnreadableMessage (a BadInput) and nothing else; the MAC is not looked at."""
    return parse_request(read_request(message), received_at)


def refusal(read: Message | None, response_code: str, at: datetime) -> Message | None:
    """The answer that says no for reasons of the message itself; None if too little could be read to answer at all."""
    kind = answer_type(read.mti) if read is not None else None
    if read is None or kind is None or any(number not in read.fields for number in NEEDED_TO_ANSWER):
        return None
    return Message(kind, _echo(read, at) | {39: response_code})


def answer(read: Message, response: Response, at: datetime) -> Message:
    """The answer to a request that was decided; `at` is printed on the receipt (fields 12 and 13, Shanghai)."""
    kind = answer_type(read.mti)
    assert kind is not None, f"{read.mti} was decided"
    return Message(kind, _echo(read, at) | _told(read, response))


def _echo(read: Message, at: datetime) -> dict[int, str]:
    fields = read.fields
    echoed = {number: fields[number] for number in ECHOED if number in fields}
    echoed[12], echoed[13] = _printed(at)
    return echoed


@lru_cache(maxsize=64)
def _printed(at: datetime) -> tuple[str, str]:
    """Fields 12 and 13, hhmmss and MMDD. Many messages are read at one instant."""
    local = at.astimezone(SHANGHAI)
    return f"{local:%H%M%S}", f"{local:%m%d}"


def _told(read: Message, response: Response) -> dict[int, str]:
    match response:
        case AuthorisationResponse():
            told = {37: response.rrn, 38: response.authorisation_code, 55: response.icc_data.hex().upper()}
            if response.balance is not None:
                told[54] = subfields.format_balance(response.balance)
        case ReversalResponse() | BatchUploadResponse():
            told = {37: response.rrn}
        case ManagementResponse():
            told = {62: response.keys.hex().upper()}
        case SettlementResponse():
            totals = response.totals or subfields.parse_totals(read.fields[48])[0]
            told = {48: subfields.format_totals(totals, response.reconciliation)}
        case _:
            assert_never(response)
    return {number: value for number, value in told.items() if value} | {39: response.response_code}


def settlement_failed(response_code: str) -> SettlementResponse:
    """The answer to a settlement that could not be decided now."""
    return SettlementResponse(response_code=response_code, reconciliation=Reconciliation.FAILED)
