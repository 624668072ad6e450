"""The phone's payment applet: qPBOC at a contactless reader, PBOC debit and credit at one with contacts (PBOC 3.0 parts 5 and 12; EMV
Book 1, 11.3 and 12; Book 3, 6.5 and 9).

A pure step: state and command APDU in, new state and response APDU out. Whatever comes in, a proper response goes out, and a refused
command changes nothing. The caller stores the new state before it sends the response: then a phone that dies in between has spent a
counter value, and can never give two cryptograms under one.

The torn rule of electronic cash: an offline approval takes its amount when it is made, not when the reader has it. A phone that dies in
between, or a reader that hears nothing, leaves a payment on the card's log that no merchant claims; the issuer holds the money and gives
it back when nobody can claim it any more.
"""

from collections.abc import Callable
from dataclasses import replace

from tapwealth.card import contact
from tapwealth.card.options import LOCAL_RECORD, PDOL, PDOL_LENGTH, answer_options
from tapwealth.card.state import LAST_ATC, LOG_SIZE, CardState, Dialogue, Interface, LogEntry, Purse, Selected
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire import dol, tlv
from tapwealth.wire.apdu import (
    CLA_EMV,
    CLA_ISO,
    P1_BY_NAME,
    P2_FIRST,
    P2_NEXT,
    CommandApdu,
    Ins,
    ResponseApdu,
    Sw,
    decode_command,
)
from tapwealth.wire.emv_data import numeric
from tapwealth.wire.emv_tags import Tag

PPSE_NAME, PSE_NAME = b"2PAY.SYS.DDF01", b"1PAY.SYS.DDF01"
DIRECTORY_SFI, LOG_SFI = 1, 11
LOG_FORMAT = ((Tag.AMOUNT_9F02, 6), (Tag.DATE_9A, 3), (Tag.COUNTRY_9F1A, 2), (Tag.CURRENCY_5F2A, 2), (Tag.TYPE_9C, 1), (Tag.ATC_9F36, 2))
"""What a record of the log holds, newest first in record 1 (EMV Book 3, D4)."""

_NOT_A_CARDS_CLASS = 0xFF
"""The class that readers keep for themselves (PC/SC part 3, 3.2.2)."""
_SHORTEST_NAME, _LONGEST_NAME = 5, 16
_LANGUAGES = b"zhen"

Step = tuple[CardState, ResponseApdu]


def step(state: CardState, c_apdu: bytes) -> tuple[CardState, bytes]:
    """One command: the state after it, and the response to send. Never raises.

    Checks in this order: shape of the APDU (6700), instruction (6D00), class (6E00), P1 P2 (6A86), then what the command asks for.
    """
    try:
        command = decode_command(c_apdu)
    except BadInput:
        return state, ResponseApdu(b"", Sw.WRONG_LENGTH).encode()
    new_state, response = _dispatch(state, command)
    return new_state, response.encode()


def _dispatch(state: CardState, command: CommandApdu) -> Step:
    known = _COMMANDS.get(command.ins)
    if known is None or command.cla == _NOT_A_CARDS_CLASS:
        return state, ResponseApdu(b"", Sw.INS_NOT_SUPPORTED)
    cla, handle = known
    if command.cla != cla:
        return state, ResponseApdu(b"", Sw.CLA_NOT_SUPPORTED)
    return handle(state, command)


def _select(state: CardState, command: CommandApdu) -> Step:
    """SELECT by name (EMV Book 1, 11.3). A name may be the beginning of the application's; there is one, so no next. Each way of reaching
    the card has its own directory."""
    if command.p1 != P1_BY_NAME or command.p2 not in (P2_FIRST, P2_NEXT):
        return state, ResponseApdu(b"", Sw.WRONG_P1P2)
    name = command.data
    if not _SHORTEST_NAME <= len(name) <= _LONGEST_NAME:
        return state, ResponseApdu(b"", Sw.WRONG_LENGTH)
    if command.p2 != P2_FIRST:
        return state, ResponseApdu(b"", Sw.FILE_NOT_FOUND)
    interface = state.dialogue.interface
    if state.aid.startswith(name):
        return _chosen(state, Selected.APPLICATION, _application(state))
    if name == PPSE_NAME and interface is Interface.CONTACTLESS:
        return _chosen(state, Selected.PPSE, _directory(state))
    if name == PSE_NAME and interface is Interface.CONTACT:
        return _chosen(state, Selected.PSE, _contact_directory())
    return state, ResponseApdu(b"", Sw.FILE_NOT_FOUND)


def _chosen(state: CardState, selected: Selected, answer: bytes) -> Step:
    """A dialogue begins anew with each SELECT that finds something."""
    begun = Dialogue(state.dialogue.interface, selected, gpo_allowed=selected is Selected.APPLICATION)
    return replace(state, dialogue=begun), ResponseApdu(answer, Sw.OK)


def _entry(state: CardState) -> bytes:
    """The application as a directory lists it."""
    told = [(Tag.AID_4F, state.aid), (Tag.LABEL_50, state.label.encode()), (Tag.PRIORITY_87, b"\x01")]
    return tlv.encode(Tag.APPLICATION_TEMPLATE_61, tlv.encode_all(told))


def _directory(state: CardState) -> bytes:
    """The proximity environment: one entry with the application (EMV Contactless Book B, 3.3.1)."""
    return _fci(PPSE_NAME, tlv.encode(Tag.ISSUER_DISCRETIONARY_BF0C, _entry(state)))


def _contact_directory() -> bytes:
    """The payment system environment: its records lie in a file (EMV Book 1, 12.2.2)."""
    return _fci(PSE_NAME, tlv.encode_all([(Tag.SFI_88, bytes((DIRECTORY_SFI,))), (Tag.LANGUAGE_5F2D, _LANGUAGES)]))


def _application(state: CardState) -> bytes:
    """What SELECT of the application tells: its whole name, its label, what GET PROCESSING OPTIONS must bring (a reader with contacts
    need bring nothing), and where the log is."""
    told = [(Tag.LABEL_50, state.label.encode()), (Tag.PRIORITY_87, b"\x01")]
    if state.dialogue.interface is Interface.CONTACTLESS:
        told.append((Tag.PDOL_9F38, dol.encode(PDOL)))
    told.append((Tag.LANGUAGE_5F2D, _LANGUAGES))
    if state.cash is not None:
        log = tlv.encode(Tag.LOG_ENTRY_9F4D, bytes((LOG_SFI, LOG_SIZE)))
        told.append((Tag.ISSUER_DISCRETIONARY_BF0C, log))
    return _fci(state.aid, tlv.encode_all(told))


def _fci(name: bytes, proprietary: bytes) -> bytes:
    return tlv.encode(Tag.FCI_6F, tlv.encode_all([(Tag.DF_NAME_84, name), (Tag.FCI_PROPRIETARY_A5, proprietary)]))


def _get_processing_options(state: CardState, command: CommandApdu) -> Step:
    """GET PROCESSING OPTIONS: counts up and answers. Once a SELECT, never past the last counter value or the last key."""
    if (command.p1, command.p2) != (0, 0):
        return state, ResponseApdu(b"", Sw.WRONG_P1P2)
    dialogue = state.dialogue
    if dialogue.selected is not Selected.APPLICATION or not dialogue.gpo_allowed or state.atc >= LAST_ATC:
        return state, ResponseApdu(b"", Sw.CONDITIONS_NOT_SATISFIED)
    touching = dialogue.interface is Interface.CONTACT
    given = _template_83(command.data, 0 if touching else PDOL_LENGTH)
    if isinstance(given, Sw):
        return state, ResponseApdu(b"", given)
    if touching:
        if state.files is None or state.key_for(state.atc + 1) is None:
            return state, ResponseApdu(b"", Sw.CONDITIONS_NOT_SATISFIED)
        return contact.answer_contact_options(state, state.files)
    done = answer_options(state, given)
    if isinstance(done, Sw):
        return state, ResponseApdu(b"", done)
    counted, answer = done
    return replace(counted, dialogue=replace(counted.dialogue, gpo_allowed=False)), ResponseApdu(answer, Sw.OK)


def _template_83(data: bytes, wanted: int) -> bytes | Sw:
    """What element 83 holds, if it is there alone and exactly as long as the list asks; else why not."""
    try:
        tag, at = tlv.read_tag(data, 0, where="83")
        size, start = tlv.read_length(data, at, tag, where="83")
    except BadInput:
        return Sw.WRONG_LENGTH
    if tag != Tag.COMMAND_TEMPLATE_83:
        return Sw.WRONG_DATA
    return data[start:] if size == len(data) - start == wanted else Sw.WRONG_LENGTH


def _read_record(state: CardState, command: CommandApdu) -> Step:
    """READ RECORD by number (EMV Book 3, 6.5.11): the directory's at PSE, else the application's, its log included."""
    sfi, number = command.p2 >> 3, command.p1
    if command.p2 & 0x07 != 0x04 or not 1 <= sfi <= 30 or not number:
        return state, ResponseApdu(b"", Sw.WRONG_P1P2)
    if command.data:
        return state, ResponseApdu(b"", Sw.WRONG_LENGTH)
    match state.dialogue.selected:
        case Selected.PSE:
            records = {(DIRECTORY_SFI, 1): tlv.encode(Tag.RECORD_70, _entry(state))}
        case Selected.APPLICATION:
            records = _records(state)
        case _:
            return state, ResponseApdu(b"", Sw.CONDITIONS_NOT_SATISFIED)
    if (sfi, number) in records:
        return state, ResponseApdu(records[sfi, number], Sw.OK)
    there = any(file == sfi for file, _ in records) or (sfi == LOG_SFI and state.cash is not None)
    return state, ResponseApdu(b"", Sw.RECORD_NOT_FOUND if there else Sw.FILE_NOT_FOUND)


def _records(state: CardState) -> dict[tuple[int, int], bytes]:
    records = dict(state.files.records) if state.files else {}
    if state.dialogue.record:
        records[LOCAL_RECORD] = state.dialogue.record
    for number, one in enumerate(state.cash.log if state.cash else (), 1):
        records[LOG_SFI, number] = _log_record(one)
    return records


def _log_record(one: LogEntry) -> bytes:
    texts = bytes.fromhex(one.day + one.country + one.currency + one.kind)
    return numeric(one.amount, 6) + texts + one.atc.to_bytes(2, "big")


def _get_data(state: CardState, command: CommandApdu) -> Step:
    """GET DATA (EMV Book 3, 6.5.7): the counter, and of electronic cash the balance, its limits, and the format of the log."""
    if state.dialogue.selected is not Selected.APPLICATION:
        return state, ResponseApdu(b"", Sw.CONDITIONS_NOT_SATISFIED)
    tag = command.p1 << 8 | command.p2
    value = state.atc.to_bytes(2, "big") if tag == Tag.ATC_9F36 else _cash_data(state.cash, tag)
    if value is None:
        return state, ResponseApdu(b"", Sw.DATA_NOT_FOUND)
    return state, ResponseApdu(tlv.encode(tag, value), Sw.OK)


def _cash_data(cash: Purse | None, tag: int) -> bytes | None:
    if cash is None:
        return None
    if tag == Tag.LOG_FORMAT_9F4F:
        return dol.encode(LOG_FORMAT)
    amounts = {
        Tag.CASH_BALANCE_9F79: cash.balance,
        Tag.OFFLINE_AMOUNT_9F5D: cash.balance,
        Tag.CASH_LIMIT_9F77: cash.balance_limit,
        Tag.CASH_SINGLE_LIMIT_9F78: cash.single_limit,
        Tag.CASH_THRESHOLD_9F6D: cash.reset_threshold,
    }
    return numeric(amounts[Tag(tag)], 6) if tag in amounts else None


_COMMANDS: dict[int, tuple[int, Callable[[CardState, CommandApdu], Step]]] = {
    Ins.SELECT: (CLA_ISO, _select),
    Ins.GET_PROCESSING_OPTIONS: (CLA_EMV, _get_processing_options),
    Ins.READ_RECORD: (CLA_ISO, _read_record),
    Ins.GET_DATA: (CLA_EMV, _get_data),
    Ins.INTERNAL_AUTHENTICATE: (CLA_ISO, contact.internal_authenticate),
    Ins.EXTERNAL_AUTHENTICATE: (CLA_ISO, contact.external_authenticate),
    Ins.GENERATE_AC: (CLA_EMV, contact.generate_ac),
}
