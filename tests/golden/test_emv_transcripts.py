"""Whole taps as commented transcripts: our card at our terminal byte by byte, our terminal with cards that are not ours."""

from dataclasses import replace
from datetime import date

import pytest
from card_authority import CA_KEY
from emv_transcripts import replay, transcript
from issued_card import issued
from pyemv import ac

from tapwealth.card import CardState, Interface, personalise, step
from tapwealth.kernel.masked import Pan
from tapwealth.terminal import Application, Ended, Ending, OnlineRequest, Outcome, Tap, TapReason, TerminalConfig, dialogue, run
from tapwealth.wire import tlv
from tapwealth.wire.emv_data import read_iad

VECTOR_KEY = bytes.fromhex("0D2E3CB0BC1F9E03AED58F663A2F9679")
OUR_PAN = Pan("6222000000000009")


def our_card() -> CardState:
    return replace(personalise(OUR_PAN, "00", date(2026, 12, 31), VECTOR_KEY), atc=0x000D)


CONFIG = TerminalConfig("TW000001")


def test_our_card_answers_as_written() -> None:
    state = our_card()
    record = transcript("own_online_tap.txt")
    for (_, command), (_, response) in zip(record[0:6:2], record[1:6:2], strict=True):
        state, answer = step(state, command)
        assert answer.hex() == response.hex()
    assert state.atc == 0x000E


def test_our_terminal_asks_as_written() -> None:
    record = transcript("own_online_tap.txt")
    outcome = run(dialogue(CONFIG, Tap(1234, date(2014, 2, 24), bytes.fromhex("01020304"), 42)), replay(record))
    assert isinstance(outcome, OnlineRequest)
    assert outcome.icc_data.hex() == record[6][1].hex()
    assert (outcome.track2.pan, outcome.track2.expiry, outcome.psn, outcome.atc) == (OUR_PAN, "2612", "00", 14)


def test_the_written_cryptogram_is_what_an_independent_library_computes() -> None:
    """pyemv has no PBOC session key; the published one of this card key and counter is used."""
    published = bytes.fromhex("C3D3F062E9992B4E923D338D66193526")
    data = bytes.fromhex("000000001234 000000000000 0156 0000000000 0156 140224 00 01020304 7C00 000E 03A00000")
    cryptogram = ac.generate_ac(published, data, ac.PaddingType.EMV)
    field_55 = tlv.unique(tlv.decode(transcript("own_online_tap.txt")[6][1]))
    assert field_55[0x9F26].hex() == cryptogram.hex()


def tapped(name: str, tap: Tap, config: TerminalConfig = CONFIG) -> Outcome:
    return run(dialogue(config, tap), replay(transcript(name)))


def test_a_real_debit_card_of_2017() -> None:
    outcome = tapped("recorded_debit_card_2017.txt", Tap(1, date(2017, 6, 1), bytes.fromhex("2B29EBE4"), 1))
    assert isinstance(outcome, OnlineRequest)
    assert (outcome.atc, outcome.psn, outcome.track2.expiry, outcome.track2.service_code) == (0x0ADC, "00", "2612", "220")
    field_55 = tlv.unique(tlv.decode(outcome.icc_data))
    assert field_55[0x9F10].hex() == "07010103a00000010a010000038787868fd1fc"
    assert field_55[0x9F27] == b"\x80"
    assert 0x57 not in field_55
    assert 0x9F5D not in field_55


def test_a_real_debit_card_of_2018_with_a_longer_list_and_another_order() -> None:
    outcome = tapped("recorded_debit_card_2018.txt", Tap(1, date(2018, 7, 7), bytes.fromhex("00000001"), 1))
    assert isinstance(outcome, OnlineRequest)
    assert (outcome.atc, outcome.psn, len(outcome.track2.pan.reveal())) == (0x004E, "01", 19)


def test_a_real_card_that_approves_offline_is_asked_for_its_records() -> None:
    """The recording ends with the answer to GPO: then the card leaves, and what it had begun is remembered."""
    floor = (Application(floor_limit=2000),)
    config = TerminalConfig("TW000001", ttq=bytes.fromhex("B6000000"), applications=floor, ca_keys=(CA_KEY,))
    record = transcript("recorded_offline_card_2011.txt")
    tap = Tap(1000, date(2011, 3, 30), bytes.fromhex("E519217B"), 1)
    outcome = run(dialogue(config, tap), replay([*record, ("C", bytes.fromhex("00B2051400")), ("R", b"")]))
    assert isinstance(outcome, Ended)
    assert (outcome.ending, outcome.refusal.code) == (Ending.TRY_AGAIN, TapReason.CARD_LEFT)
    assert outcome.torn is not None
    assert outcome.torn.seen is not None
    assert outcome.torn.seen.atc == 0x06A1


RECORDED_TERMINALS = {
    # SELECT and GPO as terminals in the field sent them, each from its own recording.
    "without Le": ("00A404000E325041592E5359532E4444463031", "00A4040008A000000333010101", "36800000", ""),
    "with Le": ("00A404000E325041592E5359532E444446303100", "00A4040008A00000033301010100", "36800000", "00"),
    "seven bytes of the AID": ("00A404000E325041592E5359532E4444463031", "00A4040007A0000003330101", "B6000000", ""),
    "qPBOC alone": ("00A404000E325041592E5359532E444446303100", "00A4040008A00000033301010100", "26800000", "00"),
    "with fDDA 01": ("00A404000E325041592E5359532E444446303100", "00A4040008A00000033301010100", "21800080", "00"),
}


@pytest.mark.parametrize("terminal", RECORDED_TERMINALS)
def test_our_card_at_terminals_that_are_not_ours(terminal: str) -> None:
    ppse, select, ttq, le = RECORDED_TERMINALS[terminal]
    options = f"80A80000 23 8321 {ttq} 000000000001 000000000000 0156 0000000000 0156 170601 00 2B29EBE4 {le}"
    state, answers = our_card(), []
    for command in (ppse, select, options):
        state, answer = step(state, bytes.fromhex(command))
        assert answer[-2:] == b"\x90\x00", command
        answers.append(answer[:-2])
    assert [leaf.value.hex() for leaf in tlv.leaves(answers[0]) if leaf.tag == 0x4F] == ["a000000333010101"]
    assert [leaf.value.hex() for leaf in tlv.leaves(answers[1]) if leaf.tag == 0x84] == ["a000000333010101"]
    given = tlv.unique(tlv.template(answers[2], 0x77, where="GPO"))
    assert {0x82, 0x9F36, 0x57, 0x9F26, 0x9F10} <= given.keys()
    assert given[0x9F10][4] & 0x30 == 0x20


@pytest.mark.parametrize(
    ("name", "interface", "balance", "decision"),
    [
        ("issued_online_tap.txt", Interface.CONTACTLESS, 500_00, "ARQC"),
        ("issued_offline_tap.txt", Interface.CONTACTLESS, 376_55, "TC"),
        ("issued_declined_tap.txt", Interface.CONTACTLESS, 500_00, "AAC"),
        ("issued_contact.txt", Interface.CONTACT, 500_00, "ARQC"),
    ],
)
def test_the_issued_card_answers_as_written(name: str, interface: Interface, balance: int, decision: str) -> None:
    state = issued(interface=interface)
    record = transcript(name)
    made = b""
    for (_, command), (_, response) in zip(record[0::2], record[1::2], strict=True):
        state, answer = step(state, command)
        assert answer.hex() == response.hex(), command.hex()
        made = made or dict(tlv.leaves(answer[:-2])).get(0x9F10, b"")
    assert state.cash is not None
    assert (state.cash.balance, state.atc) == (balance, 1)
    assert read_iad(made).decision.name == decision
