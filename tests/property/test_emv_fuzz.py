"""Whatever bytes come: the parsers raise BadInput in one line or nothing, the card gives a proper response, the terminal an outcome."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from dear import dear
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tapwealth.card import from_json, personalise, step
from tapwealth.issuing.chip_data import read_chip_data
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.terminal import Ended, OnlineRequest, Tap, TerminalConfig, dialogue, run
from tapwealth.wire import dol, tlv
from tapwealth.wire.apdu import CommandApdu, decode_command, decode_response
from tapwealth.wire.emv_data import read_iad, read_track2

CARD = personalise(Pan("6222000000000009"), "00", date(2026, 12, 31), bytes.fromhex("0D2E3CB0BC1F9E03AED58F663A2F9679"))
COMMANDS = [
    bytes.fromhex(text)
    for text in (
        "00A404000E325041592E5359532E444446303100",
        "00A4040008A00000033301010100",
        "80A8000023832136800000000000000001000000000000015600000000000156140224000102030400",
    )
]
TAGS = st.sampled_from([0x57, 0x5F34, 0x61, 0x6F, 0x77, 0x82, 0x84, 0x94, 0xA5, 0x9F10, 0x9F26, 0x9F36, 0x9F38, 0xBF0C, 0xDF8101])
TREES = st.recursive(st.binary(max_size=40), lambda inner: st.lists(st.tuples(TAGS, inner), max_size=5).map(tlv.encode_all), max_leaves=12)


def damaged(data: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with one changed, cut, doubled or put in."""
    position = st.integers(0, max(0, len(data) - 1))
    changed = st.tuples(position, st.integers(0, 255)).map(lambda at: data[: at[0]] + bytes((at[1],)) + data[at[0] + 1 :])
    cut = position.map(lambda at: data[:at])
    doubled = position.map(lambda at: data[:at] + data[at // 2 :])
    return st.one_of(changed, cut, doubled, st.just(data))


def answers_of_a_card() -> list[bytes]:
    state, answers = CARD, []
    for command in COMMANDS:
        state, answer = step(state, command)
        answers.append(answer)
    return answers


ANSWERS = answers_of_a_card()


def one_line_or_nothing(read: Callable[[Any], object], data: Any) -> None:
    said = "read"
    try:
        read(data)
    except BadInput as error:
        said = str(error)
    assert said
    assert "\n" not in said


READERS: list[Callable[[bytes], object]] = [
    tlv.decode,
    tlv.leaves,
    dol.decode,
    decode_command,
    decode_response,
    read_iad,
    read_track2,
    read_chip_data,
    lambda data: tlv.template(data, 0x77, where="x"),
    lambda data: from_json(data.decode("latin-1")),
]


@pytest.mark.parametrize("reader", READERS)
@given(data=st.one_of(st.binary(max_size=300), TREES, st.sampled_from(ANSWERS).flatmap(damaged)))
@dear(300, some=60)
def test_readers_raise_nothing_but_bad_input(reader: Callable[[bytes], object], data: bytes) -> None:
    one_line_or_nothing(reader, data)


@given(st.lists(st.tuples(TAGS, st.one_of(st.binary(max_size=40), st.binary(min_size=120, max_size=300))), max_size=8))
@settings(max_examples=200)
def test_elements_come_back_as_they_were_written(elements: list[tuple[int, bytes]]) -> None:
    assert tlv.decode(tlv.encode_all(elements)) == elements


def told(read: Callable[[bytes], object], data: bytes) -> object:
    try:
        return read(data)
    except BadInput as error:
        return str(error)


@given(st.one_of(TREES.flatmap(damaged), st.lists(st.tuples(TAGS, st.binary(max_size=3)), max_size=5).map(tlv.encode_all)))
@example(bytes.fromhex("9F2600 82027C00 9F2600"))
@example(bytes.fromhex("DF81010107"))
@example(bytes.fromhex("82027C0000"))
@example(bytes.fromhex("9F268108") + bytes(8))
@dear(400, some=100)
def test_elements_read_by_their_tags_are_those_read_one_by_one(data: bytes) -> None:
    assert told(tlv.by_tag, data) == told(lambda content: tlv.unique(tlv.decode(content)), data)


@given(
    *(st.integers(0, 255) for _ in range(4)),
    st.binary(max_size=255),
    st.one_of(st.none(), st.integers(1, 256)),
)
@settings(max_examples=200)
def test_commands_come_back_as_they_were_written(cla: int, ins: int, p1: int, p2: int, data: bytes, le: int | None) -> None:
    command = CommandApdu(cla, ins, p1, p2, data, le)
    assert decode_command(command.encode()) == command


@given(st.lists(st.tuples(st.sampled_from([0x9F02, 0x9A, 0x9F37, 0x5A, 0xDF60]), st.integers(1, 20)), max_size=8), st.data())
@settings(max_examples=200)
def test_a_list_is_answered_with_just_as_many_bytes(wanted: list[tuple[int, int]], data: st.DataObject) -> None:
    entries = dol.decode(dol.encode(wanted))
    assert entries == tuple(wanted)
    values = {tag: data.draw(st.binary(max_size=25)) for tag, _ in wanted}
    filled = dol.fill(entries, values)
    assert len(filled) == dol.length(entries)
    assert dol.split(entries, filled).keys() == values.keys()


commands = st.one_of(
    st.binary(max_size=270),
    st.sampled_from(COMMANDS),
    st.sampled_from(COMMANDS).flatmap(damaged),
    st.tuples(st.sampled_from([0x00, 0x80]), st.sampled_from([0xA4, 0xA8]), st.binary(max_size=60)).map(lambda t: bytes(t[:2]) + t[2]),
)


@given(st.lists(commands, max_size=12), st.sampled_from([0, 0xFFFD, 0xFFFF]))
@dear(300, some=75)
def test_the_card_always_answers_and_counts_at_most_once_a_command(sequence: list[bytes], atc: int) -> None:
    state = replace(CARD, atc=atc)
    cryptograms: set[bytes] = set()
    for command in sequence:
        after, answer = step(state, command)
        assert 2 <= len(answer) <= 258
        if answer[-2:] != b"\x90\x00":
            assert len(answer) == 2
            assert after == state
        counted = after.atc - state.atc
        assert counted in (0, 1)
        assert after.atc <= 0xFFFF
        if counted:
            cryptogram = tlv.unique(tlv.template(answer[:-2], 0x77, where="GPO"))[0x9F26]
            assert cryptogram not in cryptograms
            cryptograms.add(cryptogram)
        state = after


@given(st.data())
@dear(400, some=100)
def test_the_terminal_always_comes_to_an_outcome(data: st.DataObject) -> None:
    """A card that answers with anything: random bytes, random trees, or damaged answers of a real dialogue."""
    tap = Tap(data.draw(st.integers(1, 999_999_999_999)), date(2014, 2, 24), data.draw(st.binary(min_size=4, max_size=4)), 7)
    asked = 0

    def transmit(command: bytes) -> bytes:
        nonlocal asked
        asked += 1
        assert decode_command(command).le == 256
        kind = 0 if command == COMMANDS[0] else 1 if command[1] == 0xA4 else 2
        honest = ANSWERS[kind]
        strange = st.one_of(TREES.map(lambda tree: tree + b"\x90\x00"), st.binary(max_size=300), damaged(honest))
        return data.draw(st.one_of(st.just(honest), strange))

    outcome = run(dialogue(TerminalConfig("TW000001"), tap), transmit)
    assert asked <= 40
    if isinstance(outcome, OnlineRequest):
        chip = read_chip_data(outcome.icc_data)
        assert chip.amount == tap.amount
    else:
        assert isinstance(outcome, Ended)
        assert outcome.refusal.text
        assert "\n" not in outcome.refusal.text
