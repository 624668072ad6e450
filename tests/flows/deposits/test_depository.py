"""The day's deposits with the bank as depository: listed, answered, compared, and its interest credited to the books by item."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import pytest
from bank_next_door import BankNextDoor
from bill_town import MONDAY, Person, Town

from tapwealth.bank import deposit_event_store
from tapwealth.bank.deposit_event_store import EventRow
from tapwealth.bank.deposit_list import DepositLine, ListEvent
from tapwealth.deposits import entries
from tapwealth.deposits.entries import DepositEntry, Held
from tapwealth.flows.bank import bank_messages
from tapwealth.flows.deposits.depository import compare_deposits, list_deposits
from tapwealth.flows.end_of_day import StepReport
from tapwealth.flows.frame import moment, must_post
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.sandbox.bank.deposit_terms import Form, PostedBody, RateBody, TermsBody
from tapwealth.wire.sealed_csv import SealedCsv

DUE = MONDAY + timedelta(days=10)
AFTER = DUE + timedelta(days=1)
TERM = TermsBody("TERM1", Form.FIXED_TERM, [PostedBody(date(2014, 1, 1), [RateBody("2.60", "3m")])], demand="DEM1")


def demand_at(rate: str) -> TermsBody:
    return TermsBody("DEM1", Form.DEMAND, [PostedBody(date(2014, 1, 1), [RateBody(rate)])])


@dataclass
class Depository:
    """A town with its bank next door, and two people of different books with a deposit of 10,000 yuan each since Monday."""

    place: Town
    bank: BankNextDoor
    people: dict[str, Person]

    async def event(self, name: str, of: ListEvent, amount: int, interest: int = 0, day: date = MONDAY, *, posted: bool = True) -> None:
        person, house = self.people[name], self.place.house
        deposit = derived(person.id, "deposit")
        async with house.database.transaction() as tx:
            await house.ledger.lock_books(tx, [person.book])
            wanted = NewAccount(person.book, Kind.DEPOSIT, deposit, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
            held = Held(person.book, deposit, (await house.ledger.open_accounts(tx, [wanted]))[0], person.wallet)
            key = derived(deposit, f"{of} {day}")
            made = (
                entries.paid_in(held, key, amount, DepositEntry.OPENED, day, 1)
                if of is ListEvent.OPENED
                else entries.paid_out(held, key, amount, interest, DepositEntry.WITHDRAWN, day, 1)
            )
            if posted:
                await must_post(house, tx, await moment(tx), [made])
            line = DepositLine(str(key), f"D-{name}", of, "TERM1", "fixed_term", "3m", amount, interest, day)
            await deposit_event_store.add(tx, [EventRow(person.book, day, line)])

    async def closes(self, day: date) -> tuple[StepReport, StepReport]:
        """The two steps, a minute after the end of a date; then the bank pays in the morning."""
        at = shanghai(day + timedelta(days=1)) + timedelta(minutes=1)
        await self.place.clock(at)
        await self.bank.clock(at)
        reports = await list_deposits(self.place.house, day), await compare_deposits(self.place.house, day)
        await self.bank.clock(at + timedelta(hours=10))
        await self.bank.tell(lambda body: bank_messages.take(self.place.house, body))
        return reports

    async def interest_due(self) -> list[int]:
        return await self.place.owed(*(house_account(book, Kind.DEPOSIT_INTEREST_DUE, Asset.CNY) for book in range(4)))

    async def kinds(self, day: date) -> list[str]:
        return [kind for _source, kind, _accounted in await self.place.breaks(day)]


@pytest.fixture(autouse=True)
def small_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are written, sorted and noted a line at a time: what is true of two lines is of two lots."""
    for lot in ("tapwealth.wire.sealed_csv.PIECE", "tapwealth.wire.sorted_csv.LOT", "tapwealth.flows.deposits.depository._AT_ONCE"):
        monkeypatch.setattr(lot, 1)


@pytest.fixture
async def town(place: Town, tmp_path: Path) -> AsyncIterator[Depository]:
    bank = BankNextDoor(tmp_path)
    await bank.clock(shanghai(MONDAY, 9))
    bank.open_accounts([("0100000006", "Tapwealth deposits", 0)])
    bank.set_terms(TERM, demand_at("0.35"))
    place.house = replace(place.house, rails=replace(place.house.rails, depository=bank))
    made = Depository(place, bank, {name: await place.person(name, 20_000_00) for name in "AB"})
    for name in "AB":
        await made.event(name, ListEvent.OPENED, 10_000_00)
    listed, compared = await made.closes(MONDAY)
    assert (listed.wrong, compared.wrong) == ([], [])
    assert (listed.figures["events"], listed.figures["amount"], compared.figures["accepted"]) == (2, 20_000_00, 2)
    yield made
    bank.store.close()


async def test_interest_comes_in_one_sum_and_is_credited_by_item(town: Depository) -> None:
    """4,000 and 6,000 x 0.35 % x 10 / 360: 39 and 58 fen."""
    await town.event("A", ListEvent.WITHDRAWN, 4_000_00, 39, DUE)
    await town.event("B", ListEvent.WITHDRAWN, 6_000_00, 58, DUE)
    books = {name: town.people[name].book for name in "AB"}
    for _ in range(2):
        _, compared = await town.closes(DUE)
        assert compared.figures == {"events": 2, "accepted": 2, "differences": 0, "interest": 0}
    assert town.bank.money("0100000006") == 97
    owed = await town.interest_due()
    assert (owed[0], owed[books["A"]], owed[books["B"]]) == (97, -39, -58)
    for _ in range(2):
        listed, compared = await town.closes(AFTER)
        assert (listed.figures, compared.wrong) == ({"events": 0}, [])
    assert await town.interest_due() == [0, 0, 0, 0]
    await town.place.all_books_balance()


async def test_what_the_bank_does_not_accept_keeps_the_date_open_and_is_paid_when_it_does(town: Depository) -> None:
    town.bank.set_terms(demand_at("0.50"))
    await town.event("A", ListEvent.WITHDRAWN, 4_000_00, 39, DUE)
    _, compared = await town.closes(DUE)
    assert compared.wrong == ["deposit D-A (withdrawn on 2014-03-06): interest is 0.56 yuan at the bank, 0.39 here"]
    assert town.bank.money("0100000006") == 0
    town.bank.set_terms(demand_at("0.35"))
    compared = await compare_deposits(town.place.house, DUE)
    assert (compared.wrong, compared.figures["accepted"]) == ([], 1), "the list goes again by itself: its step is done"
    assert town.bank.money("0100000006") == 39
    await town.bank.tell(lambda body: bank_messages.take(town.place.house, body))
    assert (await town.closes(AFTER))[1].figures["interest"] == 39


async def test_an_earlier_line_is_asked_about_again_with_every_closing(town: Depository) -> None:
    town.bank.set_terms(demand_at("0.50"))
    await town.event("A", ListEvent.WITHDRAWN, 4_000_00, 39, DUE)
    await town.closes(DUE)
    town.bank.set_terms(demand_at("0.35"))
    assert (await town.closes(AFTER))[1].wrong == []
    assert (await town.closes(AFTER + timedelta(days=1)))[1].figures["interest"] == 39


async def test_a_line_that_is_accepted_with_another_interest_is_a_difference(town: Depository) -> None:
    await town.event("A", ListEvent.WITHDRAWN, 4_000_00, 39, DUE)
    assert (await town.closes(DUE))[1].figures["accepted"] == 1
    with town.bank.store.tx() as tx:
        assert tx.execute("UPDATE deposit_line SET interest = 40 WHERE answer = 'accepted' AND interest = 39").rowcount == 1
    compared = await compare_deposits(town.place.house, DUE)
    assert compared.wrong == ["deposit D-A (withdrawn on 2014-03-06): interest is 0.40 yuan at the bank, 0.39 here"]
    assert compared.figures["accepted"] == 0


async def test_a_register_changed_at_the_bank_is_named(town: Depository) -> None:
    await town.event("A", ListEvent.WITHDRAWN, 4_000_00, 39, DUE)
    with town.bank.store.tx() as tx:
        tx.execute("UPDATE deposit_line SET balance = balance + 1 WHERE deposit = 'D-B'")
    assert (await town.closes(DUE))[1].wrong == ["deposit D-B has 10,000.01 yuan in the bank's register and 10,000.00 here"]


async def test_an_event_without_its_entry_is_seen(town: Depository) -> None:
    await town.event("A", ListEvent.WITHDRAWN, 4_000_00, 39, DUE, posted=False)
    assert (await town.closes(DUE))[1].wrong == ["deposits sum to 16,000.00 yuan by their events and to 20,000.00 in the ledger"]


async def test_interest_that_is_short_or_does_not_come_is_named_until_it_has(town: Depository) -> None:
    await town.event("A", ListEvent.WITHDRAWN, 4_000_00, 39, DUE)
    with town.bank.store.tx() as tx:
        tx.execute("INSERT INTO fault_plan (message, nth, fault) VALUES ('deposit_interest', 1, 'lose')")
    await town.closes(DUE)
    assert (await town.closes(AFTER))[1].wrong == ["the bank has not paid DPX-20140306: 0.39 yuan of interest"]
    town.bank.transfer("DPX-20140306", "0200000015", "0100000006", 38, "interest")
    later = AFTER + timedelta(days=1)
    await town.closes(AFTER)
    text = "DPX-20140306 pays 0.38 yuan of interest, due under that name are 0.39"
    assert (await town.closes(later))[1].wrong == [text]
    assert await town.kinds(later) == ["interest_differs"]
    town.bank.transfer("DPX-20140306-R1", "0200000015", "0100000006", 1, "interest")
    await town.closes(later)
    assert (await town.closes(later + timedelta(days=1)))[1].wrong == []
    assert await town.interest_due() == [0, 0, 0, 0]


async def test_interest_that_is_too_much_is_credited_and_the_rest_is_named(town: Depository) -> None:
    await town.event("A", ListEvent.WITHDRAWN, 4_000_00, 39, DUE)
    with town.bank.store.tx() as tx:
        tx.execute("INSERT INTO fault_plan (message, nth, fault) VALUES ('deposit_interest', 1, 'lose')")
    await town.closes(DUE)
    town.bank.transfer("DPX-20140306", "0200000015", "0100000006", 40, "interest")
    town.bank.transfer("DPX-20140101", "0200000015", "0100000006", 7, "of a list that nobody sent")
    await town.bank.tell(lambda body: bank_messages.take(town.place.house, body))
    for _ in range(2):
        assert (await town.closes(AFTER))[1].wrong == [
            "DPX-20140101 pays 0.07 yuan of interest, due under that name are 0.00",
            "DPX-20140306 pays 0.40 yuan of interest, due under that name are 0.39",
        ]
    assert (await town.interest_due())[0] == 8
    assert (await town.closes(AFTER + timedelta(days=1)))[1].wrong == []


class Unwell:
    """A bank whose files are not what they should be."""

    def __init__(self, bank: BankNextDoor, answer: bytes | None, register: bytes | None) -> None:
        self.bank, self.answer, self.register = bank, answer, register

    async def list_deposits(self, day: date, file: BinaryIO) -> str:
        return await self.bank.list_deposits(day, file)

    async def deposit_answer(self, day: date, into: BinaryIO) -> bool:
        into.write(self.answer or b"")
        return self.answer is not None

    async def deposit_register(self, day: date, into: BinaryIO) -> bool:
        into.write(self.register or b"")
        return self.register is not None


def answers(*rows: tuple[str, str, str]) -> bytes:
    shape = SealedCsv("deposit answer", ("serial", "answer", "interest", "paid_by", "reason"), ("interest",))
    return shape.write([(serial, answer, interest, "", "") for serial, answer, interest in rows])


def register(*rows: tuple[str, int]) -> bytes:
    return SealedCsv("deposit register", ("deposit", "balance"), ("balance",)).write([(deposit, str(fen)) for deposit, fen in rows])


REGISTER = register(("D-A", 6_000_00), ("D-B", 10_000_00))


def cases() -> Iterator[tuple[bytes | None, bytes | None, str]]:
    yield None, REGISTER, "the bank's answer to the deposits of 2014-03-06 is not to be had"
    yield b"torn", REGISTER, "the bank's answer to the deposits of 2014-03-06: deposit answer: its end line is missing or torn"
    yield answers(), REGISTER, "deposit D-A: the bank does not answer that it was withdrawn"
    yield answers((str(UUID(int=7)), "accepted", "0")), REGISTER, "which no deposit's event is called"


@pytest.mark.parametrize(("answer", "register", "why"), list(cases()), ids=["none", "torn", "short", "more"])
async def test_a_bank_that_answers_otherwise(town: Depository, answer: bytes | None, register: bytes | None, why: str) -> None:
    await town.event("A", ListEvent.WITHDRAWN, 4_000_00, 39, DUE)
    _is_unwell(town, answer, register)
    assert any(why in one for one in (await town.closes(DUE))[1].wrong)


def _is_unwell(town: Depository, answer: bytes | None, register: bytes | None) -> None:
    house = town.place.house
    town.place.house = replace(house, rails=replace(house.rails, depository=Unwell(town.bank, answer, register)))


OF_BANK = "in the bank's register"
FILE = "the bank's register of deposits of 2014-03-06"
AGAIN = "fetch or send it again"
REGISTERS = (
    (None, [f"{FILE} is not to be had; close 2014-03-06 again when it is"]),
    (REGISTER[:-20], [f"{FILE}: deposit register: its end line is missing or torn; {AGAIN}"]),
    (
        register(("D-A", 6_000_00), ("D-A", 6_000_00), ("D-B", 10_000_00)),
        [f"{FILE}: deposit register: deposit 'D-A' stands there twice; {AGAIN}"],
    ),
    (register(("D-B", 10_000_00), ("D-A", 6_000_00)), []),
    (register(), [f"deposit D-A has 0.00 yuan {OF_BANK} and 6,000.00 here", f"deposit D-B has 0.00 yuan {OF_BANK} and 10,000.00 here"]),
    (register(("D-B", 10_000_00)), [f"deposit D-A has 0.00 yuan {OF_BANK} and 6,000.00 here"]),
    (
        register(("D-0", 1), ("D-A", 6_000_00), ("D-AA", 0), ("D-B", 9_999_99), ("D-C", 3)),
        [
            f"deposit D-0 has 0.01 yuan {OF_BANK} and 0.00 here",
            f"deposit D-B has 9,999.99 yuan {OF_BANK} and 10,000.00 here",
            f"deposit D-C has 0.03 yuan {OF_BANK} and 0.00 here",
        ],
    ),
)
"""What the bank's register says, and what is then found."""


async def test_a_register_that_says_otherwise(town: Depository) -> None:
    await town.event("A", ListEvent.WITHDRAWN, 4_000_00, 39, DUE)
    (serial,) = await _serials(town)
    for content, wrong in REGISTERS:
        _is_unwell(town, answers((serial, "accepted", "39")), content)
        assert sorted((await town.closes(DUE))[1].wrong) == sorted(wrong)


async def _serials(town: Depository) -> list[str]:
    async with town.place.house.database.read() as tx:
        return [one.line.serial async for one in deposit_event_store.of_day(tx, list(town.place.house.all_books), DUE)]
