"""`tapwealth biller` and `tapwealth bill`: a customer looks who can be paid, asks, pays and tops up from the command line."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from bill_town import Town
from biller_files import put_in_directory
from biller_yaml import CARRIER, GAS_FILE
from customer_line import Call, customer_line

from tapwealth.flows.catalogue.products import read_file

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "put-a-biller-on-the-shelf.md"
METER = "12345674"


@pytest.fixture
async def call(place: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Call]:
    """A customer's, who has 200 yuan."""
    async with customer_line(place, tmp_path, monkeypatch, capsys, money=200_00) as line:
        yield line.call


async def test_what_the_how_to_shows_works_as_shown(call: Call, place: Town) -> None:
    page = HOW_TO.read_text()
    for file in re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        assert await put_in_directory(place.house, read_file(file.encode()).definition) is None
    place.biller.owe(METER, "G1", 88_00)
    shown = [one.split() for one in re.findall(r"`tapwealth (bill[^`]*)`", page)]
    assert [" ".join(one[:2]) for one in shown] == ["biller show", "bill inquire", "bill pay", "biller list", "bill top-up"]
    bill = ""
    for words in shown:
        done = await call(*(bill if word == "BILL" else word for word in words))
        assert done.code == 0, (words, done.err)
        bill = done.out.split(" ")[0] if words[1] == "inquire" else bill
    assert "50.00 set aside" in done.out


async def test_a_phone_is_topped_up_at_its_carrier(call: Call, place: Town) -> None:
    assert await put_in_directory(place.house, read_file(CARRIER).definition) is None
    found = json.loads((await call("biller", "list", "--number", "13800138000", "--json")).out)
    assert [(one["biller"], one["items"][0]["faces"]) for one in found] == [("MOBILE", [10_00, 50_00])]
    assert (await call("biller", "list", "--number", "17700138000")).out == ""
    made = await call("bill", "top-up", "MOBILE", "13800138000", "50.00")
    assert "50.00 and a fee of 0.50 set aside" in made.out, made.err


async def test_what_is_refused_is_one_line(call: Call, place: Town) -> None:
    for file in (GAS_FILE.encode(), CARRIER):
        assert await put_in_directory(place.house, read_file(file).definition) is None
    for arguments, wrong in (
        (("biller", "list", "--region", "99"), "there is no region '99'"),
        (("biller", "list", "--category", "oil"), "there is no category 'oil'"),
        (("biller", "show", "NOBODY"), "there is no biller 'NOBODY'"),
        (("bill", "inquire", "BJGAS", "1234567x", "--field", "branch=02"), "'1234567x' does not fit; 户号为8至10位数字 (8 to 10 digits)"),
        (("bill", "inquire", "BJGAS", METER), "branch is missing"),
        (("bill", "inquire", "BJGAS", METER, "--field", "branch"), "write it like branch=02"),
        (("bill", "inquire", "BJGAS", METER, "--field", "branch=02", "--field", "branch=03"), "'branch' comes twice"),
        (("bill", "pay", "0" * 32, "a lot"), "AMOUNT: 'a lot' is no amount"),
        (("bill", "top-up", "MOBILE", "13800138000", "20.00"), "20.00 is not to be had; choose one of 10.00, 50.00"),
        (("bill", "top-up", "MOBILE", "17700138000", "10.00"), "no carrier here has it"),
        (("bill", "top-up", "BJGAS", METER, "10.00", "--field", "branch=02"), "inquire, then pay the bill"),
    ):
        done = await call(*arguments)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1), (arguments, done)
        assert wrong in done.err, (arguments, done.err)
