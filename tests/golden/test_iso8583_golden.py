"""Terminal messages as commented transcripts: read to the expected values, and written again to the same bytes.

In `iso8583/*.txt` everything after # is comment; the rest is the frame as it travels, its length included.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyemv.tools import encrypt_tdes_ecb

from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso8583 import host_side, terminal_side
from tapwealth.wire.iso8583.fields import Message, pack, unpack
from tapwealth.wire.iso8583.frame import Envelope, FrameSplitter, framed, unframed
from tapwealth.wire.iso8583.mac import is_sealed_by
from tapwealth.wire.iso8583.requests import (
    AuthorisationRequest,
    AuthorisationResponse,
    BatchUploadResponse,
    FollowUpRequest,
    Management,
    ManagementResponse,
    OriginalReference,
    Reconciliation,
    RequestKey,
    ReversalRequest,
    ReversalResponse,
    SettlementResponse,
    Totals,
    TransactionKind,
)
from tapwealth.wire.iso8583.working_keys import WorkingKeys, enciphered

FOLDER = Path(__file__).parent / "iso8583"
KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
MERCHANT, TERMINAL, BATCH = "102110053119999", "80000001", "000001"
PAYMENT = terminal_side.Payment(track2=Pan("6212345678901232D24122200000012345678"), psn="01", amount=1250, entry_mode="07")
ELEVEN = datetime(2014, 2, 24, 3, 0, tzinfo=UTC)
ICC_DATA = bytes.fromhex(
    "9F2608F294D7022FA9B058 9F101307010103A00000010A010000038787868FD1FC 9F37042B29EBE4 9F36020ADC 95050000000000 9A03140224 9C0100"
    "9F0206000000001250 5F2A020156 82027C00 9F1A020156 9F0306000000000000 9F3303E0E1C8 8408A000000333010101"
)


def transcript(name: str) -> bytes:
    text = re.sub(r"#[^\n]*", "", (FOLDER / f"{name}.txt").read_text(encoding="utf-8"))
    return bytes.fromhex("".join(text.split()))


def message_of(frame: bytes) -> bytes:
    (whole,) = FrameSplitter().feed(frame)
    return unframed(whole)[1]


def place(stan: str) -> terminal_side.Place:
    return terminal_side.Place(MERCHANT, TERMINAL, BATCH, stan)


SALE = terminal_side.sale_message(place("000001"), PAYMENT, ICC_DATA)
DECLINED = terminal_side.sale_message(place("000002"), PAYMENT, ICC_DATA)
REVERSAL = terminal_side.reversal_message(place("000002"), PAYMENT, "98", "0224")
UPLOAD = terminal_side.upload_message(
    place("000003"), PAYMENT, OriginalReference(BATCH, "000001", "0224"), rrn="140224000001", authorisation_code="A00001"
)
SETTLEMENT = terminal_side.settlement_message(place("000004"), Totals(debit_amount=1250, debit_count=1))
ORIGINAL, RRN = OriginalReference(BATCH, "000005", "0224"), "140224000005"
PREAUTHORISATION = terminal_side.sale_message(place("000005"), PAYMENT, ICC_DATA, TransactionKind.PREAUTHORISATION)
ADVICE = terminal_side.offline_advice_message(place("000015"), PAYMENT, ICC_DATA)
INQUIRY = terminal_side.inquiry_message(place("000006"), PAYMENT, ICC_DATA)


def following(stan: str, kind: TransactionKind) -> Message:
    return terminal_side.follow_up_message(place(stan), PAYMENT, kind, ORIGINAL, RRN)


FOLLOWING = [
    ("cancellation", following("000007", TransactionKind.CANCELLATION)),
    ("completion", following("000008", TransactionKind.COMPLETION)),
    ("completion_void", following("000009", TransactionKind.COMPLETION_VOID)),
    ("void", following("000010", TransactionKind.VOID)),
    ("refund", following("000011", TransactionKind.REFUND)),
]
MASTER_KEY = bytes.fromhex("11111111111111112222222222222222")
GIVEN = WorkingKeys(pin=bytes.fromhex("31323334353637383132333435363738"), mac=KEY)
SIGN_ON = terminal_side.management_message(place("000012"), Management.SIGN_ON)
UNSEALED = ("sign_on", "sign_off", "line_test")
"""Messages without a MAC."""
DONE = AuthorisationResponse(response_code="00", authorisation_code="A00002", rrn="140224000006")

DIALOGUES: list[tuple[str, Message, host_side.Response]] = [
    ("preauthorisation", PREAUTHORISATION, AuthorisationResponse(response_code="00", authorisation_code="A00005", rrn=RRN)),
    ("inquiry", INQUIRY, AuthorisationResponse(response_code="00", rrn="140224000006", balance=70_00)),
    ("sign_off", terminal_side.management_message(place("000013"), Management.SIGN_OFF), ManagementResponse(response_code="00")),
    ("line_test", terminal_side.management_message(place("000014"), Management.LINE_TEST), ManagementResponse(response_code="00")),
    ("sign_on", SIGN_ON, ManagementResponse(response_code="00", keys=enciphered(GIVEN, MASTER_KEY))),
    *((name, message, DONE) for name, message in FOLLOWING),
    ("sale", SALE, AuthorisationResponse(response_code="00", authorisation_code="A00001", rrn="140224000001")),
    ("offline_advice", ADVICE, AuthorisationResponse(response_code="00", authorisation_code="A00015", rrn="140224000015")),
    ("decline", DECLINED, AuthorisationResponse(response_code="51", rrn="140224000002")),
    ("reversal", REVERSAL, ReversalResponse(response_code="00", rrn="140224000003")),
    ("upload", UPLOAD, BatchUploadResponse(response_code="00", rrn="140224000004")),
    ("settlement", SETTLEMENT, SettlementResponse(response_code="00", reconciliation=Reconciliation.EQUAL)),
]


@pytest.mark.parametrize(("name", "asked", "response"), DIALOGUES, ids=[name for name, _, _ in DIALOGUES])
def test_a_dialogue_is_written_as_recorded(name: str, asked: Message, response: host_side.Response) -> None:
    key = None if name in UNSEALED else KEY
    request = framed(Envelope(), pack(asked, key))
    assert request.hex() == transcript(f"{name}_request").hex()
    read = host_side.read_request(message_of(request))
    answer = framed(Envelope().answered(), pack(host_side.answer(read, response, ELEVEN), key))
    assert answer.hex() == transcript(f"{name}_answer").hex()


@pytest.mark.parametrize("name", [name for name, _, _ in DIALOGUES if name not in UNSEALED])
def test_every_recorded_message_has_its_mac_and_only_under_its_key(name: str) -> None:
    for half in ("request", "answer"):
        message = message_of(transcript(f"{name}_{half}"))
        assert is_sealed_by(KEY, message)
        assert not is_sealed_by(KEY[::-1], message)


def test_the_recorded_sale_is_read_field_by_field() -> None:
    request = host_side.decode_request(message_of(transcript("sale_request")), ELEVEN)
    assert request == AuthorisationRequest(
        merchant_id=MERCHANT,
        terminal_id=TERMINAL,
        batch=BATCH,
        stan="000001",
        received_at=ELEVEN,
        pan=Pan("6212345678901232"),
        psn="01",
        expiry_date="2412",
        amount=1250,
        currency="156",
        entry_mode="07",
        icc_data=ICC_DATA,
    )
    assert str(request.key) == "02/102110053119999/80000001/000001/000001"
    assert "6212345678901232" not in repr(request)


def test_the_recorded_reversal_names_the_sale() -> None:
    request = host_side.decode_request(message_of(transcript("reversal_request")), ELEVEN)
    assert isinstance(request, ReversalRequest)
    assert request.reason == "98"
    assert request.reversed_key == host_side.decode_request(message_of(transcript("decline_request")), ELEVEN).key


@pytest.mark.parametrize("name", [name for name, _ in FOLLOWING])
def test_what_follows_is_read_with_the_transaction_that_it_names(name: str) -> None:
    request = host_side.decode_request(message_of(transcript(f"{name}_request")), ELEVEN)
    assert isinstance(request, FollowUpRequest)
    assert (request.kind.name.lower(), request.amount, request.rrn, request.original) == (name, 1250, RRN, ORIGINAL)
    assert request.original_key.stan == "000005"
    assert request.key.mti_class == ("01" if name == "cancellation" else "02")


def test_the_recorded_sign_on_gives_keys_to_who_has_the_master_key_alone() -> None:
    answer = message_of(transcript("sign_on_answer"))
    code, keys = terminal_side.read_management_answer(answer, SIGN_ON, MASTER_KEY)
    assert (code, keys) == ("00", GIVEN)
    with pytest.raises(BadInput, match="check value"):
        terminal_side.read_management_answer(answer, SIGN_ON, MASTER_KEY[::-1])
    told = unpack(answer).fields[62]
    assert [told[32:40], told[72:]] == [encrypt_tdes_ecb(key, bytes(8)).hex().upper()[:8] for key in (GIVEN.pin, GIVEN.mac)]


def test_an_advice_of_an_offline_sale_is_no_reversal_and_no_refund() -> None:
    advice = message_of(transcript("offline_advice_request"))
    request = host_side.decode_request(advice, ELEVEN)
    assert isinstance(request, AuthorisationRequest)
    assert (request.kind, request.amount, request.key.mti_class) == (TransactionKind.OFFLINE_SALE, 1250, "02")
    undone = unpack(message_of(transcript("reversal_request"))).fields | {60: "360000010006"}
    with pytest.raises(BadInput, match="type 36"):
        host_side.decode_request(pack(Message("0400", undone), KEY), ELEVEN)


def test_the_recorded_inquiry_has_no_amount_and_its_answer_the_balance() -> None:
    request = host_side.decode_request(message_of(transcript("inquiry_request")), ELEVEN)
    assert isinstance(request, AuthorisationRequest)
    assert (request.kind, request.amount) == (TransactionKind.BALANCE, 0)
    assert terminal_side.read_answer(message_of(transcript("inquiry_answer")), INQUIRY, KEY).balance == 70_00


def test_the_recorded_answers_are_read_by_the_terminal() -> None:
    approved = terminal_side.read_answer(message_of(transcript("sale_answer")), SALE, KEY)
    assert (approved.response_code, approved.authorisation_code, approved.rrn) == ("00", "A00001", "140224000001")
    assert (approved.local_date, approved.local_time) == ("0224", "110000")
    settled = terminal_side.read_answer(message_of(transcript("settlement_answer")), SETTLEMENT, KEY)
    assert settled.reconciliation is Reconciliation.EQUAL
    assert settled.totals == Totals(debit_amount=1250, debit_count=1)


def test_a_foreign_terminal_is_understood() -> None:
    request = host_side.decode_request(message_of(transcript("foreign_terminal_2018")), ELEVEN)
    assert isinstance(request, AuthorisationRequest)
    assert request.pan.reveal() == "6222000000000000009"
    assert request.key == RequestKey(request.mti_class, "898411341310014", "73782214", "000757", "000020")
    assert (request.amount, request.psn, request.expiry_date, len(request.icc_data)) == (1, "01", "2706", 164)


def test_no_answer_repeats_the_card() -> None:
    for name, _, _ in DIALOGUES:
        fields = unpack(message_of(transcript(f"{name}_answer"))).fields
        assert not {2, 14, 35} & fields.keys()
