"""The platform: the house with its edges open, until it is asked to stop."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import structlog
import uvicorn

from tapwealth.api.origin import read_networks
from tapwealth.api.short_way import protocol_for
from tapwealth.app.door import Door, shown_at
from tapwealth.app.event_loop import spare_collector
from tapwealth.app.house import Settings, open_house
from tapwealth.app.wiring import Edges, open_edges
from tapwealth.flows.frame import House
from tapwealth.flows.issuing import cards
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.ids import secret_token
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.storage import operators, platform_clock
from tapwealth.storage.operators import OperatorRole

_HERE = "127.0.0.1"


async def run_platform(
    settings: Settings, started_at: datetime | None, operators_file: Path | None, on_ready: Callable[[str], None] = lambda _line: None
) -> None:
    """`tapwealth up`: the house with its edges open, until it is asked to stop. Without a test clock it follows the machine's.

    Raises BadInput for a wrong file of operators or proxy and Outage for a port that cannot be had, before anything is made.
    """
    proxies = read_networks(settings.proxies)
    people = read_operators(operators_file) if operators_file is not None else []
    _require_free(settings.http_port, "--http-port")
    _require_free(settings.host_port, "--terminal-port")
    configure_log()
    async with open_house(settings, started_at or machine_now()) as house:
        for name in cards.MASTER_KEYS.values():
            house.keys.generate(name)
        await admit(house, people, str(operators_file))
        local = secret_token()
        edges = await open_edges(house, settings.token, real_time=started_at is None, local=local, proxies=proxies)
        await Platform(settings, edges, local, on_ready).serve()


def _require_free(port: int, option: str) -> None:
    """Raises Outage for a port that cannot be had."""
    try:
        socket.create_server((_HERE, port)).close()
    except OSError as error:
        said = f"port {port} cannot be had ({os.strerror(error.errno or 0)}); end the program that has it, or give another {option}"
        raise Outage(said) from None


def configure_log() -> None:
    """One line an event, without the values of variables: a traceback must not show a card number."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
    )


class NewOperator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One login of the operators' file; `staff_number` says whose, where somebody has several."""

    login: str
    display_name: str
    roles: list[OperatorRole]
    password: str
    staff_number: Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z-]{0,20}$")] = ""


def read_operators(path: Path) -> list[NewOperator]:
    """The people of an operators' file. Raises BadInput."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[NewOperator])
    except OSError as error:
        raise BadInput(f"the file cannot be opened ({error.strerror})", where=str(path), hint="look at its path and its rights") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        hint = 'write a list of {"login", "display_name", "roles", "password", "staff_number"}'
        raise BadInput(f"these are no operators: {error}", where=str(path), hint=hint) from None


async def admit(house: House, people: Sequence[NewOperator], where: str) -> None:
    """Admit those operators who are not there yet, and give the others their staff number where they have none. Raises BadInput for a
    number other than the one that stands."""
    for one in people:
        stored = await operators.password_hash(Masked(one.password))
        if isinstance(stored, Refusal):
            raise BadInput(stored.text, where=where)
        async with house.database.transaction() as tx:
            now = await platform_clock.read(tx)
            await operators.create(tx, house.random64, one.login, one.display_name, one.roles, stored, now, one.staff_number)
            stands = await operators.give_number(tx, one.login, one.staff_number)
        if one.staff_number and stands.upper() != one.staff_number.upper():
            hint = "write that one; whose login it is does not change"
            raise BadInput(f"{one.login} has the staff number {stands}", where=where, hint=hint)


@dataclass
class Platform:
    """The house with its edges open."""

    settings: Settings
    edges: Edges
    local: str
    """The token by which commands on this machine reach it."""
    on_ready: Callable[[str], None]

    async def serve(self) -> None:
        """Until SIGTERM or SIGINT; then leave in order: take nothing new, answer what is in hand, stop the worker."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        server = QuietServer(http_config(self.edges.http))
        async with self.edges.running():
            http = listening(self.settings.http_port)
            terminals = await self.edges.listener.start(_HERE, self.settings.host_port)
            serving = asyncio.create_task(server.serve([http]))
            spare_collector()
            address = f"http://{_HERE}:{http.getsockname()[1]}"
            with shown_at(self.settings.data, Door(address, self.local)):
                self.on_ready(f"Tapwealth: {address}/, terminals on port {terminals} (Ctrl-C stops)")
                await stop.wait()
            await self.edges.listener.stop()
            server.should_exit = True
            await serving


def listening(port: int, backlog: int = 128) -> socket.socket:
    """A socket for HTTP on this machine; 0: a free port. An answer's head and body are two writes: what is accepted sends both at once, not
    the second when the first is acknowledged, for which a caller takes 40 ms."""
    listener = socket.create_server((_HERE, port), backlog=backlog)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def http_config(app: Any) -> uvicorn.Config:
    """How the platform serves HTTP. Where a caller comes from /v1 alone asks, which reads proxies' headers itself."""
    return uvicorn.Config(
        app, http=protocol_for(app), log_level="warning", lifespan="off", access_log=False, proxy_headers=False, server_header=False
    )


class QuietServer(uvicorn.Server):
    """Leaves signals to the platform."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
