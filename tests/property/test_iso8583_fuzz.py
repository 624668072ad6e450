"""Whatever a wire carries: messages that are values again, and bytes that are never anything worse than BadInput."""

from collections.abc import Callable
from datetime import UTC, datetime

import iso8583
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso8583 import codec, host_side, terminal_side
from tapwealth.wire.iso8583.fields import Message, UnreadableMessage, pack, unpack
from tapwealth.wire.iso8583.frame import Envelope, FrameSplitter, framed, unframed
from tapwealth.wire.iso8583.mac import is_sealed_by
from tapwealth.wire.iso8583.requests import (
    AuthorisationRequest,
    BatchUploadRequest,
    Management,
    OriginalReference,
    ReversalRequest,
    SettlementRequest,
    Totals,
    TransactionKind,
)
from tapwealth.wire.iso8583.spec import FIELDS, PACKING, Kind, answer_type

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
NOW = datetime(2014, 2, 24, 3, 0, tzinfo=UTC)


def digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


names = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=15, max_size=15)
places = st.builds(terminal_side.Place, names, names.map(lambda name: name[:8]), digits(6, 6), digits(6, 6))
months = st.integers(1, 12).map(lambda month: f"{month:02d}")
tracks = st.builds(
    lambda pan, year, month, rest: Pan(f"{pan}D{year}{month}{rest}"[:37]), digits(12, 19), digits(2, 2), months, digits(3, 13)
)
payments = st.builds(
    terminal_side.Payment,
    track2=tracks,
    psn=digits(2, 2),
    amount=st.integers(1, 10**12 - 1),
    entry_mode=st.sampled_from(["05", "07"]),
)
totals = st.builds(
    Totals,
    debit_amount=st.integers(0, 10**12 - 1),
    debit_count=st.integers(0, 999),
    credit_amount=st.integers(0, 10**12 - 1),
    credit_count=st.integers(0, 999),
)
chips, originals = (
    st.binary(min_size=1, max_size=255),
    st.builds(OriginalReference, digits(6, 6), digits(6, 6), st.sampled_from(["0224", ""])),
)
followers = st.sampled_from(
    [
        TransactionKind.VOID,
        TransactionKind.CANCELLATION,
        TransactionKind.COMPLETION,
        TransactionKind.COMPLETION_VOID,
        TransactionKind.REFUND,
    ]
)
messages = st.one_of(
    st.builds(
        terminal_side.sale_message, places, payments, chips, st.sampled_from([TransactionKind.SALE, TransactionKind.PREAUTHORISATION])
    ),
    st.builds(terminal_side.inquiry_message, places, payments, chips),
    st.builds(terminal_side.follow_up_message, places, payments, followers, originals, names.map(lambda name: name[:12])),
    st.builds(terminal_side.reversal_message, places, payments, st.sampled_from(["98", "06", "A0"]), st.sampled_from(["0224", ""])),
    st.builds(
        terminal_side.upload_message,
        places,
        payments,
        st.builds(OriginalReference, digits(6, 6), digits(6, 6), st.sampled_from(["0224", ""])),
        names.map(lambda name: name[:12]),
        names.map(lambda name: name[:6]),
    ),
    st.builds(terminal_side.settlement_message, places, totals),
    st.builds(terminal_side.management_message, places, st.sampled_from(Management)),
)


def refused_in(work: Callable[[], object]) -> str:
    """The line of BadInput that `work` ends in, if it does; every other exception is a failure."""
    try:
        work()
    except BadInput as fault:
        return str(fault)
    return ""


def understood_or_refused(message: bytes) -> None:
    """Reading gives a request, or one line that a host can act on."""

    def read() -> None:
        try:
            host_side.decode_request(message, NOW)
        except UnreadableMessage as fault:
            host_side.refusal(fault.read, fault.response_code, NOW)
            raise

    line = refused_in(read)
    assert "\n" not in line
    assert len(line) < 250


@given(place=places, payment=payments, icc_data=st.binary(min_size=1, max_size=255))
def test_a_sale_is_the_same_after_the_wire(place: terminal_side.Place, payment: terminal_side.Payment, icc_data: bytes) -> None:
    message = pack(terminal_side.sale_message(place, payment, icc_data), KEY)
    assert is_sealed_by(KEY, message)
    request = host_side.decode_request(message, NOW)
    assert isinstance(request, AuthorisationRequest)
    assert (request.merchant_id, request.terminal_id, request.batch, request.stan) == place
    assert (request.pan, request.psn, request.amount, request.entry_mode) == (payment.pan, payment.psn, payment.amount, payment.entry_mode)
    assert request.icc_data == icc_data


@given(place=places, payment=payments, counted=totals)
def test_the_other_requests_are_the_same_after_the_wire(
    place: terminal_side.Place, payment: terminal_side.Payment, counted: Totals
) -> None:
    reversal = host_side.decode_request(pack(terminal_side.reversal_message(place, payment, "98", "0224"), KEY), NOW)
    assert isinstance(reversal, ReversalRequest)
    assert (reversal.amount, reversal.original) == (payment.amount, (place.batch, place.stan, "0224"))
    original = OriginalReference("000007", "000009")
    upload = host_side.decode_request(pack(terminal_side.upload_message(place, payment, original, "R" * 12, "A" * 6), KEY), NOW)
    assert isinstance(upload, BatchUploadRequest)
    assert (upload.original, upload.rrn, upload.authorisation_code) == (original, "R" * 12, "A" * 6)
    settlement = host_side.decode_request(pack(terminal_side.settlement_message(place, counted), KEY), NOW)
    assert isinstance(settlement, SettlementRequest)
    assert settlement.totals == counted


@given(st.binary(max_size=400))
def test_random_bytes(data: bytes) -> None:
    understood_or_refused(data)
    understood_or_refused(bytes.fromhex("02007024068020C08211") + data)


@given(messages, st.data())
def test_flipped_bits_and_cut_messages(message: Message, data: st.DataObject) -> None:
    sent = bytearray(pack(message, KEY))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(sent) * 8 - 1))
        sent[position // 8] ^= 1 << position % 8
    understood_or_refused(bytes(sent))
    understood_or_refused(bytes(sent[: data.draw(st.integers(0, len(sent)))]))


@given(messages, st.integers(2, 64), st.data())
def test_fields_taken_out_or_put_in(message: Message, number: int, data: st.DataObject) -> None:
    fields = {other: value for other, value in message.fields.items() if other != number}
    if number in FIELDS and number not in message.fields:
        fields[number] = "1" * FIELDS[number].length if FIELDS[number].kind is not Kind.BYTES else "11" * FIELDS[number].length
    understood_or_refused(pack(Message(message.mti, fields), data.draw(st.sampled_from([KEY, None]))))


@given(
    st.sampled_from(["0100", "0200", "0220", "0320", "0400", "0500"]),
    st.dictionaries(st.integers(-1, 70), st.text(max_size=40), max_size=12),
)
def test_values_that_are_no_fields_are_refused_in_writing(mti: str, values: dict[int, str]) -> None:
    line = refused_in(lambda: pack(Message(mti, values), KEY))
    assert "\n" not in line
    if not line:
        fields = unpack(pack(Message(mti, values), KEY)).fields
        assert fields.keys() - {64} == values.keys() - {64}
        assert all(fields[number] == value for number, value in values.items() if number != 64)


@given(messages, st.binary(max_size=300))
def test_answers_from_anyone(asked: Message, data: bytes) -> None:
    line = refused_in(lambda: terminal_side.read_answer(data, asked, KEY))
    assert line
    assert "\n" not in line


@given(messages, st.data())
def test_sealed_answers_that_are_mangled(asked: Message, data: st.DataObject) -> None:
    """Even an answer with the right MAC cannot make the terminal fail otherwise than by BadInput."""
    fields = dict(asked.fields) | {39: "00"}
    number = data.draw(st.sampled_from(sorted(FIELDS)))
    fields[number] = data.draw(st.text("0123456789ABCDEF", min_size=1, max_size=62))
    line = refused_in(lambda: terminal_side.read_answer(pack(Message(answer_type(asked.mti) or "", fields), KEY), asked, KEY))
    assert "\n" not in line


@given(st.lists(messages, min_size=1, max_size=5), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_the_splitter_finds_the_same_messages_however_the_stream_is_cut(sent: list[Message], cuts: list[int]) -> None:
    packed = [pack(message, KEY) for message in sent]
    stream, splitter, found = b"".join(framed(Envelope(), message) for message in packed), FrameSplitter(), []
    for number in range(len(stream)):
        length = cuts[number % len(cuts)]
        found += splitter.feed(stream[:length])
        stream = stream[length:]
    assert [unframed(frame)[1] for frame in found] == packed
    assert splitter.incomplete == 0


@given(st.binary(max_size=3_000))
def test_the_splitter_takes_any_stream(stream: bytes) -> None:
    splitter = FrameSplitter()
    assert "\n" not in refused_in(lambda: [unframed(frame) for frame in splitter.feed(stream)])
    assert "\n" not in refused_in(lambda: splitter.feed(b""))


VALUES = {
    Kind.DIGITS: "0123456789",
    Kind.TRACK: "0123456789D",
    Kind.TEXT: "".join(map(chr, range(0x20, 0x7F))),
    Kind.BYTES: "0123456789ABCDEF",
}


@st.composite
def field_values(draw: st.DrawFn, number: int) -> str:
    """What a field may hold, at any length that it may have."""
    field = FIELDS[number]
    most = field.length * 2 if field.kind is Kind.BYTES else field.length
    value = draw(st.text(VALUES[field.kind], min_size=1 if field.length_bytes else most, max_size=most))
    return value[: len(value) // 2 * 2] or "00" if field.kind is Kind.BYTES else value


anything = st.lists(st.sampled_from(sorted(FIELDS)), unique=True).flatmap(
    lambda numbers: st.fixed_dictionaries({number: field_values(number) for number in numbers})
)


@given(anything)
def test_what_the_codec_writes_and_reads_is_what_pyiso8583_does(fields: dict[int, str]) -> None:
    written = codec.write("0200", fields)
    expected, _ = iso8583.encode({"t": "0200"} | {str(number): value for number, value in fields.items()}, PACKING)
    assert written == bytes(expected)
    assert codec.read(bytes(expected)) == fields


@given(anything, st.data())
def test_the_codec_takes_nothing_that_pyiso8583_would_not_take(fields: dict[int, str], data: st.DataObject) -> None:
    message = bytearray(codec.write("0200", fields) or b"")
    for at in data.draw(st.lists(st.integers(10, max(len(message) - 1, 10)), max_size=3)):
        message[at:at] = data.draw(st.binary(max_size=2))
        message[at : at + 1] = data.draw(st.binary(max_size=2))
    read = codec.read(bytes(message))
    if read is not None:
        decoded, _ = iso8583.decode(bytes(message), PACKING)
        assert read == {int(key): value for key, value in decoded.items() if key.isdigit()}


@given(messages, st.binary(max_size=60), st.binary(min_size=16, max_size=16))
def test_keys_from_anyone(asked: Message, data: bytes, master_key: bytes) -> None:
    fields = dict(asked.fields) | {39: "00", 62: data.hex().upper() or "00"}
    answer = pack(Message(answer_type(asked.mti) or "", fields), None)
    assert refused_in(lambda: terminal_side.read_management_answer(answer, asked, master_key))
