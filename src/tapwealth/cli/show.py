"""The played week on the command line: progress while it plays, tables when it is over."""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tapwealth.app.door import find
from tapwealth.cli.options import DEFAULT_DATA
from tapwealth.flows.reports.assets import MONEY
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.play.channel import check_orders
from tapwealth.play.devices import phone_file
from tapwealth.play.processes import python
from tapwealth.play.stage import Stage
from tapwealth.play.theatre import Billing, Evening, live_on, open_theatre, perform
from tapwealth.play.week import FIRST_DAY
from tapwealth.storage import migrate
from tapwealth.storage.embedded import EmbeddedServer

_ORDERS = "OFD_996_H0_20170427_03.TXT"
_PROVED, _UNPROVED, _STOPPED = 0, 1, 3
_LOCK = "playing.lock"
_TABLE_WIDTH = 118
_NOT_IN = "?"
"""Stands for what a partner has not said."""


def show(
    data: Path,
    *,
    fresh: bool,
    first_day: date | None,
    days: int,
    seed: int,
    books: int,
    orders: Path | None,
    fault: str,
    json_file: str | None,
    serve: bool,
    database_url: str | None = None,
) -> int:
    """Play, print, and keep serving if asked to. The exit code: 0 if all went as the script has it and every date was proved."""
    data = data.resolve()
    content, name = _orders(orders)
    faults = _faults(fault or "week", first_day or FIRST_DAY)
    _look_at(json_file)
    with _alone(data):
        if fresh:
            _erase(data, database_url)
        billing = Billing(data, first_day or FIRST_DAY, days, seed, books, content, name, faults)
        return asyncio.run(_show(billing, Console(stderr=True), json_file, database_url, serve=serve))


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One player at a time in a folder; the lock goes with the process, however that ends. Raises Outage."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            door = find(data)
            at = f" at {door.url}/" if door else ""
            said = f"a week is being played or served in {data} already{at}; stop that one with Ctrl-C, or give another --data-dir"
            raise Outage(said) from None
        yield


def _erase(data: Path, database_url: str | None) -> None:
    """Delete a played week, and nothing else."""
    left = [path for path in data.iterdir() if path.name != _LOCK]
    if not left:
        return
    if not (data / "billing.json").exists():
        raise BadInput(f"{data} holds something else than a played week", where="--data-dir", hint="give an empty folder")
    if database_url:
        asyncio.run(migrate.erase(database_url))
    else:
        EmbeddedServer(data).erase()
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=path.name == "database")  # that one is gone already
        else:
            path.unlink(missing_ok=True)


def _look_at(json_file: str | None) -> None:
    """A week is not played for a file that cannot be written."""
    folder = Path(json_file or "-").absolute().parent
    if not os.access(folder, os.W_OK | os.X_OK) or Path(json_file or "-").is_dir():
        raise BadInput("the file cannot be written there", where=f"--json {json_file}", hint="name a file in a folder of yours")


def _orders(path: Path | None) -> tuple[bytes, str]:
    """The channel's order file, read to its end: nothing is begun, and nothing deleted, for the sake of a wrong one."""
    if path is None:
        return files("tapwealth.play").joinpath("data", _ORDERS).read_bytes(), _ORDERS
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"the file cannot be opened ({error.strerror})", where=str(path), hint="look at its path and its rights") from None
    check_orders(content, path.name)
    return content, path.name


def _faults(name: str, first_day: date) -> Any:
    """The sandbox knows what each name means; here it is only passed on. An unknown one is wrong usage."""
    command = python("tapwealth.sandbox.scenarios", name, str(first_day))
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode:
        sys.stderr.write(f"--fault {done.stderr.strip()}\n")
        raise SystemExit(done.returncode)
    return json.loads(done.stdout)


def _platform(database_url: str | None) -> tuple[str, ...]:
    return python("tapwealth.cli", "up", *(("--database-url", database_url) if database_url else ()))


async def _show(billing: Billing, console: Console, json_file: str | None, database_url: str | None, *, serve: bool) -> int:
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()
    assert main is not None, "this runs as a task"
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, main.cancel)
    outcome = _PROVED if serve else _STOPPED  # who serves is always stopped in the end
    try:
        async with open_theatre(billing, _platform(database_url), partial(console.print, highlight=False)) as (stage, _troupe):
            console.print(f"[bold]Tapwealth[/bold] plays {billing.days} days from {billing.first_day}: {stage.urls['platform']}")
            evening = await _play(billing, stage, console)
            _write(evening, json_file, console)
            outcome = _PROVED if evening.proved and not evening.otherwise else _UNPROVED
            if serve:
                console.print(f"\nthe week as people see it: [bold]{evening.address}/[/bold]", soft_wrap=True)
                console.print(f"sell in its shop: {_selling(billing.folder)}", soft_wrap=True, highlight=False)
                console.print("Ctrl-C stops; everything is kept")
                await live_on(stage)
    except asyncio.CancelledError:
        console.print("stopped; everything is kept, call again to go on")
    return outcome


def _selling(folder: Path) -> str:
    """The command by which whoever looks on takes a payment from the first customer's phone."""
    place = "" if folder == DEFAULT_DATA.resolve() else f" --data-dir {folder}"
    phone = phone_file((folder if place else DEFAULT_DATA) / "devices", 0)
    program = Path(".venv/bin/tapwealth")
    return f"{program if program.exists() else program.name} terminal pay --amount 12.50 --reader phone:{phone}{place}"


async def _play(billing: Billing, stage: Stage, console: Console) -> Evening:
    bar = Progress(TextColumn("{task.description:60}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
    with bar if console.is_terminal else nullcontext():
        task = bar.add_task("", total=None)

        def on_progress(text: str, number: int, count: int) -> None:
            bar.update(task, description=text[:60], completed=number, total=count)
            if not console.is_terminal:
                console.print(f"{number + 1:3}/{count} {text}", highlight=False)

        return await perform(billing, stage, on_progress)


def _write(evening: Evening, json_file: str | None, console: Console) -> None:
    if json_file == "-":
        sys.stdout.write(json.dumps(evening.figures, ensure_ascii=False, indent=2) + "\n")
    elif json_file:
        Path(json_file).write_text(json.dumps(evening.figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print_week(evening, _paper(stderr=json_file == "-"))
    for line in evening.unproved:
        console.print(f"[red]not proved:[/red] {line}", highlight=False)
    for line in evening.otherwise:
        console.print(f"[red]went otherwise:[/red] {line}", highlight=False)


def _paper(*, stderr: bool = False) -> Console:
    """A console for tables: as wide as the terminal, or wide enough for them where there is none."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=_TABLE_WIDTH)


def print_week(evening: Evening, console: Console) -> None:
    """A table per day, the customers' statements, what billers are paid, the proofs."""
    for one in evening.figures["days"]:
        console.print(_day_table(one))
        for line in _open_items(one):
            console.print(line, highlight=False, soft_wrap=True)
    for one in evening.figures["customers"]:
        console.print(_statement_table(one))
    if any(one["billers"] for one in evening.figures["days"]):
        console.print(_biller_table(evening.figures["days"]))
    ended = [one for one in evening.figures["days"] if one["state"] != "open"]
    whole = _proof_table(f"Proofs: {_BY_BANK}; {_BY_REGISTRAR}", ended, _PROOFS)
    if Measurement.get(console, console.options.update(max_width=2 * _TABLE_WIDTH), whole).maximum <= console.width:
        console.print(whole)
        return
    for part in _fitting(console, ended, _PROOFS[: len(_SHORT)]):
        console.print(_proof_table(f"Proofs: {_BY_BANK}", ended, part, tight=True))
    console.print(_proof_table(f"Proofs: {_BY_REGISTRAR}", ended, _PROOFS[len(_SHORT) :], tight=True))


def _day_table(one: dict[str, Any]) -> Table:
    table = Table(title=f"{one['business_date']}  {one['state']}", title_justify="left", show_header=False)
    for name, text in one["steps"].items():
        table.add_row(name, text)
    return table


def _open_items(one: dict[str, Any]) -> list[str]:
    """What an operator follows up, by name: breaks, and bills whose biller has not said how they went."""
    breaks = [
        f"{'accounted for' if found['accounted'] else '[red]not explained[/red]'}: {escape(found['text'])}" for found in one["breaks"]
    ]
    doubts = [
        f"in doubt: bill of {format_minor(bill['amount'])} to {escape(bill['biller'])} for {escape(bill['period'])}, {bill['state_en']}"
        for bill in one["in_doubt"]
    ]
    return [f"  {line}" for line in (*breaks, *doubts)]


def _biller_table(days: list[dict[str, Any]]) -> Table:
    """What each biller's file has as we have it, and what the biller was paid, less what it pays us for it."""
    table = Table(title="Billers: what agrees with each one's file, and what it is paid", title_justify="left")
    for heading in ("date", "biller"):
        table.add_column(heading, no_wrap=True)
    for heading in ("in its file", "settled", "fee", "paid out"):
        table.add_column(heading, justify="right", no_wrap=True)
    for day in days:
        for one in day["billers"]:
            told = f"{one['agreed']}: {format_minor(one['agreed_amount'])}" if one["agreed"] else ""
            settled = [format_minor(one[name]) if one["payments"] or one["payout"] else "" for name in ("gross", "fee", "payout")]
            table.add_row(day["business_date"][5:], one["name_en"], told, *settled)
    return table


_SHORT = {
    "customer reserve": "reserve",
    "fund-sales collection": "collection",
    "premium trust": "premiums",
    "own money": "own money",
    "bank's advance": "advance",
    "deposits at the bank": "deposits",
}


_BY_BANK = "our mirror = the bank's statement (+n payments on their way)"
_BY_REGISTRAR = "our units = the registrar's holdings"
_PROOFS = (*_SHORT.values(), "units", "proved")


def _fitting(console: Console, days: list[dict[str, Any]], shown: Sequence[str]) -> list[Sequence[str]]:
    """These columns as one table, or as two if that is wider than the terminal."""
    whole = _proof_table("", days, shown, tight=True)
    if Measurement.get(console, console.options.update(max_width=2 * _TABLE_WIDTH), whole).maximum <= console.width:
        return [shown]
    half = (len(shown) + 1) // 2
    return [shown[:half], shown[half:]]


def _proof_table(title: str, days: list[dict[str, Any]], shown: Sequence[str], *, tight: bool = False) -> Table:
    """Each date's mirrors against the bank's statements, and the units against the registrar's holdings; of that, the columns `shown`."""
    table = Table(title=title, title_justify="left")
    if tight:
        table.box, table.padding, table.pad_edge = SIMPLE_HEAD, (0, 1, 0, 0), False
    table.add_column("date", no_wrap=True)
    for name in shown:
        table.add_column(name, justify="left" if name == "proved" else "right", no_wrap=True)
    for one in days:
        mirrors = [_mirror_cell(mirror) for mirror in one["mirrors"]] or [_NOT_IN] * len(_SHORT)
        cells = (*mirrors, _units_cell(one["units"]), "yes" if one["proved"] else "[red]NO[/red]")
        by_name = dict(zip(_PROOFS, cells, strict=True))
        table.add_row(one["business_date"][5:], *(by_name[name] for name in shown))
    return table


def _units_cell(units: dict[str, Any] | None) -> str:
    if units is None or units["registrar"] is None:
        return _NOT_IN
    held = format_minor(units["ours"])
    agree = units["ours"] + sum(item["units"] for item in units["transit_098"]) == units["registrar"]
    return held if agree else f"{held} ≠ {format_minor(units['registrar'])}"


def _mirror_cell(mirror: dict[str, Any]) -> str:
    text = format_minor(mirror["ours"])
    if mirror["statement"] is None:
        return f"{text} {_NOT_IN}"
    if mirror["ours"] != mirror["statement"]:
        text += f" ≠ {format_minor(mirror['statement'])}"
    return f"{text} +{len(mirror['transit'])}" if mirror["transit"] else text


def _statement_table(one: dict[str, Any]) -> Table:
    title = f"{one['shown_name']}: wallet {format_minor(one['wallet'])}, fund {format_minor(one['holding'])}"
    table = Table(title=title, title_justify="left")
    for heading in ("date", "what"):
        table.add_column(heading)
    for heading in ("amount", "balance"):
        table.add_column(heading, justify="right")
    for line in one["statement"]:
        table.add_row(line["date"], line["text_en"], format_minor(line["amount"]), format_minor(line["balance"]))
    return table


def print_statement(found: dict[str, Any]) -> None:
    """One customer's statement."""
    _paper().print(_statement_table(found))


def print_assets(found: dict[str, Any]) -> None:
    """What one customer owned."""
    table = Table(title=f"{found['shown_name']}: {found['date']}, {format_minor(found['worth'])} yuan", title_justify="left")
    for heading, justify in _ASSETS:
        table.add_column(heading, justify=justify)
    for one in found["assets"]:
        table.add_row(
            one["text_en"], one["product"], f"{format_minor(one['amount'])} {_unit(one)}", _price(one), format_minor(one["worth"])
        )
    _paper().print(table)
    if not found["closed"]:
        _paper().print(f"{found['date']} is not closed: what else is booked on it will change this")


_ASSETS: tuple[tuple[str, JustifyMethod], ...] = (
    ("what", "left"), ("product", "left"), ("amount", "right"), ("price", "right"), ("worth, yuan", "right"),
)  # fmt: skip


def _unit(one: dict[str, Any]) -> str:
    return "yuan" if one["asset"] == MONEY else "units"


def _price(one: dict[str, Any]) -> str:
    """Of a unit, and of which day it is."""
    if one["asset"] == MONEY:
        return ""
    if not one["nav"]:
        return "not known yet"
    return f"{one['nav'] // 10_000}.{one['nav'] % 10_000:04d}" + (f" of {one['nav_date']}" if one["nav_date"] else "")
