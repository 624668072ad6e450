"""The merchant's kernel against cards that are not ours: other lists, orders and length forms, and cards that break the rules."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from tapwealth.kernel.refusal import BadInput
from tapwealth.terminal import Ended, Ending, OnlineRequest, Outcome, Tap, TapReason, TerminalConfig, dialogue, run
from tapwealth.terminal.candidates import Candidate, directory, in_order
from tapwealth.terminal.request import FIELD_55
from tapwealth.wire import tlv

CONFIG = TerminalConfig("TW000001")
TAP = Tap(1234, date(2014, 2, 24), bytes.fromhex("01020304"), 42)
DEBIT, CREDIT = "A000000333010101", "A000000333010102"
USUAL_PDOL = "9F66049F02069F03069F1A0295055F2A029A039C019F3704"
USUAL = {
    0x82: "7C00",
    0x9F36: "0ADC",
    0x57: "6222000000000000D26122200000000000",
    0x9F10: "07010103A00000010A010000038787868FD1FC",
    0x9F26: "1122334455667788",
    0x5F34: "00",
    0x9F6C: "0000",
}


def h(text: str) -> bytes:
    return bytes.fromhex(text)


def ok(data: bytes) -> bytes:
    return data + b"\x90\x00"


def ppse(*entries: tuple[str, str]) -> bytes:
    """A directory of (name, priority) in hex; an empty priority is left out."""
    listed = b"".join(
        tlv.encode(0x61, tlv.encode(0x4F, h(name)) + (tlv.encode(0x87, h(first)) if first else b"")) for name, first in entries
    )
    return tlv.encode(0x6F, tlv.encode(0x84, b"2PAY.SYS.DDF01") + tlv.encode(0xA5, tlv.encode(0xBF0C, listed)))


def fci(name: str = DEBIT, pdol: str = USUAL_PDOL) -> bytes:
    return tlv.encode(0x6F, tlv.encode(0x84, h(name)) + tlv.encode(0xA5, tlv.encode(0x50, b"CARD") + tlv.encode(0x9F38, h(pdol))))


def options(changes: dict[int, str | None] | None = None) -> bytes:
    values = {**USUAL, **(changes or {})}
    return tlv.encode(0x77, tlv.encode_all((tag, h(value)) for tag, value in values.items() if value is not None))


def card(
    directory_answer: bytes, select: bytes | dict[str, bytes], gpo: bytes | list[bytes]
) -> tuple[Callable[[bytes], bytes], list[bytes]]:
    """A card that answers so, whatever it is asked, and what it was asked."""
    asked: list[bytes] = []
    answers = list(gpo) if isinstance(gpo, list) else [gpo]

    def transmit(command: bytes) -> bytes:
        asked.append(command)
        if command[1] == 0xA8:
            return answers.pop(0)
        if command[5:19] == b"2PAY.SYS.DDF01":
            return directory_answer
        return select if isinstance(select, bytes) else select[command[5 : 5 + command[4]].hex().upper()]

    return transmit, asked


USUAL_DIRECTORY, USUAL_FCI, USUAL_OPTIONS = ok(ppse((DEBIT, "01"))), ok(fci()), ok(options())


def tap(
    *,
    config: TerminalConfig = CONFIG,
    directory_answer: bytes = USUAL_DIRECTORY,
    select: bytes | dict[str, bytes] = USUAL_FCI,
    gpo: bytes | list[bytes] = USUAL_OPTIONS,
) -> Outcome:
    return run(dialogue(config, TAP), card(directory_answer, select, gpo)[0])


def why(outcome: Outcome) -> tuple[Ending, TapReason, str]:
    assert isinstance(outcome, Ended)
    assert isinstance(outcome.refusal.code, TapReason)
    assert "\n" not in outcome.refusal.text
    return outcome.ending, outcome.refusal.code, outcome.refusal.text


def test_a_usual_card_goes_online_with_field_55_in_the_order_of_the_field() -> None:
    outcome = tap()
    assert isinstance(outcome, OnlineRequest)
    assert [element.tag for element in tlv.decode(outcome.icc_data)] == list(FIELD_55)
    assert (outcome.psn, outcome.atc, outcome.aid.hex().upper()) == ("00", 0x0ADC, DEBIT)


@pytest.mark.parametrize(
    ("pdol", "data"),
    [
        # A card of another scheme's making: the shorter list, the number before the date.
        ("9F66049F02069F37045F2A029A03", "36800000 000000001234 01020304 0156 140224"),
        # Reversed, and asking twice.
        ("9F37049C019A035F2A0295059F1A029F66049F3704", "01020304 00 140224 0156 0000000000 0156 36800000 01020304"),
        # Longer and shorter than the values are, and what no terminal knows.
        ("9F66029F02089F0203DF60019F7C14", f"3680 0000000000001234 001234 00 {'00' * 20}"),
        # Time, merchant's name and capabilities: unknown or known.
        ("9F6604 9F2103 9F4E05 9F3303 9F3501", "36800000 000000 0000000000 E0E1C8 22"),
    ],
)
def test_any_list_is_answered(pdol: str, data: str) -> None:
    transmit, asked = card(ok(ppse((DEBIT, "01"))), ok(fci(pdol=pdol)), ok(options()))
    assert isinstance(run(dialogue(CONFIG, TAP), transmit), OnlineRequest)
    body = h(data)
    assert asked[2] == h("80A80000") + bytes((len(body) + 2, 0x83, len(body))) + body + b"\x00"


def test_a_list_of_more_than_127_bytes_is_answered_with_a_long_form_length() -> None:
    transmit, asked = card(ok(ppse((DEBIT, "01"))), ok(fci(pdol="9F6604 9F4E8180 9F3704")), ok(options()))
    assert isinstance(run(dialogue(CONFIG, TAP), transmit), OnlineRequest)
    assert asked[2][:8].hex() == "80a800008b838188"
    assert len(asked[2]) == 5 + 0x8B + 1


@pytest.mark.parametrize(("length", "carried"), [("81F8", True), ("81F9", False), ("82FFFF", False)])
def test_a_list_that_no_command_can_carry_ends_the_tap(length: str, carried: bool) -> None:
    outcome = tap(select=ok(fci(pdol=f"9F6604 9F4E{length}")))
    assert isinstance(outcome, OnlineRequest) == carried
    if not carried:
        assert why(outcome)[:2] == (Ending.TRY_ANOTHER_INTERFACE, TapReason.UNUSABLE_PDOL)


def long_form(data: bytes) -> bytes:
    """The same element with its outermost length in the form 82."""
    (element,) = tlv.decode(data)
    return tlv.tag_bytes(element.tag) + b"\x82" + len(element.value).to_bytes(2, "big") + element.value


def test_long_form_lengths_and_padding_are_read() -> None:
    outcome = tap(
        directory_answer=ok(long_form(ppse((DEBIT, "01")))),
        select=ok(b"\x00" + long_form(fci()) + b"\x00\x00"),
        gpo=ok(long_form(options({0x9F7C: "00" * 140}))),
    )
    assert isinstance(outcome, OnlineRequest)


def test_the_order_of_the_answer_does_not_matter() -> None:
    plain = tap()
    turned = tlv.encode(0x77, tlv.encode_all((tag, h(value)) for tag, value in reversed(USUAL.items())))
    assert tap(gpo=ok(turned)) == plain


def taken(name: bytes) -> bool:
    return CONFIG.application_of(name) is not None


def test_priority_decides_and_equals_keep_the_cards_order() -> None:
    listed = directory(ppse((CREDIT, "02"), (DEBIT, "01"), ("A0000003330101", ""), ("A000000333010103", "82"), (DEBIT, "0F")))
    names = [candidate.name.hex().upper() for candidate in in_order(listed, taken)]
    assert names == [DEBIT, CREDIT, "A000000333010103", "A0000003330101"]


def test_other_schemes_and_unusable_names_are_passed_over() -> None:
    listed = directory(ppse(("A0000000031010", "01"), ("A0000003", "01"), ("A00000033301010100112233445566778899", "01"), (DEBIT, "03")))
    assert in_order(listed, taken) == [Candidate(h(DEBIT), 3)]


@pytest.mark.parametrize(("kernel", "usable"), [("07", True), ("00", True), ("02", False), ("87345600", False), ("C0", True)])
def test_an_entry_for_another_kernel_is_passed_over(kernel: str, usable: bool) -> None:
    entry = tlv.encode(0x61, tlv.encode(0x4F, h(DEBIT)) + tlv.encode(0x9F2A, h(kernel)))
    answer = tlv.encode(0x6F, tlv.encode(0x84, b"2PAY.SYS.DDF01") + tlv.encode(0xA5, tlv.encode(0xBF0C, entry)))
    assert bool(directory(answer)) == usable


def test_no_more_than_sixteen_applications_are_tried() -> None:
    names = [f"A00000033301{number:02X}" for number in range(20)]
    transmit, asked = card(ok(ppse(*((name, "") for name in names))), h("6A82"), ok(options()))
    assert why(run(dialogue(CONFIG, TAP), transmit))[1] is TapReason.CARD_REFUSED
    assert len(asked) == 1 + 16


def test_the_next_application_is_tried_when_one_will_not_start() -> None:
    outcome = tap(
        directory_answer=ok(ppse((CREDIT, "01"), ("A000000333010103", "02"), (DEBIT, "03"))),
        select={CREDIT: h("6A82"), "A000000333010103": ok(fci("A000000333010103")), DEBIT: ok(fci())},
        gpo=[h("6985"), ok(options())],
    )
    assert isinstance(outcome, OnlineRequest)
    assert outcome.aid.hex().upper() == DEBIT


OVER, OTHER = Ending.END_APPLICATION, Ending.TRY_ANOTHER_INTERFACE
RULE_BREAKERS: dict[str, tuple[dict[str, bytes], Ending, TapReason, str]] = {
    "no directory": ({"directory_answer": h("6A82")}, OVER, TapReason.NO_ENVIRONMENT, "6A82 not found"),
    "torn directory": ({"directory_answer": h("6F2F840E329000")}, OVER, TapReason.UNREADABLE, "tag 6F at byte 0 wants 47 bytes"),
    "empty directory": ({"directory_answer": ok(ppse())}, OVER, TapReason.NO_COMMON_APPLICATION, ""),
    "another scheme": ({"directory_answer": ok(ppse(("A0000000031010", "01")))}, OVER, TapReason.NO_COMMON_APPLICATION, ""),
    "blocked application": ({"select": h("6283")}, OVER, TapReason.CARD_REFUSED, "6283 the application is blocked"),
    "other application selected": ({"select": ok(fci(CREDIT))}, OVER, TapReason.UNREADABLE, f"the card selected {CREDIT}"),
    "no name": ({"select": ok(tlv.encode(0x6F, tlv.encode(0xA5, b"")))}, OVER, TapReason.UNREADABLE, "the card selected nothing"),
    "no list": ({"select": ok(fci(pdol=""))}, OTHER, TapReason.MISSING_DATA, "no 9F66 in its PDOL: none"),
    "list without qualifiers": ({"select": ok(fci(pdol="9F37049A03"))}, OTHER, TapReason.MISSING_DATA, "9F37·4 9A·3"),
    "torn list": ({"select": ok(fci(pdol="9F66049F"))}, OVER, TapReason.UNREADABLE, "SELECT 9F38: the tag at byte 3 has no end"),
    "refuses to start": ({"gpo": h("6985")}, OTHER, TapReason.CARD_REFUSED, "GPO gave 6985"),
    "broken": ({"gpo": h("6F00")}, OVER, TapReason.CARD_REFUSED, "GPO gave 6F00"),
    "one byte": ({"gpo": h("90")}, OVER, TapReason.UNREADABLE, "answer to GPO: 1 bytes"),
    "contact format": ({"gpo": ok(h("80067C0008010100"))}, OVER, TapReason.UNREADABLE, "expected one template 77, found 80"),
    "two templates": ({"gpo": ok(options() + options())}, OVER, TapReason.UNREADABLE, "found 77 77"),
    "empty": ({"gpo": ok(b"")}, OVER, TapReason.UNREADABLE, "found nothing"),
    "past its end": ({"gpo": ok(options()[:-1])}, OVER, TapReason.UNREADABLE, "wants"),
    "repeated": (
        {"gpo": ok(tlv.encode(0x77, options()[2:] + tlv.encode(0x9F36, b"\x00\x01")))}, OVER, TapReason.UNREADABLE, "tag 9F36 comes twice",
    ),
    "declined": ({"gpo": ok(options({0x9F10: "0701010380000001"}))}, Ending.DECLINED, TapReason.DECLINED_BY_CARD, "AAC"),
    "offline": ({"gpo": ok(options({0x9F10: "0701010390000001"}))}, Ending.DECLINED, TapReason.OFFLINE_NOT_TAKEN, "TC"),
    "no decision": ({"gpo": ok(options({0x9F10: "07010103B0000001"}))}, OVER, TapReason.UNREADABLE, "none of ARQC, TC, AAC"),
    "says two things": ({"gpo": ok(options({0x9F27: "40"}))}, OVER, TapReason.CONTRADICTION, "9F27 is 40, 9F10 says ARQC"),
    "track 2 of letters": ({"gpo": ok(options({0x57: "ABCDEF0123456789"}))}, OVER, TapReason.UNREADABLE, "not track 2"),
    "sequence number of letters": ({"gpo": ok(options({0x5F34: "AB"}))}, OVER, TapReason.UNREADABLE, "decimal digits"),
}  # fmt: skip


@pytest.mark.parametrize("card_name", RULE_BREAKERS)
def test_a_card_that_breaks_the_rules_gets_a_clear_outcome(card_name: str) -> None:
    parts, ending, reason, words = RULE_BREAKERS[card_name]
    seen = why(tap(**parts))
    assert seen[:2] == (ending, reason)
    assert words in seen[2]


@pytest.mark.parametrize("tag", [0x82, 0x9F36, 0x57, 0x9F26, 0x9F10])
@pytest.mark.parametrize("value", [None, ""])
def test_five_elements_are_insisted_on(tag: int, value: str | None) -> None:
    ending, reason, text = why(tap(gpo=ok(options({tag: value}))))
    assert (ending, reason) == (Ending.TRY_ANOTHER_INTERFACE, TapReason.MISSING_DATA)
    assert tlv.tag_name(tag) in text


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_card_that_leaves_is_asked_back(at: int) -> None:
    answers = [ok(ppse((DEBIT, "01"))), ok(fci()), ok(options())]
    answers[at] = b""
    outcome = tap(directory_answer=answers[0], select=answers[1], gpo=answers[2])
    assert why(outcome)[:2] == (Ending.TRY_AGAIN, TapReason.CARD_LEFT)


def test_without_a_sequence_number_none_is_made_up() -> None:
    outcome = tap(gpo=ok(options({0x5F34: None, 0x9F6C: None})))
    assert isinstance(outcome, OnlineRequest)
    assert outcome.psn is None


def test_a_card_cannot_overwrite_what_the_terminal_said() -> None:
    outcome = tap(gpo=ok(options({0x9F02: "000000000001", 0x9F37: "FFFFFFFF", 0x95: "FFFFFFFFFF"})))
    assert isinstance(outcome, OnlineRequest)
    sent = tlv.unique(tlv.decode(outcome.icc_data))
    assert (sent[0x9F02].hex(), sent[0x9F37].hex(), sent[0x95].hex()) == ("000000001234", "01020304", "0000000000")


def test_where_the_holder_must_be_verified_the_phone_must_have_done_it() -> None:
    config = replace(CONFIG, ttq=h("36C00000"))
    assert why(tap(config=config))[:2] == (Ending.TRY_ANOTHER_INTERFACE, TapReason.NO_CVM)
    outcome = tap(config=config, gpo=ok(options({0x9F6C: "0080"})))
    assert isinstance(outcome, OnlineRequest)
    assert tlv.unique(tlv.decode(outcome.icc_data))[0x9F34].hex() == "010002"


@pytest.mark.parametrize(
    "make",
    [
        lambda: TerminalConfig("short"),
        lambda: TerminalConfig("TW000001", ttq=h("80800000")),
        lambda: TerminalConfig("TW000001", ttq=b""),
        lambda: TerminalConfig("TW000001", applications=()),
        lambda: Tap(0, date(2014, 2, 24), bytes(4), 1),
        lambda: Tap(10**12, date(2014, 2, 24), bytes(4), 1),
        lambda: Tap(1, date(2014, 2, 24), bytes(3), 1),
        lambda: Tap(1, date(2014, 2, 24), bytes(4), 10**8),
    ],
)
def test_a_wrong_terminal_or_tap_is_one_line(make: Callable[[], object]) -> None:
    with pytest.raises(BadInput) as error:
        make()
    assert "\n" not in str(error.value)
