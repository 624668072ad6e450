"""What the simulations share: the same days as nobody disturbs them, played once, whatever the number of processes that run the tests."""

import asyncio
import pickle
from collections.abc import Callable, Sequence
from fcntl import LOCK_EX, flock
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from left_behind import Found, left_behind
from played_week import Outcome, play_weeks, theatre_folder

TOGETHER = (1, 2, 6)
"""Numbers of days that tests ask for, and that one play comes to one after the other."""


class Undisturbed(NamedTuple):
    """What the days come to, and what of people and cards can be read in what the play that they are in leaves behind."""

    outcome: Outcome
    found: Found


@pytest.fixture(scope="session")
def undisturbed(shared_folder: Path) -> Callable[[int], Undisturbed]:
    """By the number of days."""

    @cache
    def played(days: int) -> Undisturbed:
        each = TOGETHER if days in TOGETHER else (days,)
        path = shared_folder / f"undisturbed-{each[-1]}"
        with open(path.with_suffix(".lock"), "w") as lock:
            flock(lock, LOCK_EX)
            if not path.exists():
                path.write_bytes(pickle.dumps(_play(each)))
            outcomes, found = pickle.loads(path.read_bytes())
            return Undisturbed(outcomes[each.index(days)], found)

    return played


def _play(each: Sequence[int]) -> tuple[list[Outcome], Found]:
    with theatre_folder() as folder:
        outcomes = asyncio.run(play_weeks(folder, each))
        found = left_behind(folder)
    for one in outcomes:
        assert one.proved, one.unproved
        assert one.audit["clean"]
    return outcomes, found


@pytest.fixture(scope="session")
def unkilled(undisturbed: Callable[[int], Undisturbed]) -> Callable[[int], Outcome]:
    """By the number of days: what they come to when all goes well."""
    return lambda days: undisturbed(days).outcome
