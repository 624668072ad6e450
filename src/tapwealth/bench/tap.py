"""`tapwealth bench tap`: authorisations a second through the real host, over TCP, cryptogram verified, money held, durable.

Host and database are as `tapwealth up` runs them; cards and terminals are a process of their own (`tap_load`), so that what it measures is
what a terminal waits. Load, host and database share the machine. Rounds are interleaved, as in the ledger's benchmark; beside each rate
stands what a tap used of the processor, which a busy machine changes less. The yardstick is a host that reads, checks the terminal's code
and answers at once.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from tapwealth.app.event_loop import runner, spare_collector
from tapwealth.app.house import Settings, open_house
from tapwealth.app.wiring import Edges, open_edges
from tapwealth.bench import soft_token
from tapwealth.bench.closed_loop import ordered
from tapwealth.bench.figure import BOOKS, ROUNDS, Waits, progress, results, shown
from tapwealth.bench.load import NOW
from tapwealth.bench.load_figure import LoadFigure
from tapwealth.bench.tap_load import FORGED, FUND, NO_MONEY, WALLET, Order, Report
from tapwealth.bench.tap_parts import key_parts, ledger_parts, parts
from tapwealth.bench.tap_town import TERMINALS, found, mac_key, terminal_number
from tapwealth.flows.frame import House
from tapwealth.flows.issuing.tap import velocity_of
from tapwealth.host.listener import Listener
from tapwealth.issuing.velocity import Velocity
from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.storage.keystore import FileKeyStore, KeyStore
from tapwealth.wire.iso8583.requests import (
    APPROVED,
    AuthorisationRequest,
    AuthorisationResponse,
    BatchUploadRequest,
    BatchUploadResponse,
    FollowUpRequest,
    ManagementRequest,
    ManagementResponse,
    Reconciliation,
    ReversalRequest,
    ReversalResponse,
    SettlementRequest,
    SettlementResponse,
)

FEW, MANY = 10_000, 1_000_000
KEYS = SOFTWARE, SOFTHSM = "software", "softhsm"
"""Where the host's keys may be."""

READY = 8_000
"""So many taps are made ready for a second of a round: more than the host has had through."""

OFFERED_PERCENT = 25, 50
"""Of the highest rate measured: at which taps are let come by themselves."""

_HERE = "127.0.0.1"
_LINE_LIMIT = 1 << 26
_EXPECTED = {WALLET: APPROVED, FUND: APPROVED, FORGED: "05", NO_MONEY: "51"}


class Place(NamedTuple):
    """A town of cards with its host, the load that calls it, and the server's process."""

    people: int
    house: House
    port: int
    load: asyncio.subprocess.Process
    server: int

    async def round(self, order: Order) -> Report:
        """Have the load carry it out."""
        return await ordered(self.load, order, Report)


@dataclass(kw_only=True)
class TapFigure(LoadFigure):
    """A mix by so many terminals at once.

    `rate`: so many a second come, whatever the host does, and each waits from when it was due; 0: each terminal sends the next tap when it
    has the answer to the last, so that with so many callers nobody can wait less than their number divided by the rate.
    """

    asked: str = "host"
    place: Place
    mix: str
    port: int = 0
    rate: int = 0

    async def loaded(self, seconds: int, waits: Waits) -> int:
        ready = (self.rate or self.most) * seconds
        order = Order(self.port or self.place.port, self.mix, self.callers, seconds, ready, spends=not self.yardstick, rate=self.rate)
        report = await self.measured(self.place.server, lambda: self.place.round(order), waits)
        expected = APPROVED if self.yardstick else _EXPECTED[self.mix]
        assert set(report.codes) <= {expected}, f"{self.name}: answered {report.codes}, expected {expected}"
        return len(report.waits)

    def as_json(self) -> dict[str, Any]:
        """As of any figure with a load, with the mix."""
        offered = {"offered_per_second": self.rate} if self.rate else {}
        return super().as_json() | {"mix": self.mix, "cards": self.place.people} | offered


class _Echo:
    """Says yes to whatever can be read."""

    async def sale(self, request: AuthorisationRequest) -> AuthorisationResponse:
        return AuthorisationResponse(response_code=APPROVED, authorisation_code="000000", rrn="000000000000")

    async def follow_up(self, request: FollowUpRequest) -> AuthorisationResponse:
        return AuthorisationResponse(response_code=APPROVED)

    async def reversal(self, request: ReversalRequest) -> ReversalResponse:
        return ReversalResponse(response_code=APPROVED)

    async def batch_upload(self, request: BatchUploadRequest) -> BatchUploadResponse:
        return BatchUploadResponse(response_code=APPROVED)

    async def settlement(self, request: SettlementRequest) -> SettlementResponse:
        return SettlementResponse(response_code=APPROVED, reconciliation=Reconciliation.EQUAL)

    async def management(self, request: ManagementRequest) -> ManagementResponse:
        return ManagementResponse(response_code=APPROVED)

    async def key_taken(self, merchant: str, terminal: str, key: bytes) -> None:
        """Every terminal has one."""


@asynccontextmanager
async def opened(folder: Path, people: int, on_progress: Callable[[str], None] = progress, keys: str = "") -> AsyncIterator[Place]:
    """A town of so many cards, its host open, and the load started. `keys` as in `Settings`."""
    settings = Settings(folder, books=BOOKS, keys=keys, exchange=folder / "exchange")
    async with open_house(settings, NOW) as house:
        await found(house, people, on_progress)
        edges: Edges = await open_edges(house, "", real_time=False, velocity=_roomy(velocity_of(house.rule_set)))
        async with edges.batcher:
            port = await edges.listener.start(_HERE, 0)
            load = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tapwealth.bench.tap_load", str(folder / "keys"), str(people),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE_LIMIT,
            )  # fmt: skip
            try:
                yield Place(people, house, port, load, server_of(folder))
            finally:
                assert load.stdin is not None
                load.stdin.close()
                await load.wait()
                await edges.listener.stop()


def _roomy(velocity: Velocity) -> Velocity:
    """The same rules with room for a benchmark's clock, which stands still: they are asked, and nobody breaks them."""
    return Velocity(tuple(rule._replace(most=MAX_AMOUNT) for rule in velocity.rules), velocity.unverified_tap)


def server_of(folder: Path) -> int:
    """The process id that the embedded server wrote down."""
    (written,) = folder.rglob("postmaster.pid")
    return int(written.read_text("utf-8").splitlines()[0])


def main(
    seconds: int,
    *,
    as_json: bool,
    out: TextIO = sys.stdout,
    people: Sequence[int] = (FEW, MANY),
    rounds: int = ROUNDS,
    keys: str = SOFTWARE,
    ready: int = READY,
) -> None:
    """Measure, and print a table or JSON; progress goes to standard error. `keys`: where the host's keys are, one of `KEYS`; `ready` as
    `READY`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tapwealth-bench-")))
        folder.chmod(0o755)
        if keys == SOFTHSM:
            stack.enter_context(soft_token.configured(folder))
        with runner() as loop:
            result = loop.run(_measure(folder, seconds, people, rounds, keys, ready))
    out.write(shown(result, as_json=as_json))
    if not as_json:
        out.write(_keys_shown(result["keys_us"]))


def _keys_shown(measured: Mapping[str, Mapping[str, int]]) -> str:
    """A line for each thing asked of a key store, a column for each store."""
    lines = [f"\n{'microseconds of the processor':66} " + " ".join(f"{store:>9}" for store in measured)]
    for what in measured[SOFTWARE]:
        lines.append(f"{what:66} " + " ".join(f"{figures[what]:>9,}" for figures in measured.values()))
    return "\n".join(lines) + "\n"


def _address(folder: Path, keys: str, people: int) -> str:
    """Where a town's keys are."""
    return SOFTWARE if keys == SOFTWARE else soft_token.make_token(folder, f"bench-{people}").text


async def _measure(folder: Path, seconds: int, people: Sequence[int], rounds: int, keys: str, ready: int) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        places = [
            await stack.enter_async_context(opened(folder / str(count), count, keys=_address(folder, keys, count))) for count in people
        ]
        echo = Listener(handlers=_Echo(), find_mac_keys=_mac_key, read_platform_clock=_noon, in_flight=places[0].house.flight)
        port = await echo.start(_HERE, 0)
        stack.push_async_callback(echo.stop)
        others = (_figure(place, WALLET, TERMINALS, ready) for place in places[1:])
        figures = [*_figures(places[0], ready), *others, *_yardsticks(places[0], port, 2 * ready)]
        spare_collector()
        for figure in figures:
            await figure.warm_up()
        await _rounds(figures, seconds, rounds)
        offered = _offered(places[0], figures)
        await _rounds(offered, seconds, rounds)
        figures += offered
        measured = {**parts(places[0].house), **await ledger_parts(places[0].house, places[0].people, places[0].server)}
        stores: dict[str, KeyStore] = {SOFTWARE: FileKeyStore(folder / SOFTWARE)}
        if keys == SOFTHSM:
            stores[SOFTHSM] = places[0].house.keys
        asked = {name: key_parts(store) for name, store in stores.items()}
    return {**results(figures), "keys": keys, "parts_us": measured, "keys_us": asked}


async def _rounds(figures: Sequence[TapFigure], seconds: int, rounds: int) -> None:
    for number in range(1, rounds + 1):
        for figure in figures:
            progress(f"round {number} of {rounds}: {figure.name}: {await figure.round(seconds):,} a second")


def _offered(few: Place, measured: Sequence[TapFigure]) -> list[TapFigure]:
    """As many terminals as were in flight, and parts of the most that they had through come by themselves."""
    fastest = max((one for one in measured if one.mix in (WALLET, FUND) and not one.yardstick), key=lambda one: one.callers)
    rates = [max(fastest.as_json()["per_second"] * percent // 100, 1) for percent in OFFERED_PERCENT]
    what = f"{few.people:,} cards, {fastest.mix}"
    return [
        _figure(few, fastest.mix, fastest.callers, 0, rate=rate, name=f"{fastest.callers:,} connected, {rate:,} a second come, {what}")
        for rate in rates
    ]


def _figures(few: Place, ready: int) -> list[TapFigure]:
    most = min(TERMINALS, few.people >> 3)
    singles = (1, ready // 8), (16, ready * 3 // 4), (256, ready)
    return [
        *(_figure(few, WALLET, count, expected) for count, expected in singles if count <= most),
        *(_figure(few, mix, most, ready) for mix in (FUND, FORGED, NO_MONEY)),
    ]


def _figure(place: Place, mix: str, callers: int, most: int, **more: Any) -> TapFigure:
    name = more.pop("name", f"{callers:,} in flight, {place.people:,} cards, {mix}")
    return TapFigure(name, callers, place=place, mix=mix, most=most, holds=mix in (WALLET, FUND), **more)


def _yardsticks(few: Place, port: int, ready: int) -> list[TapFigure]:
    callers = min(TERMINALS, few.people >> 3)
    name = f"{callers:,} in flight, read, code checked, answered at once"
    return [_figure(few, WALLET, callers, ready, name=name, port=port, yardstick=True, chain=False, history="none")]


_MAC_KEYS = {terminal_number(number): mac_key(number) for number in range(TERMINALS)}


async def _mac_key(_merchant: str, terminal: str) -> Sequence[bytes]:
    return [_MAC_KEYS[terminal]] if terminal in _MAC_KEYS else []


async def _noon() -> datetime:
    return NOW
