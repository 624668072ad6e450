"""What the simulations share: the same days as nobody disturbs them, played once, whatever the number of processes that run the tests."""

import asyncio
import pickle
from collections.abc import Callable
from fcntl import LOCK_EX, flock
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from left_behind import Found, left_behind
from played_week import Outcome, play_week, theatre_folder


class Undisturbed(NamedTuple):
    """What the days come to, and what of people and cards can be read in what they leave behind."""

    outcome: Outcome
    found: Found


@pytest.fixture(scope="session")
def undisturbed(shared_folder: Path) -> Callable[[int], Undisturbed]:
    """By the number of days."""

    @cache
    def played(days: int) -> Undisturbed:
        path = shared_folder / f"undisturbed-{days}"
        with open(path.with_suffix(".lock"), "w") as lock:
            flock(lock, LOCK_EX)
            if not path.exists():
                path.write_bytes(pickle.dumps(tuple(_play(days))))
            return Undisturbed(*pickle.loads(path.read_bytes()))

    return played


def _play(days: int) -> Undisturbed:
    with theatre_folder() as folder:
        outcome = asyncio.run(play_week(folder, days))
        found = left_behind(folder)
    assert outcome.proved, outcome.unproved
    assert outcome.audit["clean"]
    return Undisturbed(outcome, found)


@pytest.fixture(scope="session")
def unkilled(undisturbed: Callable[[int], Undisturbed]) -> Callable[[int], Outcome]:
    """By the number of days: what they come to when all goes well."""
    return lambda days: undisturbed(days).outcome
