"""The client by which a partner is called over HTTP: with its token, never by a proxy that the environment names."""

import ssl
import sys
from functools import cache
from importlib.util import find_spec

import httpx

from tapwealth.kernel.clock import seconds

if "sniffio" not in sys.modules and find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # what says at once that there is none
"""httpcore looks for it with every lock that it makes. Where it is not installed, Python goes through all folders of modules each time: a
tenth of what a call takes. Where it is, it stays."""

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
