"""`tapwealth claim` as a customer gives it: a screen claimed, shown by files and followed; what is refused is one line."""

from pathlib import Path
from uuid import UUID

import pytest
from bill_town import Town
from claim_town import IMEI, NEXT_MONDAY, OTHER_IMEI, assess, insured, paid
from customer_line import Line, customer_line
from evidence_files import jpeg, pdf
from four_eyes import operator
from policy_files import ACCIDENT_FILE, SCREEN_FILE, sell_policies
from served_house import PASSWORD

from tapwealth.flows.insurance import insurers
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.masked import Masked
from tapwealth.storage import operators


async def test_a_screen_is_claimed_shown_and_followed(
    place: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await sell_policies(place.house, SCREEN_FILE, ACCIDENT_FILE)
    photo, invoice, disguised = tmp_path / "crack.jpg", tmp_path / "invoice.pdf", tmp_path / "program.png"
    photo.write_bytes(jpeg())
    invoice.write_bytes(pdf())
    disguised.write_bytes(b"MZ" + bytes(100))
    async with customer_line(place, tmp_path, monkeypatch, capsys, money=100_000) as line:
        policy = await bought(place, line)
        day, said = str(NEXT_MONDAY), "it fell"
        assert (await line.call("claim", "list")).out.strip() == "nothing is claimed"
        wrong = await line.call("claim", "screen", policy, day, "800", "--said", said, "--imei", OTHER_IMEI)
        assert "names another phone" in wrong.err
        made = await line.call("claim", "screen", policy, day, "800", "--said", said, "--imei", IMEI)
        assert made.code == 0, made.err
        claim = made.out.split()[0]
        assert made.out.strip() == f"{claim} notified; needed: photo; needed: invoice"
        for file, words in (
            (disguised, "neither JPEG"),
            (tmp_path / "none.png", "cannot be read"),
            (tmp_path / "x.exe", "is none of .jpg"),
        ):
            assert words in (await line.call("claim", "send", claim, "photo", str(file))).err
        assert "needed: invoice" in (await line.call("claim", "send", claim, "photo", str(photo))).out
        assert "the claim is assessing" in (await line.call("claim", "send", claim, "invoice", str(invoice))).out
        assert (await line.call("claim", "list")).out.strip() == (
            f"{claim} screen of {day}, 800.00: assessing, 0.00 paid, to decide by 2014-04-02"
        )
        await assess(place, UUID(claim), 0, "scratches only")
        assert (await line.call("claim", "appeal", claim, "--reason", "it is broken")).out.strip() == f"{claim} appealed"
        shown = (await line.call("claim", "show", claim)).out
        assert "photo: image/jpeg" in shown
        assert "not paid: scratches only" in shown
        assert "is appealed" in (await line.call("claim", "withdraw", claim)).err
        assert "no payment by a card of yours" in (await line.call("claim", "dispute", policy)).err
        await assess(place, UUID(claim), 80_000)
        await paid(place, UUID(claim))
        await _operations_expect_some_of_it(place, monkeypatch, line, claim)
        await _another_is_given_back(line, str(await insured(place, line.person, None, "ACC1")))


async def _operations_expect_some_of_it(place: Town, monkeypatch: pytest.MonkeyPatch, line: Line, claim: str) -> None:
    monkeypatch.setenv("TAPWEALTH_PASSWORD", PASSWORD)
    stored = await operators.password_hash(Masked(PASSWORD))
    assert isinstance(stored, str)
    await operator(place, "ops.liu", password=stored)
    liu = ("--login", "ops.liu")
    assert (await line.call("claim", "recoveries", claim, *liu)).out.strip() == "nothing of it is to come back"
    name = (await line.call("claim", "expect", claim, "300", "--from", "the neighbour", *liu)).out.split()[0]
    ended = await line.call("claim", "withdraw-recovery", claim, name, "--reason", "moved away", *liu)
    assert ended.out.strip() == f"{name} 300.00: awaited no more"
    again = await line.call("claim", "withdraw-recovery", claim, name, "--reason", "moved away", *liu)
    assert f"it is awaited no more since {NEXT_MONDAY}" in again.err
    listed = (await line.call("claim", "recoveries", claim, *liu)).out.strip()
    assert listed == f"{name} 300.00 from the neighbour: withdrawn on {NEXT_MONDAY}"


async def bought(place: Town, line: Line) -> str:
    """A screen cover of whoever gives the commands, a week old."""
    policy = await insured(place, line.person)
    await place.clock(shanghai(NEXT_MONDAY, 9))
    await insurers.begin_cover(place.house, NEXT_MONDAY)
    return str(policy)


async def _another_is_given_back(line: Line, policy: str) -> None:
    shown = (await line.call("policy", "refund", policy)).out.strip()
    amount, words = shown.split(maxsplit=1)
    assert words == f"would come back; cover would end with {NEXT_MONDAY}"
    other = await line.call("policy", "cancel", policy, "--refund", "0.01")
    assert f"{amount} yuan would come back now" in other.err
    done = await line.call("policy", "cancel", policy, "--refund", amount, "--reason", "too dear")
    assert done.out.strip() == f"the insurer is asked; once it has cancelled the policy, {amount} come back by the bank", done.err
