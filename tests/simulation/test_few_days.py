"""A few played days with the real processes: the same whatever the number of books, and whoever is killed on the way."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from played_week import FEW, Outcome, database_pid, differences, kill, orders, play_week, theatre_folder

from tapwealth.play.processes import Troupe
from tapwealth.play.stage import Stage

DAYS = 2


def played(**more: object) -> Outcome:
    with theatre_folder() as folder:
        return asyncio.run(play_week(folder, DAYS, **more))


@pytest.fixture(scope="module")
def undisturbed() -> Outcome:
    outcome = played()
    assert outcome.proved, outcome.unproved
    assert outcome.audit["clean"]
    return outcome


def test_one_book_gives_the_same_as_sixteen(undisturbed: Outcome) -> None:
    assert not differences(undisturbed.comparable(), played(books=1).comparable())


def test_an_order_less_is_an_order_less(undisturbed: Outcome) -> None:
    """The figures follow the channel's file: its last order, some fen, is gone."""
    fewer = played(orders=orders(FEW, without=FEW - 1))
    channels = [{one["code"]: one for one in outcome.figures["channels"]}["996"] for outcome in (undisturbed, fewer)]
    assert channels[0]["orders"] - channels[1]["orders"] == 1
    assert channels[0]["amount"] > channels[1]["amount"]
    assert fewer.proved


def killing(victims: tuple[str, ...], seed: int) -> Callable[[Stage, Troupe], Awaitable[None]]:
    """Kills each victim, at random instants, twice running."""
    draw = random.Random(seed)

    async def disturb(stage: Stage, troupe: Troupe) -> None:
        for victim in victims:
            await asyncio.sleep(draw.uniform(1, 4))
            for _ in range(2):
                pid = database_pid(stage.folder) if victim == "database" else troupe.pid_of(victim)
                if pid is not None:
                    kill(pid)
                await asyncio.sleep(draw.uniform(0.2, 0.6))

    return disturb


def same_after_kills(undisturbed: Outcome, victims: tuple[str, ...], seed: int) -> None:
    outcome = played(disturb=killing(victims, seed))
    assert outcome.audit["clean"]
    found = [line for line in differences(undisturbed.figures, outcome.figures) if "taps" not in line and "merchants" not in line]
    assert not found, outcome.events
    assert outcome.sent == undisturbed.sent, "the files sent differ"


@pytest.mark.soak
@pytest.mark.parametrize("victims", [("platform", "bank", "registrar"), ("database", "biller", "identity")], ids="+".join)
def test_kills_leave_no_trace(undisturbed: Outcome, victims: tuple[str, ...]) -> None:
    same_after_kills(undisturbed, victims, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_kills_leave_no_trace(undisturbed: Outcome, seed: int) -> None:
    victims = random.Random(seed).sample(("platform", "database", "bank", "registrar", "identity", "biller", "insurer"), 3)
    same_after_kills(undisturbed, tuple(victims), seed)
