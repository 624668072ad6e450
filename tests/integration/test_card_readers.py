"""The phone as a card in a PC/SC reader, read through pcscd and pyscard by our kernel, and by a reader that others wrote."""

import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from card_authority import CA_KEY
from issued_card import CARD_KEY
from patience import ended
from till_host import till_at_a_host
from virtual_reader import INDEPENDENT, PAN, Daemon, daemon, make_store, phone, wait_until

from tapwealth.acquiring.readers.pcsc import PcscReader, reader_names
from tapwealth.card import Interface
from tapwealth.cli import terminal_commands
from tapwealth.kernel.refusal import Outage
from tapwealth.phone.vpcd import VirtualCard
from tapwealth.terminal.config import Application, Tap, TerminalConfig
from tapwealth.terminal.kernel import dialogue, run
from tapwealth.terminal.outcome import OfflineApproval, OnlineRequest
from tapwealth.wire.emv_crypto import Padding, limited_use_key, pboc_session_key, retail_mac

SUPPORT = Path(__file__).resolve().parents[1] / "support"
SLOT = "00 00"
PPSE = bytes.fromhex("00A404000E325041592E5359532E444446303100")
SELECT = bytes.fromhex("00A4040008A00000033301010100")
GPO = bytes.fromhex("80A8000023832136800000000000001234000000000000015600000000000156140224000102030400")


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[Daemon]:
    with daemon(tmp_path) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return make_store(tmp_path / "phone1.json")


def atc(store: Path) -> int:
    return int(json.loads(store.read_text())["atc"])


def powered(name: str = SLOT) -> PcscReader:
    """The reader with its card, once the daemon has seen it."""
    reader = PcscReader(name)

    def there() -> bool:
        try:
            reader.connect()
        except Outage:
            return False
        return True

    wait_until(there, "a card in the reader")
    return reader


def tap(reader: PcscReader, sequence: int, amount: int = 1_234) -> OnlineRequest:
    reader.connect()
    outcome = run(dialogue(TerminalConfig("TERM0001"), Tap(amount, date(2014, 2, 24), b"\1\2\3\4", sequence)), reader.transmit)
    reader.close()
    assert isinstance(outcome, OnlineRequest), outcome
    return outcome


def test_our_terminal_taps_a_thousand_times_in_a_row(readers: Daemon, store: Path) -> None:
    with phone(store, "--vpcd", f"127.0.0.1:{readers.port}"):
        reader = powered()
        began = time.monotonic()
        counters = [tap(reader, number).atc for number in range(1, 1_001)]
        print(f"1,000 taps through PC/SC, {time.monotonic() - began:.2f} ms each")
    assert counters == list(range(1, 1_001))
    assert atc(store) == 1_000


def test_an_offline_tap_is_proved_genuine_and_its_cash_is_gone_from_the_phone(readers: Daemon, store: Path) -> None:
    offline = TerminalConfig("TW000001", applications=(Application(floor_limit=200_00),), ttq=bytes.fromhex("37000080"), ca_keys=(CA_KEY,))
    balance = int(json.loads(store.read_text())["cash"]["balance"])
    with phone(store, "--vpcd", f"127.0.0.1:{readers.port}"):
        reader = powered()
        approved = run(dialogue(offline, Tap(1_234, date(2014, 2, 24), b"\1\2\3\4", 1)), reader.transmit)
        reader.close()
    assert isinstance(approved, OfflineApproval), approved
    assert int(json.loads(store.read_text())["cash"]["balance"]) == balance - 1_234


def test_the_merchants_terminal_takes_a_payment_from_a_card_in_a_reader(readers: Daemon, store: Path, tmp_path: Path) -> None:
    with till_at_a_host(tmp_path / "till") as till, phone(store, "--vpcd", f"127.0.0.1:{readers.port}"):
        done = terminal_commands.pay(till, "12.50", f"pcsc:{SLOT}", 20, terminal_commands.Paper(None, None))
    assert (done.code, done.data["outcome"], done.data["card"]) == (0, "approved", "622200******0009")


def test_power_lost_between_any_two_commands_spends_no_more_than_a_counter(readers: Daemon, store: Path) -> None:
    with phone(store, "--vpcd", f"127.0.0.1:{readers.port}"):
        reader = powered()
        for said in ([], [PPSE], [PPSE, SELECT], [PPSE, SELECT, GPO]):
            before = atc(store)
            reader.connect()
            answers = [reader.transmit(command) for command in said]
            assert all(answer[-2:] == b"\x90\x00" for answer in answers)
            reader.close()
            reader.connect()
            assert reader.transmit(GPO) == bytes.fromhex("6985"), "the dialogue must be forgotten"
            assert atc(store) == before + (GPO in said)
            assert tap(reader, 9).atc == before + (GPO in said) + 1


def test_the_phone_comes_back_when_the_daemon_does(readers: Daemon, store: Path) -> None:
    with phone(store, "--vpcd", f"127.0.0.1:{readers.port}") as running:
        running.wait_for("in the contactless reader")
        assert tap(powered(), 1).atc == 1
        readers.stop()
        running.wait_for("the reader is gone")
        readers.start()
        running.wait_for("in the contactless reader", times=2)
        assert tap(powered(), 2).atc == 2


@pytest.mark.parametrize(
    ("interface", "atr", "uid"),
    [
        ("contactless", "3B8F8001804F0CA000000306030001000000006A", r"08[0-9A-F]{6}9000"),
        ("contact", "3B6500002063CB6800", "6A81"),
    ],
)
def test_the_reader_sees_the_kind_of_card_that_was_asked_for(readers: Daemon, store: Path, interface: str, atr: str, uid: str) -> None:
    import smartcard.System

    with phone(store, "--vpcd", f"127.0.0.1:{readers.port}", "--interface", interface):
        reader = powered()
        assert re.fullmatch(uid, reader.transmit(bytes.fromhex("FFCA000000")).hex().upper())
        connection = smartcard.System.readers()[0].createConnection()
        connection.connect()
        assert bytes(connection.getATR()).hex().upper() == atr
        connection.disconnect()
        reader.close()


def test_readers_are_listed_and_found_by_a_part_of_their_name(readers: Daemon) -> None:
    assert reader_names() == ["Virtual PCD 00 00", "Virtual PCD 00 01"]
    with pytest.raises(Outage, match=r"fits more than one reader; there are: Virtual PCD 00 00, Virtual PCD 00 01$"):
        PcscReader("Virtual").connect()
    with pytest.raises(Outage, match="there is no such reader"):
        PcscReader("Omnikey").connect()
    with pytest.raises(Outage, match=r"^Virtual PCD 00 01: no card; hold one to the reader$"):
        PcscReader("00 01").connect()


class OldCard:
    """A T=0 card as they were made for contacts: no Le beside data, answers to be fetched, and a wrong Le put right."""

    def __init__(self) -> None:
        self.waiting = b""

    def leave_field(self) -> None:
        self.waiting = b""

    def transmit(self, c_apdu: bytes) -> bytes:
        if c_apdu[1] == 0xC0:
            size = c_apdu[4] or 256
            piece, self.waiting = self.waiting[:size], self.waiting[size:]
            return piece + (bytes((0x61, min(len(self.waiting), 255))) if self.waiting else b"\x90\x00")
        if len(c_apdu) == 5:
            return b"\x6c\x04" if c_apdu[4] != 4 else b"four\x90\x00"
        if len(c_apdu) != 5 + c_apdu[4]:
            return bytes.fromhex("6700")
        self.waiting = bytes(range(200))
        return b"\x61\x64"


def test_answers_of_old_cards_are_fetched_in_pieces(readers: Daemon) -> None:
    card = VirtualCard(OldCard(), Interface.CONTACT, "127.0.0.1", readers.port, lambda _: None)
    serving = threading.Thread(target=card.run)
    serving.start()
    try:
        reader = powered()
        assert reader.transmit(SELECT) == bytes(range(200)) + b"\x90\x00"
        assert reader.transmit(bytes.fromhex("00B2010C00")) == b"four\x90\x00"
        reader.close()
    finally:
        card.stop()
        ended(serving, "the card")


@pytest.fixture
def independent() -> Path:
    """PyPI `emv`'s own Python, with the pyscard that it pins; its code shares nothing with ours."""
    if not (INDEPENDENT / "python").exists():
        pytest.skip("the independent reader is missing: run 'make card-reader'")
    return INDEPENDENT


def said_by(program: Path, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_independent_reader_pays_with_the_phone_as_a_contact_card(readers: Daemon, store: Path, independent: Path) -> None:
    """It finds the application, reads every record, and asks for both cryptograms; the issuer finds the first one right."""
    with phone(store, "--vpcd", f"127.0.0.1:{readers.port}", "--interface", "contact"):
        powered().close()
        seen = json.loads(said_by(independent / "python", "-W", "ignore", str(SUPPORT / "read_by_emv.py")))
    assert seen["applications"] == [["A000000333010101", "Tapwealth"]]
    assert (seen["pan"], seen["psn"], seen["expiry"]) == (PAN, "01", "271231")
    assert seen["contactless directory"] == "file not found"
    assert seen["atc"] == [1, 1, 1]
    assert seen["first"]["kind"] == "80"
    assert seen["second"]["kind"] == "40", "the issuer approved, the card takes it"
    assert seen["first"]["cryptogram"] == expected_cryptogram(seen).hex().upper()
    assert atc(store) == 1


def expected_cryptogram(seen: dict[str, Any]) -> bytes:
    """The issuer's own computation over what the reader sent and the card said (PBOC 3.0 part 5)."""
    told = {name: bytes.fromhex(value) for name, value in seen["told"].items()}
    sent = b"".join(told[name] for name in ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37"))
    iad = bytes.fromhex(seen["first"]["iad"])
    counter = int(seen["first"]["atc"], 16)
    data = sent + bytes.fromhex(seen["aip"]) + counter.to_bytes(2, "big") + iad[3:7]
    return retail_mac(pboc_session_key(limited_use_key(CARD_KEY, 1), counter), data, Padding.MARKED)


def test_the_independent_readers_own_program_lists_and_dumps_the_phone(readers: Daemon, store: Path, independent: Path) -> None:
    with phone(store, "--vpcd", f"127.0.0.1:{readers.port}", "--interface", "contact"):
        powered().close()
        listed = said_by(independent / "emvtool", "listapps")
        dumped = said_by(independent / "emvtool", "--redact", "appdata", "0")
        information = said_by(independent / "emvtool", "--redact", "info")
    assert "A0 00 00 03 33 01 01 01" in listed
    assert "Tapwealth" in listed
    assert "Issuer Public Key Certificate" in dumped
    assert "Tapwealth" in information
    assert "Error reading" not in information.replace("Error reading 2PAY", "")
