"""Starts the platform and its partners as processes of their own, watches them, and starts again whichever dies.

Every process is given the same arguments each time and keeps its state in a file of its own, so a kill -9 at any instant is followed by a
restart that goes on from there. All of them die with this process (Linux `PR_SET_PDEATHSIG`), a kill -9 of it included.
"""

import asyncio
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tapwealth.kernel.clock import deadline_after, monotonic_ns, seconds, sleep_ms
from tapwealth.kernel.ids import system_random
from tapwealth.kernel.refusal import Outage
from tapwealth.wire.partner_http import partner_client

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_READY_WITHIN = 90
"""Seconds a process may take until it answers: a database may have to recover first."""
_FIRST_PAUSE_MS, _LAST_PAUSE_MS = 25, 200
"""Between two questions whether it does. All parts begin at once, and who asks takes the processor from them."""
_DEATHS_IN_A_ROW = 5
_PORTS = range(18_000, 32_000)
_PORTS_WITHIN = 5
"""Seconds that who has a port of ours is given to leave it."""
PARTNERS = ("bank", "registrar", "identity", "biller", "water", "carrier", "issuer", "insurer", "network", "messenger")


@dataclass(frozen=True, slots=True)
class Part:
    """One process: its name, its argument vector, where it answers `GET /health`."""

    name: str
    argv: tuple[str, ...]
    url: str


@dataclass
class Troupe:
    """The running processes. `on_event` is told in one line about each start and each death."""

    folder: Path
    parts: list[Part]
    token: str = ""
    on_event: Callable[[str], None] = lambda _line: None
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    _watchers: list[asyncio.Task[None]] = field(default_factory=list)
    _failed: str | None = None
    _stopping: bool = False

    async def start(self) -> None:
        """Start everything at once and wait until each answers. Raises Outage with the last line of the log of whoever does not."""
        await asyncio.gather(*(self._launch(part) for part in self.parts))
        await asyncio.gather(*(self.ready(part) for part in self.parts))
        self._watchers = [asyncio.create_task(self._watch(part)) for part in self.parts]

    async def _launch(self, part: Part) -> None:
        log = os.open(self.log_of(part.name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # The token travels in the environment: a command line can be read by every user of the machine.
            self._running[part.name] = await asyncio.create_subprocess_exec(
                *part.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "TAPWEALTH_PARTNER_TOKEN": self.token},
                preexec_fn=_die_with(os.getpid()),
            )
        finally:
            os.close(log)

    def log_of(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def pid_of(self, name: str) -> int:
        return self._running[name].pid

    async def ready(self, part: Part) -> None:
        """Wait until the part answers."""
        deadline, pause = deadline_after(_READY_WITHIN), _FIRST_PAUSE_MS
        async with partner_client(part.url, "", 2_000) as client:
            while monotonic_ns() < deadline:
                try:
                    if (await client.get("/health")).status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                process = self._running[part.name]
                if process.returncode is not None and not self._watchers:
                    raise Outage(f"{part.name} did not start: {self.last_words(part.name)} (log: {self.log_of(part.name)})")
                await sleep_ms(pause)
                pause = min(pause * 2, _LAST_PAUSE_MS)
        raise Outage(f"{part.name} did not answer within {_READY_WITHIN} s (log: {self.log_of(part.name)})")

    def last_words(self, name: str) -> str:
        try:
            lines = self.log_of(name).read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "it said nothing"

    async def _watch(self, part: Part) -> None:
        deaths = 0
        while True:
            process = self._running[part.name]
            started = monotonic_ns()
            code = await process.wait()
            if self._stopping:
                return
            deaths = 0 if monotonic_ns() - started > 10**10 else deaths + 1
            if deaths >= _DEATHS_IN_A_ROW:
                self._failed = f"{part.name} ended {deaths} times in a row: {self.last_words(part.name)} (log: {self.log_of(part.name)})"
                return
            self.on_event(f"{part.name} ended ({_why(code)}); started again")
            await self._launch(part)

    def check(self) -> None:
        """Raises Outage if a process could not be kept alive."""
        if self._failed:
            raise Outage(self._failed)

    async def stop(self) -> None:
        """Ask everyone to leave (the platform first, it stops the database), then insist."""
        self._stopping = True
        for part in self.parts:
            process = self._running.get(part.name)
            if process is None or process.returncode is not None:
                continue
            process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                await asyncio.wait_for(process.wait(), seconds(40_000))
            except TimeoutError:
                process.kill()
                await process.wait()
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)


def _why(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _die_with(parent: int) -> Callable[[], None]:
    """Runs in the child before exec: SIGKILL when the parent ends; a session of its own, so that Ctrl-C reaches us first."""

    def prepare() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        if os.getppid() != parent:
            os._exit(1)

    return prepare


async def ports(folder: Path, names: tuple[str, ...]) -> dict[str, int]:
    """A port for each name, the same ones again after a restart unless somebody else has one of them now."""
    path = folder / "ports.json"
    noted: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    deadline = deadline_after(_PORTS_WITHIN)
    while (occupied := [name for name, port in noted.items() if not _is_free(port)]) and monotonic_ns() < deadline:
        await sleep_ms(100)  # those of a killed run may still be ending
    known = {name: port for name, port in noted.items() if name not in occupied}
    taken = set(noted.values())
    for name in names:
        while name not in known:
            port = _free_port()
            if port not in taken:
                known[name] = port
                taken.add(port)
    path.write_text(json.dumps(known))
    return known


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: a port that lingers is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    """One that nobody listens on, and below those that Linux lends to outgoing connections: of these any may be lent to somebody before
    the process that it is for has started, or while it starts again."""
    draw = system_random()
    while True:
        port = _PORTS[draw() % len(_PORTS)]
        if _is_free(port):
            return port


def python(*arguments: str) -> tuple[str, ...]:
    """This very interpreter, with warnings as they are."""
    return (sys.executable, "-m", *arguments)
