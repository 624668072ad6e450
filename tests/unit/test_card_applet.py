"""The phone's applet: status words, selection by name, the counter and its end, the store."""

import json
from dataclasses import replace
from datetime import date

import pytest

from tapwealth.card import CardState, from_json, personalise, step, to_json
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire import tlv

KEY = bytes.fromhex("0D2E3CB0BC1F9E03AED58F663A2F9679")
PAN = Pan("6222000000000009")
PPSE = "00A404000E325041592E5359532E444446303100"
SELECT = "00A4040008A00000033301010100"
DATA = "36800000 000000000001 000000000000 0156 0000000000 0156 140224 00 01020304"
GPO = f"80A80000238321{DATA}00"


def fresh() -> CardState:
    return personalise(PAN, "00", date(2026, 12, 31), KEY)


def play(state: CardState, *commands: str) -> tuple[CardState, str]:
    """The state after all of them, and the last response in hex."""
    answer = b""
    for command in commands:
        state, answer = step(state, bytes.fromhex(command))
    return state, answer.hex().upper()


def given(answer: str) -> dict[int, bytes]:
    assert answer.endswith("9000")
    return tlv.unique(tlv.template(bytes.fromhex(answer)[:-2], 0x77, where="GPO"))


@pytest.mark.parametrize(
    ("commands", "sw"),
    [
        (["00B2010C00"], "6985"),
        (["80CA9F3600"], "6985"),
        (["00B2000C00"], "6A86"),
        (["00B2010800"], "6A86"),
        (["00B201FC00"], "6A86"),
        (["00B2010C0155"], "6700"),
        ([PPSE, "00B2010C00"], "6985"),
        ([SELECT, "00B2010C00"], "6A82"),
        ([SELECT, "80CA9F7900"], "6A88"),
        ([SELECT, "80CA000000"], "6A88"),
        (["00A404000E315041592E5359532E444446303100"], "6A82"),
        ([SELECT, GPO, "80AE80001D" + "00" * 29 + "00"], "6985"),
        ([SELECT, GPO, "008800000401020304 00"], "6985"),
        ([SELECT, GPO, "008200000A" + "00" * 10], "6985"),
        (["00D6000000"], "6D00"),
        (["FFCA000000"], "6D00"),
        (["80A4040008A00000033301010100"], "6E00"),
        (["00A8000002830000"], "6E00"),
        (["00A4000008A00000033301010100"], "6A86"),
        (["00A4040108A00000033301010100"], "6A86"),
        (["00A40400"], "6700"),
        (["00A4040000"], "6700"),
        (["00A4040004A000000300"], "6700"),
        (["00A4040011A000000333010101000000000000000000"], "6700"),
        (["00A4040009A0000003330101"], "6700"),
        (["00A4"], "6700"),
        ([""], "6700"),
        (["00A4040007A000000003101000"], "6A82"),
        (["00A404000D325041592E5359532E4444463000"], "6A82"),
        (["00A4040009A0000003330101010000"], "6A82"),
        ([SELECT, "00A4040208A00000033301010100"], "6A82"),
        ([GPO], "6985"),
        ([PPSE, GPO], "6985"),
        ([SELECT, PPSE, GPO], "6985"),
        ([SELECT, GPO, GPO], "6985"),
        ([SELECT, "80A8000100"], "6A86"),
        ([SELECT, "80A8000000"], "6700"),
        ([SELECT, "80A8000002830000"], "6700"),
        ([SELECT, f"80A80000228320{DATA[:-2]}00"], "6700"),
        ([SELECT, f"80A80000248321{DATA}0000"], "6700"),
        ([SELECT, f"80A80000238322{DATA}00"], "6700"),
        ([SELECT, f"80A80000238521{DATA}00"], "6A80"),
        ([SELECT, GPO.replace("36800000", "80000000")], "6985"),
    ],
)
def test_wrong_commands_get_their_status_word_and_change_nothing(commands: list[str], sw: str) -> None:
    before, _ = play(fresh(), *commands[:-1])
    after, answer = play(before, commands[-1])
    assert answer == sw
    assert after == before


@pytest.mark.parametrize("name", ["A000000333010101", "A0000003330101", "A00000033301", "A000000333"])
def test_the_beginning_of_the_name_selects(name: str) -> None:
    state, answer = play(fresh(), f"00A40400{len(name) // 2:02X}{name}00")
    assert answer.endswith("9000")
    assert "8408A000000333010101" in answer
    assert play(state, GPO)[1].endswith("9000")


def test_a_long_form_length_in_the_command_is_understood() -> None:
    assert play(fresh(), SELECT, f"80A8000024838121{DATA}00")[1].endswith("9000")


def test_each_tap_counts_once_and_no_two_cryptograms_are_alike() -> None:
    state, seen = fresh(), set()
    for count in range(1, 30):
        state, answer = play(state, SELECT, GPO)
        elements = given(answer)
        assert int.from_bytes(elements[0x9F36], "big") == state.atc == count
        seen.add(elements[0x9F26])
    assert len(seen) == 29


def test_the_counter_ends_at_ffff() -> None:
    state, answer = play(replace(fresh(), atc=0xFFFE), SELECT, GPO)
    assert given(answer)[0x9F36] == b"\xff\xff"
    after, answer = play(state, SELECT, GPO)
    assert (answer, after.atc) == ("6985", 0xFFFF)


def test_every_byte_the_terminal_gives_is_under_the_cryptogram_but_the_qualifiers() -> None:
    """Flip each of the 33 bytes: the cryptogram changes, except for 9F66, which version 01 does not cover."""
    data = bytes.fromhex(DATA)
    plain = given(play(fresh(), SELECT, GPO)[1])[0x9F26]
    for at in range(len(data)):
        changed = data[:at] + bytes((data[at] ^ 0x01,)) + data[at + 1 :]
        cryptogram = given(play(fresh(), SELECT, f"80A80000238321{changed.hex()}00")[1])[0x9F26]
        assert (cryptogram == plain) == (at < 4), at


def test_a_reader_that_cannot_go_online_gets_a_decline() -> None:
    elements = given(play(fresh(), SELECT, GPO.replace("36800000", "28000000"))[1])
    assert elements[0x9F10][4] & 0x30 == 0x00


def test_no_tag_comes_twice_and_no_file_locator_is_sent() -> None:
    elements = given(play(fresh(), SELECT, GPO)[1])
    assert 0x94 not in elements
    assert 0x9F27 not in elements


def test_off_and_on_forgets_the_dialogue_and_keeps_the_counter() -> None:
    state, _ = play(fresh(), SELECT, GPO, SELECT)
    off = state.powered_off()
    assert play(off, GPO)[1] == "6985"
    assert off.atc == 1


def test_the_store_gives_the_card_back() -> None:
    state, _ = play(fresh(), SELECT, GPO)
    again = from_json(to_json(state))
    assert again == state.powered_off()
    assert to_json(again) == to_json(state)
    assert play(again, SELECT, GPO)[1] == play(state, SELECT, GPO)[1]


@pytest.mark.parametrize(
    "change",
    [
        {"pan": "12"}, {"pan": 6222}, {"psn": "1"}, {"psn": "²3"}, {"keys": None}, {"keys": [{}]},
        {"keys": ["00"]}, {"cvn": 9}, {"files": []}, {"files": {}}, {"cash": {}},
        {"consent_limit": -1}, {"atc": -1}, {"atc": 65536},
        {"atc": True}, {"atc": 1.5}, {"aid": "A0"}, {"label": "x" * 17}, {"label": ""}, {"label": None}, {"expiry": "2613"},
        {"key_index": 256}, {"discretionary": "1" * 20},
    ],
)  # fmt: skip
def test_a_damaged_store_is_one_line(change: dict[str, object]) -> None:
    stored = {**json.loads(to_json(fresh())), **change}
    with pytest.raises(BadInput) as error:
        from_json(json.dumps(stored))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, "{}"])
def test_a_torn_store_is_one_line(text: str) -> None:
    with pytest.raises(BadInput, match="stored card"):
        from_json(text)


def test_nothing_shows_pan_or_key() -> None:
    shown = repr(fresh()) + str(fresh())
    assert PAN.reveal() not in shown
    assert KEY.hex() not in shown.lower()


@pytest.mark.parametrize(
    "changed",
    [
        {"pan": Pan("6222000000000000")}, {"pan": Pan("622200000000000A")}, {"pan": Pan("")}, {"psn": "0"}, {"psn": "0x"},
        {"card_key": KEY[:8]}, {"key_index": 256}, {"aid": b"\xa0"}, {"label": "café"}, {"service_code": "22"},
    ],
)  # fmt: skip
def test_personalising_with_wrong_data_is_refused(changed: dict[str, object]) -> None:
    right: dict[str, object] = {"pan": PAN, "psn": "00", "expiry": date(2026, 12, 31), "card_key": KEY}
    with pytest.raises(BadInput):
        personalise(**{**right, **changed})
