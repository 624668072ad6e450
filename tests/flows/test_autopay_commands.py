"""`tapwealth autopay`: a customer agrees, looks, changes and ends from the command line, and what is refused is told in one line."""

import json
from collections.abc import AsyncIterator
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from bill_town import Town
from customer_line import Call, customer_line

from tapwealth.flows.bills import autopay_days
from tapwealth.kernel.clock import shanghai

ACCOUNT = "1234567890"


@pytest.fixture
async def autopay(place: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Call]:
    """A customer's `tapwealth autopay`."""
    async with customer_line(place, tmp_path, monkeypatch, capsys) as line:
        yield partial(line.call, "autopay")


async def test_a_customer_agrees_looks_changes_and_ends(autopay: Call, place: Town) -> None:
    made = await autopay("agree", "BJPOWER", ACCOUNT, "--most", "300.00", "--fund", "pocket", "--notice", "2")
    assert made.code == 0, made.err
    identifier, said = made.out.strip().split(" ", 1)
    terms = "Beijing Power (BJPOWER, electricity) ******7890, up to {} a bill, by wallet{}, when presented, told 2 days ahead"
    assert said == f"in force: {terms.format('300.00', ', then pocket')}"
    assert "paid by themselves already" in (await autopay("agree", "BJPOWER", ACCOUNT, "--most", "1")).err, "given twice"
    changed = await autopay("change", identifier, "--most", "200")
    later, said = changed.out.strip().split(" ", 1)
    assert said == f"in force: {terms.format('200.00', '')}"
    place.biller.owe(ACCOUNT, "B1", 130_00)
    for day in (25, 26, 27):
        await place.clock(shanghai(date(2014, 2, day), 10))
        await autopay_days.run_due(place.house)
    shown = await autopay("show", later)
    assert "  bill 2014-02, 130.00: told of; paid on its day, day 2014-02-28" in shown.out
    assert "  2014-02-27 payment of 130.00 for B1: failed (" in shown.out
    assert "will be paid on 2014-02-27, as agreed" in shown.out
    found = json.loads((await autopay("show", later, "--json")).out)
    assert [of["state"] for of in found["attempts"]] == ["failed"]
    assert found["agreement"]["replaces"] == identifier
    assert (await autopay("end", later)).out.startswith(f"{later} ended")
    assert [line.split(" ")[1].rstrip(":") for line in (await autopay("list")).out.splitlines()] == ["ended", "ended"]


async def test_what_is_refused_is_one_line(autopay: Call) -> None:
    for arguments, wrong in (
        (("agree", "NOBODY", ACCOUNT, "--most", "1"), "there is no biller 'NOBODY'; choose one of BJPOWER"),
        (("agree", "BJPOWER", "12345", "--most", "1"), "户号: '12345' does not fit; 10 digits"),
        (("agree", "BJPOWER", ACCOUNT, "--most", "a lot"), "--most: 'a lot' is no amount"),
        (("agree", "BJPOWER", ACCOUNT, "--most", "1", "--notice", "8"), "notice: 8 days; 1 to 7 days ahead"),
        (("agree", "BJPOWER", ACCOUNT, "--most", "1", "--when", "never"), "when"),
        (("agree", "BJPOWER", ACCOUNT, "--most", "1", "--item", "gas"), "gas"),
        (("agree", "BJPOWER", ACCOUNT, "--most", "1", "--field", "city=Beijing"), "'city' is not asked for"),
        (("show", "../me"), "there is nothing at"),
        (("end", "x"), "autopay"),
        (("list", "--token", "somebody else's"), "sign in"),
        (("list", "--token", "密码"), "--token: it has letters that no token has"),
    ):
        done = await autopay(*arguments)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1), (arguments, done)
        assert wrong in done.err, arguments
    assert (await autopay("list")).out == ""


async def test_without_a_platform_nothing_is_asked(autopay: Call, tmp_path: Path) -> None:
    (tmp_path / "platform.json").rename(tmp_path / "away.json")
    done = await autopay("list")
    assert (done.code, done.out) == (3, "")
    assert "no platform runs on this data" in done.err
    (tmp_path / "away.json").rename(tmp_path / "platform.json")
