"""The phone over TCP: taps by our kernel, peers that break every rule, kills, consent, and what the trace shows."""

import asyncio
import json
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from patience import WITHIN_S, ended
from virtual_reader import PAN, PhoneProcess, make_store, phone, secrets_of, wait_until

from tapwealth.acquiring.readers.relay import RelayReader
from tapwealth.card import Interface
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.phone.relay import UNHURRIED, listen
from tapwealth.phone.store import CardStore
from tapwealth.phone.wallet import Phone
from tapwealth.play.cast import cast_of
from tapwealth.play.devices import phone_of
from tapwealth.terminal.config import Tap, TerminalConfig
from tapwealth.terminal.kernel import dialogue, run
from tapwealth.terminal.outcome import Ended, OnlineRequest, Outcome
from tapwealth.wire.apdu_relay import Fault, Frame, Kind

HELLO, FIELD_ON = "00020101", "000102"
GREETED, ON = "0003810101", "000182"
GPO = bytes.fromhex("80A8000023832136800000000000001234000000000000015600000000000156140224000102030400")
SELECT = bytes.fromhex("00A4040008A00000033301010100")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return make_store(tmp_path / "phone1.json")


def port_of(running: PhoneProcess) -> int:
    return int(running.wait_for("listening at").split(":")[1].split(",")[0])


def outcome(port: int, sequence: int = 1, amount: int = 1_234) -> Outcome:
    reader = RelayReader("127.0.0.1", port)
    reader.connect()
    try:
        return run(dialogue(TerminalConfig("TERM0001"), Tap(amount, date(2014, 2, 24), b"\1\2\3\4", sequence)), reader.transmit)
    finally:
        reader.close()


def tap(port: int, sequence: int = 1, amount: int = 1_234) -> OnlineRequest:
    ended = outcome(port, sequence, amount)
    assert isinstance(ended, OnlineRequest), ended
    return ended


class Counted(Phone):
    """Tells how often it lost its field."""

    def __init__(self, store: CardStore) -> None:
        self.left = 0
        super().__init__(store)

    def leave_field(self) -> None:
        self.left += 1
        super().leave_field()


class Hurry:
    """The patience of a phone that is to give up waiting, if so, and then takes its time."""

    def __init__(self, *, hello: bool, later: bool) -> None:
        self.hello_ms = 200 if hello else 60_000
        self.frame_ms = self.idle_ms = 200 if later else 60_000

    def end(self) -> None:
        self.hello_ms = self.frame_ms = self.idle_ms = 60_000


@contextmanager
def served(path: Path, made: Callable[[CardStore], Phone] = Phone, patience: Any = UNHURRIED) -> Iterator[int]:
    """A phone in this process; gives its port."""
    loop = asyncio.new_event_loop()
    begun: list[int] = []
    ready = threading.Event()

    async def serve() -> None:
        card = made(CardStore(path))
        server = await listen(card, Interface.CONTACTLESS, "127.0.0.1", 0, patience)
        begun.append(server.sockets[0].getsockname()[1])
        ready.set()
        async with server:
            await stopped.wait()

    stopped = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(60)
    try:
        yield begun[0]
    finally:
        loop.call_soon_threadsafe(stopped.set)
        ended(thread, "the phone")
        loop.close()


def said_to(port: int, *pieces: str) -> str:
    """What a peer that sends these bytes, whatever they are, is answered until it is hung up on."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        received = b""
        try:
            for piece in pieces:
                line.sendall(bytes.fromhex(piece))
            while more := line.recv(4096):
                received += more
        except ConnectionResetError:
            pass
    return received.hex().upper()


def test_a_phone_over_tcp_is_read_by_our_kernel_and_ends_with_ctrl_c(store: Path) -> None:
    with phone(store, "--tcp", "127.0.0.1:0") as running:
        port = port_of(running)
        assert [tap(port, number).atc for number in range(1, 51)] == list(range(1, 51))
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(60) == 0
        assert len(running.lines()) == 1, "a clean end says nothing"


def test_the_trace_explains_each_command_and_hides_the_pan_and_never_shows_a_key(store: Path) -> None:
    with phone(store, "--tcp", "127.0.0.1:0", "--trace") as running:
        tap(port_of(running))
        running.wait_for("Available offline spending amount")
        said = "\n".join(running.lines())
    for line in (
        "  SELECT the contactless directory (PPSE)",
        "  GET PROCESSING OPTIONS",
        "    9F02 Amount, authorised: 12.34 yuan",
        "      9F36 Application transaction counter: 0001 (transaction 1)",
        "      57 Track 2 equivalent data: PAN 622200******0009, to 12/27, service code 220",
        "  9000 done",
    ):
        assert line in said.splitlines(), said
    assert PAN not in said
    assert not [secret for secret in secrets_of(store) if secret in said.upper()]


def test_the_pan_is_shown_on_request_and_with_a_warning(store: Path) -> None:
    with phone(store, "--tcp", "127.0.0.1:0", "--trace", "--clear") as running:
        tap(port_of(running))
        running.wait_for(f"PAN {PAN}")
        said = "\n".join(running.lines())
    assert "warning: --clear shows the PAN in full" in said
    assert not [secret for secret in secrets_of(store) if secret in said.upper()]


def test_a_killed_phone_never_gives_two_cryptograms_under_one_counter(store: Path) -> None:
    given: list[int] = []
    for _ in range(3):
        with phone(store, "--tcp", "127.0.0.1:0") as running:
            port = port_of(running)
            given.append(tap(port).atc)
            killer = threading.Timer(0.05, running.process.kill)
            killer.start()
            try:
                while isinstance(ended := outcome(port), OnlineRequest):
                    given.append(ended.atc)
            except Outage:
                pass
            killer.join()
    assert len(set(given)) == len(given)
    assert given == sorted(given)
    assert int(json.loads(store.read_text())["atc"]) >= given[-1]


def test_one_process_has_a_phone_at_a_time(store: Path) -> None:
    with phone(store, "--tcp", "127.0.0.1:0") as running:
        running.wait_for("listening")
        with phone(store, "--tcp", "127.0.0.1:0") as second:
            assert second.process.wait(60) == 1
            assert second.lines() == [f"{store}: another process uses this phone; end it, or take another phone"]


@pytest.mark.parametrize(
    ("pieces", "answers"),
    [
        (["000101"], "03"),
        (["0000"], "03"),
        (["FFFF" + "00" * 100], "03"),
        (["000177"], "03"),
        (["00020102"], "01"),
        ([FIELD_ON], "04"),
        ([HELLO[:2]], "05"),
        ([HELLO[:6]], "05"),
        ([""], "05"),
    ],
)
def test_who_does_not_greet_rightly_is_told_so_and_hung_up_on(store: Path, pieces: list[str], answers: str) -> None:
    hurry = Hurry(hello=answers == "05", later=answers == "05")
    with served(store, patience=hurry) as port:
        answer = said_to(port, *pieces)
        hurry.end()
        assert answer[4:8] == "FF" + answers, answer
        assert tap(port).atc == 1


@pytest.mark.parametrize(
    ("after", "answers"),
    [
        ([HELLO], "04"),
        (["0006040011223344"], "04"),
        ([FIELD_ON, "000103", "0005040000000000"[:14]], "04"),
        (["0003810101"], "04"),
        ([FIELD_ON, "00040400A404"], "03"),
        ([FIELD_ON, "0107" + "04" + "00" * 262], "03"),
        ([FIELD_ON, "000604AA"], "05"),
        ([FIELD_ON], "05"),
    ],
)
def test_who_breaks_a_rule_later_is_told_so_and_hung_up_on(store: Path, after: list[str], answers: str) -> None:
    hurry = Hurry(hello=False, later=answers == "05")
    with served(store, patience=hurry) as port:
        answer = said_to(port, HELLO, *after)
        hurry.end()
        assert answer.startswith(GREETED)
        assert f"FF{answers}" in answer[len(GREETED) :], answer
        assert tap(port).atc == 1


def test_a_second_reader_is_told_that_the_phone_is_busy_and_the_first_goes_on(store: Path) -> None:
    with served(store) as port:
        first = RelayReader("127.0.0.1", port)
        first.connect()
        with pytest.raises(Outage, match="busy: another reader has the phone"):
            RelayReader("127.0.0.1", port).connect()
        assert first.transmit(SELECT)[-2:] == b"\x90\x00"
        first.close()
        assert tap(port).atc == 1


def test_a_field_that_is_switched_on_again_begins_anew(store: Path) -> None:
    with served(store) as port, socket.create_connection(("127.0.0.1", port), timeout=60) as line:

        def asked(frame: Frame) -> bytes:
            line.sendall(frame.encode())
            return line.recv(int.from_bytes(line.recv(2, socket.MSG_WAITALL), "big"), socket.MSG_WAITALL)[1:]

        asked(Frame(Kind.HELLO, b"\1"))
        for again in (False, True):
            asked(Frame(Kind.FIELD_ON))
            assert asked(Frame(Kind.COMMAND, SELECT))[-2:] == b"\x90\x00"
            if again:
                asked(Frame(Kind.FIELD_ON))
            assert (asked(Frame(Kind.COMMAND, GPO)) == bytes.fromhex("6985")) is again


def test_a_connection_that_just_ends_takes_the_field_away(store: Path) -> None:
    cards: list[Counted] = []

    def made(kept: CardStore) -> Phone:
        cards.append(Counted(kept))
        return cards[0]

    with served(store, made) as port:
        reader = RelayReader("127.0.0.1", port)
        reader.connect()
        assert reader.transmit(SELECT)[-2:] == b"\x90\x00"
        before = cards[0].left
        reader._hang_up()
        wait_until(lambda: cards[0].left == before + 1, "the end of the field")


@contextmanager
def false_phone(*answers: bytes) -> Iterator[int]:
    """Something at a port that gives these bytes, one after each thing that it is sent, and then hangs up."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        server.settimeout(WITHIN_S)
        line, _ = server.accept()
        with line:
            line.settimeout(WITHIN_S)
            for answer in answers:
                line.recv(4096)
                line.sendall(answer)
            line.settimeout(0.5)
            try:
                line.recv(4096)
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        ended(thread, "the false phone")
        server.close()


_HELLO = Frame(Kind.HELLO_ANSWER, b"\1\1").encode()
_ON = Frame(Kind.FIELD_ON_ANSWER).encode()


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "a frame of 18516 bytes"),
        ([b"\0\0"], "a frame of 0 bytes"),
        ([_HELLO[:3]], "it does not answer in time"),
        ([], "it hung up"),
        ([Frame(Kind.HELLO_ANSWER, b"\2\1").encode()], "it speaks version 2"),
        ([Frame(Kind.FIELD_ON_ANSWER).encode()], "FIELD_ON_ANSWER came instead of HELLO_ANSWER"),
        ([_HELLO, Frame(Kind.ERROR, bytes((Fault.CARD,)) + b"no\x1b[2Jt here").encode()], "card: no"),
    ],
)
def test_what_listens_and_is_no_phone_is_an_outage_in_one_line(answers: list[bytes], said: str) -> None:
    with false_phone(*answers) as port, pytest.raises(Outage) as raised:
        RelayReader("127.0.0.1", port, answer_ms=300).connect()
    assert said in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("answer", [b"", b"\0\1", Frame(Kind.RESPONSE, b"").encode(), _ON, b"\1\4\x84" + bytes(259)])
def test_a_phone_that_answers_wrongly_counts_as_gone(answer: bytes) -> None:
    with false_phone(_HELLO, _ON, answer) as port:
        reader = RelayReader("127.0.0.1", port, answer_ms=300)
        reader.connect()
        assert reader.transmit(SELECT) == b""
        reader.close()


def test_nobody_there_is_an_outage_in_one_line() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(Outage, match=r"Connection refused; start the phone"):
            RelayReader("127.0.0.1", unused.getsockname()[1]).connect()


def test_an_amount_above_the_limit_waits_for_the_owner_and_goes_through_once(store: Path) -> None:
    with phone(store, "--tcp", "127.0.0.1:0", "--consent", "ask", "--consent-above", "100.00") as running:
        port = port_of(running)
        assert tap(port, amount=10_000).atc == 1
        refused = outcome(port, amount=10_001)
        assert isinstance(refused, Ended)
        assert "6986" in str(refused.refusal)
        running.wait_for("? pay 100.01 yuan?")
        running.type("y")
        tried: list[OnlineRequest] = []

        def goes_through() -> bool:
            if isinstance(ended := outcome(port, amount=10_001), OnlineRequest):
                tried.append(ended)
            return bool(tried)

        wait_until(goes_through, "the tap after the owner's consent")
        (ended,) = tried
        assert ended.atc == 2, "a refused tap spends no counter"
        assert isinstance(outcome(port, amount=10_001), Ended), "a consent is for one tap"


@pytest.mark.parametrize(("mode", "pays"), [("always", True), ("never", False)])
def test_a_phone_may_always_consent_or_never(store: Path, mode: str, pays: bool) -> None:
    with phone(store, "--tcp", "127.0.0.1:0", "--consent", mode, "--consent-above", "0.00") as running:
        assert isinstance(outcome(port_of(running)), OnlineRequest) is pays


def test_a_customer_of_the_played_week_is_named_by_name_or_number(tmp_path: Path) -> None:
    person = cast_of(7).customers[1]
    with pytest.raises(BadInput, match="no week was played here"):
        phone_of(tmp_path, person.name)
    (tmp_path / "billing.json").write_text('{"seed": 7}')
    with pytest.raises(BadInput, match="those who have one: nobody yet"):
        phone_of(tmp_path, person.name)
    (tmp_path / "devices").mkdir()
    made = make_store(tmp_path / "devices" / "phone1.json")
    assert phone_of(tmp_path, person.name) == phone_of(tmp_path, person.phone) == made
    with pytest.raises(BadInput, match=f"those who have one: {person.name} {person.phone}$"):
        phone_of(tmp_path, cast_of(7).customers[0].name)


def test_a_phone_that_is_not_there_is_said_in_one_line_with_those_that_are(store: Path) -> None:
    missing = store.with_name("phone9.json")
    with pytest.raises(BadInput, match=rf"phone9.json: no phone is stored here; there are {store}$"):
        CardStore(missing).load()
