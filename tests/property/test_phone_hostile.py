"""Whatever bytes come, from a reader, a relay's peer or a stored file: the phone answers or says what is wrong, and never shows its PAN."""

from pathlib import Path

import pytest
from dear import dear
from hypothesis import given
from hypothesis import strategies as st
from virtual_reader import PAN, make_store, secrets_of

from tapwealth.acquiring.readers.reader import read_reader_name
from tapwealth.kernel.refusal import BadInput
from tapwealth.phone.store import CardStore
from tapwealth.phone.trace import Trace
from tapwealth.phone.wallet import Phone
from tapwealth.wire import tlv
from tapwealth.wire.apdu_relay import Frame, error_text, read_frame, read_length

SELECT = bytes.fromhex("00A4040008A00000033301010100")
GPO = bytes.fromhex("80A8000023832136800000000000001234000000000000015600000000000156140224000102030400")
COMMANDS = st.one_of(
    st.sampled_from((SELECT, GPO, bytes.fromhex("00A404000E325041592E5359532E444446303100"))),
    st.builds(lambda data: b"\x80\xa8\0\0" + bytes((len(data),)) + data, st.binary(min_size=1, max_size=255)),
    st.binary(max_size=270),
)
PRIMITIVE = (0x57, 0x5A, 0x5F20, 0x82, 0x94, 0x9F10, 0x9F26, 0x9F27, 0x9F36, 0x9F38, 0x8C, 0x9F6C, 0x9F02, 0x9A, 0x50, 0x9F79, 0xDF01)
ANSWERS = st.one_of(
    st.binary(max_size=258),
    st.lists(st.tuples(st.sampled_from(PRIMITIVE), st.binary(max_size=20)), max_size=6).map(
        lambda elements: tlv.encode(0x77, tlv.encode_all(elements)) + b"\x90\x00"
    ),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("phone") / "phone1.json")


@given(commands=st.lists(COMMANDS, max_size=8))
@dear(60, some=20)
def test_a_hostile_reader_is_answered_and_the_trace_hides_pan_and_key(store: Path, commands: list[bytes]) -> None:
    said: list[str] = []
    phone = Phone(CardStore(store), heard=Trace(said.append, PAN).heard)
    for command in commands:
        assert 2 <= len(phone.transmit(command)) <= 258
    text = "\n".join(said).upper()
    assert PAN not in text
    assert not [secret for secret in secrets_of(store) if secret in text]
    assert all(line.isprintable() for line in said)


@given(dialogue=st.lists(st.tuples(COMMANDS, ANSWERS), max_size=6))
def test_the_trace_tells_of_any_cards_dialogue(dialogue: list[tuple[bytes, bytes]]) -> None:
    said: list[str] = []
    trace = Trace(said.append, PAN)
    for command, answer in dialogue:
        trace.heard(command, answer)
    assert len(said) >= len(dialogue)
    assert all(line.isprintable() for line in said)


@given(own=st.booleans(), pan=st.from_regex(r"[0-9]{12,19}", fullmatch=True), name=st.from_regex(r"[A-Z]{8,20}", fullmatch=True))
def test_the_pan_and_the_name_of_any_card_are_hidden_wherever_they_stand(own: bool, pan: str, name: str) -> None:
    padded = bytes.fromhex(pan + "F" * (len(pan) % 2))
    track2 = bytes.fromhex(f"{pan}D2612220" + "F" * ((len(pan) + 8) % 2))
    record = tlv.encode(0x70, tlv.encode_all([(0x5A, padded), (0x57, track2), (0x5F20, name.encode())]))
    said: list[str] = []
    Trace(said.append, pan if own else PAN).heard(bytes.fromhex("00B2010C00"), record + b"\x90\x00")
    text = "\n".join(said).upper()
    assert pan not in text
    assert name not in text
    assert name.encode().hex().upper() not in text
    assert "5F20 CARDHOLDER NAME" in text


@given(content=st.binary(max_size=600))
def test_a_relay_frame_is_read_or_refused_and_comes_back_as_it_went(content: bytes) -> None:
    try:
        assert read_length(len(content).to_bytes(2, "big")) == len(content)
        frame = read_frame(content)
    except BadInput:
        return
    assert isinstance(frame, Frame)
    assert frame.encode()[2:] == content
    if content[0] == 0xFF:
        assert error_text(frame.body).isprintable()


@given(text=st.one_of(st.text(max_size=30), st.sampled_from(("pcsc:", "tcp:", "phone:")).flatmap(lambda head: st.text().map(head.__add__))))
def test_a_readers_name_is_read_or_refused_and_comes_back_as_it_was_read(text: str) -> None:
    try:
        name = read_reader_name(text)
    except BadInput:
        return
    if ":" not in name.where or name.kind.value != "tcp":
        assert read_reader_name(str(name)) == name
