"""A bank behind a real host, and a line that can lose what the host says: what a till's tests stand against."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from patience import ended

from tapwealth.counter.till_folder import read_till
from tapwealth.host.listener import Listener
from tapwealth.kernel.in_flight import InFlight
from tapwealth.wire.iso8583.requests import (
    AuthorisationRequest,
    AuthorisationResponse,
    BatchUploadRequest,
    BatchUploadResponse,
    FollowUpRequest,
    ManagementRequest,
    ManagementResponse,
    Reconciliation,
    RequestKey,
    ReversalRequest,
    ReversalResponse,
    SettlementRequest,
    SettlementResponse,
    TerminalRequest,
    Totals,
    TransactionKind,
)
from tapwealth.wire.iso8583.working_keys import WorkingKeys, enciphered

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
MASTER_KEY = bytes.fromhex("1122334455667788AABBCCDDEEFF0011")
NEW_KEY = bytes.fromhex("23456789ABCDEF01EFCDAB8967452301")
MERCHANT, TERMINAL = "102110053119999", "80000001"
NOON = datetime(2014, 2, 24, 4, 0, tzinfo=UTC)


class Bank:
    """Approves up to a limit, undoes, counts batches; the same request gets the same answer. `keys` are those the host knows."""

    def __init__(self) -> None:
        self.seen: list[TerminalRequest] = []
        self.held: dict[RequestKey, int] = {}
        self.cleared: dict[RequestKey, int] = {}
        self.advised: dict[RequestKey, AuthorisationResponse] = {}
        self.returned: dict[RequestKey, int] = {}
        self.undoing: dict[RequestKey, RequestKey] = {}
        self.undone: set[RequestKey] = set()
        self.uploaded: dict[RequestKey, int] = {}
        self.keys: list[bytes] = [KEY]
        self.before: Callable[[TerminalRequest], None] = lambda request: None
        self.sale_code = self.advice_code = self.reversal_code = ""
        self.missing = 0

    def _take(self, request: TerminalRequest) -> None:
        self.seen.append(request)
        self.before(request)

    async def sale(self, request: AuthorisationRequest) -> AuthorisationResponse:
        self._take(request)
        if request.kind is TransactionKind.OFFLINE_SALE:
            return self._advice(request)
        if self.sale_code:
            return AuthorisationResponse(response_code=self.sale_code)
        if request.amount > 100_000:
            return AuthorisationResponse(response_code="51")
        assert request.key not in self.held, "a STAN came twice"
        if request.key not in self.undone:
            self.held[request.key] = request.amount
        return AuthorisationResponse(response_code="00", authorisation_code="A00001", rrn=f"140224{request.stan}", icc_data=b"\x91\x00")

    def _advice(self, request: AuthorisationRequest) -> AuthorisationResponse:
        if self.advice_code == "96":
            return AuthorisationResponse(response_code="96")
        if request.key not in self.advised:
            code = self.advice_code or "00"
            self.advised[request.key] = AuthorisationResponse(response_code=code, authorisation_code="E00001", rrn=f"140224{request.stan}")
            if code == "00":
                self.held[request.key] = request.amount
        return self.advised[request.key]

    async def follow_up(self, request: FollowUpRequest) -> AuthorisationResponse:
        self._take(request)
        good = AuthorisationResponse(response_code="00", authorisation_code="V00001", rrn=f"140224{request.stan}")
        if request.key in self.undone:
            return AuthorisationResponse(response_code="12")
        if request.kind is TransactionKind.VOID:
            if self.held.get(request.original_key) != request.amount:
                return AuthorisationResponse(response_code="25")
            del self.held[request.original_key]
            self.undoing[request.key] = request.original_key
            return good
        if request.original_key not in self.cleared:
            return AuthorisationResponse(response_code="12")
        self.returned[request.key] = request.amount
        return good

    async def reversal(self, request: ReversalRequest) -> ReversalResponse:
        self._take(request)
        if self.reversal_code:
            return ReversalResponse(response_code=self.reversal_code)
        self.undone.add(request.reversed_key)
        found = self.held.pop(request.reversed_key, None) or self.returned.pop(request.reversed_key, None)
        if request.reversed_key in self.undoing:
            self.held[self.undoing.pop(request.reversed_key)] = found = request.amount
        return ReversalResponse(response_code="00" if found is not None else "25")

    async def batch_upload(self, request: BatchUploadRequest) -> BatchUploadResponse:
        self._take(request)
        self.uploaded[request.captured_key] = request.amount
        return BatchUploadResponse(response_code="00" if request.captured_key in self.held else "25")

    async def settlement(self, request: SettlementRequest) -> SettlementResponse:
        self._take(request)
        own = [amount for key, amount in self.uploaded.items() if key.batch == request.batch]
        back = [amount for key, amount in self.returned.items() if key.batch == request.batch]
        counted = Totals(debit_amount=sum(own) - self.missing, debit_count=len(own), credit_amount=sum(back), credit_count=len(back))
        equal = Reconciliation.EQUAL if counted == request.totals else Reconciliation.DIFFERENT
        self.cleared |= {key: amount for key, amount in self.held.items() if key.batch == request.batch}
        return SettlementResponse(response_code="00", reconciliation=equal, totals=counted)

    async def management(self, request: ManagementRequest) -> ManagementResponse:
        self._take(request)
        if not request.kind.value.startswith("0800"):
            return ManagementResponse(response_code="00")
        self.keys = [self.keys[0], NEW_KEY]
        return ManagementResponse(response_code="00", keys=enciphered(WorkingKeys(NEW_KEY, NEW_KEY), MASTER_KEY))

    async def key_taken(self, merchant_id: str, terminal_id: str, key: bytes) -> None:
        self.keys = [key]


class Network:
    """A proxy between till and host that can lose what the host says, or cut the line instead."""

    def __init__(self, host_port: int) -> None:
        self.host_port, self.port, self.lost = host_port, 0, 0
        self.loses_next = 0
        self.cuts_next = 0
        self.mangles = False
        self._server: asyncio.Server | None = None
        self._lines: list[asyncio.Task[None]] = []
        self._ends: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Lines that are still up are cut: nothing of them outlives the loop."""
        assert self._server is not None
        self._server.close()
        for _ in range(4):
            await asyncio.sleep(0)  # who was taken up just now becomes a line within these turns of the loop
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)
        for writer in self._ends:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in self._ends), return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.append(writer)
        line = asyncio.create_task(self._carry(reader, writer))
        self._lines.append(line)
        line.add_done_callback(lambda _: writer.transport.abort())  # also where no host takes the line up

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host_reader, host_writer = await self._to_the_host()
        tasks = [asyncio.create_task(self._up(reader, host_writer)), asyncio.create_task(self._down(host_reader, writer))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            host_writer.transport.abort()

    async def _to_the_host(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connected whole, or not at all: who is cut while it comes about leaves what has come to `stop`."""
        opening = asyncio.create_task(asyncio.open_connection("127.0.0.1", self.host_port))
        try:
            reader, writer = await asyncio.shield(opening)
        except asyncio.CancelledError:
            (found,) = await asyncio.gather(opening, return_exceptions=True)
            if not isinstance(found, BaseException):
                self._ends.append(found[1])
            raise
        self._ends.append(writer)
        return reader, writer

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while received := await reader.read(4_096):
            writer.write(received)

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while received := await reader.read(4_096):
            if self.cuts_next:
                self.cuts_next -= 1
                return
            if self.loses_next:
                self.loses_next -= 1
                self.lost += 1
                continue
            writer.write(received[:-1] + b"?" if self.mangles else received)
            self.mangles = False


@asynccontextmanager
async def hosted(bank: Bank) -> AsyncIterator[Network]:
    """The bank behind a listener on a real socket, and the line to it."""

    async def key_of(merchant_id: str, terminal_id: str) -> list[bytes]:
        return list(reversed(bank.keys)) if (merchant_id, terminal_id) == (MERCHANT, TERMINAL) else []

    async def clock() -> datetime:
        return NOON

    listener = Listener(handlers=bank, find_mac_keys=key_of, read_platform_clock=clock, in_flight=InFlight())
    network = Network(await listener.start("127.0.0.1", 0))
    await network.start()
    yield network
    await network.stop()
    await listener.stop(grace_ms=1_000)


@contextmanager
def served(bank: Bank) -> Iterator[Network]:
    """The host in a thread of its own, as commands run a loop of theirs."""
    loop = asyncio.new_event_loop()
    stop, ready, lines = asyncio.Event(), threading.Event(), list[Network]()

    async def serve() -> None:
        async with hosted(bank) as network:
            lines.append(network)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(60)
    try:
        yield lines[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        ended(thread, "the host")
        loop.close()


def set_up(folder: Path, port: int, **more: Any) -> Path:
    """A till's folder with a state."""
    folder.mkdir()
    entries: dict[str, Any] = {"host": f"127.0.0.1:{port}", "merchant": MERCHANT, "terminal": TERMINAL, "name": "晨光小店"}
    entries |= {"key_file": "till.key", "timeout_ms": 2_000}
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in (entries | more).items() if value is not None]
    (folder / "till.toml").write_text("\n".join([*lines, "clock = 2014-02-24T12:00:00+08:00"]))
    (folder / "till.toml").chmod(0o600)
    for name, key in (("till.key", KEY), ("master.key", MASTER_KEY)):
        (folder / name).write_text(key.hex())
        (folder / name).chmod(0o600)
    return folder


@contextmanager
def till_at_a_host(folder: Path) -> Iterator[Path]:
    """A new till's folder, and its host."""
    with served(Bank()) as network:
        set_up(folder, network.port)
        read_till(folder).till(start_batch=1).close()
        yield folder
