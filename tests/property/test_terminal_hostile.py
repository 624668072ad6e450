"""Hostile cards at our terminal: whatever comes back, an outcome with a reason, in bounded commands; approved is a genuine card alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from card_authority import CA_KEY
from dear import dear
from hypothesis import given, settings
from hypothesis import strategies as st
from standard_card import ARQC, PAN, TC, StandardCard, h, leaving

from tapwealth.terminal import (
    MOST_COMMANDS,
    Application,
    Ended,
    Ending,
    OfflineApproval,
    OnlineRequest,
    Outcome,
    Tap,
    TerminalConfig,
    dialogue,
    run,
)
from tapwealth.wire import tlv
from tapwealth.wire.apdu import decode_command

CONFIG = TerminalConfig("TW000001", applications=(Application(floor_limit=200_00),), ttq=h("37000080"), ca_keys=(CA_KEY,))
TAP = Tap(1234, date(2014, 2, 24), h("01020304"), 42)
CARDS = [StandardCard(decision=decision, version=version) for decision in (TC, ARQC) for version in (0, 1)]
HONEST: dict[int, Callable[[bytes], bytes]] = {at: card.transmit() for at, card in enumerate(CARDS)}
TAGS = st.sampled_from(
    [0x57, 0x5A, 0x61, 0x6F, 0x70, 0x77, 0x82, 0x84, 0x8F, 0x90, 0x94, 0xA5, 0x9F10, 0x9F36, 0x9F38, 0x9F46, 0x9F4B, 0xBF0C]
)
TREES = st.recursive(st.binary(max_size=40), lambda inner: st.lists(st.tuples(TAGS, inner), max_size=5).map(tlv.encode_all), max_leaves=12)


def dialogue_of(card: int) -> list[tuple[bytes, bytes]]:
    """The commands and answers of the card's honest tap."""
    seen: list[tuple[bytes, bytes]] = []

    def transmit(command: bytes) -> bytes:
        seen.append((command, HONEST[card](command)))
        return seen[-1][1]

    run(dialogue(CONFIG, TAP), transmit)
    return seen


DIALOGUES = [dialogue_of(card) for card in range(len(CARDS))]


def readable(outcome: Outcome) -> None:
    """A cashier can do something with it, and it tells nobody the PAN."""
    if isinstance(outcome, Ended):
        assert outcome.refusal.text
        assert "\n" not in outcome.refusal.text
        assert PAN.reveal() not in repr(outcome)


def test_the_honest_dialogues_are_whole() -> None:
    assert [len(seen) for seen in DIALOGUES] == [7, 7, 7, 7]


@given(st.data())
@dear(500, some=100)
def test_whatever_a_card_answers_there_is_an_outcome_in_bounded_commands(data: st.DataObject) -> None:
    card = data.draw(st.integers(0, len(CARDS) - 1))
    count = 0

    def transmit(command: bytes) -> bytes:
        nonlocal count
        count += 1
        assert decode_command(command).le == 256
        honest = HONEST[card](command)
        if data.draw(st.integers(0, 4)):
            return honest
        at, byte = data.draw(st.integers(0, len(honest) - 1)), data.draw(st.integers(0, 255))
        changed = honest[:at] + bytes((byte,)) + honest[at + 1 :]
        strange = st.one_of(TREES.map(lambda tree: tree[:254] + h("9000")), st.binary(max_size=300), st.just(b""), st.just(h("6A83")))
        return data.draw(st.one_of(st.just(changed), st.just(honest[:at] + h("9000")), strange))

    readable(run(dialogue(CONFIG, TAP), transmit))
    assert count <= MOST_COMMANDS


@given(st.data())
@dear(500, some=100)
def test_one_altered_bit_never_makes_another_card_or_another_day(data: st.DataObject) -> None:
    """What is not signed may change (counter, balance, cryptogram); who pays, until when, and that it is genuine may not."""
    card = data.draw(st.sampled_from([0, 1]))
    spoilt = data.draw(st.integers(0, 6))
    honest = DIALOGUES[card][spoilt][1]
    bit = data.draw(st.integers(0, (len(honest) - 2) * 8 - 1))
    altered = (int.from_bytes(honest, "big") ^ 1 << (bit + 16)).to_bytes(len(honest), "big")
    answered = 0

    def transmit(command: bytes) -> bytes:
        nonlocal answered
        answered += 1
        return altered if answered == spoilt + 1 else HONEST[card](command)

    outcome = run(dialogue(CONFIG, TAP), transmit)
    readable(outcome)
    if isinstance(outcome, OfflineApproval):
        assert outcome.track2.pan == PAN
        assert outcome.amount == TAP.amount
        assert tlv.unique(tlv.decode(outcome.icc_data))[0x82] == CARDS[card].aip
        assert spoilt in (0, 1, 2, 6), "records with certificates and the signed record are all signed"


@pytest.mark.parametrize("card", range(len(CARDS)))
@pytest.mark.parametrize("after", range(7))
def test_power_lost_between_any_two_commands_asks_the_card_back(card: int, after: int) -> None:
    outcome = run(dialogue(CONFIG, TAP), leaving(HONEST[card], after))
    assert isinstance(outcome, Ended)
    assert outcome.ending is Ending.TRY_AGAIN
    again = run(dialogue(CONFIG, TAP, outcome.torn), HONEST[card])
    assert isinstance(again, OfflineApproval if card < 2 else OnlineRequest)


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.integers(1, 20))
@settings(max_examples=200)
def test_no_locator_draws_a_tap_out(file: int, first: int, last: int, signed: int, times: int) -> None:
    card = replace(CARDS[0], locator=(bytes((file, first, last, signed)) * times)[: 4 * times], changes={0x9F4B: None})
    transmit, count = card.transmit(), 0

    def answers(command: bytes) -> bytes:
        nonlocal count
        count += 1
        return tlv.encode(0x70, tlv.encode(0xDF10 + count, b"")) + h("9000") if command[1] == 0xB2 else transmit(command)

    outcome = run(dialogue(CONFIG, TAP), answers)
    assert isinstance(outcome, Ended)
    assert count <= MOST_COMMANDS


@given(st.integers(0, 255), st.binary(max_size=200))
@settings(max_examples=200)
def test_any_list_of_wishes_is_answered_or_ends_the_tap(length: int, entries: bytes) -> None:
    """Whatever it lists, and however much it asks for, there is a proper command or an outcome."""
    for pdol in (entries, h("9F66049F4E81") + bytes((length,)), h("9F66049F3704") + entries):
        fci = replace(CARDS[0], pdol=pdol).application()

        def transmit(command: bytes, fci: bytes = fci) -> bytes:
            assert decode_command(command).le == 256
            return fci + h("9000") if command[1] == 0xA4 and command[4] == 8 else HONEST[0](command) if command[1] == 0xA4 else h("6985")

        readable(run(dialogue(CONFIG, TAP), transmit))
