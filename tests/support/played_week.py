"""Plays a week, or a few days of one, in a folder of its own, and gathers what can be compared: figures, partners' stores, files sent,
audit.

The processes are the real ones. A `Disturber` is started beside the player with the troupe in hand; what it does (kills) must leave no
trace in what is gathered. Ids, heads and numbers that a till counts are not in it.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

from made_cluster import give_database
from memory import roomy
from real_files import ORDERS_FILE

from tapwealth.app.house import Settings, open_house
from tapwealth.cli.house_commands import audited
from tapwealth.kernel.clock import deadline_after, monotonic_ns
from tapwealth.play.processes import PARTNERS, Troupe, python
from tapwealth.play.stage import Stage
from tapwealth.play.theatre import Billing, Evening, open_theatre, perform
from tapwealth.sandbox.scenarios import plan
from tapwealth.wire.ofd import DataFile, Header, parse_data_file_name, write_data_file

ORDERS_NAME, ALL_ORDERS = ORDERS_FILE.name, ORDERS_FILE.read_bytes()
PLATFORM = python("tapwealth.cli", "up")
FEW = 30

T = TypeVar("T")
Disturber = Callable[[Stage, Troupe], Awaitable[None]]


def orders(count: int, without: int | None = None, amounts: Mapping[int, int] | None = None) -> bytes:
    """The first `count` real orders as a file of their own; `without` leaves one out (and lowers the count), `amounts` changes some."""
    whole = DataFile(BytesIO(ALL_ORDERS), ORDERS_NAME, parse_data_file_name(ORDERS_NAME))
    kept = [dict(record) for number, record in enumerate(whole) if number < count and number != without]
    for number, amount in (amounts or {}).items():
        kept[number]["ApplicationAmount"] = amount
    header = whole.header
    return write_data_file(Header(header.creator, header.receiver, header.day, "03", header.fields, len(kept)), kept)


FEW_ORDERS = orders(FEW)


@contextmanager
def theatre_folder(house: str = ".") -> Iterator[Path]:
    """A folder that the database's user can reach, with an empty migrated database for the `house` in it; gone afterwards unless
    TAPWEALTH_KEEP is set."""
    folder = Path(tempfile.mkdtemp(prefix="tapwealth-week-", dir=roomy()))
    folder.chmod(0o711)
    give_database(folder / house)
    try:
        yield folder
    finally:
        if not os.environ.get("TAPWEALTH_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Outcome:
    """What a played week came to. `stores` by partner, `sent` the files that the registrar was left, by name."""

    figures: dict[str, Any]
    unproved: list[str]
    stores: dict[str, Any]
    sent: dict[str, bytes]
    audit: dict[str, Any]
    events: list[str] = field(default_factory=list)
    diary: dict[str, Any] = field(default_factory=dict)
    otherwise: list[str] = field(default_factory=list)

    @property
    def proved(self) -> bool:
        return not self.unproved and all(day["proved"] for day in self.figures["days"])

    @property
    def breaks(self) -> list[dict[str, Any]]:
        return [one for day in self.figures["days"] for one in day["breaks"]]

    def comparable(self) -> dict[str, Any]:
        """Everything that must not depend on kills, seed apart."""
        said = {"unproved": self.unproved, "otherwise": self.otherwise}
        return {"figures": self.figures, "stores": self.stores, "sent": self.sent, **said}


def billing(folder: Path, days: int, **more: Any) -> Billing:
    """`faults` is a plan by partner; the week's own faults if it is not given."""
    wanted = {"orders": FEW_ORDERS, "orders_name": ORDERS_NAME, "faults": plan("week"), **more}
    return Billing(folder, days=days, **wanted)


async def play_week(
    folder: Path,
    days: int,
    *,
    platform: tuple[str, ...] = PLATFORM,
    disturb: Disturber | None = None,
    before: Callable[[str], None] = lambda _: None,
    patience: int = 60,
    **more: Any,
) -> Outcome:
    """Play in `folder` (on, if something was played there) and gather. `before` is told each scene's name before its time has come."""
    wanted, events = billing(folder, days, **more), []
    async with open_theatre(wanted, platform, events.append) as (stage, troupe):
        stage.patience = patience
        playing = perform(wanted, stage, lambda text, *_: before(text[len("mm-dd HH:MM ") :]))
        evening = await (disturbed(playing, disturb(stage, troupe)) if disturb else playing)
        for part in troupe.parts:
            await troupe.ready(part)
        outcome = await _come_to(stage, evening, events)
    return replace(outcome, audit=await audit(folder))


async def play_weeks(folder: Path, each: Sequence[int]) -> list[Outcome]:
    """One play that comes to each of these numbers of days, the fewest first; looked at when it is there. The audit is that of the end."""
    wanted, events, outcomes = billing(folder, each[-1]), list[str](), list[Outcome]()
    async with open_theatre(wanted, PLATFORM, events.append) as (stage, _):
        for days in each:
            outcomes.append(await _come_to(stage, await perform(replace(wanted, days=days), stage, lambda *_: None), events))
    audited = await audit(folder)
    return [replace(one, audit=audited) for one in outcomes]


async def _come_to(stage: Stage, evening: Evening, events: list[str]) -> Outcome:
    """All but the audit."""
    figures, stores = await stage.view("week"), await settled_stores(stage)
    return Outcome(
        figures, evening.unproved, stores, sent_files(stage.folder), {}, list(events), dict(stage.diary.notes), evening.otherwise
    )


async def settled_stores(stage: Stage) -> dict[str, Any]:
    """The partners' stores once nothing more comes: what was sent at the last moment is taken when it is looked for, moments later."""
    deadline, before = deadline_after(_SETTLE_SECONDS), None
    while True:
        stores = {name: await stage.partner_store(name) for name in PARTNERS}
        left = {name for name in sent_files(stage.folder) if name.startswith("OFD_")} - {
            one["name"] for one in stores["registrar"]["taken"]
        }
        if (stores == before and not left) or monotonic_ns() > deadline:
            return stores
        before = stores
        await asyncio.sleep(0.2)


_SETTLE_SECONDS = 5


async def disturbed(playing: Coroutine[Any, Any, T], disturbing: Awaitable[None]) -> T:
    """What the play comes to, with a disturber beside it: one that fails ends the play at once, with what it says."""
    play, other = asyncio.create_task(playing), asyncio.ensure_future(disturbing)
    try:
        await asyncio.wait({play, other}, return_when=asyncio.FIRST_COMPLETED)
        if other.done():
            await other
        return await play
    finally:
        for task in (play, other):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def sent_files(folder: Path) -> dict[str, bytes]:
    """What was left for the registrar."""
    return {path.name: path.read_bytes() for path in sorted((folder / "exchange" / "to_registrar").glob("OF*"))}


async def audit(folder: Path) -> dict[str, Any]:
    """What `tapwealth audit` finds, in this process: to start one takes longer than the audit."""
    async with open_house(Settings(data=folder, exchange=folder / "exchange")) as house:
        return await audited(house, folder)


def kill(pid: int) -> None:
    """At once and without a word."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def database_pid(folder: Path) -> int | None:
    """The database's first process, if one is there."""
    try:
        return int((folder / "database" / "cluster" / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two gathered things differ, one line each."""
    if type(one) is type(other) and isinstance(one, dict):
        names = [*one, *(name for name in other if name not in one)]
        return [line for name in names for line in differences(one.get(name), other.get(name), f"{where}.{name}")]
    if type(one) is type(other) and isinstance(one, list) and len(one) == len(other):
        return [line for index, pair in enumerate(zip(one, other, strict=True)) for line in differences(*pair, f"{where}[{index}]")]
    return [] if one == other else [f"{where}: {str(one)[:300]} ≠ {str(other)[:300]}"]
