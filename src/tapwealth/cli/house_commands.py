"""What the command line's commands do, each as one function over the house."""

import asyncio
import base64
import mimetypes
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tapwealth.app.door import Door, find
from tapwealth.app.house import Settings, archives_in, open_house, require_made
from tapwealth.flows import end_of_day, reports
from tapwealth.flows.day import STEPS
from tapwealth.flows.frame import House
from tapwealth.insurance.settlement import write_statement
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.ids import system_random, uuid7
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage import migrate
from tapwealth.storage.embedded import EmbeddedServer, Role

BENCHMARKS = ("ledger", "history", "tap", "purchase", "income", "clearing", "raise", "bills", "day")
BENCHMARK_KEYS = ("software", "softhsm")
BENCHMARK_SIZES = {"purchase": "people", "income": "holders", "clearing": "orders", "raise": "buyers", "day": "people"}
"""Those that are measured over several sizes, and of what."""
_DAY_ENDS_WITHIN = 3_600
"""Seconds that the platform is given for the steps of a date's end."""


def in_house(data: Path, url: str | None, act: Callable[[House], Awaitable[Any]], keys: str = "") -> Any:
    """Do something in the house of a folder, which must have been made; `keys` as in `Settings`."""

    async def run() -> Any:
        async with open_house(Settings(data=data, database_url=url, keys=keys, exchange=data / "exchange")) as house:
            return await act(house)

    return asyncio.run(run())


async def audited(house: House, data: Path, since: date | None = None) -> dict[str, Any]:
    """The ledger's audit against the heads kept outside the database, what holders of funds are shown and what deposits have against the
    ledger, and raises against what was subscribed."""
    from tapwealth.flows.catalogue.sales import sale_findings
    from tapwealth.flows.deposits.raise_shown import wealth_findings
    from tapwealth.flows.deposits.shown import deposit_findings
    from tapwealth.flows.funds.raises import raise_findings
    from tapwealth.flows.funds.shown import shown_findings
    from tapwealth.ledger.audit import audit

    also = [shown_findings, raise_findings, deposit_findings, wealth_findings, sale_findings(house.keys)]
    return await audit(house.database, house.rails.heads.lines(), since, archives_in(data), also)


def audit_house(data: Path, url: str | None, since: date | None) -> dict[str, Any]:
    """The audit of a folder's house."""
    found: dict[str, Any] = in_house(data, url, lambda house: audited(house, data, since))
    return found


def archive_of(data: Path, url: str | None, year: int | None, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Move a year's shares into files, if one is named; then every year of which anything was spread, and where it is."""
    from tapwealth.ledger.archiving import archive_year, standing

    async def act(house: House) -> Any:
        if year is not None:
            archives = archives_in(data)
            await archive_year(house.database, PostgresLedger(house.books, archives), archives, year, tell)
        async with house.database.read() as tx:
            return [one.as_data() for one in await standing(tx)]

    found: list[dict[str, Any]] = in_house(data, url, act)
    return found


def close_date(data: Path, url: str | None, day: date) -> Any:
    """Have the platform that serves this folder run what is left of a date's end: it alone knows which requests are still in flight."""
    door = find(data)
    answer = _ask(door, "close_day", {"business_date": str(day)}) if door else None
    return answer if answer is not None else in_house(data, url, lambda house: _close_without_platform(house, day))


async def _close_without_platform(house: House, day: date) -> Any:
    """Partners answer to a platform that runs, and files come to it: without one a date cannot be proved. A refusal can be given."""
    refusal = await end_of_day.may_close(house, day)
    if refusal is not None:
        return refusal
    report = await end_of_day.closed(house, day, STEPS)
    if report is None:
        raise Outage(f"{day} is not closed, and no platform runs on this data; start it (`make run`, or `tapwealth up`), then ask again")
    return msgspec.to_builtins(report)


def _ask(door: Door, name: str, body: Mapping[str, Any]) -> Any:
    """Give a command to a running platform. None where nobody answers; a refusal is raised as bad input, an outage as such."""
    headers = {"Authorization": f"Bearer {door.token}", "Idempotency-Key": str(uuid7(machine_now(), 0, system_random()))}
    try:
        answer = httpx.post(f"{door.url}/commands/{name}", json=body, headers=headers, timeout=_DAY_ENDS_WITHIN, trust_env=False)
    except httpx.ConnectError:
        return None
    except httpx.HTTPError as error:
        raise Outage(f"the platform at {door.url} went away ({type(error).__name__}); ask again") from None
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND):
        return None  # somebody else has the port now
    said = answer.json()
    if answer.is_success:
        return said["result"]
    raise (Outage if answer.is_server_error else BadInput)(said["title"])


def date_status(data: Path, url: str | None) -> Any:
    return in_house(data, url, end_of_day.status)


def statement_of(data: Path, url: str | None, customer: str) -> Any:
    """The customer with that phone number or id."""

    async def act(house: House) -> Any:
        found = await reports.statement(house, customer)
        return found if isinstance(found, Refusal) else msgspec.to_builtins(found)

    return in_house(data, url, act)


def assets_of(data: Path, url: str | None, customer: str, day: date | None) -> Any:
    """What the customer with that phone number or id owned at the end of a date."""

    async def act(house: House) -> Any:
        found = await reports.assets(house, customer, day)
        return found if isinstance(found, Refusal) else msgspec.to_builtins(found)

    return in_house(data, url, act)


def earned_on(data: Path, url: str | None, day: date) -> Any:
    """What of the premiums was earned at the end of a date, by product."""

    async def act(house: House) -> Any:
        return msgspec.to_builtins(await reports.earned_premiums(house, day))

    return in_house(data, url, act)


def premium_trust_on(data: Path, url: str | None, day: date) -> Any:
    """What lay in the premium trust at the end of a date, by item."""

    async def act(house: House) -> Any:
        return msgspec.to_builtins(await reports.premium_trust(house, day))

    return in_house(data, url, act)


def insurer_statement_of(data: Path, url: str | None, day: date) -> Any:
    """What was settled with the insurer under a date: the lines, and the file that it is given."""

    async def act(house: House) -> Any:
        lines = await reports.settled_with_insurer(house, day)
        return {"lines": [asdict(one) for one in lines], "file": write_statement(lines).decode()}

    return in_house(data, url, act)


def sale_of(data: Path, url: str | None, identifier: str) -> Any:
    """The sale of that id, as it was seen and signed."""

    async def act(house: House) -> Any:
        found = await reports.sale(house, identifier)
        return found if isinstance(found, Refusal) else msgspec.to_builtins(found)

    return in_house(data, url, act)


def documents_of(data: Path, url: str | None, wanted: Sequence[str], folder: Path) -> Refusal | None:
    """Write the documents of these hashes into a folder, if each is what its hash says; else none of them."""
    from tapwealth.flows.catalogue.shown import DocumentShown, documents

    async def act(house: House) -> list[DocumentShown] | Refusal:
        async with house.database.read() as tx:
            return await documents(tx, wanted)

    found: list[DocumentShown] | Refusal = in_house(data, url, act)
    if isinstance(found, Refusal):
        return found
    folder.mkdir(parents=True, exist_ok=True)
    for one in found:
        name = f"{one.sha256}{mimetypes.guess_extension(one.media_type) or ''}"
        (folder / name).write_bytes(base64.b64decode(one.content))
    return None


def holding_of(data: Path, url: str | None, customer: str, fund: str) -> Any:
    """What each day has brought the customer's holding of that fund, oldest first."""
    return in_house(data, url, lambda house: reports.holding_days(house, customer, fund))


def merchant_statement_of(data: Path, url: str | None, number: str, day: date) -> Any:
    """A merchant's settlement of a date, or why there is none."""
    return in_house(data, url, lambda house: reports.settled_merchant(house, number, day))


def party_statement_of(data: Path, url: str | None, party: str, first: date, last: date) -> Any:
    """What a party has of the card fees."""
    return in_house(data, url, lambda house: reports.shared_fees(house, party, first, last))


def migrate_database(data: Path, url: str | None) -> tuple[str, ...]:
    if url:
        return asyncio.run(migrate.apply(url))
    with EmbeddedServer(data) as server:
        return asyncio.run(migrate.apply(server.dsn(Role.OWNER)))


def database_status(data: Path, url: str | None) -> dict[str, Any]:
    if url:
        found = asyncio.run(migrate.status(url))
    else:
        require_made(data, url)
        with EmbeddedServer(data) as server:
            found = asyncio.run(migrate.status(server.dsn(Role.OWNER)))
    return {"current": found.current, "head": found.head, "pending": list(found.pending)}


def run_benchmark(name: str, seconds: int, keys: str, sizes: Sequence[int], *, as_json: bool) -> None:
    """Run one of `BENCHMARKS` on an embedded server of its own; `keys` is asked of taps alone, `sizes` in place of the usual ones."""
    from tapwealth.bench import bills, clearing, day, history, income, ledger, purchase, raising, tap

    if name == "tap":
        tap.main(seconds, as_json=as_json, out=sys.stdout, keys=keys)
    else:
        measured = {
            "ledger": ledger, "history": history, "purchase": purchase, "income": income, "clearing": clearing, "raise": raising,
            "bills": bills, "day": day,
        }  # fmt: skip
        of_sizes: dict[str, Any] = {BENCHMARK_SIZES[name]: sizes} if sizes else {}
        measured[name].main(seconds, as_json=as_json, out=sys.stdout, **of_sizes)
