"""Exchanges over HTTP as a page of documentation shows them, and whether what is answered is what it shows.

A block fenced as `http` is a request; the next one is its answer. `{name}` in a request stands for what is known by that name; in an answer
it is either what is known, or becomes known. `…` within a text stands for anything, alone for any value, and as a field's name for whatever
else there is.
"""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, and the answer that is shown."""

    head: str
    headers: dict[str, str]
    body: str
    status: int
    answer_headers: dict[str, str]
    answer: Any


def exchanges_in(text: str) -> list[Exchange]:
    """The exchanges of a page."""
    blocks = re.findall(r"^```http\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) % 2 == 0, "each request has its answer"
    made = []
    for request, answer in zip(blocks[::2], blocks[1::2], strict=True):
        (head, headers, body), (status, answer_headers, said) = _parts(request), _parts(answer)
        made.append(Exchange(head, headers, body, int(status.split(" ")[1]), answer_headers, json.loads(said)))
    return made


def _parts(block: str) -> tuple[str, dict[str, str], str]:
    head, _, body = block.partition("\n\n")
    first, *lines = head.strip().splitlines()
    return first, dict(line.split(": ", 1) for line in lines), body.strip()


async def run(http: httpx.AsyncClient, exchange: Exchange, known: dict[str, str]) -> list[str]:
    """Send it; what differs from what is shown, by its place. What becomes known is added."""
    method, path = _filled(exchange.head, known).split(" ")
    headers = {name: _filled(value, known) for name, value in exchange.headers.items()}
    if headers.get("Authorization", "").startswith("Basic "):
        headers["Authorization"] = "Basic " + base64.b64encode(headers["Authorization"].removeprefix("Basic ").encode()).decode()
    answer = await http.request(method, path, headers=headers, content=_filled(exchange.body, known).encode())
    wrong = [] if answer.status_code == exchange.status else [f"status {answer.status_code}, not {exchange.status}: {answer.text}"]
    wrong += _differences("", exchange.answer, answer.json(), known)
    for name, value in exchange.answer_headers.items():
        wrong += _differences(name, value, answer.headers.get(name, "none"), known)
    return wrong


def _filled(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\{([a-z_:]+)\}", lambda match: known[match[1]], text)


def _differences(where: str, shown: Any, said: Any, known: dict[str, str]) -> list[str]:
    if shown == "…":
        return []
    if isinstance(shown, dict) and isinstance(said, dict) and "…" in shown:
        shown = {name: value for name, value in shown.items() if name != "…"}
        said = {name: said[name] for name in shown if name in said}
    if isinstance(shown, dict) and isinstance(said, dict) and shown.keys() == said.keys():
        return [one for name in shown for one in _differences(f"{where}/{name}", shown[name], said[name], known)]
    if isinstance(shown, list) and isinstance(said, list) and len(shown) == len(said):
        return [one for number in range(len(shown)) for one in _differences(f"{where}/{number}", shown[number], said[number], known)]
    if isinstance(shown, str) and isinstance(said, str):
        name = re.fullmatch(r"\{([a-z_]+)\}", shown)
        if name is not None and known.setdefault(name[1], said) == said:
            return []
        if re.fullmatch(".*".join(re.escape(part) for part in _filled_if_known(shown, known).split("…")), said):
            return []
    return [] if shown == said and type(shown) is type(said) else [f"{where}: {said!r}, not {shown!r}"]


def _filled_if_known(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\{([a-z_]+)\}", lambda match: known.get(match[1], match[0]), text)
