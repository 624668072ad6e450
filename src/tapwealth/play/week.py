"""The week that is played: Monday 2014-02-24 to Monday 2014-03-03, as a script of scenes.

A scene has a time of the platform's clock and does what people do: open an account, tap, pay, buy. Between two days the bank's operations
close the date that is over. Nothing here computes a figure that is shown: figures come from the ledger's views and the partners' books.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tapwealth.kernel.clock import shanghai
from tapwealth.play.stage import Diary, Stage, WentOtherwise

FIRST_DAY = date(2014, 2, 24)
DAYS = 8


@dataclass(frozen=True, slots=True)
class Scene:
    """`day` counts from 0; `at` is (hour, minute, second) in Shanghai; `name` is the act's name in the diary and what progress shows."""

    day: int
    at: tuple[int, int, int]
    name: str
    act: Callable[["Play"], Awaitable[Any]]

    def instant(self, first_day: date) -> datetime:
        return shanghai(first_day + timedelta(days=self.day), *self.at)


@dataclass
class Play:
    """What scenes share: the stage, where the phones' and tills' stores lie, the channel's order file, and plans of faults."""

    stage: Stage
    first_day: date
    days: int
    orders: bytes
    orders_name: str
    faults: Mapping[str, Any]
    unproved: list[str]

    @property
    def devices(self) -> Path:
        folder = self.stage.folder / "devices"
        folder.mkdir(exist_ok=True)
        return folder

    def day(self, number: int) -> date:
        return self.first_day + timedelta(days=number)


OTHERWISE = "otherwise"
"""Under this name the diary notes what went otherwise in a scene than the script has it."""


async def play(shared: Play, scenes: Sequence[Scene], on_scene: Callable[[Scene, int, int], None]) -> bool:
    """Play what has not been played. Returns whether every date was closed; stops at the first that is not proved.

    A scene that does not come about is noted, and the next one is played: whether anything is wrong the proofs must say.
    """
    stage = shared.stage
    chosen = [scene for scene in scenes if scene.day <= shared.days]
    for number, scene in enumerate(chosen):
        if scene.name in stage.diary:
            continue
        on_scene(scene, number, len(chosen))
        await stage.time(scene.instant(shared.first_day))
        try:
            note = await scene.act(shared)
        except WentOtherwise as why:
            note = {OTHERWISE: str(why)}
            stage.say(f"{scene.name}: {why}; the play goes on")
        if shared.unproved:
            return False
        stage.diary.write(scene.name, note)
    return True


def otherwise(diary: Diary) -> list[str]:
    """What went otherwise than the script has it, one line a scene."""
    return [f"{act}: {note[OTHERWISE]}" for act, note in diary.notes.items() if isinstance(note, dict) and OTHERWISE in note]
