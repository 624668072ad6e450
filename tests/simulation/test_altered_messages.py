"""One message of each kind is altered by a fen where it passes between two processes: the figures follow it, or the proof names it."""

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from played_week import FEW, Outcome, orders, play_week, theatre_folder

from tapwealth.play import theatre
from tapwealth.play.acts import counters, move_in, phone, purchase, send, tap
from tapwealth.play.script import BREAKFAST, LIN, MARKET, WANG, scenes
from tapwealth.play.week import Play, Scene
from tapwealth.sandbox.scenarios import plan


def played(days: int, faults: dict[str, list[tuple[str, int]]], by_hand: dict[str, Callable[[Path], None]], **more: Any) -> Outcome:
    """`faults`: by partner, which messages (kind, number) have one fen more. `by_hand`: what is done before a scene."""
    wanted = plan("week")
    for partner, messages in faults.items():
        fens = [{"message": kind, "nth": nth, "fault": "one_fen"} for kind, nth in messages]
        wanted[partner] = {"faults": [*fens, *wanted.get(partner, {}).get("faults", [])]}
    with theatre_folder() as folder:

        def before(scene: str) -> None:
            if scene in by_hand:
                by_hand[scene](folder)

        outcome = asyncio.run(play_week(folder, days, faults=wanted, before=before, patience=20, **more))
    assert outcome.audit["clean"], outcome.audit
    return outcome


def in_store(partner: str, statement: str) -> Callable[[Path], None]:
    """Change exactly one row of a partner's store, once it is there: a partner on a busy machine takes its time."""

    def change(folder: Path) -> None:
        for _ in range(200):
            with closing(sqlite3.connect(folder / f"{partner}.sqlite")) as connection, connection:
                if (changed := connection.execute(statement).rowcount) == 1:
                    return
            time.sleep(0.1)
        raise AssertionError(f"{changed} rows of the {partner} were changed")

    return change


def named(outcome: Outcome, *texts: str) -> None:
    """The last date stays cut, and among what does not agree stands a line for each of these texts."""
    assert [day["state"] for day in outcome.figures["days"]][-1] == "cut"
    assert outcome.unproved
    lines = [one["text"] for one in outcome.breaks if not one["accounted"]]
    for text in texts:
        assert any(text in line for line in lines), (text, lines)


def test_what_the_bank_books_tells_and_states_is_held_against_each_other() -> None:
    """pain.008, camt.054 and camt.053."""
    outcome = played(1, {"bank": [("pain.008", 1), ("camt.054", 3), ("camt.053", 5)]}, {})
    named(
        outcome,
        "0100000001 on 2014-02-24, IN-",
        "the bank has 5,000.01, here it is 5,000.00",
        "the bank has 10,171.78, here it is 10,171.79",
        "the bank has 100,000.01, here it is 100,000.00",
    )
    assert len(outcome.unproved) == 4, "the altered statement contradicts its own balance, too"


def test_what_the_registrar_is_sent_and_sends_is_held_against_our_orders_and_units() -> None:
    """03, 04, 06 and 07; and pain.001 beside them."""
    faults = {"registrar": [("04", 3), ("06", 1), ("07", 3)], "bank": [("pain.001 FEE-20140225", 1)]}
    order = in_store("registrar", "UPDATE request SET amount = amount + 1 WHERE distributor = 'T01' AND amount = 150000")
    outcome = played(3, faults, {"day 3: the registrar's files are taken": order})
    named(
        outcome,
        "asked for 1,500.00, confirmed are 1,500.01",
        "500.00 yuan at 1.0000 are not 500.01 units",
        "income of 028280525132/39213662205119872 is 0.01, we compute 0.00",
        "the fund's income of 2014-02-25 is 1.80, we compute 1.79",
        " on 2014-02-26, ",
    )
    payments = {re.sub(r".* on [0-9-]+, ([^:]+): the bank has .*, here it is .*", r"\1", line) for line in outcome.unproved}
    assert payments == {"FEE-20140225"}, "both of its accounts are ours"


@pytest.mark.soak
def test_what_the_registrar_pays_and_the_insurer_refunds_is_held_against_what_was_agreed() -> None:
    outcome = played(6, {"registrar": [("redemption_payment", 2)], "insurer": [("refund", 1)]}, {})
    named(outcome, "pays 88.02 yuan, due under that name are 88.01")
    texts = [one["text"] for one in outcome.breaks]
    assert any("the insurer refunds 369.09 for policy" in text for text in texts), texts
    assert not any("is not paid" in text for text in texts), "enough has come for what was due; the fen above it stands apart"


@pytest.mark.soak
@pytest.mark.parametrize(
    ("days", "partner", "message", "text"),
    [
        (2, "registrar", ("05", 2), "by the registrar's 05 1,000.01"),
        (1, "biller", ("day_end", 1), "has 186.41 for PAY-"),
        (4, "insurer", ("bordereau", 4), "is 59.01 at the insurer and 59.00 here"),
    ],
)
def test_what_a_file_tells_is_held_against_ours(days: int, partner: str, message: tuple[str, int], text: str) -> None:
    named(played(days, {partner: [message]}, {}), text)


@asynccontextmanager
async def altering(port: int, old: bytes, new: bytes) -> AsyncIterator[int]:
    """A line that carries everything, with some bytes of what is asked replaced."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer), closing(there):
            while piece := await reader.read(4096):
                assert old in piece
                there.write(piece.replace(old, new))
                writer.write(await there_reader.read(4096))

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def tap_over_an_altering_line(play: Play) -> dict[str, str]:
    """The 0200 asks for 116.80 when it leaves the till, and for 116.81 when it reaches the host."""
    counter, at = counters(play)[MARKET], play.stage.now
    assert at is not None
    asked = counter.read_card(phone(play, LIN).transmit, 116_80, at, bytes(4), 1)
    async with (
        altering(counter.port, bytes.fromhex("000000011680"), bytes.fromhex("000000011681")) as port,
        counter.till(port=port) as till,
    ):
        result = await counter.sell(till, asked, 116_80, at)
    return {"outcome": result.outcome.name, "response_code": result.response_code}


ALTERED = {
    "the first customer moves 5,000.00 in": move_in(LIN, 5_000_01, "move in 1"),
    "money is sent to a customer in another book": send(LIN, WANG, 200_02, "send 1"),
    "breakfast is paid with the phone": tap(LIN, BREAKFAST, 28_53, "tap breakfast"),
    "groceries are paid with the phone": tap_over_an_altering_line,
    "an order just after the cut-off": purchase(LIN, 500_04, "purchase 2"),
}
"""What people do, each by some fen otherwise than the script has it; the bill and the channel's orders are altered besides."""
FIRST, LAST = 10_01, 198_11
"""Of the channel's orders."""


def altered_scenes(days: int) -> list[Scene]:
    return [replace(scene, act=ALTERED.get(scene.name, scene.act)) for scene in scenes(days)]


def test_the_figures_follow_what_people_and_partners_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A direct debit, a transfer, a card's message, an order over HTTP, a channel's order more by some fen and
    another one gone, and the balance that the biller presents."""
    monkeypatch.setattr(theatre, "scenes", altered_scenes)
    bill = in_store("biller", "UPDATE bill SET amount = amount + 5 WHERE amount = 18640")
    file = orders(FEW, without=FEW - 1, amounts={0: FIRST + 6})
    outcome = played(1, {}, {"an electricity bill is paid": bill}, orders=file)
    assert outcome.proved, outcome.unproved
    assert outcome.diary["groceries are paid with the phone"]["response_code"] != "00", "its authentication code is not right"
    (day,) = outcome.figures["days"][:1]
    spent = 200_02 + 200_00 + 28_53 + 1_000_00 + 500_04 + 186_45
    wallets = {one["wallet"] for one in outcome.figures["customers"]}
    assert wallets >= {5_000_01 - spent, 300_00 + 200_02 - 60_00}
    assert sorted((one["gross"], one["sales"]) for one in day["merchants"]) == [(28_53, 1)]
    assert (day["bills"]["paid"], day["bills"]["amount"]) == (2, 186_45 + 60_00)
    channels = {one["code"]: (one["orders"], one["amount"]) for one in day["purchases"]["channels"]}
    assert channels == {"996": (FEW - 1, 10_171_78 + 6 - LAST), "T01": (2, 1_500_04)}
    reserve = {one["account"]: one for one in day["mirrors"]}["0100000001"]
    assert reserve["ours"] == reserve["statement"] == 5_359_01
