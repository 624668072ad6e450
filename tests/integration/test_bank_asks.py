"""The edge asks a real bank that does not answer: nobody else waits, the same tap asks once, and too many are declined unasked."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from bank_town import BankTown, bank_process
from bill_town import town
from card_town import CardTown, Phone, card_town
from sandbox_partner import SandboxPartner

from tapwealth.app import bank_asks, wiring
from tapwealth.app.wiring import Terminals
from tapwealth.flows.frame import House
from tapwealth.flows.issuing import bank_answers, reservations
from tapwealth.flows.issuing.reservations import AskBank, BankAnswer
from tapwealth.storage.group_commit import Batcher
from tapwealth.wire.iso8583.requests import AuthorisationResponse


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[SandboxPartner]:
    with bank_process(tmp_path) as partner:
        yield partner


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine makes an honest bank slow; who wants it impatient says so."""
    monkeypatch.setattr(reservations, "PATIENCE_MS", 600_000)


@dataclass
class Edge:
    """The platform as its terminals meet it."""

    terminals: Terminals
    host: CardTown
    counter: BankTown

    async def customer(self, wallet: int = 0) -> Phone:
        person, _ = await self.counter.customer(wallet)
        return await self.host.phone(person)

    def tap(self, phone: Phone, amount: int) -> asyncio.Task[AuthorisationResponse]:
        return asyncio.create_task(self.terminals.sale(self.host.sale(phone, amount)))

    async def asking(self, count: int) -> None:
        """Until the bank has so many reservations in hand."""
        while self.counter.bank.get("/admin/faults").json()["counts"].get("reservation", 0) < count:
            await asyncio.sleep(0.02)


@pytest.fixture
async def edge(new_database: Callable[[], str], tmp_path: Path, bank: SandboxPartner) -> AsyncIterator[Edge]:
    async with town(new_database(), tmp_path) as place:
        counter = BankTown(place, bank)
        host = await card_town(place)
        batcher = Batcher(place.house.database, wiring._flows(place.house, host.cards), writers=1)
        async with batcher:
            yield Edge(Terminals(place.house, host.cards, batcher), host, counter)


def silent(edge: Edge) -> None:
    """No reservation is answered, and nobody gives up waiting by himself."""
    edge.counter.bank.faults({"message": "reservation", "nth": 0, "fault": "silent"})


async def test_a_bank_answers_while_the_terminal_waits(edge: Edge) -> None:
    answer = await edge.tap(await edge.customer(10_00), 50_00)
    assert answer.response_code == "00"
    assert answer.authorisation_code


async def test_nobody_waits_for_somebody_elses_bank(edge: Edge) -> None:
    slow, quick = await edge.customer(), await edge.customer(100_00)
    silent(edge)
    first, second = edge.tap(slow, 50_00), edge.tap(quick, 50_00)
    assert (await second).response_code == "00"
    await edge.asking(1)
    for _ in range(3):
        assert (await edge.tap(quick, 10_00)).response_code == "00"
    assert not first.done()
    edge.counter.bank.kill()
    assert (await first).response_code == "91"


async def test_a_tap_that_comes_again_while_its_bank_is_asked_waits_for_the_same_answer(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = edge.host.sale(await edge.customer(), 50_00)
    silent(edge)
    asked: list[AskBank] = []
    ask = reservations.ask

    async def counted(house: House, one: AskBank) -> BankAnswer:
        asked.append(one)
        return await ask(house, one)

    monkeypatch.setattr(reservations, "ask", counted)
    first = asyncio.create_task(edge.terminals.sale(sale))
    await edge.asking(1)
    second = asyncio.create_task(edge.terminals.sale(sale))
    quick = await edge.customer(10_00)
    assert (await edge.tap(quick, 10_00)).response_code == "00", "decided after the repetition, by the same writer"
    assert not second.done()
    edge.counter.bank.kill()
    assert [(await one).response_code for one in (first, second)] == ["91", "91"]
    assert len(asked) == 1


async def test_what_is_too_much_for_the_banks_is_declined_unasked(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank_asks, "MOST_AT_ONCE", 1)
    one, another = await edge.customer(), await edge.customer()
    silent(edge)
    first = edge.tap(one, 50_00)
    await edge.asking(1)
    assert (await edge.tap(another, 50_00)).response_code == "91"
    assert edge.counter.bank.get("/admin/faults").json()["counts"]["reservation"] == 1
    edge.counter.bank.kill()
    assert (await first).response_code == "91"


async def test_a_bank_that_is_late_is_given_up_and_the_next_tap_is_paid(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reservations, "PATIENCE_MS", 200)
    phone = await edge.customer()
    silent(edge)
    assert (await edge.tap(phone, 150_00)).response_code == "91"
    edge.counter.bank.faults()
    assert await edge.counter.give_up() == []
    monkeypatch.setattr(reservations, "PATIENCE_MS", 600_000)
    assert (await edge.tap(phone, 200_00)).response_code == "00"
    assert await bank_answers.resolve(edge.host.cards) == 0
