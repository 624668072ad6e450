"""The issuer's side: a tap's cryptogram verified, a wrong one explained, an answer given."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from tapwealth.card import personalise, step
from tapwealth.issuing.chip_data import ChipData, read_chip_data
from tapwealth.issuing.cryptogram import (
    CryptogramRefusal,
    IssuerKeys,
    Verified,
    diagnose,
    maced,
    verify,
)
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.terminal import OnlineRequest, Tap, TerminalConfig, dialogue, run
from tapwealth.wire import tlv
from tapwealth.wire.emv_crypto import Padding, retail_mac, tdes_ecb
from tapwealth.wire.emv_data import CryptogramType
from tapwealth.wire.emv_profiles import Profile, SessionScheme

PAN, PSN = Pan("6222000000000009"), "00"


class Box:
    """A key port of the test: master keys by name."""

    KEYS: Mapping[str, bytes] = {
        "first": bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"),
        "second": bytes.fromhex("11223344556677888877665544332211"),
    }

    def tdes_ecb(self, key_name: str, data: bytes) -> bytes:
        return tdes_ecb(self.KEYS[key_name], data)


KEYS = IssuerKeys(Box(), {1: "first", 2: "second"})


def tapped(psn: str = PSN, key_index: int = 1, made_with: int = 1) -> bytes:
    """Field 55 of a tap of 12.34 yuan, with the card's 14th counter value."""
    card = personalise(PAN, psn, date(2026, 12, 31), KEYS.card_key(made_with, PAN, psn), key_index=key_index)
    state = replace(card, atc=13)

    def transmit(command: bytes) -> bytes:
        nonlocal state
        state, answer = step(state, command)
        return answer

    outcome = run(dialogue(TerminalConfig("TW000001"), Tap(1234, date(2014, 2, 24), b"\1\2\3\4", 1)), transmit)
    assert isinstance(outcome, OnlineRequest)
    return outcome.icc_data


def changed(field_55: bytes, tag: int, value: bytes | None) -> bytes:
    elements = {**tlv.unique(tlv.decode(field_55)), tag: value}
    return tlv.encode_all((each, content) for each, content in elements.items() if content is not None)


def refusal(chip: ChipData, wanted: CryptogramType = CryptogramType.ARQC) -> CryptogramRefusal:
    answer = verify(KEYS, chip, PAN, PSN, wanted)
    assert isinstance(answer, Refusal)
    assert isinstance(answer.code, CryptogramRefusal)
    return answer.code


def test_a_tap_is_verified_and_typed() -> None:
    chip = read_chip_data(tapped())
    assert (chip.amount, chip.currency, chip.day, chip.atc) == (1234, 156, date(2014, 2, 24), 14)
    assert isinstance(verify(KEYS, chip, PAN, PSN), Verified)


def test_the_published_vector_through_the_whole_verification() -> None:
    """Card key, data and cryptogram as published; the master key is one whose derivation gives that card key."""

    class Published:
        def tdes_ecb(self, key_name: str, data: bytes) -> bytes:
            return bytes.fromhex("0D2E3CB0BC1F9E03AED58F663A2F9679")

    field_55 = bytes.fromhex(
        "9F0206000000001234 9F0306000000000034 9F1A020156 9505D86004A800 5F2A020156 9A03120516 9C0101 9F370401010101"
        "82027C00 9F3602000E 9F10080701010 3A4B90401 9F2608F294D7022FA9B058".replace(" ", "")
    )
    keys = IssuerKeys(Published(), {1: "published"})
    answer = verify(keys, read_chip_data(field_55), PAN, PSN)
    assert isinstance(answer, Verified)
    assert answer.arpc_1("00").hex().upper() == "3846EEB4C8D34271"


@pytest.mark.parametrize("tag", [0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37, 0x82, 0x9F36, 0x9F26])
def test_one_changed_bit_in_anything_covered_makes_it_differ(tag: int) -> None:
    field_55 = tapped()
    value = tlv.unique(tlv.decode(field_55))[tag]
    other = value[:-1] + bytes((value[-1] ^ 0x01,))
    chip = read_chip_data(changed(field_55, tag, other))
    assert refusal(chip) is CryptogramRefusal.DIFFERS


@pytest.mark.parametrize(
    ("iad", "code"),
    [
        ("07010103A0000004", CryptogramRefusal.UNKNOWN_ALGORITHM),
        ("07011703A0000001", CryptogramRefusal.UNKNOWN_VERSION),
        ("07090103A0000001", CryptogramRefusal.UNKNOWN_KEY_INDEX),
        ("0701010390000001", CryptogramRefusal.WRONG_TYPE),
        ("07010103A0000101", CryptogramRefusal.DIFFERS),
        ("07091703A0000004", CryptogramRefusal.UNKNOWN_ALGORITHM),
    ],
)
def test_refusals_in_their_order(iad: str, code: CryptogramRefusal) -> None:
    assert refusal(read_chip_data(changed(tapped(), 0x9F10, bytes.fromhex(iad)))) is code


def test_another_card_differs() -> None:
    chip = read_chip_data(tapped())
    assert isinstance(verify(KEYS, chip, Pan("6222000000000017"), PSN), Refusal)


@pytest.mark.parametrize(("atc", "words"), [(13, "ATC+1"), (15, "ATC−1")])
def test_a_shifted_counter_is_explained(atc: int, words: str) -> None:
    chip = read_chip_data(changed(tapped(), 0x9F36, atc.to_bytes(2, "big")))
    assert diagnose(KEYS, chip, PAN, PSN) == f"cryptogram differs: matches with {words}"


def test_another_master_key_is_explained() -> None:
    chip = read_chip_data(tapped(key_index=1, made_with=2))
    assert refusal(chip) is CryptogramRefusal.DIFFERS
    assert diagnose(KEYS, chip, PAN, PSN) == "cryptogram differs: matches with key index 02"


def test_another_sequence_number_is_explained() -> None:
    chip = read_chip_data(tapped(psn="01"))
    assert diagnose(KEYS, chip, PAN, PSN) == "cryptogram differs: matches with PAN sequence number 01"


@pytest.mark.parametrize(
    ("scheme", "padding", "words"),
    [
        (SessionScheme.PBOC, Padding.ZEROS, "padding 00"),
        (SessionScheme.EMV_CSK, Padding.MARKED, "the EMV common session key"),
        (SessionScheme.EMV_CSK, Padding.ZEROS, "the EMV common session key and padding 00"),
        (SessionScheme.CARD_KEY, Padding.MARKED, "the card key itself"),
    ],
)
def test_another_padding_or_session_key_is_explained(scheme: SessionScheme, padding: Padding, words: str) -> None:
    chip = read_chip_data(tapped())
    key = scheme.session_key(KEYS.card_key(1, PAN, PSN), chip.atc)
    made = retail_mac(key, maced(chip, chip.atc), padding)
    chip = read_chip_data(changed(tapped(), 0x9F26, made))
    assert diagnose(KEYS, chip, PAN, PSN) == f"cryptogram differs: matches with {words}"
    # The same cryptogram is right for a version that stands for just that.
    assert isinstance(verify(replace(KEYS, profiles={0x01: Profile(scheme, padding)}), chip, PAN, PSN), Verified)


@pytest.mark.parametrize("atc", [0x0000, 0xFFFF, 0x1000])
def test_what_matches_nothing_is_said_to_match_nothing(atc: int) -> None:
    chip = read_chip_data(changed(changed(tapped(), 0x9F26, bytes(8)), 0x9F36, atc.to_bytes(2, "big")))
    assert diagnose(KEYS, chip, PAN, PSN).startswith("cryptogram differs: matches no ")


@pytest.mark.parametrize(
    ("tag", "value", "line"),
    [
        (0x9F36, None, "field 55: 9F36 Application transaction counter is missing; the terminal must send it"),
        (0x9F26, None, "field 55: 9F26 Application cryptogram is missing; the terminal must send it"),
        (0x9F02, b"\x12\x34", "field 55: 9F02 Amount, authorised has 2 bytes; 6 are expected"),
        (0x84, b"\x12", "field 55: 84 Dedicated file name has 1 bytes; 5 to 16 are expected"),
        (0x9F02, b"\x00\x00\x00\x00\x12\x3a", "field 55, 9F02: 00000000123A is not made of decimal digits; use packed decimal digits"),
        (0x9A, b"\x14\x02\x30", "field 55, 9A: 140230 is not a day; write it as YYMMDD"),
        (0x9F10, bytes(8), "field 55, 9F10: it begins with 00000000; 07, key index, cryptogram version and 03 are expected"),
    ],
)
def test_wrong_chip_data_are_one_line(tag: int, value: bytes | None, line: str) -> None:
    with pytest.raises(BadInput) as error:
        read_chip_data(changed(tapped(), tag, value))
    assert str(error.value) == line


def test_torn_and_doubled_chip_data_are_one_line() -> None:
    field_55 = tapped()
    with pytest.raises(BadInput, match=r"^field 55: tag 9F41 at byte \d+ wants 4 bytes, 3 are left; "):
        read_chip_data(field_55[:-1])
    with pytest.raises(BadInput, match=r"^field 55: tag 9F36 comes twice; "):
        read_chip_data(field_55 + bytes.fromhex("9F3602000E"))


def test_keys_do_not_show() -> None:
    answer = verify(KEYS, read_chip_data(tapped()), PAN, PSN)
    assert isinstance(answer, Verified)
    assert answer.session_key.hex() not in repr(answer)
