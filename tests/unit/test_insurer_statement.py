"""A statement goes to the insurer in pieces, and is waited for by its lines."""

from datetime import date

import httpx
import pytest
from deposit_lists import ByPieces

from tapwealth.insurance import insurer_http
from tapwealth.insurance.insurer_http import InsurerHttp


async def test_the_insurer_is_given_time_for_each_line_of_a_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[tuple[str, int, float]] = []

    def insurer(asked: httpx.Request) -> httpx.Response:
        came.append((asked.headers["Content-Length"], len(asked.content), asked.extensions["timeout"]["read"]))
        return httpx.Response(200, content=b"{}")

    def client(_url: str, _token: str, _timeout_ms: int) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url="http://insurer", transport=httpx.MockTransport(insurer))

    monkeypatch.setattr(insurer_http, "partner_client", client)
    port = InsurerHttp("http://insurer", "token", timeout_ms=3_000)
    for octets in (100, 10_000_000):
        assert await port.settle(date(2014, 3, 21), ByPieces(bytes(octets))) == b"{}"
    await port.close()
    assert came == [("100", 100, 3), ("10000000", 10_000_000, 43)]
