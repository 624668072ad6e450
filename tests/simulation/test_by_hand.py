"""Someone changes a fen in a partner's store by hand, between the day's work and its proof: it is named, and the proof holds without it."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from played_week import PLATFORM, audit, billing, theatre_folder

from tapwealth.play.stage import Stage
from tapwealth.play.theatre import Billing, open_theatre, perform
from tapwealth.sandbox.scenarios import plan

MONDAY = "2014-02-24"
RESERVE, COLLECTION = "0100000001", "0100000002"


@contextmanager
def store_of(folder: Path, partner: str) -> Iterator[sqlite3.Connection]:
    """The partner's store, opened beside the running partner."""
    with closing(sqlite3.connect(folder / f"{partner}.sqlite")) as connection, connection:
        yield connection


def book_in_the_bank(folder: Path, fen: int) -> None:
    """A booking that nobody ordered, with its balance; 0 takes it back."""
    with store_of(folder, "bank") as tx:
        (before,) = tx.execute("SELECT coalesce(sum(amount), 0) FROM booking WHERE reference = 'HAND'").fetchone()
        tx.execute("DELETE FROM booking WHERE reference = 'HAND'")
        booking = ("HAND", RESERVE, MONDAY, fen, "HAND-1", "TRANSFER", "0200000001", "somebody", "by hand", "")
        tx.executemany("INSERT INTO booking VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [booking] if fen else [])
        tx.execute("UPDATE account SET balance = balance + ? WHERE number = ?", (fen - before, RESERVE))


def add_in_the_bank(folder: Path, fen: int) -> None:
    """A booking that was ordered, and its balance."""
    with store_of(folder, "bank") as tx:
        tx.execute(
            "UPDATE booking SET amount = amount + ? WHERE account = ? AND code = 'PAIN008' AND abs(amount - 500000) < 2", (fen, RESERVE)
        )
        tx.execute("UPDATE account SET balance = balance + ? WHERE number = ?", (fen, RESERVE))


def add_to_a_balance_in_the_bank(folder: Path, fen: int) -> None:
    with store_of(folder, "bank") as tx:
        tx.execute("UPDATE account SET balance = balance + ? WHERE number = ?", (fen, COLLECTION))


def add_in_the_biller(folder: Path, fen: int) -> None:
    with store_of(folder, "biller") as tx:
        tx.execute("UPDATE payment SET amount = amount + ?", (fen,))


def add_in_the_insurer(folder: Path, fen: int) -> None:
    with store_of(folder, "insurer") as tx:
        tx.execute("UPDATE event SET amount = amount + ? WHERE policy_number = (SELECT max(policy_number) FROM policy)", (fen,))


def add_in_the_registrar(folder: Path, units: int) -> str:
    """One holder's units; the holder."""
    with store_of(folder, "registrar") as tx:
        ta_account, trading_account = tx.execute(
            "SELECT ta_account, trading_account FROM held WHERE distributor = '996' AND units > 0 ORDER BY 1 DESC, 2 DESC LIMIT 1"
        ).fetchone()
        tx.execute("UPDATE held SET units = units + ? WHERE trading_account = ?", (units, trading_account))
    return f"{ta_account}/{trading_account}"


async def attempt(wanted: Billing, stage: Stage, number: int, tamper: Callable[[], object]) -> list[str]:
    """Play on to the end of day `number`, tamper after its work and before its proof, and say what was not proved: then it stays cut."""

    def before(text: str, *_: int) -> None:
        if text.endswith(f"day {number}: the date is closed"):
            tamper()

    evening = await perform(wanted, stage, before)
    states = [one["state"] for one in evening.figures["days"]]
    assert states[number - 1] == ("cut" if evening.unproved else "closed"), states
    assert set(states[: number - 1]) <= {"closed"}
    assert evening.proved is not bool(evening.unproved), "by this the command line exits with 1"
    assert not evening.otherwise
    return evening.unproved


def only(found: list[str], *texts: str) -> None:
    """Exactly these items are named, each in a line of its own."""
    assert len(found) == len(texts), found
    for text in texts:
        assert any(text in line for line in found), (text, found)


def test_a_fen_in_a_partners_store_is_named_and_the_date_closes_once_it_is_gone_or_waits_for_who_decides() -> None:
    """In the bank's and the biller's, the insurer's and the registrar's."""
    with theatre_folder() as folder:
        asyncio.run(on_stage(billing(folder, 5, faults=short_file_on_the_fifth())))
        assert asyncio.run(audit(folder))["clean"], "what others' books say alters nothing in ours"


def short_file_on_the_fifth() -> dict[str, dict[str, Any]]:
    """A holder is missing from the registrar's seventh file of holdings, which is one of the fifth date."""
    short = plan("registrar-short-file")["registrar"]["faults"]
    return plan("week") | {"registrar": {"faults": [{**one, "nth": 7} for one in short]}}


async def on_stage(wanted: Billing) -> None:
    async with open_theatre(wanted, PLATFORM, lambda _: None) as (stage, _):
        await in_the_banks_or_the_billers(wanted, stage)
        await in_the_insurers_or_the_registrars(wanted, stage)


async def in_the_banks_or_the_billers(wanted: Billing, stage: Stage) -> None:
    folder, monday = wanted.folder, replace(wanted, days=1)

    def in_the_bank(fen: int) -> None:
        book_in_the_bank(folder, -fen)
        add_in_the_bank(folder, fen)
        add_to_a_balance_in_the_bank(folder, fen)

    only(
        await attempt(monday, stage, 1, lambda: in_the_bank(1)),
        f"{RESERVE} on {MONDAY}, HAND-1: the bank booked -0.01, unknown here",
        "the bank has 5,000.01, here it is 5,000.00",
        f"{COLLECTION} on {MONDAY}, closing balance: the bank ended with",
    )
    in_the_bank(-1)
    book_in_the_bank(folder, 0)
    only(await attempt(monday, stage, 1, lambda: add_in_the_biller(folder, 1)), "has 186.41 for PAY-")
    add_in_the_biller(folder, -1)
    only(await attempt(monday, stage, 1, lambda: book_in_the_bank(folder, 1)))
    (day,) = (await stage.view("week"))["days"][:1]
    found = {(one["kind"], one["item"], one["amount"], one["accounted"]) for one in day["breaks"]}
    expected = {("notice_missing", "HAND-1", 1, True), ("unclaimed_receipt", "HAND-1", 1, True)}
    assert found == expected, "what came in unasked is kept in suspense"


async def in_the_insurers_or_the_registrars(wanted: Billing, stage: Stage) -> None:
    """A file of the registrar's that was taken stands: the date waits until somebody decides which of the two is right."""
    folder = wanted.folder
    only(await attempt(wanted, stage, 4, lambda: add_in_the_insurer(folder, 1)), "at the insurer and")
    add_in_the_insurer(folder, -1)
    holder: list[str] = []
    found = await attempt(wanted, stage, 5, lambda: holder.append(add_in_the_registrar(folder, 1)))
    only(found, f"holder {holder[0]}: here", "by the registrar's 05 0.00")
