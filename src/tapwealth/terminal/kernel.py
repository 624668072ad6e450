"""The merchant's qPBOC kernel: a tap as a dialogue without I/O (PBOC 3.0 part 12; EMV Contactless Books A, B and C-3).

`dialogue` is a generator: it yields a command APDU, is sent the card's response APDU, and returns the `Outcome`. An empty response
says that the card left the field. It trusts nothing that a card says: whatever comes back, an outcome with a reason comes out, and after
at most `MOST_COMMANDS`.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace

from tapwealth.kernel.refusal import BadInput
from tapwealth.terminal.answer import CardAnswer, read_answer
from tapwealth.terminal.candidates import Candidate, directory, in_order, inside
from tapwealth.terminal.config import Tap, TerminalConfig, terminal_data
from tapwealth.terminal.outcome import Ended, Ending, Outcome, Seen, TapReason, Torn, ended
from tapwealth.terminal.records import MOST_RECORDS, Wanted, read_locator
from tapwealth.terminal.request import Deal, at_once, conclude
from tapwealth.wire import dol, tlv
from tapwealth.wire.apdu import CommandApdu, ResponseApdu, Sw, decode_response, explain_sw, get_processing_options, read_record, select
from tapwealth.wire.emv_tags import Tag

PPSE_NAME = b"2PAY.SYS.DDF01"
MOST_CANDIDATES = 16
MOST_COMMANDS = 1 + 2 * MOST_CANDIDATES + MOST_RECORDS
_MOST_PDOL_DATA = 252
"""Bytes: element 83 with a long-form length must fit the 255 of a command."""

Dialogue = Generator[bytes, bytes, Outcome]
Reply = ResponseApdu | Ended
Records = list[tuple[Wanted, bytes]]


def dialogue(config: TerminalConfig, tap: Tap, torn: Torn | None = None) -> Dialogue:
    """One tap. The caller sends each yielded command to the card and the card's bytes back; see `run`.

    After a torn tap hand `torn` in, with its own `tap`, so that the card can tell the same transaction again.
    """
    assert torn is None or torn.tap == tap, "a torn tap is tried again as it was"
    if not any(application.takes(tap.amount) for application in config.applications):
        return ended(Ending.TRY_ANOTHER_INTERFACE, TapReason.ABOVE_LIMIT)
    answer = yield from _exchange(select(PPSE_NAME), "SELECT PPSE")
    if isinstance(answer, Ended):
        return _still_torn(answer, torn)
    if not answer.is_ok:
        return ended(Ending.END_APPLICATION, TapReason.NO_ENVIRONMENT, f"SELECT PPSE gave {explain_sw(answer.sw)}")
    try:
        listed = directory(answer.data)
    except BadInput as error:
        return ended(Ending.END_APPLICATION, TapReason.UNREADABLE, str(error))
    outcome = yield from _try_each(config, tap, torn, in_order(listed, lambda name: config.application_of(name) is not None))
    return _still_torn(outcome, torn)


def run(tapping: Dialogue, transmit: Callable[[bytes], bytes]) -> Outcome:
    """Drive a dialogue against a card: `transmit` takes a command APDU and gives the response APDU, or nothing if the card left."""
    try:
        command = next(tapping)
        while True:
            command = tapping.send(transmit(command))
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome


def _still_torn(outcome: Outcome, torn: Torn | None) -> Outcome:
    """A card that left before it was asked again: what is known of it is still known."""
    if isinstance(outcome, Ended) and outcome.ending is Ending.TRY_AGAIN and torn is not None:
        kept = outcome.torn if outcome.torn is not None and outcome.torn.seen is not None else torn
        return replace(outcome, torn=kept)
    return outcome


def _exchange(command: CommandApdu, name: str) -> Generator[bytes, bytes, Reply]:
    """One command and its response; an ending when there is none that could be read."""
    raw = yield command.encode()
    if not raw:
        return ended(Ending.TRY_AGAIN, TapReason.CARD_LEFT, f"during {name}")
    try:
        return decode_response(raw, where=f"answer to {name}")
    except BadInput as error:
        return ended(Ending.END_APPLICATION, TapReason.UNREADABLE, str(error))


def _try_each(config: TerminalConfig, tap: Tap, torn: Torn | None, candidates: list[Candidate]) -> Dialogue:
    """Candidates in order: one that the card will not select or start gives way to the next (Book B, 3.3.3 "Select Next")."""
    last = ended(Ending.END_APPLICATION, TapReason.NO_COMMON_APPLICATION)
    for candidate in candidates[:MOST_CANDIDATES]:
        application = config.application_of(candidate.name)
        if application is None or not application.takes(tap.amount):
            last = ended(Ending.TRY_ANOTHER_INTERFACE, TapReason.ABOVE_LIMIT)
            continue
        selected = yield from _exchange(select(candidate.name), "SELECT")
        if isinstance(selected, Ended):
            return selected
        if not selected.is_ok:
            last = ended(Ending.END_APPLICATION, TapReason.CARD_REFUSED, f"SELECT gave {explain_sw(selected.sw)}")
            continue
        outcome = yield from _one_application(config, tap, torn, candidate, selected.data)
        if outcome is not None:
            return outcome
        last = ended(Ending.TRY_ANOTHER_INTERFACE, TapReason.CARD_REFUSED, f"GPO gave {explain_sw(Sw.CONDITIONS_NOT_SATISFIED)}")
    return last


def _one_application(
    config: TerminalConfig, tap: Tap, torn: Torn | None, candidate: Candidate, fci: bytes
) -> Generator[bytes, bytes, Outcome | None]:
    """GET PROCESSING OPTIONS and what follows from it; None when the card asks for another application."""
    try:
        deal, command = _prepared(config, tap, torn, candidate, fci)
    except BadInput as error:
        return ended(Ending.END_APPLICATION, TapReason.UNREADABLE, str(error))
    if isinstance(command, Ended):
        return command
    reply = yield from _exchange(command, "GPO")
    if isinstance(reply, Ended):
        return replace(reply, torn=Torn(tap, None)) if reply.ending is Ending.TRY_AGAIN else reply
    if not reply.is_ok:
        return _refused_to_start(reply.sw)
    try:
        answer = read_answer(reply.data)
        return answer if isinstance(answer, Ended) else (yield from _decided(deal, answer))
    except BadInput as error:
        return ended(Ending.END_APPLICATION, TapReason.UNREADABLE, str(error))


def _prepared(config: TerminalConfig, tap: Tap, torn: Torn | None, candidate: Candidate, fci: bytes) -> tuple[Deal, CommandApdu | Ended]:
    """Everything up to GET PROCESSING OPTIONS. Raises BadInput when the answer to SELECT cannot be read."""
    application = config.application_of(candidate.name)
    assert application is not None, "candidates are applications of the terminal"
    ttq = application.qualifiers(config.ttq, tap.amount)
    known = terminal_data(config, application, tap, ttq)
    name, pdol = df_name(fci, candidate.name), pdol_of(fci)
    deal = Deal(config, tap, ttq, known, frozenset(wanted.tag for wanted in pdol), name, torn)
    return deal, options_command(pdol, known)


def _refused_to_start(sw: int) -> Ended | None:
    """What a refused GET PROCESSING OPTIONS means; None: take the next application (Book C-3, 5.2)."""
    match sw:
        case Sw.CONDITIONS_NOT_SATISFIED:
            return None
        case Sw.DATA_INVALID:
            return ended(Ending.TRY_ANOTHER_INTERFACE, TapReason.CARD_REFUSED, f"GPO gave {explain_sw(sw)}")
        case Sw.COMMAND_NOT_ALLOWED:
            return ended(Ending.TRY_AGAIN, TapReason.SEE_PHONE, f"GPO gave {explain_sw(sw)}")
        case _:
            return ended(Ending.END_APPLICATION, TapReason.CARD_REFUSED, f"GPO gave {explain_sw(sw)}")


def _decided(deal: Deal, answer: CardAnswer) -> Dialogue:
    """From the card's decision to the outcome, over its records where they matter. Raises BadInput when something cannot be read."""
    settled = at_once(deal, answer)
    if settled is not None:
        return settled
    records: Records = []
    if deal.wants_records(answer):
        wanted = read_locator(answer.locator)
        if len(wanted) > MOST_RECORDS:
            return ended(Ending.END_APPLICATION, TapReason.TOO_MANY_RECORDS, f"more than {MOST_RECORDS}")
        read = yield from _read_all(deal, answer, wanted)
        if isinstance(read, Ended):
            return read
        records = read
    return conclude(deal, answer, records)


def _read_all(deal: Deal, answer: CardAnswer, wanted: list[Wanted]) -> Generator[bytes, bytes, Records | Ended]:
    """The records in the locator's order. One that is not there ends the tap; a card that leaves is remembered by its transaction."""
    records: Records = []
    for record in wanted:
        name = f"READ RECORD {record.number} of file {record.sfi}"
        reply = yield from _exchange(read_record(record.number, record.sfi), name)
        if isinstance(reply, Ended):
            seen = Seen(answer.track2, answer.atc, answer.cryptogram)
            return replace(reply, torn=Torn(deal.tap, seen)) if reply.ending is Ending.TRY_AGAIN else reply
        if not reply.is_ok:
            return ended(Ending.END_APPLICATION, TapReason.CARD_REFUSED, f"{name} gave {explain_sw(reply.sw)}")
        records.append((record, reply.data))
    return records


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
