"""What the command line asks of the platform that serves a folder, over HTTP."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from tapwealth.app.door import Door, find
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.ids import system_random, uuid7
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Outage

_SECONDS = 60


def door_of(data: Path) -> Door:
    """Where the platform of that folder listens. Raises Outage where none runs."""
    door = find(data)
    if door is None:
        raise Outage("no platform runs on this data; start it (`make run`, or `tapwealth up`), then ask again")
    return door


def signed_in(door: Door, login: str, password: Masked) -> str:
    """The token of an operator's session. Raises as `command`."""
    token: str = asked(door, "POST", "/login", json={"login": login, "password": password.reveal()})["token"]
    return token


def command(door: Door, token: str, name: str, body: Mapping[str, Any]) -> Any:
    """The answer to a command, under a key of its own. Raises BadInput for a refusal, Outage where nobody answers."""
    key = str(uuid7(machine_now(), 0, system_random()))
    return asked(door, "POST", f"/commands/{name}", token, json=dict(body), headers={"Idempotency-Key": key})["result"]


def sent_file(door: Door, token: str, path: str, media_type: str, content: BinaryIO) -> Any:
    """The answer to a file, which is read while it is sent. Raises as `command`."""
    headers = {"Idempotency-Key": str(uuid7(machine_now(), 0, system_random())), "Content-Type": media_type}
    return asked(door, "POST", path, token, content=content, headers=headers)["result"]


def asked(door: Door, method: str, path: str, token: str = "", **more: Any) -> Any:
    """What is answered. Raises as `command`."""
    headers = {"Accept-Language": "en", **more.pop("headers", {})} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        answer = httpx.request(method, f"{door.url}{path}", headers=headers, timeout=_SECONDS, trust_env=False, **more)
    except httpx.HTTPError as error:
        raise Outage(f"the platform at {door.url} does not answer ({type(error).__name__}); ask again") from None
    said = answer.json()
    if answer.is_success:
        return said
    raise (Outage if answer.is_server_error else BadInput)(said["title"])
