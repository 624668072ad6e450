"""The same application at a reader with contacts: PBOC debit and credit (EMV Book 3, 6.5 and 9 to 11; Book 2, 6.5 and 6.6).

GET PROCESSING OPTIONS tells profile and locator, the reader reads the records, authenticates the card (DDA by INTERNAL AUTHENTICATE, or
CDA with the cryptogram) and asks for the first cryptogram. The card has no money for such readers: it answers a request for TC or ARQC
with an ARQC, and a request for AAC with an AAC. EXTERNAL AUTHENTICATE brings the issuer's word; the second cryptogram is a TC if the reader
asks for one, the issuer approved, and its word, where it came, was genuine.
"""

from collections.abc import Mapping
from dataclasses import replace

from tapwealth.card.options import cryptogram, issuer_data
from tapwealth.card.state import CardState, Files, Stage
from tapwealth.wire import dol, tlv
from tapwealth.wire.apdu import CommandApdu, ResponseApdu, Sw
from tapwealth.wire.emv_crypto import arpc_method_1
from tapwealth.wire.emv_data import CryptogramType
from tapwealth.wire.emv_profiles import CDOL1, CDOL2, DDOL, PROFILES
from tapwealth.wire.emv_signatures import Combined, Dynamic, sign_combined, sign_dynamic
from tapwealth.wire.emv_tags import Tag

_KINDS = {0x00: CryptogramType.AAC, 0x40: CryptogramType.TC, 0x80: CryptogramType.ARQC}
_KIND_BITS, _CDA = 0xC0, 0x10
_APPROVED = frozenset((b"00", b"10", b"11"))
"""Response codes of an issuer that approves."""

_NO_SECOND_YET, _SECOND_TC = 0x80, 0x40
_ISSUER_FAILED, _ISSUER_NOT_ASKED = 0x08, 0x04
"""Bits of the CVR: which second cryptogram (byte 2), issuer authentication failed (byte 2), or did not come (byte 3)."""

Step = tuple[CardState, ResponseApdu]


def answer_contact_options(state: CardState, files: Files) -> Step:
    """Profile and locator; the counter goes up. No second transaction before another SELECT."""
    counted = replace(state, atc=state.atc + 1, dialogue=replace(state.dialogue, gpo_allowed=False, stage=Stage.INITIATED))
    told = [(Tag.AIP_82, files.aip), (Tag.AFL_94, files.contact_afl)]
    return counted, ResponseApdu(tlv.encode(Tag.RESPONSE_FORMAT_2_77, tlv.encode_all(told)), Sw.OK)


def internal_authenticate(state: CardState, command: CommandApdu) -> Step:
    """DDA: the card signs what the reader drew (Book 2, 6.5.1)."""
    if (command.p1, command.p2) != (0, 0):
        return _refused(state, Sw.WRONG_P1P2)
    if state.files is None or state.dialogue.stage is Stage.NONE:
        return _refused(state, Sw.CONDITIONS_NOT_SATISFIED)
    if len(command.data) != dol.length(DDOL):
        return _refused(state, Sw.WRONG_LENGTH)
    signature = sign_dynamic(state.files.key, Dynamic(state.atc.to_bytes(2, "big")), command.data)
    return state, ResponseApdu(tlv.encode(Tag.RESPONSE_FORMAT_2_77, tlv.encode(Tag.SIGNED_DATA_9F4B, signature)), Sw.OK)


def external_authenticate(state: CardState, command: CommandApdu) -> Step:
    """The issuer's word: ARPC by method 1 over the ARQC, and its response code (EMV Book 3, 6.5.4). Once a transaction."""
    if (command.p1, command.p2) != (0, 0):
        return _refused(state, Sw.WRONG_P1P2)
    if state.dialogue.stage is not Stage.ONLINE or state.dialogue.issuer_said is not None:
        return _refused(state, Sw.CONDITIONS_NOT_SATISFIED)
    if len(command.data) != 10:
        return _refused(state, Sw.WRONG_LENGTH)
    arpc, code = command.data[:8], command.data[8:]
    genuine = arpc == arpc_method_1(_session_key(state), state.dialogue.arqc, code)
    heard = replace(state, dialogue=replace(state.dialogue, issuer_said=code if genuine else b""))
    return heard, ResponseApdu(b"", Sw.OK if genuine else Sw.AUTHENTICATION_FAILED)


def generate_ac(state: CardState, command: CommandApdu) -> Step:
    """The first or the second cryptogram (EMV Book 3, 6.5.5)."""
    kind = _KINDS.get(command.p1 & _KIND_BITS)
    if kind is None or command.p1 & ~(_KIND_BITS | _CDA) or command.p2:
        return _refused(state, Sw.WRONG_P1P2)
    files = state.files
    if files is None or state.dialogue.stage is Stage.NONE:
        return _refused(state, Sw.CONDITIONS_NOT_SATISFIED)
    wanted = CDOL1 if state.dialogue.stage is Stage.INITIATED else CDOL2
    if len(command.data) != dol.length(wanted):
        return _refused(state, Sw.WRONG_LENGTH)
    given, combined = dol.split(wanted, command.data), bool(command.p1 & _CDA)
    state = replace(state, dialogue=replace(state.dialogue, signed=state.dialogue.signed + command.data))
    if state.dialogue.stage is Stage.INITIATED:
        return _first(state, files, given, kind, combined=combined)
    return _second(state, files, given, kind, combined=combined)


def _first(state: CardState, files: Files, given: Mapping[int, bytes], kind: CryptogramType, *, combined: bool) -> Step:
    decided = CryptogramType.AAC if kind is CryptogramType.AAC else CryptogramType.ARQC
    cvr = bytes((3, _NO_SECOND_YET | decided.value, 0, 0))
    made, answer = _answered(state, files, given, decided, cvr, combined=combined)
    stage = Stage.ONLINE if decided is CryptogramType.ARQC else Stage.NONE
    return replace(state, dialogue=replace(state.dialogue, stage=stage, arqc=made)), answer


def _second(state: CardState, files: Files, given: Mapping[int, bytes], kind: CryptogramType, *, combined: bool) -> Step:
    said, code = state.dialogue.issuer_said, given[Tag.RESPONSE_CODE_8A]
    genuine = said is None or said == code
    approved = kind is CryptogramType.TC and code in _APPROVED and genuine
    decided = CryptogramType.TC if approved else CryptogramType.AAC
    second = _SECOND_TC if approved else 0
    cvr = bytes((3, second | CryptogramType.ARQC.value | (0 if genuine else _ISSUER_FAILED), _ISSUER_NOT_ASKED if said is None else 0, 0))
    _, answer = _answered(state, files, given, decided, cvr, combined=combined)
    return replace(state, dialogue=replace(state.dialogue, stage=Stage.NONE)), answer


def _answered(
    state: CardState, files: Files, given: Mapping[int, bytes], decided: CryptogramType, cvr: bytes, *, combined: bool
) -> tuple[bytes, ResponseApdu]:
    """The cryptogram, and template 77 with it; under CDA the signature stands in its place (Book 2, 6.6.1). An AAC is never signed."""
    iad = issuer_data(state, cvr)
    made = cryptogram(state, given, iad, files.aip)
    head = [(Tag.CID_9F27, bytes((decided.cid,))), (Tag.ATC_9F36, state.atc.to_bytes(2, "big"))]
    told = (Tag.IAD_9F10, iad.encode())
    if not combined or decided is CryptogramType.AAC:
        answer = [*head, (Tag.CRYPTOGRAM_9F26, made), told]
    else:
        under = state.dialogue.signed + tlv.encode_all([*head, told])
        signed = Combined(state.atc.to_bytes(2, "big"), decided.cid, made)
        signature = sign_combined(files.key, signed, given[Tag.UNPREDICTABLE_NUMBER_9F37], under)
        answer = [*head, (Tag.SIGNED_DATA_9F4B, signature), told]
    return made, ResponseApdu(tlv.encode(Tag.RESPONSE_FORMAT_2_77, tlv.encode_all(answer)), Sw.OK)


def _session_key(state: CardState) -> bytes:
    key = state.key_for(state.atc)
    assert key is not None, "a counter is used only if there is a key for it"
    return PROFILES[state.cvn].scheme.session_key(bytes.fromhex(key.key.reveal()), state.atc)


def _refused(state: CardState, sw: Sw) -> Step:
    return state, ResponseApdu(b"", sw)
