"""The platform: the house with its edges open, until it is asked to stop."""

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
import uvicorn

from tapwealth.app.event_loop import spare_collector
from tapwealth.app.house import Settings, open_house
from tapwealth.app.wiring import Edges, open_edges
from tapwealth.flows import cards
from tapwealth.flows.frame import House
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import operators, platform_clock
from tapwealth.storage.operators import OperatorRole


async def run_platform(settings: Settings, started_at: datetime | None, operators_file: Path | None) -> None:
    """`tapwealth up`: the house with its edges open, until it is asked to stop. Without a test clock it follows the machine's."""
    configure_log()
    async with open_house(settings, started_at or machine_now()) as house:
        for name in cards.MASTER_KEYS.values():
            house.keys.generate(name)
        if operators_file is not None:
            await admit(house, operators_file)
        edges = await open_edges(house, settings.token, real_time=started_at is None)
        await Platform(settings, edges).serve()


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


async def admit(house: House, path: Path) -> None:
    """Admit the operators of a file who are not there yet."""
    for one in json.loads(path.read_text(encoding="utf-8")):  # noqa: ASYNC240 - once, before anything listens
        stored = await operators.password_hash(Masked(one["password"]))
        if isinstance(stored, Refusal):
            raise BadInput(stored.text, where=str(path))
        async with house.database.transaction() as tx:
            now = await platform_clock.read(tx)
            roles = [OperatorRole(role) for role in one["roles"]]
            await operators.create(tx, house.random64, one["login"], one["display_name"], roles, stored, now)


@dataclass
class Platform:
    """The house with its edges open."""

    settings: Settings
    edges: Edges

    async def serve(self) -> None:
        """Until SIGTERM or SIGINT; then leave in order: take nothing new, answer what is in hand, stop the worker."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        server = _Server(
            uvicorn.Config(self.edges.http, host="127.0.0.1", port=self.settings.http_port, log_level="warning", lifespan="off")
        )
        async with self.edges.running():
            await self.edges.listener.start("127.0.0.1", self.settings.host_port)
            serving = asyncio.create_task(server.serve())
            spare_collector()
            await stop.wait()
            await self.edges.listener.stop()
            server.should_exit = True
            await serving


class _Server(uvicorn.Server):
    """Leaves signals to the platform."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
