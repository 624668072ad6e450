"""A dialogue in words: each command by name, each element by tag and name with its value read, each status word explained.

Generic over tags (`wire.emv_tags`), so it tells of any card. A PAN is shown masked unless `clear`; keys are never in a dialogue. Whatever
comes along unread is shown in hex, and the PAN's digits are masked in that too.
"""

from collections.abc import Callable, Iterator

from tapwealth.kernel.masked import Pan
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.phone.dialogue import EXTERNAL_AUTHENTICATE, GENERATE_AC, GET_DATA, INTERNAL_AUTHENTICATE, VERIFY, Listener
from tapwealth.wire import dol, tlv
from tapwealth.wire.apdu import P1_BY_NAME, P2_NEXT, CommandApdu, Ins, decode_command, decode_response, explain_sw
from tapwealth.wire.emv_data import CryptogramType, Track2, read_date, read_iad, read_numeric, read_track2
from tapwealth.wire.emv_tags import TABLE, Format, Tag, describe_tag

_NAMES: dict[int, str] = {
    Ins.SELECT: "SELECT",
    Ins.GET_PROCESSING_OPTIONS: "GET PROCESSING OPTIONS",
    Ins.READ_RECORD: "READ RECORD",
    GENERATE_AC: "GENERATE AC",
    INTERNAL_AUTHENTICATE: "INTERNAL AUTHENTICATE",
    EXTERNAL_AUTHENTICATE: "EXTERNAL AUTHENTICATE",
    GET_DATA: "GET DATA",
    VERIFY: "VERIFY",
    0x84: "GET CHALLENGE",
}
_DIRECTORIES = {b"1PAY.SYS.DDF01": "the contact directory (PSE)", b"2PAY.SYS.DDF01": "the contactless directory (PPSE)"}
_ASKED_FOR = {0x00: "a decline (AAC)", 0x40: "an offline approval (TC)", 0x80: "to go online (ARQC)"}
_DECISIONS = {CryptogramType.AAC: "declined (AAC)", CryptogramType.TC: "approved offline (TC)", CryptogramType.ARQC: "go online (ARQC)"}
_AMOUNTS = frozenset(
    {
        int(Tag.AMOUNT_9F02),
        int(Tag.AMOUNT_OTHER_9F03),
        int(Tag.OFFLINE_AMOUNT_9F5D),
        int(Tag.CASH_LIMIT_9F77),
        int(Tag.CASH_SINGLE_LIMIT_9F78),
        int(Tag.CASH_BALANCE_9F79),
        int(Tag.CASH_THRESHOLD_9F6D),
    }
)
_DATES = frozenset({int(Tag.DATE_9A), 0x5F24, 0x5F25})
_LISTS = frozenset({int(Tag.PDOL_9F38), 0x8C, 0x8D, 0x9F49})
_PERSONAL = frozenset({0x5F20, 0x9F0B, 0x56, 0x9F1F, 0x9F20, 0x9F61})
"""Cardholder's name, track 1, discretionary data, identity number: never shown but in clear."""
_WITH_PAN, _PAN_SHOWS = frozenset({int(Tag.PAN_5A), int(Tag.TRACK2_57), 0x9F6B}), 10
_BITS: dict[int, tuple[tuple[int, int, str], ...]] = {
    Tag.TTQ_9F66: (
        (0, 0x80, "magnetic stripe mode"), (0, 0x40, "contactless PBOC"), (0, 0x20, "qPBOC"), (0, 0x10, "contact"),
        (0, 0x08, "offline only"), (0, 0x04, "online PIN"), (0, 0x02, "signature"), (0, 0x01, "offline authentication for online"),
        (1, 0x80, "online cryptogram required"), (1, 0x40, "CVM required"), (2, 0x80, "issuer update"), (2, 0x40, "CDCVM"),
        (3, 0x80, "fDDA version 01"),
    ),
    Tag.CTQ_9F6C: (
        (0, 0x80, "online PIN required"), (0, 0x40, "signature required"), (0, 0x20, "online if authentication fails"),
        (0, 0x10, "another interface"), (1, 0x80, "CDCVM done"),
    ),
    Tag.AIP_82: (
        (0, 0x40, "SDA"), (0, 0x20, "DDA"), (0, 0x10, "cardholder verification"), (0, 0x08, "terminal risk management"),
        (0, 0x04, "issuer authentication"), (0, 0x01, "CDA"),
    ),
}  # fmt: skip


class Trace:
    """`heard` takes a command and its answer and hands `say` the lines that tell of them. `pan` is the card's own, to be hidden."""

    def __init__(self, say: Callable[[str], None], pan: str, *, clear: bool = False) -> None:
        self._say, self._pan, self._clear = say, pan, clear
        self._listener = Listener()

    def heard(self, c_apdu: bytes, answer: bytes) -> None:
        """Tell of one exchange. Never raises: a hostile reader's bytes are told of as bytes."""
        lines = [f"> {c_apdu.hex().upper()}"]
        try:
            command = decode_command(c_apdu)
        except BadInput as error:
            lines.append(f"  no command: {error}")
        else:
            lines += (f"  {line}" for line in self._of_command(command))
            lines.append(f"< {answer.hex().upper() or 'nothing: the card is gone'}")
            lines += (f"  {line}" for line in self._of_answer(command, answer))
            self._listener.hear(command, answer)
        for line in lines:
            self._say(line if self._clear else self._hidden(line, answer))

    def note(self, text: str) -> None:
        """A line of the phone's own."""
        self._say(f"- {text}")

    def _hidden(self, line: str, answer: bytes) -> str:
        """Without the PANs of this card and of the answer, and without what is personal in it."""
        numbers, personal = _secrets(answer)
        for digits in (self._pan, *numbers):
            line = line.replace(digits, str(Pan(digits)))
        for secret in personal:
            line = line.replace(secret, "··" * 3)
        return line

    def _of_command(self, command: CommandApdu) -> Iterator[str]:
        name = _NAMES.get(command.ins, f"instruction {command.ins:02X}")
        yield f"{name}{_what(command)}"
        try:
            told = self._listener.told(command)
        except BadInput as error:
            yield f"  unreadable: {error}"
            return
        for tag, value in told.items():
            yield f"  {describe_tag(tag)}: {self._value(tag, value)}"

    def _of_answer(self, command: CommandApdu, answer: bytes) -> Iterator[str]:
        try:
            response = decode_response(answer)
        except BadInput:
            return
        yield explain_sw(response.sw)
        if response.data[:1] == bytes((Tag.RESPONSE_FORMAT_1_80,)):
            yield from self._format_1(command, response.data)
            return
        yield from self._elements(response.data, "  ")

    def _format_1(self, command: CommandApdu, data: bytes) -> Iterator[str]:
        """Values without tags, in the order that the command fixes (EMV Book 3, 6.5.5.4 and 6.5.8.4)."""
        try:
            value = tlv.unique(tlv.decode(data))[Tag.RESPONSE_FORMAT_1_80]
        except (BadInput, KeyError):
            yield f"  {data.hex().upper()}"
            return
        if command.ins == Ins.GET_PROCESSING_OPTIONS:
            parts = [(int(Tag.AIP_82), value[:2]), (int(Tag.AFL_94), value[2:])]
        elif command.ins == GENERATE_AC:
            parts = [(0x9F27, value[:1]), (0x9F36, value[1:3]), (0x9F26, value[3:11]), (0x9F10, value[11:])]
        else:
            parts = [(int(Tag.SIGNED_DATA_9F4B), value)]
        for tag, part in parts:
            yield f"  {describe_tag(tag)}: {self._value(tag, part)}"

    def _elements(self, data: bytes, indent: str) -> Iterator[str]:
        try:
            elements = tlv.decode(data)
        except BadInput:
            yield f"{indent}{data.hex().upper()}"
            return
        for element in elements:
            if element.is_template and len(indent) < 2 * tlv.MAX_DEPTH:
                yield f"{indent}{describe_tag(element.tag)}"
                yield from self._elements(element.value, indent + "  ")
            else:
                yield f"{indent}{describe_tag(element.tag)}: {self._value(element.tag, element.value)}"

    def _value(self, tag: int, value: bytes) -> str:
        try:
            return self._read(tag, value)
        except (BadInput, ValueError):
            return f"{value.hex().upper()} (not as the rules have it)"

    def _read(self, tag: int, value: bytes) -> str:
        """A value for people; hex where there is nothing better. Raises BadInput or ValueError."""
        plain = value.hex().upper()
        if tag in (Tag.TRACK2_57, 0x9F6B):
            return _track2(read_track2(value))
        if tag == 0x5A:
            return plain.rstrip("F")
        if tag in _PERSONAL and not self._clear:
            return f"{len(value)} bytes, not shown"
        reading = _READINGS.get(tag)
        if reading is not None:
            return reading(value)
        info = TABLE.get(tag)
        if info is not None and info.format in (Format.TEXT, Format.ALPHANUMERIC) and value.isascii() and value.decode().isprintable():
            return value.decode()
        return plain or "empty"


def _track2(track2: Track2) -> str:
    """In clear: every line is hidden as a whole."""
    return f"PAN {track2.pan.reveal()}, to {track2.expiry[2:]}/{track2.expiry[:2]}, service code {track2.service_code}"


def _secrets(answer: bytes) -> tuple[list[str], list[str]]:
    """The PANs of an answer, in digits, and what else of it must not be shown, in hex; nothing when it cannot be read."""
    try:
        leaves = tlv.leaves(answer[:-2])
    except BadInput:
        return [], []
    texts = [(tag, value.hex().upper()) for tag, value in leaves if value]
    numbers = [text.partition("D")[0].rstrip("F") for tag, text in texts if tag in _WITH_PAN]
    return [number for number in numbers if len(number) > _PAN_SHOWS], [text for tag, text in texts if tag in _PERSONAL]


def _what(command: CommandApdu) -> str:
    """What a command is about, after its name."""
    if command.ins == Ins.SELECT and command.p1 == P1_BY_NAME:
        name = _DIRECTORIES.get(command.data, f"the application {command.data.hex().upper()}")
        return f" {name}" + (", the next one" if command.p2 == P2_NEXT else "")
    if command.ins == Ins.READ_RECORD:
        return f" {command.p1} of file {command.p2 >> 3}"
    if command.ins == GET_DATA:
        return f" {describe_tag(command.p1 << 8 | command.p2)}"
    if command.ins == GENERATE_AC:
        asked = _ASKED_FOR.get(command.p1 & 0xC0, "a reserved type")
        return f", asking for {asked}" + (", signed (CDA)" if command.p1 & 0x10 else "")
    return ""


def _bits(tag: int) -> Callable[[bytes], str]:
    def read(value: bytes) -> str:
        said = [name for at, bit, name in _BITS[tag] if at < len(value) and value[at] & bit]
        return f"{value.hex().upper()} ({', '.join(said) or 'nothing set'})"

    return read


def _locator(value: bytes) -> str:
    """The file locator (EMV Book 3, 10.2): file, first record, last, how many of them are signed."""
    entries = [value[at : at + 4] for at in range(0, len(value), 4)]
    if len(value) % 4:
        raise ValueError
    return "; ".join(f"file {entry[0] >> 3} records {entry[1]} to {entry[2]}, {entry[3]} signed" for entry in entries) or "no records"


def _issuer_data(value: bytes) -> str:
    read = read_iad(value)
    return (
        f"{value.hex().upper()} (card decides: {_DECISIONS[read.decision]}, key index {read.key_index}, cryptogram version {read.cvn:02X})"
    )


def _cryptogram_kind(value: bytes) -> str:
    return f"{value.hex().upper()} ({ {0x00: 'AAC', 0x40: 'TC', 0x80: 'ARQC'}.get(value[0] & 0xC0, 'reserved') if value else 'empty' })"


_READINGS: dict[int, Callable[[bytes], str]] = {
    **{tag: lambda value: f"{format_minor(read_numeric(value, where='amount'))} yuan" for tag in _AMOUNTS},
    **{tag: lambda value: str(read_date(value, where="date")) for tag in _DATES},
    **{tag: lambda value: dol.text(dol.decode(value)) or "nothing" for tag in _LISTS},
    **{int(tag): _bits(tag) for tag in _BITS},
    int(Tag.AFL_94): _locator,
    int(Tag.IAD_9F10): _issuer_data,
    int(Tag.ATC_9F36): lambda value: f"{value.hex().upper()} (transaction {int.from_bytes(value, 'big')})",
    int(Tag.CID_9F27): _cryptogram_kind,
}
