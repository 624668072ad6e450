"""A fortnight over the National Day holiday of 2013 with the real order file: every date closes, holdings equal the registrar's to the
unit, the audit holds, and kill -9 leaves no trace. What the days come to stands in `tests/golden/funds/national_day_2013.txt`."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import fortnight
import pytest
from apart import run_apart
from databases import Databases
from fortnight import DAYS, DEALING, HOLIDAY, LARGE_DAY, REAL_SUM, KillPoint, Notes
from fortnight_outcome import outcome_of, transcript
from fortnight_raises import CUSTODY_OF, FAILED, FAILED_ON, FORMED, FORMED_ON

from tapwealth.flows.day import STEPS

GOLDEN = Path(__file__).parents[1] / "golden" / "funds" / "national_day_2013.txt"
SOME_KILLS = [
    KillPoint("the real orders", "", 4),
    KillPoint("2013-09-30 subscriptions", "", 2),
    KillPoint("2013-10-03 redemptions", "", 7),
    KillPoint("2013-10-08 plans", "", 4),
    KillPoint("2013-10-08 ends", "send fund files", 2),
    KillPoint("2013-10-09 the registrar's morning", "", 4),
    KillPoint("2013-10-10 the registrar's morning", "", 6),
    KillPoint("2013-10-11 the registrar pays", "", 5),
]
"""Among them: half the subscriptions of a target are not noted; a fund is being formed; the money of a raise that has failed goes back."""


def played(url: str, folder: Path, kills: Sequence[KillPoint]) -> dict[str, Any]:
    """Play to the end, again after each kill; every kill has hit. What it comes to."""
    command = [sys.executable, str(fortnight.__file__), url, str(folder), *map(str, kills)]
    for _ in range(len(kills) + 1):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    assert ended.returncode == 0, "it is played to the end"
    assert sorted(Notes(folder / "hit").lines()) == sorted(map(str, kills))
    return come_to(url, folder)


def come_to(url: str, folder: Path) -> dict[str, Any]:
    async def look() -> dict[str, Any]:
        async with fortnight.fortnight(url, folder) as on:
            return await outcome_of(on)

    outcome: dict[str, Any] = run_apart(look())
    return outcome


@pytest.fixture(scope="module")
def killed(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return played(database_url, tmp_path_factory.mktemp("fortnight"), SOME_KILLS)


def test_every_date_closes_and_the_audit_holds(killed: dict[str, Any]) -> None:
    assert (killed["closed"], killed["clean"], killed["breaks"]) == (len(DAYS), True, [])


def test_holdings_equal_the_registrars_to_the_unit(killed: dict[str, Any]) -> None:
    """Each holder's by our ledger, by its 05 of the last date, and in its own register."""
    assert killed["wrong"] == []
    names = ("fund", "distributor", "ta_account", "trading_account")
    register = {tuple(one[name] for name in names): one["units"] for one in killed["registrar"]["held"] if one["units"]}
    assert killed["units"] == register
    assert len(register) > 862 + 30
    assert sum(units for (_, channel, *_), units in register.items() if channel == "996") > REAL_SUM


def test_the_fortnight_has_in_it_what_it_tells_of(killed: dict[str, Any]) -> None:
    """Real orders, redemptions through the holiday that make a large-redemption day, sweeps of wallet and bank card, money to the card."""
    orders = killed["orders"]
    real = [one for one in orders if one["channel"] == "996"]
    assert (len(real), sum(one["amount"] for one in real), {one["dealing_date"] for one in real}) == (1006, REAL_SUM, {DAYS[0]})
    assert {one["dealing_date"] for one in orders if one["business_code"] != "098"} <= set(DEALING)
    money_fund = [one for one in orders if one["fund"] == "000198"]
    asked = [one for one in money_fund if one["business_code"] == "024" and one["dealing_date"] == LARGE_DAY]
    assert len({one["business_date"] for one in asked} & set(HOLIDAY)) >= 5, "all through the holiday"
    moved = Counter[str]()
    for one in killed["registrar"]["movements"]:
        moved[one["kind"]] += one["units"] if (one["day"], one["fund"]) == ("2013-10-09", "000198") else 0
    paid, before = -moved["124"], total_units(killed, LARGE_DAY) + moved["143"]
    assert paid == -(-before // 10), "a tenth of the units of that date, its income included, and not one more"
    assert paid < sum(one["units"] for one in asked)
    cancelled = [one for one in asked if one["confirmed_units"] < one["units"]]
    assert 0 < len(cancelled) < len(asked), "some rests are cancelled, the others go on"
    assert {one["state"] for one in asked if one["funding"]} == {"paid"}
    (advancer,) = [one for one in asked if not one["funding"]]
    assert advancer["confirmed_units"] == advancer["units"], "the advancer's, which is confirmed in parts like the others"
    texts = [text for *_, text in killed["bank"]]
    assert texts.count("sweep_in") == 2 * 2 * 6, "both sides of two accounts on six dealing days"
    assert "safe_card_payout" in texts
    assert {one["business_code"] for one in orders if one["channel"] == "T01"} == {"020", "022", "024", "029", "036", "039", "098", "143"}
    (planned,) = [one for one in orders if one["business_code"] == "039"]
    assert (planned["amount"], planned["dealing_date"], planned["state"]) == (500_00, date(2013, 10, 9), "confirmed")
    assert killed["plans"] == [
        ("000198", date(2013, 10, 1), date(2013, 10, 8), "passed"),
        ("000198", date(2013, 10, 4), date(2013, 10, 8), "placed"),
        ("000198", date(2013, 10, 8), date(2013, 10, 8), "placed"),
        ("000198", date(2013, 10, 11), date(2013, 10, 11), "placed"),
        ("110022", date(2013, 10, 9), date(2013, 10, 9), "placed"),
    ]
    dividends = [one for one in orders if one["business_code"] == "143"]
    assert Counter(one["state"] for one in dividends if not one["units"]) == {"paid": 2}, "in money"
    assert Counter(one["state"] for one in dividends if one["units"])["confirmed"] >= 4, "reinvested"
    assert {one["state"] for one in orders if one["business_code"] in ("029", "036")} == {"confirmed"}
    assert sum(units for day, fund, _, units in killed["holdings"] if (day, fund) == (DAYS[-1], "110022")) > 0


def test_a_raise_over_the_holiday_is_formed_and_another_one_gives_money_and_interest_back(killed: dict[str, Any]) -> None:
    """0.35 % of 360 days: nine or ten days for what was taken before the holiday, one for what was taken after it."""
    before, after = date(2013, 9, 30), (date(2013, 10, 8), date(2013, 10, 9))
    assert killed["raises"] == [
        (FORMED.fund, 10_000_00, 3, "formed", FORMED_ON),
        (FAILED.fund, 8_000_00, 3, "failed", FAILED_ON),
    ]
    assert killed["subscriptions"] == [
        (FORMED.fund, 1, 4_000_00, 4_000_00, before, 35, FORMED_ON, "confirmed", 4_000_35, "0000"),
        (FORMED.fund, 2, 4_500_00, 4_500_00, after[0], 4, FORMED_ON, "confirmed", 4_500_04, "0000"),
        (FORMED.fund, 3, 4_000_00, 1_500_00, after[0], 1, FORMED_ON, "confirmed", 1_500_01, "0000"),
        (FAILED.fund, 1, 4_000_00, 4_000_00, before, 39, FAILED_ON, "refused", 0, "0000"),
        (FAILED.fund, 2, 3_000_00, 3_000_00, None, 0, None, "refused", 0, "9011"),
        (FAILED.fund, 3, 1_000_00, 1_000_00, after[1], 1, FAILED_ON, "refused", 0, "0000"),
    ]
    back = Counter((day, abs(amount)) for _, day, amount, text in killed["bank"] if text == "raise_refund")
    assert back == {("2013-10-08", 3_000_00): 2, ("2013-10-10", 5_000_00): 2, ("2013-10-11", 40): 2}, (
        "both sides, the interest when it came"
    )
    assert [(day, amount) for account, day, amount, _ in killed["bank"] if account == CUSTODY_OF[FORMED.fund]] == [
        ("2013-10-09", 10_000_00)
    ]


def total_units(outcome: dict[str, Any], day: date) -> int:
    return sum(units for on, fund, _, units in outcome["holdings"] if (on, fund) == (day, "000198"))


def test_its_days_come_to_what_is_written_down(killed: dict[str, Any]) -> None:
    """TAPWEALTH_GOLDEN=write writes it anew."""
    text = transcript(killed)
    if os.environ.get("TAPWEALTH_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


# ---- the long runs


@pytest.fixture(scope="module")
def unkilled(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return played(run_apart(databases.fresh()), tmp_path_factory.mktemp("quiet"), [])


@pytest.fixture
def fresh(databases: Databases) -> Callable[[], str]:
    return lambda: str(run_apart(databases.fresh()))


def act_names() -> list[str]:
    """Of all acts, in order."""
    nobody: Any = None
    return [act.name for act in fortnight.Fortnight(nobody, nobody, nobody, Path(), nobody).acts()]


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_a_kill_in_each_act_leaves_no_trace(fresh: Callable[[], str], tmp_path: Path, unkilled: dict[str, Any], seed: int) -> None:
    draw = random.Random(seed)
    kills = [KillPoint(name, "", draw.randrange(2, 12)) for name in act_names()]
    assert played(fresh(), tmp_path, kills) == unkilled


@pytest.mark.soak
@pytest.mark.parametrize("day", [date(2013, 9, 30), LARGE_DAY, FORMED_ON, FAILED_ON], ids=str)
def test_kills_inside_and_after_each_step_of_a_dates_end_leave_no_trace(
    fresh: Callable[[], str], tmp_path: Path, unkilled: dict[str, Any], day: date
) -> None:
    kills = [KillPoint(f"{day} ends", step.name, point) for step in STEPS for point in (2, 3)]
    assert played(fresh(), tmp_path, kills) == unkilled
