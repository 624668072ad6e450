"""A card that approves offline, at our terminal: taken when all is right, and else an outcome with its reason."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from card_authority import AUTHORITY, CA_KEY, CARD, INDEX, ISSUER_SERIAL, OTHER_AUTHORITY, RID, card_certificate, issuer_certificate
from standard_card import AAC, ARQC, CRYPTOGRAM, PAN, StandardCard, h, leaving, usual_holder

from tapwealth.kernel.masked import Masked, Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.terminal import (
    MOST_COMMANDS,
    Application,
    Cvm,
    Ended,
    Ending,
    ExceptionList,
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
from tapwealth.wire import tlv
from tapwealth.wire.emv_certificates import CaKey, Revoked
from tapwealth.wire.emv_data import CryptogramType
from tapwealth.wire.emv_signatures import Dynamic, sign_dynamic

TAP = Tap(1234, date(2014, 2, 24), h("01020304"), 42)
LIMITS = Application(floor_limit=200_00, cvm_limit=1000_00, contactless_limit=5000_00)
CONFIG = TerminalConfig("TW000001", applications=(LIMITS,), ttq=h("36000080"), ca_keys=(CA_KEY,))
ONLINE_TOO = replace(CONFIG, ttq=h("37000080"))
CARD_OF_ALL = StandardCard()
ABOVE_FLOOR = replace(TAP, amount=200_01)


def tapped(card: StandardCard = CARD_OF_ALL, config: TerminalConfig = CONFIG, tap: Tap = TAP) -> Outcome:
    return run(dialogue(config, tap), card.transmit())


def approved(outcome: Outcome) -> OfflineApproval:
    assert isinstance(outcome, OfflineApproval), outcome
    return outcome


def asked(outcome: Outcome) -> OnlineRequest:
    assert isinstance(outcome, OnlineRequest), outcome
    return outcome


def why(outcome: Outcome) -> tuple[Ending, TapReason, str]:
    assert isinstance(outcome, Ended), outcome
    assert isinstance(outcome.refusal.code, TapReason)
    assert "\n" not in outcome.refusal.text
    return outcome.ending, outcome.refusal.code, outcome.refusal.text


def field_55(outcome: OfflineApproval | OnlineRequest) -> dict[int, bytes]:
    return tlv.unique(tlv.decode(outcome.icc_data))


@pytest.mark.parametrize("version", [0x00, 0x01])
def test_a_genuine_card_that_approves_has_paid(version: int) -> None:
    outcome = approved(tapped(StandardCard(version=version)))
    assert (outcome.amount, outcome.atc, outcome.psn, outcome.cvm) == (1234, 0x21, "01", Cvm.NONE)
    assert (outcome.left_on_card, outcome.authorisation_code, outcome.repeat) == (4321, "ECC001", None)
    assert outcome.tvr == bytes(5)
    sent = field_55(outcome)
    assert (sent[0x9F27], sent[0x9F26], sent[0x95], sent[0x9F34]) == (h("40"), CRYPTOGRAM, bytes(5), h("3F0000"))
    assert (sent[0x9F02], sent[0x9F37], sent[0x9F74]) == (h("000000001234"), TAP.unpredictable_number, b"ECC001")


@pytest.mark.parametrize(("in_answer", "in_record", "psn"), [("02", None, "02"), (None, "01", "01"), (None, None, None)])
def test_the_sequence_number_comes_from_answer_or_record(in_answer: str | None, in_record: str | None, psn: str | None) -> None:
    card = StandardCard(changes={0x5F34: h(in_answer) if in_answer else None}, extra={0x5F34: h(in_record) if in_record else None})
    assert approved(tapped(card)).psn == psn


def test_records_may_lie_anywhere_and_hold_more_than_is_needed() -> None:
    card = StandardCard(places=((1, 3), (4, 1), (10, 7), (12, 2)), extra={0x5F20: b"A B", 0x9F7C: bytes(20), 0xDF61: b""})
    assert approved(tapped(card)).amount == 1234


def test_a_record_of_the_issuers_own_files_is_read_and_not_understood() -> None:
    card = StandardCard(locator=StandardCard().usual_locator() + h("A8010100"))
    with_own = {(21, 1): h("0102030405")}

    def transmit(command: bytes) -> bytes:
        key = (command[3] >> 3, command[2])
        return with_own[key] + h("9000") if command[1] == 0xB2 and key in with_own else card.transmit()(command)

    assert isinstance(run(dialogue(CONFIG, TAP), transmit), OfflineApproval)


# ---- the amount decides what is asked of the card


@pytest.mark.parametrize(
    ("amount", "ttq"),
    [(1, "36000080"), (200_00, "36000080"), (200_01, "36800080"), (999_99, "36800080"), (1000_00, "36C00080"), (4999_99, "36C00080")],
)
def test_the_qualifiers_follow_from_the_limits(amount: int, ttq: str) -> None:
    commands: list[bytes] = []

    def transmit(command: bytes) -> bytes:
        commands.append(command)
        return CARD_OF_ALL.transmit()(command)

    run(dialogue(CONFIG, replace(TAP, amount=amount)), transmit)
    assert commands[2][7:11].hex().upper() == ttq


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (CONFIG, "01 07 00004E20"),
        (replace(CONFIG, applications=(Application(),)), "00 07 00000000"),
        (replace(CONFIG, applications=(Application(floor_limit=10**11),)), "01 07 FFFFFFFF"),
    ],
)
def test_a_card_may_ask_whether_cash_on_it_is_taken_and_up_to_where(config: TerminalConfig, told: str) -> None:
    commands: list[bytes] = []
    card = StandardCard(pdol=h("9F6604 9F7A01 9F3901 9F1B04 9F3704"))

    def transmit(command: bytes) -> bytes:
        commands.append(command)
        return card.transmit()(command)

    run(dialogue(config, TAP), transmit)
    assert commands[2][11:17] == h(told)


def test_from_the_contactless_limit_on_no_card_is_asked() -> None:
    def transmit(command: bytes) -> bytes:
        raise AssertionError(command)

    outcome = run(dialogue(CONFIG, replace(TAP, amount=5000_00)), transmit)
    assert why(outcome)[:2] == (Ending.TRY_ANOTHER_INTERFACE, TapReason.ABOVE_LIMIT)


def test_the_most_special_application_gives_the_limits() -> None:
    cash = Application(h("A000000333010101"), floor_limit=50_00)
    config = replace(CONFIG, applications=(LIMITS, cash))
    assert config.application_of(h("A000000333010101")) is cash
    assert config.application_of(h("A000000333010102")) is LIMITS
    assert config.application_of(h("A0000000031010")) is None
    assert isinstance(tapped(config=config, tap=replace(TAP, amount=50_00)), OfflineApproval)
    assert why(tapped(config=config, tap=replace(TAP, amount=50_01)))[1] is TapReason.OFFLINE_NOT_TAKEN


def test_an_application_above_its_own_limit_gives_way_to_the_next() -> None:
    config = replace(CONFIG, applications=(LIMITS, Application(h("A000000333010101"), contactless_limit=1)))
    assert why(tapped(config=config))[:2] == (Ending.TRY_ANOTHER_INTERFACE, TapReason.ABOVE_LIMIT)


def test_a_terminal_without_a_line_declines_a_card_that_wants_its_issuer() -> None:
    assert why(tapped(StandardCard(decision=ARQC), replace(CONFIG, ttq=h("3E000080"))))[:2] == (Ending.DECLINED, TapReason.OFFLINE_ONLY)


# ---- what an offline approval is declined for

OTHER_SIGNATURE = sign_dynamic(CARD, Dynamic(h("0020")), h("00000000"))
NOT_GENUINE: dict[str, tuple[StandardCard, TerminalConfig, str]] = {
    "no key of that authority": (
        CARD_OF_ALL,
        replace(CONFIG, ca_keys=(replace(CA_KEY, index=7),)),
        "CA key C1 of A000000333: this terminal",
    ),
    "a key that has expired": (CARD_OF_ALL, replace(CONFIG, ca_keys=(replace(CA_KEY, expiry=date(2014, 2, 23)),)), "expired on 2014-02-23"),
    "another authority's key": (CARD_OF_ALL, replace(CONFIG, ca_keys=(replace(CA_KEY, key=OTHER_AUTHORITY.public),)), "another key"),
    "another issuer's certificate": (StandardCard(issuer=issuer_certificate("622201")), CONFIG, "another issuer's"),
    "an expired issuer": (StandardCard(issuer=issuer_certificate(good_to=date(2014, 1, 1))), CONFIG, "90 .* expired"),
    "an expired certificate": (StandardCard(own=lambda data: card_certificate(PAN, data, date(2014, 1, 1))), CONFIG, "9F46 .* expired"),
    "another card's certificate": (
        StandardCard(own=lambda data: card_certificate(Pan("6222000000000017"), data)),
        CONFIG,
        "another card's",
    ),
    "a revoked issuer": (CARD_OF_ALL, replace(CONFIG, revoked=frozenset({Revoked(RID, INDEX, ISSUER_SERIAL)})), "00A501 is revoked"),
    "an old signature": (StandardCard(signature=lambda data: OTHER_SIGNATURE), CONFIG, "9F4B .* hash"),
    "no signature": (StandardCard(changes={0x9F4B: None}), CONFIG, "lacks 9F4B"),
    "no records": (StandardCard(locator=b""), CONFIG, "lacks 8F"),
    "no locator": (StandardCard(changes={0x94: None}), CONFIG, "lacks 8F"),
    "no dynamic authentication": (StandardCard(aip=h("5C00")), CONFIG, "does not sign"),
    "an unsigned record": (StandardCard(locator=h("10010200 18010200")), CONFIG, "9F46 .* hash"),
    "a version to come": (StandardCard(extra={0x9F69: h("02000000000000")}), CONFIG, "version 02"),
    "a list without a number": (StandardCard(version=0, extra={0x9F49: h("9A03")}), CONFIG, "9F49: .*unpredictable"),
    "a strange tag list": (
        StandardCard(holder={**usual_holder(), 0x9F4A: h("9F10")}, own=lambda _: card_certificate(PAN, b"")),
        CONFIG,
        "9F4A",
    ),
    "an index of two bytes": (StandardCard(extra={0x8F: h("C1C1")}), CONFIG, "CA key C1C1"),
}


@pytest.mark.parametrize("case", NOT_GENUINE)
def test_a_card_that_is_not_proved_genuine_is_declined(case: str) -> None:
    card, config, words = NOT_GENUINE[case]
    ending, reason, text = why(tapped(card, config))
    assert (ending, reason) == (Ending.DECLINED, TapReason.NOT_AUTHENTIC)
    assert re.search(words, text)


@pytest.mark.parametrize(
    ("qualifiers", "ttq", "ending"),
    [
        ("0000", "36000080", Ending.DECLINED),
        ("1000", "36000080", Ending.TRY_ANOTHER_INTERFACE),
        ("1000", "26000080", Ending.DECLINED),
        ("2000", "3E000080", Ending.DECLINED),
        ("3000", "3E000080", Ending.TRY_ANOTHER_INTERFACE),
    ],
)
def test_the_card_says_where_to_go_when_it_is_not_proved_genuine(qualifiers: str, ttq: str, ending: Ending) -> None:
    card = StandardCard(qualifiers=h(qualifiers), changes={0x9F4B: None})
    assert why(tapped(card, replace(CONFIG, ttq=h(ttq))))[:2] == (ending, TapReason.NOT_AUTHENTIC)


def test_a_card_may_want_its_issuer_asked_when_it_is_not_proved_genuine() -> None:
    outcome = asked(tapped(StandardCard(qualifiers=h("3000"), changes={0x9F4B: None})))
    assert (outcome.cryptogram, outcome.oda) == (CryptogramType.TC, Oda.FAILED)
    assert outcome.tvr == h("2800000000")
    assert "lacks 9F4B" in outcome.note
    assert field_55(outcome)[0x9F27] == h("40")


# ---- a card that asks its issuer may be proved genuine all the same


def test_an_online_card_is_proved_genuine_where_the_terminal_wants_it() -> None:
    outcome = asked(tapped(StandardCard(decision=ARQC), ONLINE_TOO))
    assert (outcome.oda, outcome.psn, outcome.tvr) == (Oda.DONE, "01", bytes(5))
    assert asked(tapped(StandardCard(decision=ARQC))).oda is Oda.NOT_DONE
    assert asked(tapped(StandardCard(decision=ARQC, locator=b""), ONLINE_TOO)).tvr == h("8000000000")


def test_a_forged_online_card_goes_where_its_qualifiers_say() -> None:
    forged = StandardCard(decision=ARQC, signature=lambda data: OTHER_SIGNATURE)
    assert why(tapped(forged, ONLINE_TOO))[:2] == (Ending.DECLINED, TapReason.NOT_AUTHENTIC)
    outcome = asked(tapped(replace(forged, qualifiers=h("2000")), ONLINE_TOO))
    assert (outcome.oda, outcome.tvr) == (Oda.FAILED, h("0800000000"))


def test_a_card_that_declines_is_not_read_further() -> None:
    commands: list[bytes] = []

    def transmit(command: bytes) -> bytes:
        commands.append(command)
        return StandardCard(decision=AAC).transmit()(command)

    assert why(run(dialogue(ONLINE_TOO, TAP), transmit))[:2] == (Ending.DECLINED, TapReason.DECLINED_BY_CARD)
    assert len(commands) == 3


def test_an_approval_above_the_floor_limit_is_declined() -> None:
    assert why(tapped(tap=ABOVE_FLOOR))[:2] == (Ending.DECLINED, TapReason.OFFLINE_NOT_TAKEN)
    above = asked(tapped(StandardCard(decision=ARQC), tap=ABOVE_FLOOR))
    assert above.tvr == h("8000008000")


# ---- processing restrictions


def holder(changes: dict[int, str | None]) -> StandardCard:
    told = {**usual_holder(), **{tag: h(value) if value is not None else None for tag, value in changes.items()}}
    return StandardCard(holder={tag: value for tag, value in told.items() if value is not None})


RESTRICTED: dict[str, tuple[StandardCard, TapReason, str]] = {
    "expired yesterday": (holder({0x5F24: "140223"}), TapReason.EXPIRED, "on 2014-02-23"),
    "no expiry": (holder({0x5F24: None}), TapReason.EXPIRED, "tells no expiry"),
    "from tomorrow": (holder({0x5F25: "140225"}), TapReason.NOT_YET_VALID, "from 2014-02-25"),
    "cash machines alone": (holder({0x9F07: "FE00"}), TapReason.NOT_FOR_THIS, "cash machines"),
    "not at home": (holder({0x9F07: "1500"}), TapReason.NOT_FOR_THIS, "in its own country"),
    "not abroad": (holder({0x9F07: "2900", 0x5F28: "0344"}), TapReason.NOT_FOR_THIS, "abroad"),
    "not abroad and expired": (holder({0x9F07: "2900", 0x5F28: "0344", 0x5F24: "140223"}), TapReason.NOT_FOR_THIS, "abroad"),
}


@pytest.mark.parametrize("case", RESTRICTED)
def test_a_card_that_may_not_be_used_so_is_declined(case: str) -> None:
    card, reason, words = RESTRICTED[case]
    ending, seen, text = why(tapped(card))
    assert (ending, seen) == (Ending.DECLINED, reason)
    assert words in text


@pytest.mark.parametrize(
    "changes",
    [
        {0x5F24: "140224"},
        {0x5F25: "140224"},
        {0x5F25: None},
        {0x9F07: None},
        {0x9F07: "2100"},
        {0x9F07: "0900"},
        {0x9F07: "1100", 0x5F28: "0344"},
        {0x9F07: "0500", 0x5F28: "0344"},
        {0x9F07: "0100", 0x5F28: None},
    ],
)
def test_a_card_on_the_edge_of_its_restrictions_is_taken(changes: dict[int, str | None]) -> None:
    assert approved(tapped(holder(changes))).tvr == bytes(5)


def test_another_version_is_noted_and_hinders_nobody() -> None:
    assert approved(tapped(holder({0x9F08: "0030"}))).tvr == h("0080000000")


def test_an_expired_card_may_want_its_issuers_word() -> None:
    outcome = asked(tapped(replace(holder({0x5F24: "140223"}), qualifiers=h("0800"))))
    assert (outcome.tvr, outcome.oda) == (h("0040000000"), Oda.DONE)
    assert "expired" in outcome.note
    not_at_home = replace(holder({0x5F24: "140223", 0x9F07: "1500"}), qualifiers=h("0800"))
    assert why(tapped(not_at_home))[1] is TapReason.NOT_FOR_THIS
    offline_only = replace(CONFIG, ttq=h("3E000080"))
    assert why(tapped(replace(holder({0x5F24: "140223"}), qualifiers=h("0800")), offline_only))[1] is TapReason.EXPIRED


def test_a_card_on_the_exception_list_is_declined_and_the_list_shows_no_pan() -> None:
    listed = ExceptionList(Masked("00" * 32))
    full = replace(listed, marks=frozenset({listed.mark(PAN)}))
    assert why(tapped(config=replace(CONFIG, exceptions=full)))[1] is TapReason.ON_EXCEPTION_LIST
    assert PAN.reveal() not in repr(full)
    other = replace(listed, marks=frozenset({listed.mark(Pan("6222000000000017"))}))
    assert approved(tapped(config=replace(CONFIG, exceptions=other)))


# ---- the holder

SIGNING, WITH_PIN, NOTHING = "32000080", "34000080", "30000080"


@pytest.mark.parametrize(
    ("ttq", "qualifiers", "cvm", "result"),
    [
        (SIGNING, "4000", Cvm.SIGNATURE, "1E0300"),
        (WITH_PIN, "4000", None, ""),
        (NOTHING, "C000", None, ""),
        ("36000080", "0080", Cvm.ON_DEVICE, "010002"),
        ("36000080", "4080", Cvm.ON_DEVICE, "010002"),
        ("36000080", "0000", None, ""),
        ("36000080", "8000", Cvm.ONLINE_PIN, "020300"),
        ("36000080", "C080", Cvm.ONLINE_PIN, "020300"),
        (SIGNING, "C080", Cvm.ON_DEVICE, "010002"),
    ],
)
def test_above_the_cvm_limit_the_holder_is_verified_as_card_and_terminal_agree(
    ttq: str, qualifiers: str, cvm: Cvm | None, result: str
) -> None:
    card = StandardCard(decision=ARQC, qualifiers=h(qualifiers))
    outcome = tapped(card, replace(CONFIG, ttq=h(ttq)), replace(TAP, amount=1000_00))
    if cvm is None:
        assert why(outcome)[:2] == (Ending.TRY_ANOTHER_INTERFACE, TapReason.NO_CVM)
    else:
        assert asked(outcome).cvm is cvm
        assert field_55(asked(outcome))[0x9F34] == h(result)
        assert bool(asked(outcome).tvr[2] & 0x04) == (cvm is Cvm.ONLINE_PIN)


@pytest.mark.parametrize(("ttq", "cvm"), [(SIGNING, Cvm.SIGNATURE), (NOTHING, None)])
def test_a_card_without_qualifiers_signs_on_paper_where_it_must(ttq: str, cvm: Cvm | None) -> None:
    card = StandardCard(decision=ARQC, changes={0x9F6C: None})
    outcome = tapped(card, replace(CONFIG, ttq=h(ttq)), replace(TAP, amount=1000_00))
    assert (asked(outcome).cvm if cvm else why(outcome)[1]) == (cvm or TapReason.NO_CVM)
    assert asked(tapped(card)).cvm is Cvm.NONE


OFFLINE_WITH_CVM = replace(CONFIG, applications=(Application(floor_limit=200_00, cvm_limit=1),))


def test_offline_the_phones_word_counts_when_it_is_signed() -> None:
    signed = StandardCard(qualifiers=h("0080"))
    assert approved(tapped(signed, OFFLINE_WITH_CVM)).cvm is Cvm.ON_DEVICE
    on_the_air = StandardCard(changes={0x9F6C: h("0080")})
    assert why(tapped(on_the_air, OFFLINE_WITH_CVM))[1] is TapReason.NO_CVM
    unsigned = StandardCard(version=0, qualifiers=h("0080"))
    assert why(tapped(unsigned, OFFLINE_WITH_CVM))[1] is TapReason.NO_CVM
    with_zero_version = StandardCard(version=0, qualifiers=h("0080"), extra={0x9F69: h("000BADCAFE0080")})
    assert why(tapped(with_zero_version, OFFLINE_WITH_CVM))[1] is TapReason.NO_CVM


def test_online_the_phones_word_does_not_count_against_what_it_signed() -> None:
    card = StandardCard(decision=ARQC, changes={0x9F6C: h("0080")})
    assert asked(tapped(card, ONLINE_TOO)).cvm is Cvm.NONE
    in_its_answer = StandardCard(decision=ARQC, changes={0x9F6C: h("0080"), 0x9F69: h("010BADCAFE0000")})
    assert asked(tapped(in_its_answer)).cvm is Cvm.NONE


def test_a_pin_never_goes_with_an_offline_approval() -> None:
    assert why(tapped(StandardCard(qualifiers=h("8000")), OFFLINE_WITH_CVM))[1] is TapReason.NO_CVM
    assert approved(tapped(StandardCard(qualifiers=h("C000")), OFFLINE_WITH_CVM)).cvm is Cvm.SIGNATURE


def test_without_a_contact_reader_a_card_without_verification_is_declined() -> None:
    config = replace(CONFIG, ttq=h("26000080"))
    assert why(tapped(StandardCard(decision=ARQC), config, replace(TAP, amount=1000_00)))[:2] == (Ending.DECLINED, TapReason.NO_CVM)


# ---- field 55 tells what was found only where the card was not told zeros


def test_findings_are_in_field_55_when_the_card_did_not_ask_for_them() -> None:
    short_list = h("9F66049F02069F37045F2A02")
    outcome = approved(tapped(replace(holder({0x9F08: "0030"}), pdol=short_list)))
    assert field_55(outcome)[0x95] == outcome.tvr == h("0080000000")
    assert field_55(approved(tapped(holder({0x9F08: "0030"}))))[0x95] == bytes(5)


# ---- cards that contradict themselves

BROKEN: dict[str, tuple[StandardCard, TapReason, str]] = {
    "two PANs": (holder({0x5A: "6222000000000017"}), TapReason.CONTRADICTION, "PAN in its record"),
    "a tag in answer and record": (StandardCard(extra={0x9F36: h("0021")}), TapReason.UNREADABLE, "9F36 comes twice"),
    "a tag in two records": (StandardCard(extra={0x5F24: h("291231")}), TapReason.UNREADABLE, "5F24 comes twice"),
    "a day that is none": (holder({0x5F24: "291332"}), TapReason.UNREADABLE, "5F24"),
    "an effective day that is none": (holder({0x5F25: "AA0101"}), TapReason.UNREADABLE, "5F25"),
    "usage of one byte": (holder({0x9F07: "FF"}), TapReason.UNREADABLE, "9F07"),
    "qualifiers of one byte": (StandardCard(changes={0x9F6C: h("00")}), TapReason.UNREADABLE, "9F6C"),
    "a code of letters and less": (StandardCard(extra={0x9F74: b"ECC\n01"}), TapReason.UNREADABLE, "9F74"),
    "a code too long": (StandardCard(extra={0x9F74: b"ECC0001"}), TapReason.UNREADABLE, "9F74"),
    "a balance that is none": (StandardCard(changes={0x9F5D: h("00000000004F")}), TapReason.UNREADABLE, "9F5D"),
    "a sequence number of letters": (StandardCard(extra={0x5F34: h("AB")}), TapReason.UNREADABLE, "5F34"),
    "a locator into nothing": (StandardCard(locator=h("20010100")), TapReason.CARD_REFUSED, "RECORD 1 of file 4 gave 6A83"),
    "a locator of three bytes": (StandardCard(locator=h("100101")), TapReason.UNREADABLE, "94 .*3 bytes"),
    "file zero": (StandardCard(locator=h("00010100")), TapReason.UNREADABLE, "94"),
    "file thirty-one": (StandardCard(locator=h("F8010100")), TapReason.UNREADABLE, "94"),
    "file bits": (StandardCard(locator=h("11010100")), TapReason.UNREADABLE, "94"),
    "record zero": (StandardCard(locator=h("10000100")), TapReason.UNREADABLE, "94"),
    "backwards": (StandardCard(locator=h("10020100")), TapReason.UNREADABLE, "94"),
    "more signed than there are": (StandardCard(locator=h("10010102")), TapReason.UNREADABLE, "94"),
    "endless records": (StandardCard(locator=h("1001FF00") * 5), TapReason.TOO_MANY_RECORDS, "more than 32"),
    "thirty-three records": (StandardCard(locator=h("10011000 18011100")), TapReason.TOO_MANY_RECORDS, "more than 32"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_card_that_contradicts_itself_ends_the_tap(case: str) -> None:
    card, reason, words = BROKEN[case]
    ending, seen, text = why(tapped(card))
    assert (ending, seen) == (Ending.END_APPLICATION, reason)
    assert re.search(words, text)
    assert PAN.reveal() not in text


def test_a_card_that_answers_every_record_is_read_for_a_bounded_time() -> None:
    card = StandardCard(locator=h("10012000"))
    count = 0

    def transmit(command: bytes) -> bytes:
        nonlocal count
        count += 1
        return h("70009000") if command[1] == 0xB2 else card.transmit()(command)

    assert why(run(dialogue(CONFIG, TAP), transmit))[1] is TapReason.NOT_AUTHENTIC
    assert count == 3 + 32 <= MOST_COMMANDS


@pytest.mark.parametrize(
    ("sw", "ending", "reason"),
    [
        ("6984", Ending.TRY_ANOTHER_INTERFACE, TapReason.CARD_REFUSED),
        ("6986", Ending.TRY_AGAIN, TapReason.SEE_PHONE),
        ("6985", Ending.TRY_ANOTHER_INTERFACE, TapReason.CARD_REFUSED),
        ("6700", Ending.END_APPLICATION, TapReason.CARD_REFUSED),
    ],
)
def test_a_card_that_will_not_start_says_why(sw: str, ending: Ending, reason: TapReason) -> None:
    outcome = run(dialogue(CONFIG, TAP), lambda command: h(sw) if command[1] == 0xA8 else CARD_OF_ALL.transmit()(command))
    assert why(outcome)[:2] == (ending, reason)
    assert isinstance(outcome, Ended)
    assert outcome.torn is None


# ---- the card leaves


@pytest.mark.parametrize(
    ("after", "asked_to_decide", "answered"),
    [(0, False, False), (1, False, False), (2, True, False)] + [(n, True, True) for n in range(3, 7)],
)
def test_a_card_that_leaves_is_asked_back_and_remembered_by_what_it_had_said(after: int, asked_to_decide: bool, answered: bool) -> None:
    outcome = run(dialogue(CONFIG, TAP), leaving(CARD_OF_ALL.transmit(), after))
    assert why(outcome)[:2] == (Ending.TRY_AGAIN, TapReason.CARD_LEFT)
    assert isinstance(outcome, Ended)
    assert (outcome.torn is not None) == asked_to_decide
    assert (outcome.torn is not None and outcome.torn.seen is not None) == answered
    assert PAN.reveal() not in repr(outcome)


def torn_by(card: StandardCard, after: int = 4) -> Ended:
    outcome = run(dialogue(CONFIG, TAP), leaving(card.transmit(), after))
    assert isinstance(outcome, Ended)
    return outcome


@pytest.mark.parametrize(
    ("again", "repeat"),
    [
        (CARD_OF_ALL, Repeat.SAME),
        (StandardCard(atc=0x22, changes={0x9F26: bytes(8)}), Repeat.NEW),
        (
            StandardCard(
                changes={0x57: h("6222000000000017D29122200000000000")},
                holder={**usual_holder(), 0x5A: h("6222000000000017")},
                own=lambda data: card_certificate(Pan("6222000000000017"), data),
            ),
            Repeat.OTHER_CARD,
        ),
    ],
)
def test_the_tap_after_a_torn_one_is_recognised(again: StandardCard, repeat: Repeat) -> None:
    torn = torn_by(CARD_OF_ALL).torn
    assert torn is not None
    assert torn.tap == TAP
    assert approved(run(dialogue(CONFIG, torn.tap, torn), again.transmit())).repeat is repeat


@pytest.mark.parametrize("again", [StandardCard(atc=0x20), StandardCard(changes={0x9F26: bytes(8)})])
def test_a_counter_that_goes_back_or_counts_twice_ends_the_tap(again: StandardCard) -> None:
    torn = torn_by(CARD_OF_ALL).torn
    ending, reason, text = why(run(dialogue(CONFIG, TAP, torn), again.transmit()))
    assert (ending, reason) == (Ending.END_APPLICATION, TapReason.CONTRADICTION)
    assert "after 33" in text


@pytest.mark.parametrize("after", [0, 2, 5])
def test_a_card_that_leaves_twice_is_still_remembered(after: int) -> None:
    torn = torn_by(CARD_OF_ALL).torn
    second = run(dialogue(CONFIG, TAP, torn), leaving(CARD_OF_ALL.transmit(), after))
    assert isinstance(second, Ended)
    assert second.torn == torn


def test_of_two_torn_transactions_the_later_one_is_remembered() -> None:
    torn = torn_by(CARD_OF_ALL).torn
    later = StandardCard(atc=0x22, changes={0x9F26: bytes(8)})
    second = run(dialogue(CONFIG, TAP, torn), leaving(later.transmit(), 4))
    assert isinstance(second, Ended)
    assert second.torn is not None
    assert second.torn.seen is not None
    assert second.torn.seen.atc == 0x22


def test_a_card_of_which_nothing_was_heard_is_simply_read_again() -> None:
    torn = torn_by(CARD_OF_ALL, 2).torn
    assert torn is not None
    assert torn.seen is None
    assert approved(run(dialogue(CONFIG, TAP, torn), CARD_OF_ALL.transmit())).repeat is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: Application(h("A000")),
        lambda: Application(floor_limit=-1),
        lambda: Application(cvm_limit=10**12),
        lambda: TerminalConfig("TW000001", applications=(LIMITS,)),
        lambda: replace(CONFIG, ca_keys=(CA_KEY, CaKey(RID, INDEX, AUTHORITY.public))),
        lambda: replace(CONFIG, country=1000),
        lambda: replace(CONFIG, terminal_type=100),
    ],
)
def test_a_wrong_parameter_is_one_line(make: Callable[[], object]) -> None:
    with pytest.raises(BadInput) as error:
        make()
    assert "\n" not in str(error.value)
