"""The phone's parts: the store that outlives a power loss, the owner's consent, the virtual reader's protocol, readers' names."""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from patience import WITHIN_S
from virtual_reader import PAN, make_store, wait_until

from tapwealth.acquiring.readers.in_process import InProcessReader
from tapwealth.acquiring.readers.pcsc import PcscReader, reader_names
from tapwealth.acquiring.readers.reader import ReaderKind, ReaderName, read_address, read_reader_name
from tapwealth.card import Interface
from tapwealth.cli.phone_commands import make_phone, open_reader
from tapwealth.kernel.money import read_minor
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.phone.consent import Consent, Mode
from tapwealth.phone.store import CardStore
from tapwealth.phone.trace import Trace
from tapwealth.phone.vpcd import VirtualCard
from tapwealth.phone.wallet import Phone
from tapwealth.wire import tlv

PPSE = bytes.fromhex("00A404000E325041592E5359532E444446303100")
SELECT = bytes.fromhex("00A4040008A00000033301010100")
GPO = bytes.fromhex("80A8000023832136800000000000001234000000000000015600000000000156140224000102030400")
OPEN_GPO = bytes.fromhex("80A8000002830000")
DONE = b"\x90\x00"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return make_store(tmp_path / "phone1.json")


def test_the_counter_is_on_the_disk_before_the_answer_is_told(store: Path) -> None:
    stored: list[int] = []
    phone = Phone(CardStore(store), heard=lambda _command, _answer: stored.append(CardStore(store).load().atc))
    for command in (SELECT, GPO, SELECT, GPO):
        assert phone.transmit(command)[-2:] == DONE
    assert stored == [0, 1, 1, 2]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_an_answer_that_could_not_be_stored_is_not_given(store: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    phone = Phone(CardStore(store))
    phone.transmit(SELECT)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, failing, full)
        with pytest.raises(OSError, match="No space left"):
            phone.transmit(GPO)
    assert CardStore(store).load().atc == 0
    assert phone.transmit(GPO)[-2:] == DONE, "the card did not move either"
    assert CardStore(store).load().atc == 1


def test_what_a_power_loss_left_half_written_does_not_count(store: Path) -> None:
    store.with_suffix(".part").write_text('{"half')
    phone = Phone(CardStore(store))
    phone.transmit(SELECT)
    assert phone.transmit(GPO)[-2:] == DONE
    assert CardStore(store).load().atc == 1
    assert sorted(path.name for path in store.parent.iterdir()) == ["phone1.json"]


def test_the_store_and_each_of_its_successors_is_its_owners_alone(store: Path) -> None:
    phone = Phone(CardStore(store))
    phone.transmit(SELECT)
    phone.transmit(GPO)
    assert store.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "said"), [(b"{}", "stored card: pan"), (b"x", "it is not JSON"), (b"\xff", "this is no phone's store")]
)
def test_a_file_that_holds_no_card_is_named(store: Path, content: bytes, said: str) -> None:
    store.write_bytes(content)
    with pytest.raises(BadInput, match=said) as raised:
        CardStore(store).load()
    assert str(raised.value).startswith(f"{store}: ")


def test_a_select_alone_writes_nothing(store: Path) -> None:
    phone = Phone(CardStore(store))
    before = store.stat().st_mtime_ns, store.stat().st_ino
    for _ in range(3):
        phone.transmit(SELECT)
    assert (store.stat().st_mtime_ns, store.stat().st_ino) == before


def asked_of(mode: Mode) -> tuple[Consent, list[int], list[bool]]:
    """A consent whose owner is asked by looking at the second and says what stands in the third."""
    asked: list[int] = []
    answers: list[bool] = []

    def ask(amount: int) -> bool:
        asked.append(amount)
        return answers.pop()

    return Consent(mode, ask), asked, answers


def answered_to(consent: Consent) -> None:
    wait_until(lambda: not consent.is_asking, "the owner's answer")


def test_who_always_or_never_consents_is_not_asked() -> None:
    for mode in (Mode.ALWAYS, Mode.NEVER):
        consent, asked, _ = asked_of(mode)
        assert consent.take(100) is (mode is Mode.ALWAYS)
        assert not asked


def test_a_yes_is_for_one_tap_of_at_most_that_amount() -> None:
    consent, asked, answers = asked_of(Mode.ASK)
    answers.append(True)
    assert not consent.take(500)
    answered_to(consent)
    answers.append(False)
    assert not consent.take(501), "more than was agreed to"
    answered_to(consent)
    answers.append(True)
    assert not consent.take(500)
    answered_to(consent)
    assert consent.take(400)
    answers.append(False)
    assert not consent.take(400)
    answered_to(consent)
    assert asked == [500, 501, 500, 400]


def test_a_consent_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    from tapwealth.phone import consent as module

    consent, _, answers = asked_of(Mode.ASK)
    answers += [False, True]
    assert not consent.take(500)
    answered_to(consent)
    later = module.monotonic_ns() + (module.GOOD_FOR_SECONDS + 1) * 1_000_000_000
    monkeypatch.setattr(module, "monotonic_ns", lambda: later)
    assert not consent.take(500)
    answered_to(consent)


def ctq(answer: bytes) -> str:
    """What the card tells of its holder (9F6C)."""
    return dict(tlv.leaves(answer[:-2]))[0x9F6C].hex()


def test_up_to_the_limit_nobody_is_asked_and_above_it_the_card_tells_that_the_holder_was_verified(store: Path) -> None:
    for mode, limit, told in ((Mode.NEVER, 1_234, "0000"), (Mode.ALWAYS, 1_233, "0080")):
        phone = Phone(CardStore(store), consent=asked_of(mode)[0], limit=limit)
        phone.transmit(SELECT)
        assert ctq(phone.transmit(GPO)) == told


def test_what_needs_consent_and_has_none_spends_nothing(store: Path) -> None:
    for consent in (asked_of(Mode.NEVER)[0], None):
        phone = Phone(CardStore(store), consent=consent, limit=1_233)
        phone.transmit(SELECT)
        assert phone.transmit(GPO) == bytes.fromhex("6986")
        assert CardStore(store).load().atc == 0


def test_a_reader_that_requires_verification_is_given_it_for_any_amount(store: Path) -> None:
    verify = GPO.replace(bytes.fromhex("36800000"), bytes.fromhex("36C00000"))
    phone = Phone(CardStore(store), consent=asked_of(Mode.ALWAYS)[0], limit=100_000)
    phone.transmit(SELECT)
    assert ctq(phone.transmit(verify)) == "0080"


def test_a_limit_for_the_time_being_is_not_stored(store: Path) -> None:
    phone = Phone(CardStore(store), consent=asked_of(Mode.ALWAYS)[0], limit=5)
    phone.transmit(SELECT)
    phone.transmit(GPO)
    stored = CardStore(store).load()
    assert (stored.atc, stored.consent_limit) == (1, None)


def test_a_cards_own_limit_holds_unless_another_is_given(store: Path) -> None:
    kept = CardStore(store)
    kept.save(replace(kept.load(), consent_limit=1_233))
    for limit, answer in ((None, "6986"), (1_234, "9000")):
        phone = make_phone(kept, Interface.CONTACTLESS, Mode.NEVER, limit, None, clear=False)
        phone.transmit(SELECT)
        assert phone.transmit(GPO)[-2:].hex() == answer


@contextmanager
def in_a_reader(store: Path, interface: Interface) -> Iterator[tuple[socket.socket, list[str]]]:
    """The reader's end of the line that the card has opened, and what the card says to its owner."""
    server = socket.create_server(("127.0.0.1", 0))
    said: list[str] = []
    card = VirtualCard(Phone(CardStore(store), interface), interface, "127.0.0.1", server.getsockname()[1], said.append)
    thread = threading.Thread(target=card.run)
    thread.start()
    try:
        server.settimeout(WITHIN_S)
        line, _ = server.accept()
        line.settimeout(10)
        with line:
            yield line, said
    finally:
        card.stop()
        server.close()
        thread.join(10)
        assert not thread.is_alive()


def answered(line: socket.socket, frame: bytes) -> bytes:
    line.sendall(len(frame).to_bytes(2, "big") + frame)
    size = int.from_bytes(line.recv(2, socket.MSG_WAITALL), "big")
    return line.recv(size, socket.MSG_WAITALL)


def test_only_the_question_for_the_atr_is_answered_of_the_control_bytes(store: Path) -> None:
    with in_a_reader(store, Interface.CONTACTLESS) as (line, _):
        for control in (b"\1", b"\2", b"\0", b"\1", b"\3", b"\xff"):
            line.sendall(b"\0\1" + control)
        assert answered(line, b"\4").hex().upper() == "3B8F8001804F0CA000000306030001000000006A"
        assert answered(line, b"") == bytes.fromhex("6700")


def test_power_off_and_reset_forget_the_dialogue(store: Path) -> None:
    with in_a_reader(store, Interface.CONTACT) as (line, _):
        for control in (b"\0\1\0", b"\0\1\2", b"\0\1\1"):
            assert answered(line, SELECT)[-2:] == DONE
            line.sendall(control)
            assert answered(line, OPEN_GPO) == bytes.fromhex("6985")
        assert answered(line, SELECT)[-2:] == DONE
        assert answered(line, OPEN_GPO)[-2:] == DONE


def test_each_kind_of_reader_finds_its_own_directory(store: Path) -> None:
    pse = PPSE.replace(b"2PAY", b"1PAY")
    for interface, finds, misses in ((Interface.CONTACTLESS, PPSE, pse), (Interface.CONTACT, pse, PPSE)):
        with in_a_reader(store, interface) as (line, _):
            for _ in range(2):
                assert answered(line, finds)[-2:] == DONE
                assert answered(line, misses) == bytes.fromhex("6A82")
                line.sendall(b"\0\1\2")


def test_a_command_may_come_in_pieces_and_two_in_one(store: Path) -> None:
    with in_a_reader(store, Interface.CONTACTLESS) as (line, _):
        framed = len(SELECT).to_bytes(2, "big") + SELECT
        for byte in framed:
            line.sendall(bytes((byte,)))
        size = int.from_bytes(line.recv(2, socket.MSG_WAITALL), "big")
        assert line.recv(size, socket.MSG_WAITALL)[-2:] == DONE
        line.sendall(framed + len(GPO).to_bytes(2, "big") + GPO)
        for _ in range(2):
            size = int.from_bytes(line.recv(2, socket.MSG_WAITALL), "big")
            assert line.recv(size, socket.MSG_WAITALL)[-2:] == DONE


def test_each_power_on_shows_another_number_as_phones_do_and_a_contact_card_none(store: Path) -> None:
    uid = bytes.fromhex("FFCA000000")
    with in_a_reader(store, Interface.CONTACTLESS) as (line, _):
        seen = set()
        for _ in range(5):
            line.sendall(b"\0\1\1")
            seen.add(answered(line, uid))
        assert len(seen) == 5
        assert all(number[0] == 8 and len(number) == 6 and number[-2:] == DONE for number in seen)
    with in_a_reader(store, Interface.CONTACT) as (line, _):
        assert answered(line, uid) == bytes.fromhex("6A81")


def test_a_reader_that_hangs_up_is_told_of(store: Path) -> None:
    with in_a_reader(store, Interface.CONTACTLESS) as (line, said):
        line.sendall(b"\0\5\0\xa4")
        line.close()
        wait_until(lambda: "the reader is gone" in said, "word of it")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("pcsc:Virtual PCD 00 00", ReaderName(ReaderKind.PCSC, "Virtual PCD 00 00")),
        ("pcsc:", ReaderName(ReaderKind.PCSC, "")),
        ("pcsc:a:b", ReaderName(ReaderKind.PCSC, "a:b")),
        ("tcp:127.0.0.1:9014", ReaderName(ReaderKind.TCP, "127.0.0.1", 9014)),
        ("tcp:[::1]:9014", ReaderName(ReaderKind.TCP, "::1", 9014)),
        ("phone:var/devices/phone1.json", ReaderName(ReaderKind.PHONE, "var/devices/phone1.json")),
    ],
)
def test_a_readers_name_says_which_way_and_where(text: str, name: ReaderName) -> None:
    assert read_reader_name(text) == name


@pytest.mark.parametrize(
    "text", ["", "pcsc", "phone:", "usb:1", "tcp:", "tcp:host", "tcp:host:", "tcp::1", "tcp:h:65536", "tcp:::1:9", "TCP:h:1"]
)
def test_what_names_no_reader_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadInput, match=r"^--reader: "):
        read_reader_name(text)


def test_an_address_is_refused_under_the_name_of_its_option() -> None:
    with pytest.raises(BadInput, match=r"^--tcp: 'x' is no address; write HOST:PORT"):
        read_address("x", where="--tcp")


def test_a_reader_is_opened_by_its_name_and_has_its_phone_alone_while_it_is_in_the_field(store: Path) -> None:
    reader = open_reader(read_reader_name(f"phone:{store}"))
    assert reader.transmit(SELECT) == b"", "no power yet"
    reader.connect()
    assert reader.transmit(SELECT)[-2:] == DONE
    reader.connect()
    assert reader.transmit(GPO) == bytes.fromhex("6985"), "power was taken away in between"
    other = open_reader(read_reader_name(f"phone:{store}"))
    with pytest.raises(BadInput, match="another process uses this phone"):
        other.connect()
    reader.close()
    assert reader.transmit(SELECT) == b""
    other.connect()
    assert other.transmit(SELECT)[-2:] == DONE
    other.close()


def test_a_reader_without_a_phone_in_its_file_keeps_nobody_out(store: Path) -> None:
    card = store.read_bytes()
    store.write_text("{}")
    with pytest.raises(BadInput):
        open_reader(read_reader_name(f"phone:{store}")).connect()
    store.write_bytes(card)
    reader = open_reader(read_reader_name(f"phone:{store}"))
    reader.connect()
    reader.close()


def test_a_card_in_the_same_process_is_told_when_it_leaves_once() -> None:
    left: list[int] = []
    reader = InProcessReader(lambda command: command, lambda: left.append(1))
    reader.connect()
    reader.close()
    reader.close()
    assert len(left) == 2


def test_without_pyscard_the_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "smartcard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "smartcard", None)
    for asking in (reader_names, lambda: PcscReader("")):
        with pytest.raises(Outage, match=r"^PC/SC readers need pyscard, which is not installed; run 'make card-reader'") as raised:
            asking()
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("text", "fen"), [("0", 0), ("1000", 100_000), ("1,000.50", 100_050), ("0.5", 50), ("12.34", 1_234)])
def test_an_amount_is_read_as_people_write_it(text: str, fen: int) -> None:
    assert read_minor(text, where="x") == fen


@pytest.mark.parametrize("text", ["", "-1", "1.234", "1,00", "1e3", "１", "9" * 20, " 1", "1."])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"^x: "):
        read_minor(text, where="x")


def told(command: str, answer: str, *before: tuple[str, str]) -> list[str]:
    """The trace's lines of an exchange, after others."""
    said: list[str] = []
    trace = Trace(said.append, PAN)
    for earlier, then in before:
        trace.heard(bytes.fromhex(earlier), bytes.fromhex(then))
    said.clear()
    trace.heard(bytes.fromhex(command), bytes.fromhex(answer))
    return said


def test_the_trace_reads_records_and_the_values_of_generate_ac_by_the_cards_own_lists() -> None:
    record = tlv.encode(0x70, bytes.fromhex("8C059F02069A03") + bytes.fromhex("5F24032612315F340100"))
    read = ("00B2010C00", record.hex() + "9000")
    lines = told(*read)
    assert "  READ RECORD 1 of file 1" in lines
    assert any(line.startswith("      8C") and line.endswith(": 9F02·6 9A·3") for line in lines)
    assert "      5F24 Application expiration date: 2026-12-31" in lines
    asked = told("80AE80000900000000123414022400", "801380000111223344556677880701010390000001" + "9000", read)
    assert "  GENERATE AC, asking for to go online (ARQC)" in asked
    assert "    9F02 Amount, authorised: 12.34 yuan" in asked
    assert "    9A Transaction date: 2014-02-24" in asked
    assert "    9F27 Cryptogram information data: 80 (ARQC)" in asked
    assert (
        "    9F10 Issuer application data: 0701010390000001 (card decides: approved offline (TC), key index 1, cryptogram version 01)"
        in asked
    )


def test_the_trace_reads_the_second_cryptogram_by_the_second_list_until_another_select() -> None:
    record = ("00B2010C00", tlv.encode(0x70, bytes.fromhex("8C039F0206" + "8D028A02")).hex() + "9000")
    first = ("80AE80000600000000123400", "800B80000111223344556677889000")
    selected = (SELECT.hex(), "9000")
    assert "    8A Authorisation response code: 00" in told("80AE400002303000", "6985", record, first)
    assert "    9F02 Amount, authorised: 12.34 yuan" in told(*first, record, first, selected, record)
    assert any("unreadable" in line for line in told(*first, record, selected)), "the lists went with the application"


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("00A404000E315041592E5359532E444446303100", "  SELECT the contact directory (PSE)"),
        ("00A4040208A00000033301010100", "  SELECT the application A000000333010101, the next one"),
        ("80CA9F3600", "  GET DATA 9F36 Application transaction counter"),
        ("0084000000", "  GET CHALLENGE"),
        ("00D6000000", "  instruction D6"),
        ("00", "  no command: command APDU: 1 bytes; a command has at least CLA INS P1 P2"),
    ],
)
def test_the_trace_names_commands(command: str, line: str) -> None:
    assert line in told(command, "6D00")
