"""From the answer to GET PROCESSING OPTIONS to the outcome, and the chip data of the request (PBOC 3.0 part 12; field 55 as UnionPay
terminals send it)."""

from collections.abc import Mapping

from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.terminal.config import TerminalConfig
from tapwealth.terminal.outcome import Ended, Ending, OnlineRequest, Outcome, TapReason
from tapwealth.wire import tlv
from tapwealth.wire.emv_data import CryptogramType, read_iad, read_numeric, read_track2
from tapwealth.wire.emv_tags import Tag, describe_tag

FIELD_55 = (
    Tag.CRYPTOGRAM_9F26,
    Tag.CID_9F27,
    Tag.IAD_9F10,
    Tag.UNPREDICTABLE_NUMBER_9F37,
    Tag.ATC_9F36,
    Tag.TVR_95,
    Tag.DATE_9A,
    Tag.TYPE_9C,
    Tag.AMOUNT_9F02,
    Tag.CURRENCY_5F2A,
    Tag.AIP_82,
    Tag.COUNTRY_9F1A,
    Tag.AMOUNT_OTHER_9F03,
    Tag.CAPABILITIES_9F33,
    Tag.CVM_RESULTS_9F34,
    Tag.TERMINAL_TYPE_9F35,
    Tag.IFD_SERIAL_9F1E,
    Tag.DF_NAME_84,
    Tag.VERSION_9F09,
    Tag.SEQUENCE_COUNTER_9F41,
)
"""The order in which terminals in the field send them."""

_REQUIRED = {Tag.AIP_82: 2, Tag.ATC_9F36: 2, Tag.TRACK2_57: None, Tag.CRYPTOGRAM_9F26: 8, Tag.IAD_9F10: None}
"""What a card must answer, and how long it is (None: its reader knows)."""

_CDCVM_DONE = 0x80
_NO_CVM_RESULT = bytes.fromhex("3F0000")
_CDCVM_RESULT = bytes.fromhex("010002")
"""9F34: no verification performed (EMV Book 4, 6.3.4.5); verified on the device, successful."""


def evaluate(config: TerminalConfig, known: Mapping[int, bytes], df_name: bytes, answer: bytes) -> Outcome:
    """The outcome of a tap from the card's one answer. `known` is the terminal's data as they were given to the card."""
    try:
        given = tlv.unique(tlv.template(answer, Tag.RESPONSE_FORMAT_2_77, where="GPO"), where="GPO 77")
        lacking = missing(given)
        return _unlike_the_rules(lacking) if lacking else _decided(config, known, df_name, given)
    except BadInput as error:
        return _over(Ending.END_APPLICATION, TapReason.UNREADABLE, str(error))


def missing(given: Mapping[int, bytes]) -> list[str]:
    """Which of the elements that a qPBOC card must send are absent or have a wrong length, by name."""
    return [
        describe_tag(tag)
        for tag, size in _REQUIRED.items()
        if tag not in given or (len(given[tag]) != size if size is not None else not given[tag])
    ]


def _unlike_the_rules(lacking: list[str]) -> Ended:
    return _over(Ending.TRY_ANOTHER_INTERFACE, TapReason.MISSING_DATA, ", ".join(lacking))


def _over(ending: Ending, reason: TapReason, detail: str) -> Ended:
    return Ended(ending, Refusal(reason, f"{reason.value} ({detail})"))


def _decided(config: TerminalConfig, known: Mapping[int, bytes], df_name: bytes, given: Mapping[int, bytes]) -> Outcome:
    """What the card decided, as its issuer application data say. Raises BadInput."""
    decision = read_iad(given[Tag.IAD_9F10]).decision
    said = given.get(Tag.CID_9F27, b"\x00")
    if Tag.CID_9F27 in given and (len(said) != 1 or said[0] & 0xC0 != decision.cid):
        return _over(Ending.END_APPLICATION, TapReason.CONTRADICTION, f"9F27 is {said.hex().upper()}, 9F10 says {decision.name}")
    match decision:
        case CryptogramType.AAC:
            return _over(Ending.DECLINED, TapReason.DECLINED_BY_CARD, "AAC in 9F10")
        case CryptogramType.TC:
            return _over(Ending.DECLINED, TapReason.OFFLINE_NOT_TAKEN, "TC in 9F10")
        case CryptogramType.ARQC:
            return _online(config, known, df_name, given)


def _online(config: TerminalConfig, known: Mapping[int, bytes], df_name: bytes, given: Mapping[int, bytes]) -> Outcome:
    track2, psn = read_track2(given[Tag.TRACK2_57]), _psn(given)
    verified = _verified_on_device(given)
    if config.wants_cvm and not verified:
        return _over(Ending.TRY_ANOTHER_INTERFACE, TapReason.NO_CVM, "the card has not verified its holder")
    own: dict[int, bytes] = {
        Tag.CID_9F27: bytes((CryptogramType.ARQC.cid,)),
        Tag.CVM_RESULTS_9F34: _CDCVM_RESULT if verified else _NO_CVM_RESULT,
        Tag.DF_NAME_84: df_name,
    }
    # What was MACed must arrive as it was given to the card, so the terminal's own data override the card's.
    icc_data = field_55({**given, **known, **own})
    return OnlineRequest(icc_data, track2, psn, df_name, int.from_bytes(given[Tag.ATC_9F36], "big"))


def field_55(values: Mapping[int, bytes]) -> bytes:
    """The chip data of a request: `FIELD_55` in its order."""
    return tlv.encode_all((tag, values[tag]) for tag in FIELD_55)


def _psn(given: Mapping[int, bytes]) -> str | None:
    value = given.get(Tag.PSN_5F34)
    if value is None:
        return None
    if len(value) != 1:
        raise BadInput(f"{len(value)} bytes", where="GPO 5F34", hint="the PAN sequence number has one")
    return f"{read_numeric(value, where='GPO 5F34'):02d}"


def _verified_on_device(given: Mapping[int, bytes]) -> bool:
    """Whether the phone itself verified its holder (CTQ 9F6C, byte 2)."""
    qualifiers = given.get(Tag.CTQ_9F6C, b"")
    return len(qualifiers) == 2 and bool(qualifiers[1] & _CDCVM_DONE)
