"""The card's own decision, its electronic cash and its signature, as our terminal and the issuer see them."""

from dataclasses import replace
from datetime import date

import pytest
from card_authority import AUTHORITY, CA_KEY, CARD
from issued_card import CARD_KEY, PAN, issued, keys
from pyemv import ac

from tapwealth.card import CardState, from_json, replenished, step, to_json
from tapwealth.card.state import Interface
from tapwealth.issuing.chip_data import read_chip_data
from tapwealth.issuing.cryptogram import IssuerKeys, Verified, maced, verify
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.terminal import Application, Ended, Ending, Oda, OfflineApproval, OnlineRequest, Outcome, Tap, TerminalConfig, dialogue, run
from tapwealth.wire import tlv
from tapwealth.wire.emv_crypto import limited_use_key, pboc_session_key
from tapwealth.wire.emv_data import CryptogramType, Track2

h = bytes.fromhex
LIMITS = Application(floor_limit=300_00, cvm_limit=1000_00, contactless_limit=5000_00)
OFFLINE = TerminalConfig("TW000001", applications=(LIMITS,), ttq=h("36000080"), ca_keys=(CA_KEY,))
BOTH = replace(OFFLINE, ttq=h("37000080"))
ONLINE = TerminalConfig("TW000001")
PPSE, SELECT = h("00A404000E325041592E5359532E444446303100"), h("00A4040008A00000033301010100")


class Field:
    """A reader's field with the card in it; what the card is after the tap stands in `card`."""

    def __init__(self, card: CardState) -> None:
        self.card = card
        self.answers: list[bytes] = []

    def transmit(self, command: bytes) -> bytes:
        self.card, answer = step(self.card, command)
        self.answers.append(answer)
        return answer

    def tap(self, amount: int, config: TerminalConfig = OFFLINE, **more: int) -> Outcome:
        self.card = self.card.powered_on(Interface.CONTACTLESS)
        return run(dialogue(config, Tap(amount, date(2014, 2, 24), h("01020304"), 42, **more)), self.transmit)


def verified(outcome: OfflineApproval | OnlineRequest, number: int, wanted: CryptogramType) -> bool:
    """Whether the issuer, with limited-use key `number`, finds the cryptogram right."""
    chip = read_chip_data(outcome.icc_data)
    made = ac.generate_ac(pboc_session_key(limited_use_key(CARD_KEY, number), chip.atc), maced(chip, chip.atc), ac.PaddingType.EMV)
    return bool(made == chip.cryptogram and chip.iad.decision is wanted)


def test_electronic_cash_pays_offline_and_the_terminal_finds_the_card_genuine() -> None:
    field = Field(issued())
    outcome = field.tap(123_45)
    assert isinstance(outcome, OfflineApproval), outcome
    assert (outcome.amount, outcome.atc, outcome.left_on_card, outcome.authorisation_code) == (123_45, 1, 376_55, "ECC001")
    assert outcome.tvr == h("0080000000"), "nothing but the versions: the card is of PBOC 3.0, the terminal of 2.0"
    assert verified(outcome, 1, CryptogramType.TC)
    assert field.card.cash is not None
    assert field.card.cash.balance == 376_55
    assert [(one.amount, one.day, one.atc) for one in field.card.cash.log] == [(123_45, "140224", 1)]


def test_no_tag_comes_twice_in_the_answer_and_the_records_and_all_answers_fit() -> None:
    field = Field(issued())
    field.tap(1_00)
    told = [leaf.tag for answer in field.answers[2:] for leaf in tlv.leaves(answer[:-2])]
    assert len(told) == len(set(told))
    assert max(map(len, field.answers)) <= 258


@pytest.mark.parametrize(
    ("amount", "balance", "ttq", "decision"),
    [
        (200_00, 500_00, "36000080", CryptogramType.TC),
        (200_01, 500_00, "36000080", CryptogramType.ARQC),
        (200_01, 500_00, "3E000080", CryptogramType.AAC),
        (100_00, 99_99, "36000080", CryptogramType.ARQC),
        (100_00, 99_99, "3E000080", CryptogramType.AAC),
        (100_00, 110_00, "36000080", CryptogramType.TC),
        (100_00, 109_99, "36000080", CryptogramType.ARQC),  # less than the threshold would stay, and the reader can go online
        (100_00, 109_99, "3E000080", CryptogramType.TC),
        (1_00, 500_00, "36800000", CryptogramType.ARQC),  # the reader wants a cryptogram for the issuer
        (1_00, 500_00, "26000000", CryptogramType.TC),
        (0, 500_00, "36000080", CryptogramType.ARQC),
        (0, 500_00, "3E000080", CryptogramType.AAC),
    ],
)
def test_the_decision_follows_amount_cash_and_reader(amount: int, balance: int, ttq: str, decision: CryptogramType) -> None:
    card, given = asked(issued(balance=balance), ttq, amount)
    assert given[0x9F10][4] & 0x30 == decision.value
    assert card.cash is not None
    assert card.cash.balance == balance - (amount if decision is CryptogramType.TC else 0)
    assert given[0x9F5D] == h(f"{card.cash.balance:012d}")
    assert (0x94 in given) == (0x9F4B in given) == (decision is CryptogramType.TC)
    assert (0x5F34 in given) == (decision is not CryptogramType.TC)


@pytest.mark.parametrize(
    ("ttq", "balance", "decision", "signed"),
    [
        ("36800000", 500_00, CryptogramType.ARQC, False),
        ("26800000", 500_00, CryptogramType.ARQC, False),
        ("20800000", 500_00, CryptogramType.ARQC, False),
        ("61000080", 500_00, CryptogramType.TC, True),
        ("61000080", 0, CryptogramType.ARQC, True),
        ("21800080", 500_00, CryptogramType.ARQC, True),
    ],
)
def test_qualifiers_of_terminals_in_the_field(ttq: str, balance: int, decision: CryptogramType, signed: bool) -> None:
    """As terminals that others made were seen to send them; byte 1, bit 1 wants a signature for an online payment too."""
    _, given = asked(issued(balance=balance), ttq, 1_00)
    assert given[0x9F10][4] & 0x30 == decision.value
    assert (0x94 in given) == (0x9F4B in given) == signed


@pytest.mark.parametrize(("country", "currency", "kind"), [("0840", "0156", "00"), ("0156", "0840", "00"), ("0156", "0156", "20")])
def test_cash_pays_purchases_in_yuan_alone(country: str, currency: str, kind: str) -> None:
    _, given = asked(issued(), "36000080", 1_00, country, currency, kind)
    assert given[0x9F10][4] & 0x30 == CryptogramType.ARQC.value


def asked(
    card: CardState, ttq: str, amount: int, country: str = "0156", currency: str = "0156", kind: str = "00"
) -> tuple[CardState, dict[int, bytes]]:
    data = h(f"{ttq}{amount:012d}{0:012d}{country}{0:010d}{currency}140224{kind}01020304")
    card, _ = step(card, SELECT)
    card, answer = step(card, h("80A80000238321") + data + h("00"))
    assert answer[-2:] == h("9000"), answer.hex()
    return card, tlv.unique(tlv.template(answer[:-2], 0x77, where="GPO"))


def test_an_online_tap_is_authenticated_too_where_the_reader_wants_it() -> None:
    outcome = Field(issued(balance=0)).tap(50_00, BOTH)
    assert isinstance(outcome, OnlineRequest), outcome
    assert (outcome.oda, outcome.psn) == (Oda.DONE, "01")
    assert verified(outcome, 1, CryptogramType.ARQC)


def test_consent_is_asked_for_above_the_limit_given_once_and_told() -> None:
    field = Field(issued(balance=0, consent_limit=300_00))
    below = field.tap(300_00, ONLINE)
    assert isinstance(below, OnlineRequest)
    before = field.card
    above = field.tap(300_01, ONLINE)
    assert isinstance(above, Ended)
    assert above.ending is Ending.TRY_AGAIN, above
    assert field.answers[-1] == h("6986")
    assert (field.card.atc, field.card.cash) == (before.atc, before.cash)
    field.card = field.card.consent()
    assert from_json(to_json(field.card)).consented is False
    agreed = field.tap(300_01, ONLINE)
    assert isinstance(agreed, OnlineRequest)
    assert tlv.unique(tlv.decode(agreed.icc_data))[0x9F34] == h("010002")
    again = field.tap(300_01, ONLINE)
    assert isinstance(again, Ended), "a consent is good for one tap"


def test_keys_run_out_and_are_replenished() -> None:
    field = Field(replace(issued(balance=0), keys=keys((1, 2), (3, 4))))
    numbers = []
    for count in range(1, 5):
        assert field.card.taps_left == 5 - count
        outcome = field.tap(1_00, ONLINE)
        assert isinstance(outcome, OnlineRequest)
        numbers += [number for number in (1, 2) if verified(outcome, number, CryptogramType.ARQC)]
    assert numbers == [1, 1, 2, 2]
    assert isinstance(field.tap(1_00, ONLINE), Ended)
    assert (field.card.atc, field.card.taps_left) == (4, 0), "a tap without a key spends no counter"
    field.card = replenished(field.card, keys((1, 2), (3, 4), (5, 9))[2:])
    assert [one.number for one in field.card.keys] == [3]
    assert field.card.taps_left == 5
    assert isinstance(field.tap(1_00, ONLINE), OnlineRequest)


def test_keys_for_the_same_counter_are_refused() -> None:
    card = issued()
    with pytest.raises(BadInput, match="same counter"):
        replenished(card, (replace(card.keys[0], number=9, first_atc=5, last_atc=6),))


def test_the_store_gives_card_cash_and_files_back() -> None:
    field = Field(issued())
    field.tap(20_00)
    field.tap(30_00)
    assert from_json(to_json(field.card)) == field.card.powered_off()
    shown = repr(field.card) + str(field.card)
    assert PAN.reveal() not in shown
    assert not any(one.key.reveal() in shown.lower() for one in field.card.keys)


def test_the_largest_signature_that_is_stored_fits_one_answer_and_a_larger_one_is_refused() -> None:
    card = issued()
    assert card.files is not None
    longest = Track2(Pan("6222000000000000000"), "2712", "220", "1234567890")
    roomy = replace(card.files, key=CARD, offline_afl=card.files.offline_afl[:4] * 4 + card.files.offline_afl)
    card = from_json(to_json(replace(card, track2=longest, files=roomy)))
    field = Field(card.powered_on(Interface.CONTACTLESS))
    field.transmit(SELECT)
    answer = field.transmit(h("80A8000023 8321 36000080 000000010000 000000000000 0156 0000000000 0156 140224 00 01020304 00"))
    assert b"\x9f\x4b\x81\x90" in answer
    assert len(answer) <= 256 + 2
    with pytest.raises(BadInput, match="do not fit one answer"):
        from_json(to_json(replace(card, files=replace(roomy, key=AUTHORITY))))


def test_the_log_and_the_purse_can_be_read() -> None:
    field = Field(issued())
    for amount in range(1, 13):
        field.tap(amount)
    field.card = field.card.powered_on(Interface.CONTACTLESS)
    selected = field.transmit(SELECT)
    assert tlv.leaves(selected[:-2])[-1] == (0x9F4D, h("0B0A"))
    read = [field.transmit(h(f"00B2{number:02X}5C00")) for number in range(1, 12)]
    assert read[0] == h("000000000012 140224 0156 0156 00 000C 9000")
    assert read[9] == h("000000000003 140224 0156 0156 00 0003 9000")
    assert read[10] == h("6A83")
    for tag, value in {
        "9F36": "000C", "9F79": "000000049922", "9F77": "000000100000", "9F78": "000000020000", "9F6D": "000000001000",
        "9F5D": "000000049922", "9F4F": "9F02069A039F1A025F2A029C019F3602",
    }.items():  # fmt: skip
        assert field.transmit(h(f"80CA{tag}00")) == h(f"{tag}{len(value) // 2:02X}{value}9000")
    assert field.transmit(h("80CA9F1300")) == h("6A88")


@pytest.mark.parametrize("cut", range(1, 9))
def test_power_lost_between_any_two_commands_never_gives_two_cryptograms_under_one_counter(cut: int) -> None:
    """The torn rule: what was approved stays taken from the card, and the next tap has the next counter."""
    field, seen = Field(issued()), []

    def leaving(command: bytes) -> bytes:
        return field.transmit(command) if len(field.answers) < cut else b""

    torn = run(dialogue(OFFLINE, Tap(10_00, date(2014, 2, 24), h("01020304"), 42)), leaving)
    stored = from_json(to_json(field.card))
    again = Field(stored)
    outcome = again.tap(10_00)
    assert isinstance(outcome, OfflineApproval), outcome
    for answer in (*field.answers, *again.answers):
        if answer[:1] == b"\x77":
            given = tlv.unique(tlv.template(answer[:-2], 0x77, where="GPO"))
            seen.append((given[0x9F36], given[0x9F26]))
    assert len({atc for atc, _ in seen}) == len(seen)
    assert again.card.cash is not None
    assert again.card.cash.balance == 500_00 - 10_00 * len(seen)
    assert isinstance(torn, Ended) == (cut < 8), torn


def test_the_common_session_key_is_a_profile_of_card_and_issuer_alike() -> None:
    class Port:
        def tdes_ecb(self, key_name: str, data: bytes) -> bytes:
            return limited_use_key(CARD_KEY, 1)

    field = Field(replace(issued(balance=0), cvn=0x02))
    outcome = field.tap(1_00, ONLINE)
    assert isinstance(outcome, OnlineRequest)
    chip = read_chip_data(outcome.icc_data)
    assert isinstance(verify(IssuerKeys(Port(), {1: "any"}), chip, PAN, "01"), Verified)
