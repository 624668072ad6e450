"""Frames, MAC and refused messages of the terminal protocol."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from pyemv.tools import encrypt_tdes_ecb, xor

from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso8583 import host_side, terminal_side
from tapwealth.wire.iso8583.fields import Message, UnreadableMessage, pack, unpack
from tapwealth.wire.iso8583.frame import MAX_FRAME, MIN_FRAME, Envelope, FrameSplitter, framed, unframed
from tapwealth.wire.iso8583.mac import is_sealed_by, terminal_mac
from tapwealth.wire.iso8583.requests import AuthorisationRequest, AuthorisationResponse, OriginalReference, Totals
from tapwealth.wire.iso8583.spec import FIELDS, Kind

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
NOW = datetime(2014, 2, 24, 3, 0, tzinfo=UTC)
PLACE = terminal_side.Place("102110053119999", "80000001", "000001", "000001")
PAYMENT = terminal_side.Payment(track2=Pan("6212345678901232D24122200000012345678"), psn="01", amount=1250, entry_mode="07")
SALE = terminal_side.sale_message(PLACE, PAYMENT, bytes.fromhex("9F3602000E"))
REVERSAL = terminal_side.reversal_message(PLACE, PAYMENT, "98", "0224")
UPLOAD = terminal_side.upload_message(PLACE, PAYMENT, OriginalReference("000001", "000001", "0224"), "140224000001", "A00001")
SETTLEMENT = terminal_side.settlement_message(PLACE, Totals(debit_amount=1250, debit_count=1))


def changed(message: Message, values: Mapping[int, str]) -> bytes:
    """The message with other values; an empty one takes the field out."""
    fields = {number: value for number, value in (dict(message.fields) | dict(values)).items() if value}
    return pack(Message(message.mti, fields), KEY)


# ---- MAC


def test_mac_published_worked_example() -> None:
    """The example that acquirers' documents of the algorithm carry: blocks XORed to B9F9B96AA4FDB57F, enciphered to E267B6E21913D339."""
    assert terminal_mac(bytes.fromhex("2222222222222222"), bytes.fromhex("1234567890ABCDEFABCDEF1234567890")) == b"E267B6E2"


def independent_mac(key: bytes, data: bytes) -> bytes:
    """The same in the words of the specification, on pyemv's cipher."""
    data += bytes(-len(data) % 8)
    block = bytes(8)
    for start in range(0, len(data), 8):
        block = xor(block, data[start : start + 8])
    characters = block.hex().upper().encode()
    first = encrypt_tdes_ecb(key, characters[:8])
    return encrypt_tdes_ecb(key, xor(first, characters[8:])).hex().upper().encode()[:8]


@pytest.mark.parametrize("length", [1, 7, 8, 9, 16, 200])
def test_mac_agrees_with_an_independent_computation(length: int) -> None:
    data = bytes(number * 37 % 256 for number in range(length))
    assert terminal_mac(KEY, data) == independent_mac(KEY, data)
    assert terminal_mac(KEY[:8], data) == independent_mac(KEY[:8] * 2, data)


def test_the_bitmap_under_the_mac_has_bit_64() -> None:
    message = pack(SALE, KEY)
    assert message[9] & 1
    assert message[-8:] == independent_mac(KEY, message[:-8])


def test_a_changed_bit_or_a_missing_mac_is_noticed() -> None:
    message = pack(SALE, KEY)
    assert not is_sealed_by(KEY, message[:20] + bytes((message[20] ^ 1,)) + message[21:])
    assert not is_sealed_by(KEY, pack(SALE, None))
    assert not is_sealed_by(KEY, b"")


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(BadInput, match="MAC key of 5 bytes"):
        terminal_mac(b"short", b"x")


# ---- frames


def test_ten_messages_in_one_piece_and_one_in_single_bytes() -> None:
    frame = framed(Envelope(), pack(SALE, KEY))
    assert FrameSplitter().feed(frame * 10) == [frame[2:]] * 10
    splitter = FrameSplitter()
    pieces = [splitter.feed(frame[position : position + 1]) for position in range(len(frame))]
    assert pieces[:-1] == [[]] * (len(frame) - 1)
    assert pieces[-1] == [frame[2:]]
    assert splitter.incomplete == 0


@pytest.mark.parametrize("length", [0, MIN_FRAME - 1, MAX_FRAME + 1, 0xFFFF])
def test_an_absurd_length_is_refused_after_the_good_frames_before_it(length: int) -> None:
    frame, splitter = framed(Envelope(), pack(SALE, KEY)), FrameSplitter()
    assert splitter.feed(frame + length.to_bytes(2, "big")) == [frame[2:]]
    with pytest.raises(BadInput, match=rf"^frame length: a frame announces {length} bytes; 21 to 4096 are possible$"):
        splitter.feed(b"")


def test_the_longest_message_fits_into_a_frame() -> None:
    def longest(number: int) -> str:
        field = FIELDS[number]
        return {Kind.DIGITS: "9", Kind.TRACK: "9", Kind.TEXT: "A", Kind.BYTES: "AA"}[field.kind] * field.length

    message = pack(Message("0200", {number: longest(number) for number in FIELDS if number != 64}), KEY)
    assert len(framed(Envelope(), message)) <= MAX_FRAME
    assert set(unpack(message).fields) == set(FIELDS)


def test_the_answer_goes_back_where_the_request_came_from() -> None:
    assert Envelope(bytes.fromhex("6000030004")).answered().tpdu.hex() == "6000040003"


@pytest.mark.parametrize(
    ("frame", "line"),
    [
        (bytes(5), "frame: 5 bytes are too few for a message; at least 21 are needed"),
        (bytes(40), "frame byte 1: the TPDU begins with 00; it begins with 60"),
        (b"\x60" + bytes(40), "frame byte 6: the header begins with 00; it begins with 60 to 69"),
    ],
)
def test_an_envelope_that_is_none(frame: bytes, line: str) -> None:
    with pytest.raises(BadInput) as caught:
        unframed(frame)
    assert str(caught.value) == line


# ---- messages that are refused, each in one line that names the field

OTHER_CARD = "field 35 (track 2): it is of another card than fields 2 and 14 say; take all from the same card"
BAD_VALUES: list[tuple[Message, Mapping[int, str], str]] = [
    (SALE, {2: ""}, "field 2 (primary account number): a 0200 needs it; add it"),
    (SALE, {2: "62123456"}, "field 2 (primary account number): it has 8 digits; 12 to 19 are possible"),
    (SALE, {3: "310000"}, "field 3 (processing code): 310000 is not taken; type 22 has 000000"),
    (SALE, {4: "000000000000"}, "field 4 (amount): 0.00 is not above zero; give more"),
    (SALE, {14: "2413"}, "field 14 (expiry date): there is no month 13; write YYMM"),
    (SALE, {14: "2511"}, OTHER_CARD),
    (SALE, {23: "123"}, "field 23 (PAN sequence number): 123 is above 099; a card's sequence number has two digits"),
    (SALE, {35: "6212345678901232"}, "field 35 (track 2): it is no track 2; write PAN, D, YYMM, service code, issuer's digits"),
    (SALE, {35: "6212345678901240D2412220"}, OTHER_CARD),
    (SALE, {42: " " * 15}, "field 42 (merchant): it is blank; the acquirer assigned one"),
    (SALE, {49: "840"}, "field 49 (currency): 840 is not taken; only 156 (yuan) is"),
    (SALE, {52: "00" * 8}, "field 52 (PIN block): a PIN is not checked here; pay without one: the phone knows its owner"),
    (SALE, {44: "AA"}, "field 44 (additional response data): it does not belong into a 0200 here; leave it out"),
    (SALE, {60: "22000001"}, "field 60 (type and batch): it has 8 digits; type (2), batch (6) and code (3) are needed"),
    (SALE, {60: "990000010006"},
     "field 60 (type and batch): transactions of type 99 are not taken; 60.1 is 22 or 23 or 20 or 21 or 01 here"),
    (REVERSAL, {61: "0000010000020224"},
     "field 61 (original message): it names STAN 000002, field 11 says 000001; a reversal keeps the STAN of what it undoes"),
    (UPLOAD, {61: "000001"}, "field 61 (original message): it has 6 digits; batch (6) and STAN (6) of the original are needed"),
    (UPLOAD, {61: "00000100000102"}, "field 61 (original message): the original's date has 2 digits; write MMDD or leave it out"),
    (SETTLEMENT, {48: "0" * 61}, "field 48 (additional data): it has 61 digits; twice 31 are needed: amounts, numbers, result"),
    (SETTLEMENT, {48: "0" * 31 + "1" + "0" * 30},
     "field 48 (additional data): it claims foreign cards; only domestic cards are taken here"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "values", "line"), BAD_VALUES)
def test_a_value_that_makes_no_sense(message: Message, values: Mapping[int, str], line: str) -> None:
    with pytest.raises(UnreadableMessage) as caught:
        host_side.decode_request(changed(message, values), NOW)
    assert str(caught.value) == line
    assert caught.value.read is not None
    refused = host_side.refusal(caught.value.read, caught.value.response_code, NOW)
    assert refused is not None
    assert refused.fields[39] == caught.value.response_code


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (Message("0220", SALE.fields | {38: "A00001", 60: "300000010006"}),
         "field 60 (type and batch): transactions of type 30 are not taken; 60.1 is 25 or 36 here"),
        (Message("0200", SALE.fields | {22: "071", 26: "12", 52: "00" * 8, 53: "2600000000000000"}),
         "field 52 (PIN block): a PIN is not checked here; pay without one: the phone knows its owner"),
    ],
    ids=["a sale that was approved by telephone", "a sale with a PIN"],
)  # fmt: skip
def test_what_terminals_can_do_and_this_house_cannot_is_answered_with_40(message: Message, line: str) -> None:
    """Not with 30: the message is well written, and a terminal's engineer would look for a fault in it."""
    with pytest.raises(UnreadableMessage) as caught:
        host_side.decode_request(pack(message, KEY), NOW)
    assert (caught.value.response_code, str(caught.value)) == ("40", line)


def replaced(position: int, new: str) -> bytes:
    """The sale's bytes with some of them replaced, counted from the message type."""
    message, inserted = pack(SALE, KEY), bytes.fromhex(new)
    return message[:position] + inserted + message[position + len(inserted) :]


COMPARE = "compare it with the bitmap and the length"
BAD_BYTES = [
    (b"", "message: it does not begin with a message type and a bitmap; send ISO 8583 in BCD"),
    (bytes.fromhex("02A0") + bytes(8), "message: it does not begin with a message type and a bitmap; send ISO 8583 in BCD"),
    (replaced(0, "0210"), "message type: a message type 0210 is no request; send 0200, 0320, 0400 or 0500"),
    (replaced(0, "0600"), "message type: 0600 is not taken here"),
    (replaced(2, "F0"), "bitmap bit 1: it announces a second bitmap; terminal messages have 64 fields"),
    (replaced(2, "72"), "field 7 (transmission time): no terminal sends it; leave it out"),
    (replaced(8, "86"), f"field 54 (additional amounts), byte 87: failed to decode field, invalid data; {COMPARE}"),
    (replaced(10, "20"), f"field 2 (primary account number), byte 11: field data is 20 nibbles, larger than maximum 19; {COMPARE}"),
    (replaced(22, "0A"), "field 4 (amount): it has other characters than BCD digits; correct it and send again"),
    (pack(SALE, KEY)[:40], f"field 35 (track 2), byte 40: field data is 2 nibbles, expecting 37; {COMPARE}"),
    (pack(SALE, KEY) + b"\x00", f"field 64 (MAC), byte 108: extra data after last field; {COMPARE}"),
    (replaced(58, "07"), "field 41 (terminal): it has other characters than printable ASCII; correct it and send again"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "line"), BAD_BYTES)
def test_bytes_that_are_no_message(message: bytes, line: str) -> None:
    with pytest.raises(UnreadableMessage) as caught:
        host_side.decode_request(message, NOW)
    assert str(caught.value) == line
    assert "\n" not in line


def test_a_message_with_an_unknown_field_can_still_be_answered_if_its_head_comes_before() -> None:
    late = bytearray(pack(SALE, KEY))
    late[8] |= 0x40  # bit 50, behind terminal and merchant
    with pytest.raises(UnreadableMessage, match=r"^field 50 \(settlement currency\): no terminal sends it") as caught:
        host_side.decode_request(bytes(late), NOW)
    answer = host_side.refusal(caught.value.read, "30", NOW)
    assert answer is not None
    assert (answer.mti, answer.fields[11], answer.fields[41], answer.fields[39]) == ("0210", "000001", "80000001", "30")


def test_a_message_without_its_head_cannot_be_answered() -> None:
    with pytest.raises(UnreadableMessage) as caught:
        host_side.decode_request(bytes.fromhex("0200 7024068020C08211"), NOW)
    assert host_side.refusal(caught.value.read, "30", NOW) is None


def by_hand(mti: str, fields: Mapping[int, str]) -> bytes:
    """A message put together from the standard alone: `fields` are the bytes of each, in hexadecimal."""
    wide = any(number > 64 for number in fields)
    bits = sum(1 << (128 - number) for number in fields) | wide << 127
    bitmap = bits.to_bytes(16, "big")[: 16 if wide else 8]
    return bytes.fromhex(mti) + bitmap + b"".join(bytes.fromhex(fields[number]) for number in sorted(fields))


HEAD = {3: "000000", 4: "000000001250", 11: "000001", 41: b"80000001".hex(), 42: b"102110053119999".hex(), 49: b"156".hex()}
STRANGERS = [
    ("0200", {**HEAD, 7: "0224120000"}, "0210", "30", "field 7 (transmission time): no terminal sends it; leave it out"),
    ("0200", {**HEAD, 18: "5812", 24: "0003", 43: (b"SHOP" * 10).hex()}, "0210", "30",
     "field 18 (merchant type): no terminal sends it; leave it out"),
    ("0420", {**HEAD, 7: "0224120000", 90: "02000000010224115900" + "00" * 11}, "0430", "30",
     "bitmap bit 1: it announces a second bitmap; terminal messages have 64 fields"),
    ("0420", HEAD, "0430", "40", "message type: 0420 is not taken here"),
    ("0401", HEAD, "0410", "40", "message type: 0401 is not taken here"),
    ("1200", HEAD, "1210", "40", "message type: 1200 is not taken here"),
]  # fmt: skip


@pytest.mark.parametrize(("mti", "fields", "answer", "code", "line"), STRANGERS)
def test_a_message_of_another_kind_of_network_is_answered_with_why_not(mti, fields, answer, code, line) -> None:
    with pytest.raises(UnreadableMessage) as caught:
        host_side.decode_request(by_hand(mti, fields), NOW)
    assert str(caught.value) == line
    refused = host_side.refusal(caught.value.read, caught.value.response_code, NOW)
    assert refused is not None
    assert (refused.mti, refused.fields[11], refused.fields[41], refused.fields[39]) == (answer, "000001", "80000001", code)


@pytest.mark.parametrize("mti", ["0210", "0430", "0511", "9999"])
def test_an_answer_is_not_answered(mti: str) -> None:
    with pytest.raises(UnreadableMessage, match=f"a message type {mti} is no request") as caught:
        host_side.decode_request(by_hand(mti, HEAD), NOW)
    assert host_side.refusal(caught.value.read, "40", NOW) is None


def test_a_sale_that_another_library_would_write_is_read_the_same() -> None:
    """Every byte by hand: BCD lengths, a PAN of 19 digits, track 2 with its odd digit filled up, field 23 filled up on the left."""
    chip = "9F2608A1B2C3D4E5F607189F3602003195050000000000"
    fields = {
        2: "19" + "6212345678901234564" + "0", 3: "000000", 4: "000000001250", 11: "000001", 14: "2412", 22: "0720", 23: "0001", 25: "00",
        35: "37" + "6212345678901234564D24122200000000000" + "0", 41: HEAD[41], 42: HEAD[42], 49: HEAD[49],
        55: f"{len(chip) // 2:04d}" + chip, 60: "0013" + "2200000100050" + "0", 64: "0000000000000000",
    }  # fmt: skip
    request = host_side.decode_request(by_hand("0200", fields), NOW)
    assert isinstance(request, AuthorisationRequest)
    assert (request.pan.reveal(), request.psn, request.expiry_date) == ("6212345678901234564", "01", "2412")
    assert (request.amount, request.entry_mode, request.batch, request.icc_data.hex().upper()) == (1250, "07", "000001", chip)


@pytest.mark.parametrize(
    ("payment", "line"),
    [
        ({"amount": 0}, "amount: 0 fen cannot be paid; it is above zero"),
        ({"amount": -5}, "amount: -5 fen cannot be paid; it is above zero"),
        ({"amount": 10**12}, "field 4 (amount): 1000000000000 fen do not fit into twelve digits; 0 to 9,999,999,999.99 yuan are possible"),
        ({"track2": Pan("6212=99")}, "track 2: it is no track 2; write PAN, D, YYMM, service code, issuer's digits"),
        ({"psn": "1"}, "field 23 (PAN sequence number): field data is 2 nibbles, expecting 3"),
        ({"entry_mode": "7x"}, "field 22 (entry mode): it has other characters than BCD digits"),
    ],
)
def test_the_terminal_writes_no_nonsense(payment: dict[str, object], line: str) -> None:
    values = {"track2": PAYMENT.track2, "psn": "01", "amount": 1, "entry_mode": "07"} | payment
    with pytest.raises(BadInput) as caught:
        pack(terminal_side.sale_message(PLACE, terminal_side.Payment(**values), b"\x9f"), KEY)
    assert str(caught.value) == line


def test_a_batch_that_does_not_fit_into_its_totals() -> None:
    with pytest.raises(BadInput, match="a batch of 1000 transactions; at most 999 of a kind fit"):
        terminal_side.settlement_message(PLACE, Totals(debit_amount=1, debit_count=1000))


# ---- answers that the terminal does not believe


def answer_to(asked: Message, values: Mapping[int, str], key: bytes | None = KEY, mti: str = "") -> bytes:
    read = host_side.read_request(pack(asked, KEY))
    told = host_side.answer(read, AuthorisationResponse(response_code="00", authorisation_code="A00001", rrn="140224000001"), NOW)
    fields = {number: value for number, value in (dict(told.fields) | dict(values)).items() if value}
    return pack(Message(mti or told.mti, fields), key)


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (answer_to(SALE, {}, key=None), "field 64 (MAC): the answer's code is wrong; don't believe it: reverse"),
        (answer_to(SALE, {}, key=KEY[::-1]), "field 64 (MAC): the answer's code is wrong; don't believe it: reverse"),
        (answer_to(SALE, {}, mti="0410"), "message type: 0410 came in answer to 0200; reverse"),
        (answer_to(SALE, {11: "000009"}), "field 11 (STAN): it answers another request; reverse"),
        (answer_to(SALE, {39: ""}), "field 39 (response code): an answer needs it; reverse"),
        (answer_to(SALE, {60: "22000002000"}), "field 60 (type and batch): it answers another request; reverse"),
    ],
)
def test_an_answer_that_is_not_believed(answer: bytes, line: str) -> None:
    with pytest.raises(BadInput) as caught:
        terminal_side.read_answer(answer, SALE, KEY)
    assert str(caught.value) == line


def test_totals_with_an_unknown_result_are_not_believed() -> None:
    asked = terminal_side.settlement_message(PLACE, Totals(debit_amount=1250, debit_count=1))
    with pytest.raises(BadInput) as caught:
        terminal_side.read_answer(answer_to(asked, {48: "0" * 62}), asked, KEY)
    assert str(caught.value) == "field 48 (additional data): the result 0 is unknown; it is 1, 2 or 3"


def test_an_answer_of_another_host_is_believed_with_all_it_has_to_say() -> None:
    """Issuer and acquirer in 44, words in Chinese in 63, something of its own in 48, and field 60 without what the terminal can do."""
    words = "CUP" + "余额不足请联系发卡行"
    fields = {
        2: "16" + "6212345678901232", 3: "000000", 4: "000000001250", 11: "000001", 12: "120000", 13: "0224", 14: "2412", 15: "0225",
        25: "00", 32: "08" + "04031000", 37: b"140224000001".hex(), 38: b"A00001".hex(), 39: b"00".hex(), 41: HEAD[41], 42: HEAD[42],
        44: "22" + b"0403100   04031000   \x20".hex(), 48: "0003" + "1230", 49: HEAD[49], 60: "0011" + "22000001000" + "0",
        63: f"{len(words.encode('gbk')):04d}" + words.encode("gbk").hex(), 64: "00" * 8,
    }  # fmt: skip
    message = by_hand("0210", fields)[:-8]
    answer = terminal_side.read_answer(message + independent_mac(KEY, message), SALE, KEY)
    assert (answer.response_code, answer.authorisation_code, answer.rrn, answer.totals) == ("00", "A00001", "140224000001", None)
