"""A family's policies and deposits over the years: every date closed and proved, the audit at each month's end, each fen accounted for."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from family_years import family

from tapwealth.insurance.policy import PolicyState
from tapwealth.ledger.chart import Kind

_PREMIUMS = "select coalesce(sum(amount), 0)::bigint from policy_event where event in ('issued', 'premium', 'renewed', 'reinstated')"
_INTEREST = "select coalesce(sum(interest), 0)::bigint from deposit_event"


async def lived(url: str, folder: Path, days: int) -> dict[str, Any]:
    """What the days came to."""
    async with family(url, folder, days) as on:
        await on.play()
        view = await on.owned(None)
        async with on.house.database.read() as tx:
            earned, premiums = await tx.fetchval(_INTEREST), await tx.fetchval(_PREMIUMS)
        return {
            "closed": [day for day, report in on.reports.items() if report.closed],
            "dates": on.dates,
            "moved": on.moved,
            "worth": view.worth,
            "earned": earned,
            "premiums": premiums,
            "audits": on.audits,
            "done": on.done,
            "deposits": sum(one.amount for one in view.assets if one.what == "deposit"),
            "owed": await on.place.total(Kind.DEPOSIT),
            "policies": [(row.product, row.state) for row in await on.policies()],
            "register": await on.register(),
        }


def judged(came: dict[str, Any]) -> None:
    """What holds however long it lasted."""
    assert came["closed"] == came["dates"]
    months = {(day.year, day.month) for day in came["dates"]}
    assert len(came["audits"]) >= len(months) - 1
    assert came["worth"] == came["moved"] + came["earned"] - came["premiums"], "each fen was moved in, earned or paid to the insurer"
    assert came["deposits"] == came["owed"] == came["register"], "to their owner, in the books, and in the bank's register"
    assert came["earned"] > 0


def test_a_familys_year(new_database: Callable[[], str], tmp_path: Path) -> None:
    came = asyncio.run(lived(new_database(), tmp_path, 372))
    judged(came)
    assert sorted(came["policies"]) == [
        ("ACC1", PolicyState.EXPIRED), ("ACC1", PolicyState.IN_FORCE), ("TL20", PolicyState.IN_FORCE),
    ]  # fmt: skip
    assert {"OpenDeposit", "WithdrawDeposit", "PayIntoDeposit", "LetPremiums"} <= set(came["done"])


@pytest.mark.soak
def test_a_familys_ten_years(new_database: Callable[[], str], tmp_path: Path) -> None:
    came = asyncio.run(lived(new_database(), tmp_path, 3_652))
    judged(came)
    assert came["done"].count("ReinstatePolicy") == 1, "in the year in which the wallet was empty"
    assert sum(one == ("ACC1", PolicyState.EXPIRED) for one in came["policies"]) >= 8
