"""The short way to /v1 beside the ordinary one, over real sockets: what comes whole and what comes in pieces is answered alike, in its
order, and nothing that HTTP can do to a server leads to another answer. The edge is the real one, its operations are made for the tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from served_house import serving

from tapwealth.api.commands import Gate
from tapwealth.api.short_way import _head
from tapwealth.api.v1.edge import Edge, Front, Receive, Send
from tapwealth.api.v1.operation import Asked, Operation
from tapwealth.bench.load import DAY, NOW
from tapwealth.flows.customers.clients import Bearer
from tapwealth.flows.frame import Envelope
from tapwealth.flows.v1.claim_papers import Handed
from tapwealth.flows.v1.shapes import Fund, NewOrder, Order
from tapwealth.kernel.ids import named, prefixed
from tapwealth.kernel.in_flight import InFlight
from tapwealth.kernel.refusal import BadInput
from tapwealth.storage.clients import Scope

NOTHING: Any = None
ACCOUNT = prefixed("acc", named(NOW, 1, "somebody"))
BODY = b'{"type":"purchase","fund":"000198","amount":{"amount":164,"currency":"CNY"}}'
PIECE = 1 << 20
TOKEN = b"Authorization: Bearer right\r\n"


class Tokens:
    """One token is right."""

    def read(self, token: str) -> Bearer | None:
        return Bearer(UUID(int=7), frozenset(Scope)) if token == "right" else None


class Counted(Front):
    """Counts what goes the ordinary way."""

    ordinary = 0

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        self.ordinary += 1
        await super().__call__(scope, receive, send)


class House:
    """The edge with one order and one fund. Orders wait for `go`."""

    def __init__(self) -> None:
        self.go, self.asked, self.flight, self.opened = asyncio.Event(), list[bytes](), InFlight(), 0
        self.go.set()
        path = "/v1/accounts/{account}/orders"
        operations = [
            Operation("create_order", "POST", path, Scope.ORDERS_WRITE, "", Order, act=self._order, takes=NewOrder),
            Operation("get_fund", "GET", "/v1/funds/{fund}", Scope.FUNDS_READ, "", Fund, read=self._fund),
            Operation("get_file", "GET", "/v1/files/{file}", Scope.FUNDS_READ, "", bytes, read=self._file),
        ]
        gate: Any = Gate(NOTHING, self.flight, self._clock)
        tokens: Any = Tokens()
        self.app = Counted(Edge(gate, tokens, NOTHING, operations, 16, lambda: 1), self._rest)

    async def _clock(self) -> Any:
        return NOW

    async def _order(self, envelope: Envelope, _asked: Any, _path: Any) -> Order:
        self.asked.append(envelope.key.bytes)
        await self.go.wait()
        return Order(f"ord_{envelope.key.hex}", ACCOUNT, "purchase", "000198", None, None, "processing", NOW, DAY, DAY)

    async def _fund(self, asked: Asked) -> Any:
        return {"fund": asked.path["fund"]}

    async def _file(self, asked: Asked) -> Handed:
        """Of so many pieces; what is said to be one more than there are breaks off."""
        wanted, _, there = asked.path["file"].partition("-")

        async def pieces() -> AsyncIterator[bytes]:
            for number in range(int(there or wanted)):
                self.opened += 1
                yield bytes([number % 256]) * PIECE
            if there:
                raise BadInput("a piece was altered", where="file")

        return Handed("a.jpeg", "image/jpeg", int(wanted) * PIECE, pieces())

    async def _rest(self, _scope: Any, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})


class Answer:
    """One answer of a connection."""

    def __init__(self, head: bytes, body: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        assert first.startswith("HTTP/1.1 "), first
        self.status, self.body = int(first.split(" ")[1]), body
        self.headers = dict(line.split(": ", 1) for line in lines)

    @property
    def lasting(self) -> Any:
        """What does not differ from one request to the same one asked again."""
        moving = {"date", "request-id"}
        return self.status, {name: said for name, said in self.headers.items() if name not in moving}, self.body


class Connection:
    """A client that writes bytes and reads answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0.002)

    async def answer(self, *, body: bool = True) -> Answer:
        head = (await self.reader.readuntil(b"\r\n\r\n"))[:-4]
        while head.startswith(b"HTTP/1.1 100"):
            head = (await self.reader.readuntil(b"\r\n\r\n"))[:-4]
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or b"0") if body else 0
        return Answer(head, await self.reader.readexactly(length))

    async def ended(self) -> bool:
        """At once, not when a server has had enough of waiting."""
        async with asyncio.timeout(3):
            return await self.reader.read(1) == b""


@pytest.fixture
async def house() -> House:
    return House()


@pytest.fixture
async def client(house: House) -> AsyncIterator[Connection]:
    async with serving(house.app) as address, connected(address) as connection:
        yield connection


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


def order(key: str, more: bytes = b"", body: bytes = BODY, version: bytes = b"1.1", path: bytes = b"") -> bytes:
    where = path or b"/v1/accounts/" + ACCOUNT.encode() + b"/orders"
    head = b"POST " + where + b" HTTP/" + version + b"\r\nHost: here\r\nContent-Type: application/json\r\n" + TOKEN
    return head + b"Idempotency-Key: " + key.encode() + b"\r\n" + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def fund(method: bytes = b"GET", more: bytes = b"") -> bytes:
    return method + b" /v1/funds/000198 HTTP/1.1\r\nHost: here\r\n" + TOKEN + more + b"\r\n"


async def test_what_comes_whole_goes_the_short_way_and_is_answered_as_on_the_ordinary_one(house: House, client: Connection) -> None:
    await client.send(order("1"))
    whole, before = await client.answer(), house.app.ordinary
    assert (whole.status, before) == (201, 0)
    for pieces in (
        [order("1")[:40], order("1")[40:]],
        [order("1")[:-3], order("1")[-3:]],
        [order("1")[at : at + 7] for at in range(0, len(order("1")), 7)],
    ):
        await client.send(*pieces)
        assert (await client.answer()).lasting == whole.lasting
    assert house.app.ordinary == 2, "a head in two pieces and a whole body behind it is whole again"
    assert set(house.asked) == {house.asked[0]}, "the same key is the same command on both ways"
    assert len(house.flight) == 0


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        (order("1", body=BODY[:-1]), 400),
        (order("1", body=b"{" + b" " * (1 << 16) + BODY[1:]), 413),
        (order("1").replace(b"Bearer right", b"Bearer wrong"), 401),
        (order("1").replace(b"application/json", b"text/plain"), 415),
        (order("1", more=TOKEN), 400),
        (order("1", path=b"/v1/nothing"), 404),
        (order("1", path=b"/v1/funds/000198"), 405),
        (fund(), 200),
        (fund().replace(b"000198", b"000198?limit=1"), 400),
        (fund().replace(b"GET", b"PATCH"), 405),
    ],
)
async def test_every_kind_of_answer_is_the_same_on_both_ways(client: Connection, request_of: bytes, status: int) -> None:
    await client.send(request_of)
    short = await client.answer()
    await client.send(request_of.replace(b"Host: here", b"Host: here\r\nExpect: 100-continue"))
    ordinary = await client.answer()
    said = [{**one.headers, "date": "", "request-id": ""} for one in (short, ordinary)]
    assert (short.status, said[0]) == (ordinary.status, said[1])
    assert short.status == status
    assert short.body.replace(short.headers["request-id"].encode(), b"") == ordinary.body.replace(
        ordinary.headers["request-id"].encode(), b""
    )


async def test_what_the_short_way_does_not_take_goes_the_ordinary_one(house: House, client: Connection) -> None:
    escaped = b"/v1/accounts/%61cc" + ACCOUNT[3:].encode() + b"/orders"
    elsewhere = b"GET /elsewhere HTTP/1.1\r\nHost: here\r\n\r\n"
    for number, asked in enumerate((order("1", path=escaped), elsewhere, order("2", b"Expect: 100-continue\r\n")), 1):
        await client.send(asked)
        assert (await client.answer()).status in (201, 204)
        assert house.app.ordinary == number
    await client.send(fund(b"HEAD"))
    assert int((await client.answer(body=False)).headers["content-length"]) > 0, "the length is told, and no body comes"
    await client.send(fund())
    assert (await client.answer()).body == b'{"fund":"000198"}', "what follows is read from its beginning"


async def test_an_old_version_is_answered_and_the_connection_ends(client: Connection) -> None:
    await client.send(order("1", b"Connection: keep-alive\r\n", version=b"1.0"))
    assert (await client.answer()).status == 201
    assert await client.ended()


async def test_requests_behind_one_another_are_answered_in_their_order(house: House, client: Connection) -> None:
    house.go.clear()
    await client.send(order("1") + fund() + order("2"), order("3"))
    house.go.set()
    answers = [await client.answer() for _ in range(4)]
    assert [one.status for one in answers] == [201, 200, 201, 201]
    assert [one.headers["location"][-32:] for one in answers if one.status == 201] == [key.hex() for key in house.asked]
    await client.send(order("4"))
    assert (await client.answer()).status == 201


async def test_a_connection_that_is_to_end_ends_behind_its_answer(client: Connection) -> None:
    await client.send(order("1", b"Connection: close\r\n"))
    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (201, "close")
    assert await client.ended()


async def test_what_stands_behind_a_body_is_no_header(client: Connection) -> None:
    head = order("1").partition(b"Content-Length")[0].replace(TOKEN, b"") + b"Transfer-Encoding: chunked\r\n\r\n"
    await client.send(head + b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n" + TOKEN + b"\r\n")
    assert (await client.answer()).status == 401


async def test_what_is_no_http_is_told_so_and_the_connection_ends(house: House, client: Connection) -> None:
    await client.send(order("1").replace(b"Host: here", b"Host here"))
    assert (await client.answer()).status == 400
    assert await client.ended()
    assert not house.asked


async def test_what_has_no_path_is_told_so_though_its_body_is_yet_to_come(house: House, client: Connection) -> None:
    await client.send(b"POST http://here HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\n")
    assert (await client.answer()).status == 400
    assert await client.ended()
    assert not house.asked


async def test_a_path_that_is_longer_than_any_goes_the_ordinary_way(client: Connection) -> None:
    await client.send(b"GET /v1/" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n")
    assert (await client.answer()).status == 400
    assert await client.ended()


async def test_who_leaves_while_it_is_decided_leaves_nothing_behind(house: House, client: Connection) -> None:
    house.go.clear()
    await client.send(order("1"))
    assert (len(house.asked), len(house.flight)) == (1, 1)
    client.writer.transport.abort()
    await asyncio.sleep(0.01)
    house.go.set()
    while len(house.flight):
        await asyncio.sleep(0.01)


async def test_who_is_being_served_when_the_server_ends_gets_the_answer(house: House) -> None:
    house.go.clear()
    async with AsyncExitStack() as opened:
        async with serving(house.app) as address:
            client = await opened.enter_async_context(connected(address))
            await client.send(order("1"))
            asyncio.get_running_loop().call_later(0.3, house.go.set)  # the server has been told to end by then
        answer = await client.answer()
        assert (answer.status, answer.headers["connection"]) == (201, "close")
        assert await client.ended()


def a_file(name: bytes) -> bytes:
    return b"GET /v1/files/" + name + b" HTTP/1.1\r\nHost: here\r\n" + TOKEN + b"\r\n"


async def test_a_file_is_handed_out_in_pieces_on_either_way(house: House, client: Connection) -> None:
    await client.send(a_file(b"3"))
    short = await client.answer()
    await client.send(a_file(b"%33"))  # in escapes: the ordinary way
    assert (await client.answer()).lasting == short.lasting
    assert (house.app.ordinary, short.status, short.body) == (1, 200, b"".join(bytes([number]) * PIECE for number in range(3)))
    assert (short.headers["content-type"], short.headers["content-disposition"]) == ("image/jpeg", 'attachment; filename="a.jpeg"')
    await client.send(fund())
    assert (await client.answer()).status == 200, "the connection goes on"


async def test_a_file_is_opened_no_faster_than_it_is_taken_and_not_for_who_left(house: House, client: Connection) -> None:
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport reads
    await client.send(a_file(b"200"))
    await asyncio.sleep(0.2)
    assert 0 < house.opened < 60
    opened = house.opened
    client.writer.transport.abort()
    await asyncio.sleep(0.05)
    assert house.opened <= opened + 1


async def test_a_file_that_breaks_off_is_seen_to_be_short(house: House, client: Connection) -> None:
    await client.send(a_file(b"3-2"))
    with pytest.raises(asyncio.IncompleteReadError) as short:
        await client.answer()
    assert len(short.value.partial) == 2 * PIECE


def test_no_value_makes_a_line_of_its_own() -> None:
    assert _head(200, [(b"location", b"/v1/x")]) == b"HTTP/1.1 200 OK\r\nlocation: /v1/x\r\n\r\n"
    for broken in (b"/v1\r\nset-cookie: x", b"/v1\n", b"/v1\r"):
        with pytest.raises(RuntimeError):
            _head(200, [(b"location", broken)])
