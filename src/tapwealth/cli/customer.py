"""A customer's commands and views, given from the command line to the platform that serves a folder, with the token of the customer's
phone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from tapwealth.app.door import find
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.ids import system_random, uuid7
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Outage

_SECONDS = 60


def command(data: Path, token: Masked, name: str, body: Mapping[str, Any]) -> Any:
    """What is answered. Raises BadInput for a refusal, Outage where no platform answers."""
    headers = {"Idempotency-Key": str(uuid7(machine_now(), 0, system_random()))}
    return _asked(data, token, "POST", f"/commands/{name}", json=dict(body), headers=headers)["result"]


def view(data: Path, token: Masked | None, path: str) -> Any:
    """The same of a view; those that are open need no token."""
    return _asked(data, token, "GET", f"/view/{path}")


def _asked(data: Path, token: Masked | None, method: str, path: str, **more: Any) -> Any:
    door = find(data)
    if door is None:
        raise Outage("no platform runs on this data; start it (`make run`, or `tapwealth up`), then ask again")
    headers = {"Accept-Language": "en", **more.pop("headers", {})}
    if token is not None:
        headers["Authorization"] = f"Bearer {_sendable(token)}"
    try:
        answer = httpx.request(method, f"{door.url}{path}", headers=headers, timeout=_SECONDS, trust_env=False, **more)
    except httpx.HTTPError as error:
        raise Outage(f"the platform at {door.url} does not answer ({type(error).__name__}); ask again") from None
    said = answer.json()
    if answer.is_success:
        return said
    raise (Outage if answer.is_server_error else BadInput)(said["title"])


def _sendable(token: Masked) -> str:
    text = token.reveal()
    if not text.isascii() or not text.isprintable():
        raise BadInput("it has letters that no token has", where="--token", hint="give the token of the customer's phone")
    return text
