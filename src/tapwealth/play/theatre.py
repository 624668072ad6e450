"""The whole theatre: processes started, the week played, what came of it.

The folder holds everything; a second call goes on from where the first one was interrupted.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tapwealth.kernel.clock import SHANGHAI, iso, monotonic_ns, shanghai, sleep_ms
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.play.acts import counters
from tapwealth.play.bill_acts import BILLERS
from tapwealth.play.cast import cast_of
from tapwealth.play.processes import PARTNERS, Part, Troupe, ports, python
from tapwealth.play.script import scenes
from tapwealth.play.stage import Diary, Stage, password_of
from tapwealth.play.week import DAYS, FIRST_DAY, Play, Scene, otherwise, play

_CLOCK_MS = 10_000
"""How often the clocks are moved on when the week is over."""


@dataclass(frozen=True, slots=True)
class Billing:
    """What is played: from which day, how many days, the seed, the number of books, the channel's order file, and plans of faults."""

    folder: Path
    first_day: date = FIRST_DAY
    days: int = DAYS
    seed: int = 1
    books: int = 16
    orders: bytes = b""
    orders_name: str = "OFD_996_H0_20170427_03.TXT"
    faults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evening:
    """How it went: the week's figures, what could not be proved, where the page is, which scenes went otherwise than the script."""

    figures: Mapping[str, Any]
    unproved: list[str]
    address: str
    otherwise: list[str] = field(default_factory=list)

    @property
    def proved(self) -> bool:
        return not self.unproved and all(day["proved"] for day in self.figures["days"])


def remember(billing: Billing) -> None:
    """Note what is played in this folder; raises BadInput when something else was begun there."""
    wanted = {
        "first_day": str(billing.first_day),
        "days": billing.days,
        "seed": billing.seed,
        "books": billing.books,
        "orders": hashlib.sha256(billing.orders).hexdigest(),
        "faults": billing.faults,
    }
    path = billing.folder / "billing.json"
    if not path.exists():
        billing.folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(wanted), encoding="utf-8")
        return
    begun = json.loads(path.read_text(encoding="utf-8"))
    other = [name for name, value in wanted.items() if begun.get(name) != value]
    if other:
        raise BadInput(
            f"another week was begun here ({', '.join(other)} differ)", where=str(billing.folder), hint="say --fresh to start anew"
        )


Progress = Callable[[str, int, int], None]
"""(what is played now, how many scenes were, how many there are)."""


@asynccontextmanager
async def open_theatre(billing: Billing, platform: tuple[str, ...], on_event: Callable[[str], None]) -> AsyncIterator[tuple[Stage, Troupe]]:
    """Everybody on stage. `platform` is the command that runs the platform, its ports and partners are appended."""
    cast = cast_of(billing.seed)
    folder = billing.folder
    remember(billing)
    taken = await ports(folder, ("platform", "terminals", *PARTNERS))
    urls = {name: f"http://127.0.0.1:{taken[name]}" for name in ("platform", *PARTNERS)}
    token = f"{cast.random('partner token').getrandbits(256):064x}"
    _write_operators(folder / "operators.json", billing)
    troupe = Troupe(folder / "logs", _parts(billing, platform, taken, urls), token, on_event)
    troupe.folder.mkdir(exist_ok=True)
    try:
        await troupe.start()
        with closing(Diary(folder / "diary.jsonl")) as diary:
            async with Stage(cast, diary, folder, urls, taken["terminals"], token, troupe.check, on_event) as stage:
                yield stage, troupe
    finally:
        await troupe.stop()


def _parts(billing: Billing, platform: tuple[str, ...], taken: Mapping[str, int], urls: Mapping[str, str]) -> list[Part]:
    folder = billing.folder
    exchange = str(folder / "exchange")
    up = (
        *platform, "--data-dir", str(folder), "--http-port", str(taken["platform"]), "--terminal-port", str(taken["terminals"]),
        "--books", str(billing.books), "--seed", str(billing.seed), "--clock-start", iso(shanghai(billing.first_day)),
        "--operators", str(folder / "operators.json"), "--exchange", exchange,
        *(piece for name in ("bank", "identity", "insurer", "network", "messenger") for piece in (f"--{name}-url", urls[name])),
        *(piece for code, name in BILLERS.items() for piece in ("--biller-url", f"{code}={urls[name]}")),
    )  # fmt: skip
    parts = [Part("platform", up, urls["platform"])]
    for name in PARTNERS:
        more: tuple[str, ...] = ("--platform", urls["platform"]) if name in ("bank", "messenger") else ()
        more += ("--bank", urls["bank"]) if name in ("registrar", "insurer", "network") else ()
        more += ("--exchange", exchange) if name == "registrar" else ()
        argv = python("tapwealth.sandbox", name, "--store", str(folder / f"{name}.sqlite"), "--port", str(taken[name]), *more)
        parts.append(Part(name, argv, urls[name]))
    return parts


def _write_operators(path: Path, billing: Billing) -> None:
    """The people who run the played bank: made once, read by the platform when it starts for the first time."""
    if path.exists():
        return
    cast = cast_of(billing.seed)
    people = [
        {"login": "ops.chen", "display_name": "陈静（运营）", "roles": ["operations"]},
        {"login": "pm.zhou", "display_name": "周敏（产品）", "roles": ["product_manager", "operations"]},
    ]
    for one in people:
        one["password"] = password_of(cast, str(one["login"]))
    path.touch(mode=0o600)
    path.write_text(json.dumps(people, ensure_ascii=False), encoding="utf-8")


async def live_on(stage: Stage) -> None:
    """When the week is over, everybody's clock goes on with the machine's, until this is cancelled: who looks on may act, too."""
    stood = datetime.fromisoformat((await stage.view("clock", login="ops.chen"))["now"])
    since = monotonic_ns()
    while True:
        await sleep_ms(_CLOCK_MS)
        with suppress(Outage):  # who is away now hears of the time later
            await stage.time(stood + timedelta(microseconds=(monotonic_ns() - since) // 1000))


async def perform(billing: Billing, stage: Stage, on_progress: Progress) -> Evening:
    """Play what has not been played, and gather what came of it."""
    shared = Play(stage, billing.first_day, billing.days, billing.orders, billing.orders_name, billing.faults, [])

    def on_scene(scene: Scene, number: int, count: int) -> None:
        on_progress(f"{scene.instant(billing.first_day).astimezone(SHANGHAI):%m-%d %H:%M} {scene.name}", number, count)

    await play(shared, scenes(billing.days), on_scene)
    counters(shared)  # their tills' clocks stand where the play's does
    return Evening(await stage.view("week"), shared.unproved, stage.urls["platform"], otherwise(stage.diary))
