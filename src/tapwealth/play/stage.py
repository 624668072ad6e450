"""The stage: how players reach the platform and its partners, and the diary by which an interrupted week goes on.

Every command carries a key that follows from the seed and the act's name, so an act may be repeated; what was finished is in the diary and
is not played again. An outage is waited out, for a time; a refusal goes to the scene, which knows whether it was wanted.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tapwealth.kernel.clock import deadline_after, iso, monotonic_ns, sleep_ms
from tapwealth.kernel.refusal import Outage
from tapwealth.play.cast import Cast
from tapwealth.wire.partner_http import partner_client

PATIENCE_SECONDS = 120
"""How long an outage is waited out: long enough for a killed database to come back."""

_PAUSE_MS = 40
_TIMEOUT_MS = 60_000
NO_HEADERS: Mapping[str, str] = {}
_RETRY = frozenset({500, 502, 503, 504})


class WentOtherwise(Outage):
    """What a scene waits for does not come, or somebody says no: a partner went wrong. The player says so, and life goes on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform said: the result, or the code and text of a refusal."""

    status: int
    body: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        return self.status == httpx.codes.OK

    @property
    def result(self) -> Any:
        assert self.ok, f"refused: {self.body}"
        return self.body["result"]


class Diary:
    """What has been played: one line an act, synced, so that a killed player goes on where it was."""

    def __init__(self, path: Path) -> None:
        self.notes: dict[str, Any] = {}
        text = path.read_bytes() if path.exists() else b""
        whole = text[: text.rfind(b"\n") + 1]
        for line in whole.decode().splitlines():
            note = json.loads(line)
            self.notes[note["act"]] = note["note"]
        self._file = path.open("r+b" if text else "wb")
        self._file.truncate(len(whole))  # a line torn by a kill was never played to its end
        self._file.seek(len(whole))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __contains__(self, act: str) -> bool:
        return act in self.notes

    def write(self, act: str, note: Any = None) -> None:
        """Note an act as finished."""
        self.notes[act] = note
        self._file.write(json.dumps({"act": act, "note": note}, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


@dataclass
class Stage:
    """`urls` of the platform and the partners, `token` that partners share with the platform, `check` that the processes live."""

    cast: Cast
    diary: Diary
    folder: Path
    urls: Mapping[str, str]
    terminal_port: int
    token: str
    check: Callable[[], None]
    say: Callable[[str], None]
    now: datetime | None = None
    patience: int = 60
    """Seconds after which a scene no longer waits for what others should do."""
    _sessions: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    """One for each whom we call: with each call a client looks whether any of its connections broke."""

    async def __aenter__(self) -> "Stage":
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._clients:
            await self._clients.popitem()[1].aclose()

    def _client(self, url: str) -> httpx.AsyncClient:
        whom = urlsplit(url).netloc
        if whom not in self._clients:
            self._clients[whom] = partner_client("", "", _TIMEOUT_MS)
        return self._clients[whom]

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] = NO_HEADERS, login: str = "", **more: Any
    ) -> httpx.Response:
        """One request, again and again while nobody answers, or with an outage of their own. Raises Outage when patience has run out.

        An operator signs in first, and again as often as the platform was started anew.
        """
        deadline = deadline_after(PATIENCE_SECONDS)
        last, kind = "no answer", Outage
        while monotonic_ns() < deadline:
            self.check()
            signed = {**headers, "Authorization": f"Bearer {await self._session(login)}"} if login else headers
            try:
                answer = await self._client(url).request(method, url, headers=signed, **more)
                if login and answer.status_code == httpx.codes.UNAUTHORIZED:
                    self._sessions.pop(login, None)
                elif answer.status_code not in _RETRY:
                    return answer
                last, kind = answer.text[:200], WentOtherwise
            except httpx.TransportError as error:
                last, kind = f"{type(error).__name__} {error}", Outage
            await sleep_ms(5 * _PAUSE_MS)
        raise kind(f"{method} {url} was not answered within {PATIENCE_SECONDS} s: {last}")

    # ---- the platform

    async def command(self, act: str, name: str, body: Mapping[str, Any], token: str) -> Answer:
        """Give a command under the act's key."""
        return await self._command(act, name, body, {"Authorization": f"Bearer {token}"})

    async def operator(self, act: str, login: str, name: str, body: Mapping[str, Any]) -> Answer:
        """Give a command as an operator."""
        return await self._command(act, name, body, {}, login)

    async def _command(self, act: str, name: str, body: Mapping[str, Any], headers: Mapping[str, str], login: str = "") -> Answer:
        keyed = {**headers, "Idempotency-Key": str(self.cast.key(act))}
        answer = await self.request("POST", f"{self.urls['platform']}/commands/{name}", headers=keyed, login=login, json=body)
        return Answer(answer.status_code, answer.json())

    async def _session(self, login: str) -> str:
        if login not in self._sessions:
            credentials = {"login": login, "password": password_of(self.cast, login)}
            answer = await self.request("POST", f"{self.urls['platform']}/login", json=credentials)
            if answer.status_code != httpx.codes.OK:
                raise Outage(f"{login} cannot sign in: {answer.text[:200]}")
            self._sessions[login] = answer.json()["token"]
        return self._sessions[login]

    async def view(self, path: str, token: str = "", login: str = "") -> Any:
        """Read something of the platform's: as a device with that token, as an operator, or as anybody."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return (await self.request("GET", f"{self.urls['platform']}/view/{path}", headers=headers, login=login)).json()

    async def until(self, what: str, look: Callable[[], Any], within: int = 60) -> Any:
        """Look until there is something; an asynchronous look. Raises WentOtherwise naming what did not happen."""
        within = min(within, self.patience)
        deadline = deadline_after(within)
        while monotonic_ns() < deadline:
            self.check()
            found = await look()
            if found:
                return found
            await sleep_ms(_PAUSE_MS)
        raise WentOtherwise(f"waited {within} s in vain for {what}")

    # ---- partners

    async def partner(self, name: str, path: str, body: Any) -> Any:
        """An admin call of a partner's staff."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self.request("POST", f"{self.urls[name]}{path}", json=body, headers=headers)
        if not answer.is_success:
            raise WentOtherwise(f"{name} refuses {path}: {answer.text[:300]}")
        return answer.json()

    async def partner_store(self, name: str, path: str = "/admin/store") -> Any:
        answer = await self.request("GET", f"{self.urls[name]}{path}", headers={"Authorization": f"Bearer {self.token}"})
        return answer.json()

    async def hand_in(self, path: str, content: bytes) -> Answer:
        """A message or file of a partner's for the platform."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self.request("POST", f"{self.urls['platform']}/partner/{path}", content=content, headers=headers)
        return Answer(answer.status_code, answer.json() if answer.content else {})

    # ---- time

    async def time(self, now: datetime) -> None:
        """Everybody's clock moves on to that instant: first the partners', then the platform's."""
        if self.now is not None and now <= self.now:
            return
        for name in self.urls:
            if name != "platform":
                await self.partner(name, "/admin/clock", {"now": iso(now)})
        moved = await self.operator(f"clock:{iso(now)}", "ops.chen", "advance_clock", {"now": iso(now)})
        assert moved.ok or moved.body.get("code") == "backwards", moved.body
        self.now = now


def password_of(cast: Cast, login: str) -> str:
    """The password of an operator of the played week."""
    return f"{cast.random(f'password:{login}').getrandbits(128):032x}"
