"""`tapwealth bench purchase`: purchases of a fund a second through /v1, over HTTP, authenticated, single requests, durable.

Platform and database are as `tapwealth up` runs them; the client's connections are a process of their own (`purchase_load`). Each purchase
moves a wallet's money in the ledger, writes an order, and is remembered under its key, in one transaction that many share. Load, platform
and database share the machine; beside each rate stands what a purchase used of the processor, which a busy machine changes less. The
yardstick is the same edge with nothing behind it. After the rounds the ledger is audited.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import httpx

from tapwealth.api.commands import Gate
from tapwealth.api.v1.edge import App, Edge
from tapwealth.api.v1.operation import Operation
from tapwealth.app.event_loop import runner, spare_collector
from tapwealth.app.house import Settings, open_house
from tapwealth.app.platform import QuietServer, http_config, listening
from tapwealth.app.wiring import open_edges
from tapwealth.bench.closed_loop import ordered
from tapwealth.bench.figure import BOOKS, ROUNDS, Waits, progress, results, shown
from tapwealth.bench.load import DAY, NOW
from tapwealth.bench.load_figure import LoadFigure
from tapwealth.bench.purchase_load import Order, Report
from tapwealth.bench.purchase_parts import parts
from tapwealth.bench.purchase_town import SECRET, found
from tapwealth.bench.tap import server_of
from tapwealth.flows.customers.clients import Tokens
from tapwealth.flows.frame import Envelope, House
from tapwealth.flows.v1 import shapes
from tapwealth.flows.v1.shapes import NewOrder
from tapwealth.ledger.audit import audit_snapshot
from tapwealth.storage.clients import Scope

SIZES = 10_000, 100_000, 1_000_000
CALLERS = 256, 1_024
EARLIER, MANY_EARLIER = 1, 100
"""Orders that each holder has behind them, in all towns but one."""
PATH, YARDSTICK = "/v1/accounts/{account}/orders", "/v1/accounts/{account}/yardstick"
_HERE, _LINE_LIMIT, _EXPECTED = "127.0.0.1", 1 << 27, "201"


class Place(NamedTuple):
    """A town of holders with its platform, the load that calls it, the database's process, and a token."""

    people: int
    earlier: int
    house: House
    port: int
    bare: int
    load: asyncio.subprocess.Process
    server: int
    token: str

    @property
    def name(self) -> str:
        return f"{self.people:,} holders" + (f", {self.earlier} earlier orders each" if self.earlier > EARLIER else "")

    async def round(self, order: Order) -> Report:
        """Have the load carry it out."""
        return await ordered(self.load, order, Report)


@dataclass(kw_only=True)
class PurchaseFigure(LoadFigure):
    """Purchases by so many connections at once."""

    asked: str = "platform"
    place: Place

    async def loaded(self, seconds: int, waits: Waits) -> int:
        port, path = (self.place.bare, YARDSTICK) if self.yardstick else (self.place.port, PATH)
        order = Order(port, self.place.token, self.callers, seconds, self.most * seconds, path)
        report = await self.measured(self.place.server, lambda: self.place.round(order), waits)
        assert set(report.statuses) <= {_EXPECTED}, f"{self.name}: answered {report.statuses}, expected {_EXPECTED} alone"
        return len(report.waits)

    def as_json(self) -> dict[str, Any]:
        """As of any figure with a load, with the number of holders."""
        return super().as_json() | {"holders": self.place.people}


@asynccontextmanager
async def _served(app: App) -> AsyncIterator[int]:
    """The application at a free port."""
    listener = listening(0, backlog=2_048)
    server = QuietServer(http_config(app))
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def opened(folder: Path, people: int, earlier: int, on_progress: Callable[[str], None] = progress) -> AsyncIterator[Place]:
    """A town of so many holders with so many orders behind each, its platform open, and the load started."""
    settings = Settings(folder, books=BOOKS, exchange=folder / "exchange")
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(settings, NOW))
        client = await found(house, people, on_progress, earlier)
        edges = await open_edges(house, "", real_time=False)
        await stack.enter_async_context(edges.batcher)
        port = await stack.enter_async_context(_served(edges.http))
        bare = await stack.enter_async_context(_served(_yardstick(house)))
        load = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tapwealth.bench.purchase_load", str(people), str(BOOKS),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE_LIMIT,
        )  # fmt: skip
        stack.push_async_callback(load.wait)
        assert load.stdin is not None
        stack.callback(load.stdin.close)
        yield Place(people, earlier, house, port, bare, load, server_of(folder), await _token(port, client))


async def _token(port: int, client: str) -> str:
    async with httpx.AsyncClient(base_url=f"http://{_HERE}:{port}", trust_env=False) as http:
        answer = await http.post("/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=(client, SECRET))
    token: str = answer.raise_for_status().json()["access_token"]
    return token


def _yardstick(house: House) -> App:
    """The edge that reads, looks who asks, and says yes."""

    async def at_once(envelope: Envelope, asked: NewOrder, _path: Any) -> shapes.Order:
        return shapes.Order(f"ord_{envelope.key.hex}", "", "purchase", asked.fund, None, None, "processing", NOW, DAY, DAY)

    async def clock() -> Any:
        return NOW

    only = Operation("yardstick", "POST", YARDSTICK, Scope.ORDERS_WRITE, "", shapes.Order, act=at_once, takes=NewOrder)
    gate: Any = Gate(_nobody, house.flight, clock)
    return Edge(gate, Tokens(house), _nobody, [only], house.books, house.random64).before(_nobody)


async def _nobody(*_: Any) -> Any:
    """Asked of nothing here."""


def main(
    seconds: int,
    *,
    as_json: bool,
    out: TextIO = sys.stdout,
    people: Sequence[int] = SIZES,
    callers: Sequence[int] = CALLERS,
    rounds: int = ROUNDS,
    many: int = MANY_EARLIER,
) -> None:
    """Measure, and print a table or JSON; progress goes to standard error. The first town stands there twice, once with `many` earlier
    orders of each holder, unless it is so large that this alone would take an hour."""
    twice = [(people[0], many)] if people[0] <= SIZES[0] else []
    with tempfile.TemporaryDirectory(prefix="tapwealth-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        with runner() as loop:
            towns = [(people[0], EARLIER), *twice, *((count, EARLIER) for count in people[1:])]
            result = loop.run(_measure(folder, seconds, towns, callers, rounds))
    out.write(shown(result, as_json=as_json))


async def _measure(folder: Path, seconds: int, towns: Sequence[tuple[int, int]], callers: Sequence[int], rounds: int) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        places = [await stack.enter_async_context(opened(folder / f"{count}-{earlier}", count, earlier)) for count, earlier in towns]
        figures = [_figure(place, count) for place in places for count in (callers if place is places[0] else callers[-1:])]
        name = f"{callers[0]:,} in flight, read, token looked at, answered at once"
        figures.append(_figure(places[0], callers[0], name=name, yardstick=True, chain=False, history="none"))
        spare_collector()
        for figure in figures:
            await figure.warm_up()
        for number in range(1, rounds + 1):
            for figure in figures:
                progress(f"round {number} of {rounds}: {figure.name}: {await figure.round(seconds):,} a second")
        measured = await parts(places[0].house, places[0].people, places[0].server)
        audited = {place.name: await _audit(place) for place in places}
    return {**results(figures), "parts_us": measured, "audit_holds": audited}


def _figure(place: Place, callers: int, **more: Any) -> PurchaseFigure:
    name = more.pop("name", f"{callers:,} in flight, {place.name}")
    history = more.pop("history", f"{place.earlier} orders a holder, and what was bought meanwhile")
    return PurchaseFigure(name, callers, place=place, most=12_000, history=history, **more)


async def _audit(place: Place) -> bool:
    async with place.house.database.read() as tx:
        found = await audit_snapshot(tx)
    assert not found.findings, f"the audit does not hold: {found.findings[:3]}"
    return True
