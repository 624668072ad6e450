"""Kills of the platform, of the database and of each partner, twice running: no trace is left.

They hit between and inside the steps of a day's end, and at random instants of the days. Afterwards the same must be there as without them:
figures, balances, statements, proofs, the files sent, the partners' stores.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from day_gates import STEP_NAMES, WRITES, DayGates, KillsAtSteps, Plan, arrival_of, is_last_of_its_date
from played_week import Outcome, database_pid, differences, disturbed, kill, play_week, theatre_folder

from tapwealth.flows.bank.payments import BANK
from tapwealth.flows.insurance.policy_outcomes import INSURER
from tapwealth.kernel.clock import machine_now, shanghai
from tapwealth.play.processes import PARTNERS, Troupe
from tapwealth.play.stage import Stage
from tapwealth.play.week import FIRST_DAY
from tapwealth.storage import outbox
from tapwealth.storage.database import Database
from tapwealth.storage.outbox import OutboxMessage

VICTIMS = ("platform", "database", *PARTNERS)
BUSY = {
    0: ("drain transit", "return electronic cash"),
    1: (
        "cut the date", "hear the bank", "expire holds", "pay the campaigns", "prove campaigns", "prove raises",
        "list deposits", "compare deposits", "close raises",
        "settle deposits",
    ),
    2: (
        "present to the network", "clear cards", "settle merchants", "share the fees", "fees to own money", "settle the network",
        "credit raises", "draw the advance", "accrue the advance's interest", "cover captures", "send fund files", "instruct again",
        "prove units",
    ),
    3: (
        "settle billers", "sweep premiums", "watch claims", "mature deposits", "settle demand interest", "redeem the advance",
        "receive statements", "receive holdings", "compare billers",
    ),
    4: (
        "pay the shares", "pay the insurer", "collect premiums", "begin cover", "suspend and lapse", "expire and renew",
        "compare insurer", "agree the settlement", "prove the premium trust", "prove mirrors", "prove books", "name open items",
        "write the heads", "close",
    ),
}  # fmt: skip
"""Each step once, on a day on which it has much to do."""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many kills within one closing, each waited for, are more than people would bear."""
    monkeypatch.setattr("tapwealth.play.stage.PATIENCE_SECONDS", 3_600)
    monkeypatch.setattr("tapwealth.play.processes._DEATHS_IN_A_ROW", 1_000)


def plan(*kills: tuple[int, str, str]) -> Plan:
    return [(FIRST_DAY + timedelta(days=day), step, victim) for day, step, victim in kills]


def leaves_no_trace(unkilled: Outcome, days: int, kills: Plan) -> None:
    killing = KillsAtSteps(kills)
    with theatre_folder() as folder:
        outcome = asyncio.run(play_week(folder, days, disturb=killing))
    assert outcome.proved, (outcome.unproved, outcome.otherwise, killing.done[-1:])
    assert not (missed := wanted(kills) - set(killing.done)), missed
    assert outcome.audit["clean"], outcome.audit
    assert not differences(unkilled.comparable(), outcome.comparable()), outcome.events


def wanted(kills: Plan) -> set[str]:
    """What must have been hit."""
    after = {f"{victim} after {step}" for _, step, victim in kills if victim in PARTNERS or step not in WRITES}
    return after | {f"{victim} inside {step}" for _, step, victim in kills if victim in PARTNERS or step in WRITES}


def test_kills_of_platform_and_database_leave_no_trace(unkilled: Callable[[int], Outcome]) -> None:
    kills = [(0, "settle merchants", "platform"), (0, "send fund files", "database"), (0, "close", "platform")]
    leaves_no_trace(unkilled(1), 1, plan(*kills))


TAPS = [(0, 10, 30), (0, 12, 15), (1, 10, 20), (1, 12, 0), (1, 17, 30)]
"""When the cards of the first two days are held to a reader: paid, an answer lost, the card alone."""


def test_kills_of_the_platform_in_the_middle_of_taps_and_of_each_partner_leave_no_trace(unkilled: Callable[[int], Outcome]) -> None:
    """The platform dies as soon as the clock has come to a tap. What it may have held is reversed, and the customer taps again, under the
    till's next number. The partners die at the days' ends."""
    kills = plan(
        (0, "settle merchants", "registrar"), (0, "settle billers", "identity"), (0, "receive statements", "bank"),
        (0, "compare billers", "biller"), (0, "compare insurer", "insurer"), (1, "clear cards", "network"),
        (1, "settle merchants", "messenger"), (1, "settle billers", "issuer"), (1, "list deposits", "bank"),
        (1, "send fund files", "registrar"), (1, "receive holdings", "carrier"), (1, "compare billers", "water"),
        (1, "compare deposits", "bank"),
    )  # fmt: skip
    at_steps, hit = KillsAtSteps(kills), list[tuple[int, int, int]]()

    async def disturb(stage: Stage, troupe: Troupe) -> None:
        await asyncio.gather(at_steps(stage, troupe), at_taps(stage, troupe, hit))

    with theatre_folder() as folder:
        outcome = asyncio.run(play_week(folder, 2, disturb=disturb))
    assert hit == TAPS
    assert wanted(kills) <= set(at_steps.done)
    assert outcome.audit["clean"], outcome.audit
    found = [line for line in differences(unkilled(2).comparable(), outcome.comparable()) if ".voucher: " not in line]
    assert not found, (found, outcome.events)


async def at_taps(stage: Stage, troupe: Troupe, hit: list[tuple[int, int, int]]) -> None:
    for day, hour, minute in TAPS:
        while stage.now is None or stage.now < shanghai(FIRST_DAY + timedelta(days=day), hour, minute):
            await asyncio.sleep(0.002)
        pid = troupe.pid_of("platform")
        if pid is not None:
            kill(pid)
            hit.append((day, hour, minute))


def test_every_step_is_hit() -> None:
    assert sorted(step for steps in BUSY.values() for step in steps) == sorted(STEP_NAMES)


def test_a_date_is_waited_for_at_its_own_gates() -> None:
    """At one of the date before the platform stands while that is not closed, and never comes to this one."""
    assert all(str(FIRST_DAY) in arrival_of(FIRST_DAY, step) for step in STEP_NAMES)


class GatesOf(DayGates):
    """Of a database elsewhere."""

    url = ""

    def _dsn(self) -> str:
        return self.url


async def test_a_date_is_let_go_when_all_is_sent_to_the_partner_that_was_killed(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    gates, message = GatesOf(tmp_path), OutboxMessage(0, uuid4(), BANK, "payment", {})
    gates.url = database_url
    async with database.transaction() as tx:
        await outbox.put(tx, [message])
        taken = await outbox.take(tx, [0], BANK, uuid4(), machine_now())
    await gates.sent([BANK], within=0)
    async with database.transaction() as tx:
        await tx.execute("update outbox set leased_until = clock_timestamp()")
    with pytest.raises(TimeoutError, match=r"not sent within 0 s: 1 to bank \(not tried\)"):
        await gates.sent([BANK], within=0)
    await gates.sent([INSURER], within=0)
    waiting = asyncio.create_task(gates.sent([BANK]))
    async with database.transaction() as tx:
        await outbox.mark_sent(tx, [(one, None) for one in taken], machine_now())
    await waiting


def test_a_date_is_let_go_after_its_last_step() -> None:
    kills = plan((0, "drain transit", "bank"), (0, "close", "bank"), (2, "close", "bank"), (3, "drain transit", "bank"))
    assert [number for number in range(len(kills)) if is_last_of_its_date(kills, number)] == [1, 2, 3]


async def test_a_disturber_that_fails_ends_the_play() -> None:
    """What it waits for does not come, and the play waits for it."""

    async def nobody_comes() -> None:
        raise TimeoutError("nobody came to a gate")

    async with asyncio.timeout(5) as limit:
        with pytest.raises(TimeoutError, match="nobody came to a gate"):
            await disturbed(asyncio.sleep(60), nobody_comes())
    assert not limit.expired()


@pytest.mark.soak
@pytest.mark.parametrize("victim", VICTIMS)
def test_kills_at_every_step_leave_no_trace(unkilled: Callable[[int], Outcome], victim: str) -> None:
    kills = [(day, step, victim) for day, steps in BUSY.items() for step in sorted(steps, key=STEP_NAMES.index)]
    leaves_no_trace(unkilled(5), 5, plan(*kills))


def killing(victims: tuple[str, ...], seed: int) -> Callable[[Stage, Troupe], Awaitable[None]]:
    """Kills each victim at a random instant, and once more while it is coming back."""
    draw = random.Random(seed)

    async def disturb(stage: Stage, troupe: Troupe) -> None:
        for victim in victims:
            await asyncio.sleep(draw.uniform(1, 4))
            while _is_at_the_cut_off(stage):
                await asyncio.sleep(0.05)
            for _ in range(2):
                pid = database_pid(stage.folder) if victim == "database" else troupe.pid_of(victim)
                if pid is not None:
                    kill(pid)
                await asyncio.sleep(draw.uniform(0.2, 0.6))

    return disturb


def _is_at_the_cut_off(stage: Stage) -> bool:
    """An order is half read, and a platform that dies now never took it: asked again, it is one of the next dealing date."""
    return stage.now is not None and shanghai(FIRST_DAY, 14, 59, 59) <= stage.now <= shanghai(FIRST_DAY, 15, 0, 5)


def left_no_trace_at_random(unkilled: Outcome, victims: tuple[str, ...], seed: int) -> None:
    """A tap that a kill caught is reversed and made again, under the till's next number."""
    with theatre_folder() as folder:
        outcome = asyncio.run(play_week(folder, 2, disturb=killing(victims, seed)))
    assert outcome.audit["clean"], outcome.audit
    found = [line for line in differences(unkilled.comparable(), outcome.comparable()) if ".voucher: " not in line]
    assert not found, outcome.events


@pytest.mark.parametrize(
    "victims",
    [("platform", "bank", "registrar"), ("database", "biller", "identity")],
    ids="+".join,
)
@pytest.mark.soak
def test_kills_at_random_instants_leave_no_trace(unkilled: Callable[[int], Outcome], victims: tuple[str, ...]) -> None:
    left_no_trace_at_random(unkilled(2), victims, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_kills_at_random_instants_leave_no_trace(unkilled: Callable[[int], Outcome], seed: int) -> None:
    left_no_trace_at_random(unkilled(2), tuple(random.Random(seed).sample(VICTIMS, 3)), seed)
