"""The host's listener on real sockets: dialogues, refusals, faults, and peers that misbehave."""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from patience import comes
from structlog.testing import capture_logs

from tapwealth.host.connection import Limits
from tapwealth.host.listener import Listener
from tapwealth.kernel.in_flight import InFlight
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput, Busy, Outage
from tapwealth.wire.iso8583 import terminal_side
from tapwealth.wire.iso8583.fields import Message, pack, unpack
from tapwealth.wire.iso8583.frame import Envelope, framed, unframed
from tapwealth.wire.iso8583.mac import is_sealed_by
from tapwealth.wire.iso8583.requests import (
    AuthorisationRequest,
    AuthorisationResponse,
    BatchUploadRequest,
    BatchUploadResponse,
    FollowUpRequest,
    ManagementRequest,
    ManagementResponse,
    OriginalReference,
    Reconciliation,
    ReversalRequest,
    ReversalResponse,
    SettlementRequest,
    SettlementResponse,
    TerminalRequest,
    Totals,
)

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
MERCHANT = "102110053119999"
PAYMENT = terminal_side.Payment(track2=Pan("6212345678901232D24122200000012345678"), psn="01", amount=1250, entry_mode="07")
NOON = datetime(2014, 2, 24, 4, 0, tzinfo=UTC)
PAN = "6212345678901232"


async def nothing(request: TerminalRequest) -> None:
    """Handled at once."""


class Desk:
    """Handlers that approve everything, after whatever the test wants to happen first."""

    def __init__(self) -> None:
        self.seen: list[TerminalRequest] = []
        self.first: Callable[[TerminalRequest], Awaitable[None]] = nothing
        self.rrn = "140224000001"

    async def _take(self, request: TerminalRequest) -> None:
        self.seen.append(request)
        await self.first(request)

    async def sale(self, request: AuthorisationRequest) -> AuthorisationResponse:
        await self._take(request)
        return AuthorisationResponse(response_code="00", authorisation_code="A00001", rrn=self.rrn)

    async def reversal(self, request: ReversalRequest) -> ReversalResponse:
        await self._take(request)
        return ReversalResponse(response_code="00")

    async def batch_upload(self, request: BatchUploadRequest) -> BatchUploadResponse:
        await self._take(request)
        return BatchUploadResponse(response_code="00")

    async def settlement(self, request: SettlementRequest) -> SettlementResponse:
        await self._take(request)
        return SettlementResponse(response_code="00", reconciliation=Reconciliation.EQUAL)

    async def follow_up(self, request: FollowUpRequest) -> AuthorisationResponse:
        await self._take(request)
        return AuthorisationResponse(response_code="00", rrn=self.rrn)

    async def management(self, request: ManagementRequest) -> ManagementResponse:
        await self._take(request)
        return ManagementResponse(response_code="00")

    async def key_taken(self, merchant: str, terminal: str, key: bytes) -> None:
        """There is only one."""


class Host:
    """A listener with a desk behind it, its clock, and terminals of one merchant; terminal 99999999 is not one of them."""

    def __init__(self, limits: Limits) -> None:
        self.desk, self.in_flight, self.now, self.port = Desk(), InFlight(), NOON, 0
        self.clock_is_away = False
        self.listener = Listener(
            handlers=self.desk,
            find_mac_keys=self.find_mac_keys,
            read_platform_clock=self.read_platform_clock,
            in_flight=self.in_flight,
            limits=limits,
        )

    async def find_mac_keys(self, merchant_id: str, terminal_id: str) -> list[bytes]:
        return [KEY] if merchant_id == MERCHANT and terminal_id != "99999999" else []

    async def read_platform_clock(self) -> datetime:
        await asyncio.sleep(0)
        if self.clock_is_away:
            raise Outage("the database is away")
        return self.now

    async def line(self) -> "Peer":
        return Peer(*await asyncio.open_connection("127.0.0.1", self.port))


async def seen(host: Host) -> None:
    """The host has a request in hand."""
    async with comes("a request"):
        while not host.desk.seen:
            await asyncio.sleep(0.005)


class Peer:
    """A terminal's end of a connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def hear(self) -> bytes:
        async with comes("the host's answer (what kept it from it stands in its log)"):
            length = int.from_bytes(await self.reader.readexactly(2), "big")
            return unframed(await self.reader.readexactly(length))[1]

    async def ask(self, message: Message, key: bytes = KEY) -> bytes:
        self.writer.write(frame(message, key))
        return await self.hear()

    async def is_closed(self) -> bool:
        """Whether the host closes within three seconds without another word."""
        async with asyncio.timeout(3):
            try:
                return await self.reader.read(100) == b""
            except ConnectionError:
                return True

    def leave(self) -> None:
        self.writer.transport.abort()


def place(stan: int, terminal: str = "80000001") -> terminal_side.Place:
    return terminal_side.Place(MERCHANT, terminal, "000001", f"{stan:06d}")


def sale(stan: int = 1, terminal: str = "80000001") -> Message:
    return terminal_side.sale_message(place(stan, terminal), PAYMENT, bytes.fromhex("9F3602000E"))


def reversal(stan: int = 1) -> Message:
    return terminal_side.reversal_message(place(stan), PAYMENT, "98", "0224")


def frame(message: Message, key: bytes | None = KEY) -> bytes:
    return framed(Envelope(), pack(message, key))


def code(answer: bytes) -> str:
    return unpack(answer).fields[39]


SHORT = Limits(connections=300, idle_ms=400, message_ms=400, write_ms=400, in_hand=8, unsent_bytes=4_096)


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = Host(Limits(connections=300))
    host.port = await host.listener.start("127.0.0.1", 0)
    yield host
    await host.listener.stop(grace_ms=1_000)


@pytest.fixture
async def short_host() -> AsyncIterator[Host]:
    """The same with little patience."""
    host = Host(SHORT)
    host.port = await host.listener.start("127.0.0.1", 0)
    yield host
    await host.listener.stop(grace_ms=1_000)


@pytest.fixture
async def peer(host: Host) -> AsyncIterator[Peer]:
    peer = await host.line()
    yield peer
    peer.leave()


# ---- what goes well


async def test_every_kind_of_request_reaches_its_handler_with_the_instant_of_its_last_byte(host: Host, peer: Peer) -> None:
    upload = terminal_side.upload_message(place(3), PAYMENT, OriginalReference("000001", "000001", "0224"), "140224000001", "A00001")
    settlement = terminal_side.settlement_message(place(4), Totals(debit_amount=1250, debit_count=1))
    for number, asked in enumerate((sale(), reversal(), upload, settlement)):
        host.now = NOON + timedelta(minutes=number)
        answer = terminal_side.read_answer(await peer.ask(asked), asked, KEY)
        assert answer.response_code == "00"
        assert host.desk.seen[-1].received_at == host.now
        assert answer.local_time == f"120{number}00"
    assert [type(request).__name__ for request in host.desk.seen] == [
        "AuthorisationRequest",
        "ReversalRequest",
        "BatchUploadRequest",
        "SettlementRequest",
    ]


async def test_a_message_in_ten_pieces_is_stamped_when_the_last_has_come(host: Host, peer: Peer) -> None:
    whole = frame(sale())
    size = len(whole) // 10 + 1
    for start in range(0, len(whole), size):
        host.now = NOON + timedelta(seconds=start)
        peer.writer.write(whole[start : start + size])
        await peer.writer.drain()
        await asyncio.sleep(0.005)
    assert code(await peer.hear()) == "00"
    assert host.desk.seen[0].received_at == host.now


async def test_ten_messages_in_one_piece_are_answered_in_their_order(host: Host, peer: Peer) -> None:
    peer.writer.write(b"".join(frame(sale(stan)) for stan in range(1, 11)))
    answers = [unpack(await peer.hear()).fields[11] for _ in range(10)]
    assert answers == [f"{stan:06d}" for stan in range(1, 11)]


async def test_one_terminal_waits_for_itself_but_not_for_another_on_the_same_line(host: Host, peer: Peer) -> None:
    gate = asyncio.Event()

    async def hold_first(request: TerminalRequest) -> None:
        if request.stan == "000001":
            await gate.wait()

    host.desk.first = hold_first
    peer.writer.write(frame(sale(1)) + frame(sale(2)) + frame(sale(3, "80000002")))
    assert unpack(await peer.hear()).fields[11] == "000003"
    assert [request.stan for request in host.desk.seen] == ["000001", "000003"]
    gate.set()
    assert [unpack(await peer.hear()).fields[11] for _ in range(2)] == ["000001", "000002"]


async def test_more_messages_than_hands_wait_for_one_and_are_all_answered(short_host: Host) -> None:
    gate, most = asyncio.Event(), SHORT.in_hand
    peer = await short_host.line()

    async def wait(request: TerminalRequest) -> None:
        await gate.wait()

    short_host.desk.first = wait
    numbers = range(1, 3 * most)
    peer.writer.write(b"".join(frame(sale(number, f"T{number:07d}")) for number in numbers))
    peer.writer.write_eof()
    async with comes("as many requests as there are hands"):
        while len(short_host.desk.seen) < most:
            await asyncio.sleep(0.005)
    await asyncio.sleep(SHORT.idle_ms * 2 / 1000)
    assert (len(short_host.desk.seen), len(short_host.in_flight)) == (most, most)
    gate.set()
    assert sorted([unpack(await peer.hear()).fields[11] for _ in numbers]) == [f"{number:06d}" for number in numbers]
    assert await peer.is_closed()
    peer.leave()


async def test_a_clock_that_cannot_be_had_closes_the_line_and_leaves_nothing_in_hand(host: Host, peer: Peer) -> None:
    host.clock_is_away = True
    with capture_logs() as logs:
        peer.writer.write(frame(sale()))
        assert await peer.is_closed()
    assert [(line["event"], line["reason"]) for line in logs] == [("closed: outage", "the database is away")]
    assert (len(host.in_flight), host.desk.seen) == (0, [])


async def test_a_peer_that_closes_its_half_still_gets_its_answer(host: Host, peer: Peer) -> None:
    peer.writer.write(frame(sale()))
    peer.writer.write_eof()
    assert code(await peer.hear()) == "00"
    assert await peer.is_closed()


async def test_256_terminals_at_once(host: Host) -> None:
    arrived = asyncio.Barrier(256)

    async def all_together(request: TerminalRequest) -> None:
        await arrived.wait()

    async def terminal(number: int) -> str:
        peer = await host.line()
        asked = sale(number, f"T{number:07d}")
        answer = terminal_side.read_answer(await peer.ask(asked), asked, KEY)
        peer.leave()
        return answer.response_code

    host.desk.first = all_together
    async with asyncio.timeout(30):
        codes = await asyncio.gather(*(terminal(number) for number in range(256)))
    assert codes == ["00"] * 256
    assert len({request.key for request in host.desk.seen}) == 256


async def test_the_cut_waits_for_a_request_in_hand_and_not_for_its_reader(host: Host, peer: Peer) -> None:
    gate, midnight = asyncio.Event(), NOON + timedelta(hours=12)

    async def wait(request: TerminalRequest) -> None:
        await gate.wait()

    host.desk.first = wait
    peer.writer.write(frame(sale()))
    await seen(host)
    assert host.in_flight.oldest() == NOON
    cut = asyncio.create_task(host.in_flight.drained_before(midnight))
    await asyncio.sleep(0.02)
    assert not cut.done()
    gate.set()
    async with comes("the cut"):
        await cut
    assert code(await peer.hear()) == "00"


# ---- what is refused


async def test_a_wrong_mac_reaches_no_handler_and_its_answer_has_none(host: Host, peer: Peer) -> None:
    answer = await peer.ask(sale(), key=KEY[::-1])
    assert code(answer) == "A0"
    assert not is_sealed_by(KEY, answer)
    assert host.desk.seen == []


async def test_an_unknown_terminal(host: Host, peer: Peer) -> None:
    answer = await peer.ask(sale(1, "99999999"))
    assert (code(answer), 64 in unpack(answer).fields, host.desk.seen) == ("97", False, [])


async def test_what_cannot_be_read_gets_a_format_error_that_the_terminal_believes(host: Host, peer: Peer) -> None:
    asked = sale()
    broken = Message(asked.mti, dict(asked.fields) | {14: "2413"})
    with capture_logs() as logs:
        answer = terminal_side.read_answer(await peer.ask(broken), asked, KEY)
    assert answer.response_code == "30"
    assert [(line["event"], line["code"], line["reason"]) for line in logs] == [
        ("refused", "30", "field 14 (expiry date): there is no month 13; write YYMM")
    ]
    assert PAN not in str(logs)
    assert code(await peer.ask(sale(2))) == "00"


async def test_what_is_not_taken_is_answered_too(peer: Peer) -> None:
    sign_on = Message("0600", {11: "000001", 41: "80000001", 42: MERCHANT, 60: "00000001003"})
    answer = unpack(await peer.ask(sign_on))
    assert (answer.mti, answer.fields[39]) == ("0610", "40")


async def test_chip_data_that_a_handler_cannot_read(host: Host, peer: Peer) -> None:
    async def unreadable(request: TerminalRequest) -> None:
        raise BadInput("a length runs past the end", where="field 55, tag 9F36")

    host.desk.first = unreadable
    assert code(await peer.ask(sale())) == "30"


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "frame length: a frame announces 18245 bytes; 21 to 4096 are possible"),
        (b"\x00\x15" + bytes(21), "frame byte 1: the TPDU begins with 00; it begins with 60"),
        (framed(Envelope(), bytes.fromhex("02007024068020C08211")),
         "field 2 (primary account number), byte 11: field length is 0 bytes wide, expecting 1; compare it with the bitmap and the length"),
        (b"\x00\x40\x60", "connection: it left after 3 bytes of a message; send it whole"),
    ],
)  # fmt: skip
async def test_garbage_ends_its_own_connection_with_one_line(host: Host, peer: Peer, garbage: bytes, reason: str) -> None:
    other = await host.line()
    with capture_logs() as logs:
        peer.writer.write(frame(sale(1)) + garbage)
        peer.writer.write_eof()
        assert code(await peer.hear()) == "00"
        assert await peer.is_closed()
    assert [(line["event"], line["reason"]) for line in logs] == [("closed: unreadable", reason)]
    assert code(await other.ask(sale(2))) == "00"
    other.leave()


async def test_a_thousand_mangled_messages_harm_nobody(host: Host) -> None:
    chance, good = random.Random(8583), await host.line()
    with capture_logs() as logs:
        for number in range(250):
            peer = await host.line()
            for _ in range(4):
                sent = bytearray(frame(sale(number)))
                for _ in range(chance.randrange(1, 6)):
                    sent[chance.randrange(len(sent))] ^= 1 << chance.randrange(8)
                peer.writer.write(bytes(sent[: chance.randrange(len(sent))] if chance.random() < 0.2 else sent))
            if number % 3:
                peer.writer.write_eof()
                async with asyncio.timeout(5):
                    await asyncio.gather(peer.reader.read(-1), return_exceptions=True)
            peer.leave()
            if number % 50 == 0:
                assert code(await good.ask(sale(number + 1))) == "00"
    good.leave()
    assert PAN not in str(logs)
    assert not [line for line in logs if line["log_level"] == "error"]


# ---- faults of the house


async def test_an_outage_in_a_sale_is_no_answer_and_the_line_lives(host: Host, peer: Peer) -> None:
    async def outage(request: TerminalRequest) -> None:
        if request.stan == "000001":
            raise Outage("the database is away")

    host.desk.first = outage
    with capture_logs() as logs:
        peer.writer.write(frame(sale(1)))
        assert unpack(await peer.ask(sale(2))).fields[11] == "000002"
    assert [(line["event"], line["stan"], line["reason"]) for line in logs] == [("no answer", "000001", "the database is away")]


@pytest.mark.parametrize("asked", [reversal(), terminal_side.settlement_message(place(4), Totals(debit_amount=0, debit_count=0))])
async def test_an_outage_elsewhere_asks_to_come_again(host: Host, peer: Peer, asked: Message) -> None:
    async def outage(request: TerminalRequest) -> None:
        raise Outage("the database is away")

    host.desk.first = outage
    assert terminal_side.read_answer(await peer.ask(asked), asked, KEY).response_code == "96"


async def test_a_full_queue_declines_a_sale_because_nothing_was_tried(host: Host, peer: Peer) -> None:
    async def busy(request: TerminalRequest) -> None:
        raise Busy("the queue is full")

    host.desk.first = busy
    assert code(await peer.ask(sale())) == "96"


async def test_a_fault_of_ours_is_logged_and_not_answered(host: Host, peer: Peer) -> None:
    async def fault(request: TerminalRequest) -> None:
        if request.stan == "000001":
            raise KeyError("a bug")

    host.desk.first = fault
    with capture_logs() as logs:
        peer.writer.write(frame(sale(1)))
        assert unpack(await peer.ask(sale(2))).fields[11] == "000002"
        host.desk.rrn = "too long for field 37"
        peer.writer.write(frame(sale(3)))
        assert code(await peer.ask(reversal(3))) == "00"
    assert [(line["log_level"], line["stan"]) for line in logs] == [("error", "000001"), ("error", "000003")]


# ---- peers that misbehave


async def test_a_silent_peer_is_let_go(short_host: Host) -> None:
    peer = await short_host.line()
    with capture_logs() as logs:
        assert await peer.is_closed()
    assert [(line["event"], line["reason"]) for line in logs] == [("closed: silent", "0 bytes of a message begun")]
    assert short_host.listener.connections == 0
    peer.leave()


async def test_a_peer_that_drips_cannot_hold_a_message_open_for_ever(short_host: Host) -> None:
    peer, whole = await short_host.line(), frame(sale())
    with capture_logs() as logs:
        for position in range(60):
            if peer.writer.is_closing() or peer.reader.at_eof():
                break
            peer.writer.write(whole[position : position + 1])
            await asyncio.sleep(0.025)
        assert await peer.is_closed()
    assert [line["event"] for line in logs] == ["closed: silent"]
    assert short_host.desk.seen == []
    peer.leave()


@pytest.fixture
async def brisk_host() -> AsyncIterator[Host]:
    """It waits long for what comes, and briefly for what it has to say to be taken."""
    host = Host(replace(SHORT, idle_ms=60_000, message_ms=60_000))
    host.port = await host.listener.start("127.0.0.1", 0)
    yield host
    await host.listener.stop(grace_ms=1_000)


async def test_a_peer_that_never_reads_is_dropped_and_costs_little(brisk_host: Host) -> None:
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", brisk_host.port))
    good, many = await brisk_host.line(), b"".join(frame(sale(stan)) for stan in range(100))
    with capture_logs() as logs:
        async with comes("the end of a slow reader"):
            while not any("slow reader" in line["event"] for line in logs):
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    narrow.send(many)
                await asyncio.sleep(0.02)
                assert code(await good.ask(reversal())) == "00"
    narrow.close()
    assert sum("slow reader" in line["event"] for line in logs) == 1
    good.leave()


async def test_too_many_connections_are_turned_away(host: Host) -> None:
    host.listener._limits = Limits(connections=1)
    first = await host.line()
    assert code(await first.ask(sale())) == "00"
    second = await host.line()
    assert await second.is_closed()
    assert code(await first.ask(sale(2))) == "00"
    first.leave()
    second.leave()


async def test_a_peer_that_vanishes_in_the_middle_leaves_its_request_decided(host: Host, peer: Peer) -> None:
    gate = asyncio.Event()

    async def wait(request: TerminalRequest) -> None:
        await gate.wait()

    host.desk.first = wait
    peer.writer.write(frame(sale()))
    await seen(host)
    peer.leave()
    gate.set()
    async with comes("the end of what was in hand, and of its connection"):
        await host.in_flight.drained_before(NOON + timedelta(days=1))
        while host.listener.connections:
            await asyncio.sleep(0.005)


async def test_stopping_answers_what_is_in_hand_and_takes_no_more(host: Host, peer: Peer) -> None:
    gate = asyncio.Event()

    async def wait(request: TerminalRequest) -> None:
        await gate.wait()

    host.desk.first = wait
    peer.writer.write(frame(sale()))
    await seen(host)
    stopping = asyncio.create_task(host.listener.stop())
    await asyncio.sleep(0.02)
    peer.writer.write(frame(sale(2)))
    gate.set()
    assert code(await peer.hear()) == "00"
    assert await peer.is_closed()
    async with comes("the host's stop"):
        await stopping
    assert len(host.desk.seen) == 1
    with pytest.raises(ConnectionRefusedError):
        await host.line()
