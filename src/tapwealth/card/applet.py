"""The phone's payment applet: qPBOC as the card sees it (PBOC 3.0 part 12; EMV Book 1, 11.3 and 12; Book 3, 6.5.8).

A pure step: state and command APDU in, new state and response APDU out. Whatever comes in, a proper response goes out, and a
refused command changes nothing. The caller stores the new state before it sends the response: then a phone that dies in between has
spent a counter value, and can never give two cryptograms under one.

This applet knows the online tap: SELECT of the proximity environment, SELECT of the application by its full name or the beginning
of it, and one GET PROCESSING OPTIONS that answers with an ARQC.
"""

from collections.abc import Callable
from dataclasses import replace

from tapwealth.card.options import PDOL, PDOL_LENGTH, answer_options
from tapwealth.card.state import LAST_ATC, CardState, Selected
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
from tapwealth.wire.emv_tags import Tag

PPSE_NAME = b"2PAY.SYS.DDF01"
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
    if known is None:
        return state, ResponseApdu(b"", Sw.INS_NOT_SUPPORTED)
    cla, handle = known
    if command.cla != cla:
        return state, ResponseApdu(b"", Sw.CLA_NOT_SUPPORTED)
    return handle(state, command)


def _select(state: CardState, command: CommandApdu) -> Step:
    """SELECT by name (EMV Book 1, 11.3). A name may be the beginning of the application's; there is one, so no next."""
    if command.p1 != P1_BY_NAME or command.p2 not in (P2_FIRST, P2_NEXT):
        return state, ResponseApdu(b"", Sw.WRONG_P1P2)
    name = command.data
    if not _SHORTEST_NAME <= len(name) <= _LONGEST_NAME:
        return state, ResponseApdu(b"", Sw.WRONG_LENGTH)
    if command.p2 == P2_FIRST and name == PPSE_NAME:
        return replace(state, selected=Selected.PPSE, gpo_allowed=False), ResponseApdu(_directory(state), Sw.OK)
    if command.p2 == P2_FIRST and state.aid.startswith(name):
        return replace(state, selected=Selected.APPLICATION, gpo_allowed=True), ResponseApdu(_application(state), Sw.OK)
    return state, ResponseApdu(b"", Sw.FILE_NOT_FOUND)


def _directory(state: CardState) -> bytes:
    """The proximity environment: one entry with the application (EMV Contactless Book B, 3.3.1)."""
    entry = tlv.encode_all([(Tag.AID_4F, state.aid), (Tag.LABEL_50, state.label.encode()), (Tag.PRIORITY_87, b"\x01")])
    listed = tlv.encode(Tag.ISSUER_DISCRETIONARY_BF0C, tlv.encode(Tag.APPLICATION_TEMPLATE_61, entry))
    return _fci(PPSE_NAME, listed)


def _application(state: CardState) -> bytes:
    """What SELECT of the application tells: its whole name, its label, and what GET PROCESSING OPTIONS must bring."""
    told = [
        (Tag.LABEL_50, state.label.encode()),
        (Tag.PRIORITY_87, b"\x01"),
        (Tag.PDOL_9F38, dol.encode(PDOL)),
        (Tag.LANGUAGE_5F2D, _LANGUAGES),
    ]
    return _fci(state.aid, tlv.encode_all(told))


def _fci(name: bytes, proprietary: bytes) -> bytes:
    return tlv.encode(Tag.FCI_6F, tlv.encode_all([(Tag.DF_NAME_84, name), (Tag.FCI_PROPRIETARY_A5, proprietary)]))


def _get_processing_options(state: CardState, command: CommandApdu) -> Step:
    """GET PROCESSING OPTIONS: counts up and answers with the cryptogram. Once a SELECT, and never past the last counter value."""
    if (command.p1, command.p2) != (0, 0):
        return state, ResponseApdu(b"", Sw.WRONG_P1P2)
    if state.selected is not Selected.APPLICATION or not state.gpo_allowed or state.atc >= LAST_ATC:
        return state, ResponseApdu(b"", Sw.CONDITIONS_NOT_SATISFIED)
    given = _pdol_data(command.data)
    if isinstance(given, Sw):
        return state, ResponseApdu(b"", given)
    counted = replace(state, atc=state.atc + 1, gpo_allowed=False)
    answer = answer_options(counted, given)
    return (state, ResponseApdu(b"", Sw.CONDITIONS_NOT_SATISFIED)) if answer is None else (counted, ResponseApdu(answer, Sw.OK))


def _pdol_data(data: bytes) -> bytes | Sw:
    """What element 83 holds, if it is there alone and exactly as long as the list asks; else why not."""
    try:
        tag, at = tlv.read_tag(data, 0, where="83")
        size, start = tlv.read_length(data, at, tag, where="83")
    except BadInput:
        return Sw.WRONG_LENGTH
    if tag != Tag.COMMAND_TEMPLATE_83:
        return Sw.WRONG_DATA
    return data[start:] if size == len(data) - start == PDOL_LENGTH else Sw.WRONG_LENGTH


_COMMANDS: dict[int, tuple[int, Callable[[CardState, CommandApdu], Step]]] = {
    Ins.SELECT: (CLA_ISO, _select),
    Ins.GET_PROCESSING_OPTIONS: (CLA_EMV, _get_processing_options),
}
