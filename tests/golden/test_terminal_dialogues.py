"""Whole taps of cards that our terminal has never seen, composed from the standards: every command and field 55 byte by byte.

The files lie in `emv/composed_*.txt`, in the form that `emv_transcripts` describes; an empty R: is a card that has left.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from card_authority import CA_KEY
from emv_transcripts import replay, transcript

from tapwealth.issuing.chip_data import read_chip_data
from tapwealth.terminal import (
    Application,
    Cvm,
    Ended,
    Ending,
    Oda,
    OfflineApproval,
    OnlineRequest,
    Outcome,
    Repeat,
    Tap,
    TapReason,
    TerminalConfig,
    dialogue,
    run,
)
from tapwealth.wire.emv_certificates import CaKey
from tapwealth.wire.emv_rsa import PublicKey

PUBLISHED_KEY = """
996AF56F569187D09293C14810450ED8EE3357397B18A2458EFAA92DA3B6DF6514EC060195318FD43BE9B8F0CC669E3F844057CBDDF8BDA191BB64473BC8DC9A
730DB8F6B4EDE3924186FFD9B8C7735789C23A36BA0B8AF65372EB57EA5D89E7D14E9C7B6B557460F10885DA16AC923F15AF3758F0F03EBD3C5C2C949CBA306D
B44E6A2C076C5F67E281D7EF56785DC4D75945E491F01918800A9E2DC66F60080566CE0DAF8D17EAD46AD8E30A247C9F
"""
"""The modulus of Visa's public test key 92; its check value is in tests/unit/test_emv_certificates.py."""

LIMITS = Application(floor_limit=200_00, cvm_limit=1000_00)
CONFIG = TerminalConfig("TW000001", applications=(LIMITS,), ttq=bytes.fromhex("36000080"), ca_keys=(CA_KEY,))
TAP = Tap(1234, date(2014, 2, 24), bytes.fromhex("01020304"), 42)


def tapped(name: str, tap: Tap = TAP, config: TerminalConfig = CONFIG) -> tuple[Outcome, bytes]:
    """The outcome, and the field 55 that the file ends with; every recorded line must have been used."""
    record = transcript(name)
    written = record.pop()[1] if record[-1][0] == "F55" else b""
    lines = iter(record)
    outcome = run(dialogue(config, tap), replay(lines))
    assert not list(lines), "the terminal stopped before the recording did"
    return outcome, written


def test_a_card_approves_offline_and_proves_itself_by_fast_dda_01() -> None:
    outcome, written = tapped("composed_offline_fdda01.txt")
    assert isinstance(outcome, OfflineApproval)
    assert outcome.icc_data.hex() == written.hex()
    assert (outcome.amount, outcome.atc, outcome.psn, outcome.left_on_card, outcome.authorisation_code) == (
        1234,
        0x21,
        "01",
        4321,
        "ECC001",
    )
    assert (outcome.track2.expiry, outcome.cvm, outcome.tvr) == ("2912", Cvm.NONE, bytes(5))
    assert read_chip_data(outcome.icc_data).amount == 1234


def test_a_card_of_another_maker_is_read_all_the_same() -> None:
    outcome, written = tapped("composed_offline_other_maker.txt")
    assert isinstance(outcome, OfflineApproval)
    assert outcome.icc_data.hex() == written.hex()
    assert (outcome.aid.hex(), outcome.psn, outcome.left_on_card, outcome.authorisation_code) == ("a0000003330101", "02", 0, "")
    assert outcome.tvr.hex() == "0080000000"


def test_an_online_card_is_proved_genuine_and_its_phone_has_verified_its_holder() -> None:
    config = replace(CONFIG, ttq=bytes.fromhex("37000080"))
    outcome, written = tapped("composed_online_authenticated.txt", replace(TAP, amount=1500_00), config)
    assert isinstance(outcome, OnlineRequest)
    assert outcome.icc_data.hex() == written.hex()
    assert (outcome.oda, outcome.cvm, outcome.tvr.hex()) == (Oda.DONE, Cvm.ON_DEVICE, "0000008000")


def test_a_card_declines() -> None:
    outcome, _ = tapped("composed_declined_tap.txt")
    assert isinstance(outcome, Ended)
    assert (outcome.ending, outcome.refusal.code) == (Ending.DECLINED, TapReason.DECLINED_BY_CARD)


def test_the_second_application_is_taken_when_the_first_will_not_start() -> None:
    outcome, written = tapped("composed_next_application.txt", replace(TAP, amount=200_01))
    assert isinstance(outcome, OnlineRequest)
    assert outcome.icc_data.hex() == written.hex()
    assert (outcome.aid.hex(), outcome.tvr.hex()) == ("a000000333010102", "8000008000")


def test_a_torn_tap_is_told_again_and_paid_once() -> None:
    record = transcript("composed_torn_tap.txt")
    lines = iter(record)
    first = run(dialogue(CONFIG, TAP), replay(lines))
    assert isinstance(first, Ended)
    assert first.torn is not None
    second = run(dialogue(CONFIG, first.torn.tap, first.torn), replay(lines))
    assert isinstance(second, OfflineApproval)
    assert (second.repeat, second.icc_data.hex()) == (Repeat.SAME, record[-1][1].hex())
    assert [kind for kind, _ in lines] == ["F55"]


def test_a_published_chain_and_signature_approve_and_no_other_amount_does() -> None:
    """The one signature here that no code of ours has made."""
    key = PublicKey(int("".join(PUBLISHED_KEY.split()), 16), 3)
    euro = replace(CONFIG, currency=978, applications=(Application(bytes.fromhex("A000000003"), floor_limit=200_00),))
    config = replace(euro, ca_keys=(CaKey(bytes.fromhex("A000000003"), 0x92, key),))
    tap = replace(TAP, amount=18_00, unpredictable_number=bytes.fromhex("2C975EAC"))
    outcome, _ = tapped("published_chain_tap.txt", tap, config)
    assert isinstance(outcome, OfflineApproval)
    assert (outcome.track2.pan.reveal(), outcome.psn, outcome.tvr) == ("4176662220010018", "01", bytes(5))
    record = transcript("published_chain_tap.txt")
    lines = [(kind, data.replace(bytes.fromhex("000000001800"), bytes.fromhex("000000001801"))) for kind, data in record]
    other = run(dialogue(config, replace(tap, amount=18_01)), replay(lines))
    assert isinstance(other, Ended)
    assert other.refusal.code is TapReason.NOT_AUTHENTIC


@pytest.mark.parametrize(
    ("name", "alter"),
    [
        ("composed_offline_fdda01.txt", lambda config: replace(config, ca_keys=(replace(CA_KEY, index=0xC2),))),
        ("composed_offline_other_maker.txt", lambda config: replace(config, ca_keys=(replace(CA_KEY, expiry=date(2014, 2, 23)),))),
    ],
)
def test_without_the_schemes_key_the_same_cards_are_declined(name: str, alter: Callable[[TerminalConfig], TerminalConfig]) -> None:
    outcome, _ = tapped(name, config=alter(CONFIG))
    assert isinstance(outcome, Ended)
    assert (outcome.ending, outcome.refusal.code) == (Ending.DECLINED, TapReason.NOT_AUTHENTIC)
