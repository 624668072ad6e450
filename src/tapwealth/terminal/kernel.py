"""The merchant's qPBOC kernel: a tap as a dialogue without I/O (PBOC 3.0 part 12; EMV Contactless Book B).

`dialogue` is a generator: it yields a command APDU, is sent the card's response APDU, and returns the `Outcome`. An empty response
says that the card left the field. It trusts nothing that a card says: whatever comes back, an outcome with a reason comes out.
"""

from collections.abc import Callable, Generator, Mapping

from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.terminal.candidates import Candidate, directory, in_order, inside
from tapwealth.terminal.config import Tap, TerminalConfig, terminal_data
from tapwealth.terminal.outcome import Ended, Ending, Outcome, TapReason
from tapwealth.terminal.request import evaluate
from tapwealth.wire import dol, tlv
from tapwealth.wire.apdu import CommandApdu, ResponseApdu, Sw, decode_response, explain_sw, get_processing_options, select
from tapwealth.wire.emv_tags import Tag

PPSE_NAME = b"2PAY.SYS.DDF01"
_MOST_PDOL_DATA = 252
"""Bytes: element 83 with a long-form length must fit the 255 of a command."""

Dialogue = Generator[bytes, bytes, Outcome]
Reply = ResponseApdu | Ended


def dialogue(config: TerminalConfig, tap: Tap) -> Dialogue:
    """One tap. The caller sends each yielded command to the card and the card's bytes back; see `run`."""
    answer = yield from _exchange(select(PPSE_NAME), "SELECT PPSE")
    if isinstance(answer, Ended):
        return answer
    if not answer.is_ok:
        return ended(Ending.END_APPLICATION, TapReason.NO_ENVIRONMENT, f"SELECT PPSE gave {explain_sw(answer.sw)}")
    try:
        listed = directory(answer.data)
    except BadInput as error:
        return ended(Ending.END_APPLICATION, TapReason.UNREADABLE, str(error))
    return (yield from _try_each(config, tap, in_order(listed, config.aids)))


def run(tapping: Dialogue, transmit: Callable[[bytes], bytes]) -> Outcome:
    """Drive a dialogue against a card: `transmit` takes a command APDU and gives the response APDU, or nothing if the card left."""
    try:
        command = next(tapping)
        while True:
            command = tapping.send(transmit(command))
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome


def ended(ending: Ending, reason: TapReason, detail: str = "") -> Ended:
    """An ending with its one line: the reason, and what exactly was seen."""
    return Ended(ending, Refusal(reason, f"{reason.value} ({detail})" if detail else reason.value))


def _exchange(command: CommandApdu, name: str) -> Generator[bytes, bytes, Reply]:
    """One command and its response; an ending when there is none that could be read."""
    raw = yield command.encode()
    if not raw:
        return ended(Ending.TRY_AGAIN, TapReason.CARD_LEFT, f"during {name}")
    try:
        return decode_response(raw, where=f"answer to {name}")
    except BadInput as error:
        return ended(Ending.END_APPLICATION, TapReason.UNREADABLE, str(error))


def _try_each(config: TerminalConfig, tap: Tap, candidates: list[Candidate]) -> Dialogue:
    """Candidates in order: one that the card will not select or start gives way to the next (Book B, 3.3.3 "Select Next")."""
    last = ended(Ending.END_APPLICATION, TapReason.NO_COMMON_APPLICATION)
    for candidate in candidates:
        selected = yield from _exchange(select(candidate.name), "SELECT")
        if isinstance(selected, Ended):
            return selected
        if not selected.is_ok:
            last = ended(Ending.END_APPLICATION, TapReason.CARD_REFUSED, f"SELECT gave {explain_sw(selected.sw)}")
            continue
        outcome = yield from _one_application(config, tap, candidate, selected.data)
        if outcome is not None:
            return outcome
        last = ended(Ending.TRY_ANOTHER_INTERFACE, TapReason.CARD_REFUSED, f"GPO gave {explain_sw(Sw.CONDITIONS_NOT_SATISFIED)}")
    return last


def _one_application(config: TerminalConfig, tap: Tap, candidate: Candidate, fci: bytes) -> Generator[bytes, bytes, Outcome | None]:
    """GET PROCESSING OPTIONS and what follows from it; None when the card asks for another application."""
    known = terminal_data(config, tap)
    try:
        name = df_name(fci, candidate.name)
        command = options_command(pdol_of(fci), known)
    except BadInput as error:
        return ended(Ending.END_APPLICATION, TapReason.UNREADABLE, str(error))
    if isinstance(command, Ended):
        return command
    answer = yield from _exchange(command, "GPO")
    if isinstance(answer, Ended):
        return answer
    if answer.sw == Sw.CONDITIONS_NOT_SATISFIED:
        return None
    if not answer.is_ok:
        return ended(Ending.END_APPLICATION, TapReason.CARD_REFUSED, f"GPO gave {explain_sw(answer.sw)}")
    return evaluate(config, known, name, answer.data)


def df_name(fci: bytes, asked: bytes) -> bytes:
    """The application's full name (84), which must begin with the name that was asked for. Raises BadInput."""
    name = tlv.unique(tlv.template(fci, Tag.FCI_6F, where="SELECT"), where="SELECT").get(Tag.DF_NAME_84, b"")
    if len(name) > 16 or not name.startswith(asked):
        raise BadInput(f"the card selected {name[:16].hex().upper() or 'nothing'}", where="SELECT", hint=f"asked was {asked.hex().upper()}")
    return name


def pdol_of(fci: bytes) -> tuple[dol.Wanted, ...]:
    """What the card asks for; nothing when it has no list. Raises BadInput."""
    proprietary = inside(tlv.template(fci, Tag.FCI_6F, where="SELECT"), Tag.FCI_PROPRIETARY_A5, where="SELECT")
    return dol.decode(tlv.unique(proprietary, where="SELECT A5").get(Tag.PDOL_9F38, b""), where="SELECT 9F38")


def options_command(pdol: tuple[dol.Wanted, ...], known: Mapping[int, bytes]) -> CommandApdu | Ended:
    """GET PROCESSING OPTIONS with what the card asks for. A qPBOC card asks for the qualifiers 9F66 (PBOC 3.0 part 12)."""
    if Tag.TTQ_9F66 not in (wanted.tag for wanted in pdol):
        return ended(Ending.TRY_ANOTHER_INTERFACE, TapReason.MISSING_DATA, f"no 9F66 in its PDOL: {dol.text(pdol[:8]) or 'none'}")
    if dol.length(pdol) > _MOST_PDOL_DATA:
        return ended(Ending.TRY_ANOTHER_INTERFACE, TapReason.UNUSABLE_PDOL, f"its PDOL wants {dol.length(pdol)} bytes")
    return get_processing_options(tlv.encode(Tag.COMMAND_TEMPLATE_83, dol.fill(pdol, known)))
