"""What the command line's commands do, each as one function over the house."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from tapwealth.app.house import Settings, open_house
from tapwealth.flows import end_of_day, reports
from tapwealth.flows.day import STEPS
from tapwealth.flows.frame import House
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import migrate
from tapwealth.storage.embedded import EmbeddedServer, Role


def _in_house(data: Path, url: str | None, act: Callable[[House], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with open_house(Settings(data=data, database_url=url, exchange=data / "exchange")) as house:
            return await act(house)

    return asyncio.run(run())


def audit_house(data: Path, url: str | None, since: date | None) -> dict[str, Any]:
    """The ledger's audit against the heads kept outside the database."""
    from tapwealth.ledger.audit import audit

    async def act(house: House) -> Any:
        return await audit(house.database, house.rails.heads.lines(), since)

    found: dict[str, Any] = _in_house(data, url, act)
    return found


def close_date(data: Path, url: str | None, day: date) -> Any:
    """Run what is left of a date's end."""

    async def act(house: House) -> Any:
        report = await end_of_day.close_day(house, day, STEPS)
        return report if isinstance(report, Refusal) else msgspec.to_builtins(report)

    return _in_house(data, url, act)


def date_status(data: Path, url: str | None) -> Any:
    return _in_house(data, url, end_of_day.status)


def statement_of(data: Path, url: str | None, customer: str) -> Any:
    """The customer with that phone number or id."""

    async def act(house: House) -> Any:
        found = await reports.statement(house, customer)
        return found if isinstance(found, Refusal) else msgspec.to_builtins(found)

    return _in_house(data, url, act)


def migrate_database(data: Path, url: str | None) -> tuple[str, ...]:
    if url:
        return asyncio.run(migrate.apply(url))
    with EmbeddedServer(data) as server:
        return asyncio.run(migrate.apply(server.dsn(Role.OWNER)))


def database_status(data: Path, url: str | None) -> dict[str, Any]:
    if url:
        found = asyncio.run(migrate.status(url))
    else:
        with EmbeddedServer(data) as server:
            found = asyncio.run(migrate.status(server.dsn(Role.OWNER)))
    return {"current": found.current, "head": found.head, "pending": list(found.pending)}


def run_benchmark(name: str, seconds: int, *, as_json: bool) -> None:
    """Run a benchmark on an embedded server of its own."""
    from tapwealth.bench import history, ledger

    benchmarks = {"ledger": ledger.main, "history": history.main}
    if name not in benchmarks:
        raise BadInput(f"there is no benchmark {name!r}", hint=f"there are {', '.join(benchmarks)}")
    benchmarks[name](seconds, as_json=as_json, out=sys.stdout)
