"""The played days as data: against a golden file, whatever the number of books; and what follows when a partner says something else.

To write the golden file anew after a wanted change: TAPWEALTH_GOLDEN=write, then read the difference.
"""

import json
import os
import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from played_days import MONDAY, TUESDAY, Played, play, play_monday, play_tuesday, stage, week_of

from tapwealth.flows.reports import WeekView
from tapwealth.flows.reports.week import ProofView

GOLDEN = Path(__file__).parents[1] / "golden" / "reports" / "played_days.json"


@pytest.fixture
async def before(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Played]:
    async with stage(new_database(), tmp_path, 3) as on:
        yield on


def as_json(week: WeekView) -> Any:
    return msgspec.to_builtins(week)


@pytest.mark.parametrize("books", [1, 16])
async def test_the_week_is_the_golden_one_with_any_number_of_books(new_database: Callable[[], str], tmp_path: Path, books: int) -> None:
    async with play(new_database(), tmp_path, books) as on:
        found = json.loads(msgspec.json.encode(await week_of(on)))
        where = [caller.book for caller in on.callers]
    assert books == 1 or where[0] != where[1], "the money was sent over transit"
    if os.environ.get("TAPWEALTH_GOLDEN") == "write":
        GOLDEN.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(GOLDEN.read_text(encoding="utf-8"))


async def test_nothing_in_it_names_people_or_ids(new_database: Callable[[], str], tmp_path: Path) -> None:
    async with play(new_database(), tmp_path, 3) as on:
        text = msgspec.json.encode(await week_of(on)).decode()
        secrets = [secret for one in on.people for secret in (one.name, one.phone, one.identity_number, one.card_number)]
    assert not [secret for secret in secrets if secret in text]
    assert not re.findall(r"[0-9a-f]{16,}|[0-9a-f]{8}-[0-9a-f]{4}", re.sub(r"898\d{12}", "", text)), "no ids, no heads"


async def test_what_the_bank_says_is_shown_and_keeps_the_date_unproved(before: Played) -> None:
    await play_monday(before)
    before.bank.wrong["0100000001", MONDAY] = -1
    report = await before.close(MONDAY)
    (day,) = (await week_of(before)).days
    assert (report.closed, day.state, day.proved) == (False, "cut", False)
    reserve = next(one for one in day.mirrors if one.account == "0100000001")
    assert reserve.statement == reserve.ours - 1
    assert [(one.source, one.amount, one.accounted) for one in day.breaks] == [("bank", -1, False)]
    held = await proofs(before)
    assert [(held[one].holds, held[one].reached) for one in ("mirrors", "books", "merchants")] == [
        (False, True),
        (False, False),
        (True, True),
    ]
    assert "0100000001" in held["mirrors"].text
    del before.bank.wrong["0100000001", MONDAY]
    assert (await before.close(MONDAY)).closed, "the right statement proves it"
    assert all(proof.holds for proof in (await proofs(before)).values())


async def test_what_the_registrar_says_is_shown_and_keeps_the_date_unproved(before: Played) -> None:
    await play_monday(before)
    assert (await before.close(MONDAY)).closed
    await play_tuesday(before)
    before.registrar.short = True
    assert not (await before.close(TUESDAY)).closed
    day = (await week_of(before)).days[-1]
    assert day.units is not None
    in_transit = sum(one.units for one in day.units.transit_098)
    assert in_transit > 0
    assert day.units.registrar < day.units.ours + in_transit
    held = await proofs(before, TUESDAY - MONDAY)
    assert (held["units"].holds, held["units"].reached, held["mirrors"].holds) == (False, True, True)
    assert [one.text for one in day.breaks] == [held["units"].text]


async def test_before_anything_has_happened(before: Played) -> None:
    week = await week_of(before)
    assert (week.fund, week.days, week.customers, week.merchants, week.proofs) == (None, [], [], [], [])


async def proofs(on: Played, after: timedelta = timedelta(0)) -> dict[str, ProofView]:
    return {one.proof: one for one in (await week_of(on)).proofs if one.date == MONDAY + after}
