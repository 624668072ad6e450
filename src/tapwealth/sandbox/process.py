"""The frame every sandbox partner runs in: options, books, clock, faults, outbox, HTTP server, clean and unclean ends.

A partner is a process of its own that shares nothing with the product but `wire` and `kernel`. It dies with the process that started it
(PR_SET_PDEATHSIG, prctl(2): the signal comes when the *thread* that started it ends). Whatever it answered with 2xx is in its store.

The partner's clock stands still between calls of `POST /admin/clock` and only goes forward. `on_clock(partner, before, after)` does what
falls due in (before, after]; it runs before the new time is stored and again from the same `before` if the process died meanwhile, so
each thing it does must be recorded with the deed itself.
"""

import argparse
import asyncio
import ctypes
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.clock import iso
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.sandbox.faults import DELAY, FAULT_SCHEMA, Fault, PlannedFault, counts_of, next_fault, next_fault_once, plan_of, replace_plan
from tapwealth.sandbox.messages import (
    Body,
    Gate,
    answer_error,
    json_answer,
    json_body,
    one_line,
)
from tapwealth.sandbox.outbox import BANK, OUTBOX_SCHEMA, PLATFORM, Message, owe
from tapwealth.sandbox.store import Store

__all__ = ["DELAY", "UNSET", "Fault", "Partner", "Store", "run"]

CLOCK_SCHEMA = "CREATE TABLE IF NOT EXISTS partner_clock (one INTEGER PRIMARY KEY CHECK (one = 1), now TEXT NOT NULL);"
UNSET = datetime(1970, 1, 1, tzinfo=UTC)
"""What the clock shows until it is set for the first time."""
PR_SET_PDEATHSIG = 1
STOP_PATIENCE_SECONDS = 3

OnClock = Callable[["Partner", datetime, datetime], Awaitable[None]]
Background = Callable[["Partner"], Awaitable[None]]


class Partner:
    """One partner at work: its `name`, its `store`, the `options` of the command line, its clock, its faults and its outbox."""

    def __init__(self, name: str, store: Store, options: argparse.Namespace) -> None:
        self.name, self.store, self.options = name, store, options
        self.stopping = asyncio.Event()
        self.wakes = {PLATFORM: asyncio.Event(), BANK: asyncio.Event()}
        self.clock_guard = asyncio.Lock()

    def now(self) -> datetime:
        """The partner's clock, aware UTC."""
        with self.store.tx() as tx:
            row = tx.execute("SELECT now FROM partner_clock").fetchone()
        return UNSET if row is None else datetime.fromisoformat(row["now"])

    def planned_fault(self, message_kind: str, key: str | None = None, about: str = "") -> PlannedFault | None:
        """Count a message of this kind and say what the plan has for it. A message named by `key` is counted once for good; `about` is
        the name of what it is about."""
        with self.store.tx() as tx:
            return next_fault(tx, message_kind, key, about)

    def push(self, message: Message, planned: PlannedFault | None = None) -> None:
        """Owe a message, inside the `tx` of what caused it. Of the planned faults, lose, double and delay act here; what
        changes the content (one fen, a day) is the caller's, who asked `planned_fault` before making the body."""
        fault = None if planned is None else planned.fault
        copies = {Fault.LOSE: 0, Fault.DOUBLE: 2}.get(fault, 1) if fault else 1
        not_before = None
        if planned is not None and fault is Fault.DELAY:
            not_before = planned.until or self.now() + DELAY
        with self.store.tx() as tx:
            owe(tx, message, copies=copies, not_before=not_before)
        self.wakes[message.destination].set()

    async def answer(self, request: Request, message_kind: str, deed: Callable[[], Response], key: str | None = None) -> Response:
        """What `deed` answers, in one `tx` with the counting, unless the plan has this message unanswered or in error: one with a
        `key` of its own only the first time. The request's body must have been read."""
        with self.store.tx() as tx:
            planned = next_fault(tx, message_kind, None) if key is None else next_fault_once(tx, message_kind, key)
            fault = None if planned is None else planned.fault
            if fault is Fault.ERROR:
                return one_line("internal error", 500)
            response = None if fault is Fault.SILENT_UNPROCESSED else deed()
        if response is None or fault is Fault.SILENT:
            return await self.hold_open(request)
        return response

    async def hold_open(self, request: Request) -> Response:
        """Answer nothing until the asker gives up or the partner stops. The body must have been read before."""
        await self.asked_in_vain(request)
        return one_line("no answer", 503)

    async def asked_in_vain(self, request: Request, at_most: int | None = None) -> bool:
        """Wait until the asker gives up or the partner stops; false if neither has happened after `at_most` seconds."""
        gone, stopping = asyncio.ensure_future(_disconnected(request)), asyncio.ensure_future(self.stopping.wait())
        ended, _ = await asyncio.wait((gone, stopping), return_when=asyncio.FIRST_COMPLETED, timeout=at_most)
        for task in (gone, stopping):
            task.cancel()
        return bool(ended)


def run(
    name: str,
    schema: str,
    routes: Callable[[Partner], list[Route]],
    on_clock: OnClock | None = None,
    background: Background | None = None,
    argv: Sequence[str] | None = None,
) -> None:
    """Serve partner `name` until SIGTERM. Exits with 2 on wrong usage, 3 if the store or the port cannot be had; one line each."""
    options = _parser(name).parse_args(argv)
    _die_with_parent()
    try:
        store = Store(options.store, CLOCK_SCHEMA + FAULT_SCHEMA + OUTBOX_SCHEMA + schema)
        listener = _listen(options.host, options.port)
    except Outage as outage:
        _give_up(name, str(outage))
    try:
        asyncio.run(_serve(Partner(name, store, options), listener, routes, on_clock, background))
    finally:
        store.close()


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"tapwealth.sandbox {name}", description=f"The {name} of the sandbox, a process with its own books."
    )
    parser.add_argument("--store", type=Path, required=True, help="SQLite file with the partner's books")
    parser.add_argument("--port", type=int, required=True, help="TCP port to serve; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to serve")
    parser.add_argument("--platform", default="", help="URL of the platform, for messages pushed to it")
    parser.add_argument("--bank", default="", help="URL of the bank, for partners that pay there")
    parser.add_argument("--exchange", type=Path, default=None, help="directory for exchanged files")
    shared = os.environ.get("TAPWEALTH_PARTNER_TOKEN", "")  # a command line can be read by everybody on the machine
    parser.add_argument("--token", default=shared, help="bearer token shared with the platform")
    return parser


def _die_with_parent() -> None:
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit(3)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else an answer's body waits until its head is acknowledged
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise Outage(f"{host}:{port} cannot be served ({error}); name a free --port") from None
    return listener


def _give_up(name: str, line: str) -> NoReturn:
    sys.stderr.write(f"{name}: {line}\n")
    raise SystemExit(3)


class _Server(uvicorn.Server):
    """Stops on SIGTERM and SIGINT with exit code 0."""

    def __init__(self, config: uvicorn.Config, partner: Partner) -> None:
        super().__init__(config)
        self._partner = partner

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        yield

    def stop(self) -> None:
        self._partner.stopping.set()
        self.should_exit = True


async def _serve(
    partner: Partner,
    listener: socket.socket,
    routes: Callable[[Partner], list[Route]],
    on_clock: OnClock | None,
    background: Background | None,
) -> None:
    works: list[tuple[str, Callable[[], Awaitable[None]]]] = []
    for destination, url in ((PLATFORM, partner.options.platform), (BANK, partner.options.bank)):
        if url:
            works.append((f"outbox to the {destination}", _pushing(partner, destination, url)))
    if background is not None:
        works.append(("background", partial(background, partner)))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        host, port = listener.getsockname()
        sys.stdout.write(f"{partner.name} serves http://{host}:{port}\n")
        sys.stdout.flush()
        tasks = [asyncio.create_task(_watched(partner.name, what, work, server)) for what, work in works]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    app = Starlette(
        routes=[*_common_routes(partner, on_clock), *routes(partner)],
        lifespan=lifespan,
        exception_handlers={BadInput: answer_error, Outage: answer_error, HTTPException: answer_error, Exception: answer_error},
    )
    config = uvicorn.Config(
        Gate(app, partner.options.token), log_level="warning", access_log=False, timeout_graceful_shutdown=STOP_PATIENCE_SECONDS
    )
    server = _Server(config, partner)
    await server.serve(sockets=[listener])


async def _watched(name: str, what: str, work: Callable[[], Awaitable[None]], server: _Server) -> None:
    """A partner without its background is no partner: it says why, and stops."""
    try:
        await work()
    except Exception as error:
        sys.stderr.write(f"{name}: {what} ended by {type(error).__name__}: {error}\n")
        server.stop()
        raise


def _pushing(partner: Partner, destination: str, url: str) -> Callable[[], Awaitable[None]]:
    """The work of pushing there. What is slow to load is loaded here, before the partner says that it serves."""
    from tapwealth.sandbox.pusher import Pusher

    pusher = Pusher(partner.store, destination, url, partner.options.token)

    async def push() -> None:
        try:
            await pusher.run(partner.now, partner.wakes[destination])
        finally:
            await pusher.close()

    return push


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class ClockBody(Body):
    """`now`: RFC 3339 with an offset."""

    now: datetime


class FaultBody(Body):
    """One planned fault; see `PlannedFault`."""

    message: str
    nth: int
    fault: Fault
    until: datetime | None = None


class FaultsBody(Body):
    """The whole plan. With `serial` (else by its content) a plan that is in force already is not started again."""

    faults: list[FaultBody]
    serial: str = ""


def _common_routes(partner: Partner, on_clock: OnClock | None) -> list[Route]:
    async def health(_: Request) -> Response:
        return json_answer({"name": partner.name, "now": iso(partner.now())})

    async def clock(request: Request) -> Response:
        body = await json_body(request, ClockBody)
        _aware(body.now, "now")
        async with partner.clock_guard:
            await _advance(partner, body.now, on_clock)
        for wake in partner.wakes.values():
            wake.set()
        return json_answer({"now": iso(partner.now())})

    async def set_faults(request: Request) -> Response:
        body = await json_body(request, FaultsBody)
        for index, planned in enumerate(body.faults):
            if planned.nth < 0:
                raise BadInput(f"nth is {planned.nth}", where=f"faults[{index}]", hint="count from 1, or 0 for every message")
            _aware(planned.until, f"faults[{index}].until")
        plan = [PlannedFault(planned.message, planned.nth, planned.fault, planned.until) for planned in body.faults]
        with partner.store.tx() as tx:
            replace_plan(tx, plan, f"{body.serial}|{body.faults}")
        return _fault_state(partner)

    async def get_faults(_: Request) -> Response:
        return _fault_state(partner)

    async def get_outbox(_: Request) -> Response:
        with partner.store.tx() as tx:
            rows = tx.execute("SELECT key, kind, destination, attempts, last_answer FROM outbox WHERE copies > 0 ORDER BY seq").fetchall()
        return json_answer([dict(row) for row in rows])

    return [
        Route("/health", health),
        Route("/admin/clock", clock, methods=["POST"]),
        Route("/admin/faults", set_faults, methods=["POST"]),
        Route("/admin/faults", get_faults),
        Route("/admin/outbox", get_outbox),
    ]


def _fault_state(partner: Partner) -> Response:
    with partner.store.tx() as tx:
        plan, counts = plan_of(tx), counts_of(tx)
    faults = [{"message": p.message, "nth": p.nth, "fault": p.fault, "until": iso(p.until) if p.until else None} for p in plan]
    return json_answer({"faults": faults, "counts": counts})


def _aware(instant: datetime | None, where: str) -> None:
    if instant is not None and instant.tzinfo is None:
        raise BadInput("the time has no offset", where=where, hint="write it like 2014-02-24T15:00:00+08:00")


async def _advance(partner: Partner, after: datetime, on_clock: OnClock | None) -> None:
    before = partner.now()
    if after <= before:
        return
    if on_clock is not None:
        await on_clock(partner, before, after)
    with partner.store.tx() as tx:
        tx.execute("INSERT INTO partner_clock VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET now = excluded.now", (iso(after),))
