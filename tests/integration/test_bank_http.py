"""The bank's HTTP as another bank may speak it: any 2xx is stored, everything else is sent again, whatever a proxy variable says."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tapwealth.bank.bank_http import BankHttp
from tapwealth.bank.mandate_http import MandateHttp
from tapwealth.bank.reservation import ReservationOrder, ReservationState
from tapwealth.kernel.refusal import Outage

DAY = date(2014, 2, 24)


@contextmanager
def bank_that_answers(status: int, content: bytes = b"") -> Iterator[tuple[str, list[bytes]]]:
    """Its address, and what it got."""
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            got.append(self.rfile.read(int(self.headers.get("content-length", 0))))
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET = _answer

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_any_2xx_means_stored(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with bank_that_answers(status, b"thanks") as (address, got):
        await BankHttp(address, "token").send(b"<Document/>")
    assert got == [b"<Document/>"]


@pytest.mark.parametrize("status", [302, 400, 409, 500, 503])
async def test_anything_else_is_to_be_sent_again(status: int) -> None:
    with (
        bank_that_answers(status, b"no\nnot now") as (address, _),
        pytest.raises(Outage, match=f"the bank does not take the message .{status}"),
    ):
        await BankHttp(address, "token").send(b"<Document/>")


async def test_a_statement_is_there_or_not_yet_or_it_is_an_outage() -> None:
    with bank_that_answers(200, b"<Document/>") as (address, _):
        assert await BankHttp(address, "token").statement("0100000001", DAY) == b"<Document/>"
    with bank_that_answers(404) as (address, _):
        assert await BankHttp(address, "token").statement("0100000001", DAY) is None
    with bank_that_answers(500) as (address, _), pytest.raises(Outage, match="no statement of 0100000001 for 2014-02-24"):
        await BankHttp(address, "token").statement("0100000001", DAY)
    with pytest.raises(Outage, match="cannot be reached"):
        await BankHttp("http://127.0.0.1:9", "token").statement("0100000001", DAY)


ORDER = ReservationOrder("TAP-1", "m1", 50_00, datetime(2014, 3, 3, tzinfo=UTC))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"state": "held"}', (ReservationState.HELD, "held")),
        (b'{"state": "refused", "reason": "AM04", "text": "no\\nmoney", "more": 1}', (ReservationState.REFUSED, "AM04 no money")),
        (b'{"state": "cancelled"}', (ReservationState.REFUSED, "cancelled")),
        (b'{"state": "refused", "text": "6214 6800 1234 5672 is empty"}', (ReservationState.REFUSED, "\u2026 is empty")),
    ],
)
async def test_a_bank_holds_or_refuses(content: bytes, said: tuple[ReservationState, str]) -> None:
    with bank_that_answers(201, content) as (address, got):
        answer = await MandateHttp(address, "token").reserve(ORDER)
    assert (answer.state, answer.reason) == said
    assert json.loads(got[0]) == {"id": "TAP-1", "mandate": "m1", "amount": 50_00, "until": "2014-03-03T00:00:00.000000Z"}


@pytest.mark.parametrize(
    ("status", "content"),
    [(500, b"account 6214680012345672"), (302, b""), (409, b"x"), (200, b""), (200, b'{"state": "hel'), (200, b"[" * 100_000),
     (200, b'{"state": "debited"}'), (200, b'{"state": 1}'), (200, b"\xff")],
)  # fmt: skip
async def test_what_is_neither_held_nor_refused_is_unknown_and_tells_no_number(status: int, content: bytes) -> None:
    with bank_that_answers(status, content) as (address, _), pytest.raises(Outage) as caught:
        await MandateHttp(address, "token").reserve(ORDER)
    assert "6214" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_bank_that_cannot_be_reached_is_unknown() -> None:
    with bank_that_answers(200) as (address, _):
        pass
    with pytest.raises(Outage, match="does not answer"):
        await MandateHttp(address, "token").release("TAP-1")
