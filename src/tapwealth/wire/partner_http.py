"""The client by which a partner is called over HTTP: with its token, never by a proxy that the environment names."""

import io
import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import BinaryIO

import httpx

from tapwealth.kernel.clock import seconds

if "sniffio" not in sys.modules and find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # what says at once that there is none
"""httpcore looks for it with every lock that it makes. Where it is not installed, Python goes through all folders of modules each time: a
tenth of what a call takes. Where it is, it stays."""

_PIECE = 64 << 10
"""Octets of a file that are in memory at once while it is sent."""
_OCTETS_A_MS = 250
"""A list is answered once each line is worked out, some hundred octets: 0.4 ms are given for each, beside what a call is given."""
DEFAULT_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)


@cache
def _tls() -> ssl.SSLContext:
    """Made once a process: to read the authorities' certificates takes longer than a call."""
    return httpx.create_ssl_context(trust_env=False)


def partner_client(base_url: str, token: str, timeout_ms: int, limits: httpx.Limits = DEFAULT_LIMITS) -> httpx.AsyncClient:
    """For all calls to one partner; each step of a call waits at most `timeout_ms` by the machine's clock. No token: none is shown."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = seconds(timeout_ms)
    return httpx.AsyncClient(base_url=base_url, headers=headers, timeout=timeout, limits=limits, trust_env=False, verify=_tls())


@dataclass(frozen=True, slots=True)
class CsvBody:
    """A CSV file as the body of a request: all of it, from its begin, whenever it is sent."""

    file: BinaryIO
    length: int

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": "text/csv; charset=utf-8", "Content-Length": str(self.length)}

    async def pieces(self) -> AsyncIterator[bytes]:
        self.file.seek(0)
        while piece := self.file.read(_PIECE):
            yield piece

    def patience(self, timeout_ms: int) -> int:
        """How long it is waited for by whoever waits so long for a call."""
        return timeout_ms + self.length // _OCTETS_A_MS


def csv_body(file: BinaryIO) -> CsvBody:
    return CsvBody(file, file.seek(0, io.SEEK_END))
