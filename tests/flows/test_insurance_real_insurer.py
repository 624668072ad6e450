"""Insurance against the insurer's real process: issue, cancel, silence, death, the refund it owes the bank, and its bordereau."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person, Town, town
from policy_files import sell_policies
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.flows.insurance import endorsements, insurers
from tapwealth.flows.insurance import policies as insurance
from tapwealth.flows.insurance.endorsements import ChangeOccupation, PolicyChanging
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, PolicyCancelling, PolicyTaken
from tapwealth.insurance import endorsement_store, store
from tapwealth.insurance.insurer_http import InsurerHttp
from tapwealth.insurance.product import OccupationClass
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import shanghai

TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def tpins(tmp_path: Path) -> Iterator[SandboxPartner]:
    with sandbox_partner("insurer", tmp_path) as partner:
        partner.clock("2014-02-24T09:00:00+08:00")
        yield partner


@pytest.fixture
async def place(new_database: Callable[[], str], tmp_path: Path, tpins: SandboxPartner) -> AsyncIterator[Town]:
    port = Port(tpins)
    async with town(new_database(), tmp_path, insurer=port) as made:
        await sell_policies(made.house)
        yield made
    await port.http.close()


class Port:
    """The product's port to the process, wherever it listens after a restart."""

    def __init__(self, tpins: SandboxPartner) -> None:
        self.tpins, self.now = tpins, shanghai(MONDAY, 9)
        self.moved()

    def moved(self) -> None:
        self.http = InsurerHttp(self.tpins.url, TOKEN, timeout_ms=300)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.http, name)


async def buy(place: Town, person: Person) -> UUID:
    taken = await insurance.buy(place.house, place.envelope(person), BuyPolicy("ACC1", ["terms"]))
    assert isinstance(taken, PolicyTaken), taken
    return UUID(taken.policy)


async def cancel(place: Town, person: Person, policy: UUID) -> int:
    asked = await insurance.cancel(place.house, place.envelope(person), CancelPolicy(policy))
    assert isinstance(asked, PolicyCancelling), asked
    return asked.refund


async def row_of(place: Town, person: Person, policy: UUID) -> PolicyRow:
    async with place.house.database.read() as tx:
        return (await store.policies(tx, [(person.book, policy)]))[person.book, policy]


async def ends(place: Town, tpins: SandboxPartner) -> Any:
    """The comparison of Monday, once the insurer's day is over."""
    tpins.clock("2014-02-25T00:10:00+08:00")
    await place.cut(MONDAY)
    return await insurers.compare_insurer(place.house, MONDAY)


async def test_issued_cancelled_and_compared(place: Town, tpins: SandboxPartner) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await buy(place, wang)
    assert await place.work("insurer", insurance.deliver) == []
    refund = await cancel(place, wang, policy)
    assert await place.work("insurer", insurance.deliver) == []
    row = await row_of(place, wang, policy)
    assert (row.state, row.refund) == ("cancelled", refund)
    (owed,) = tpins.get("/admin/outbox").json()
    assert owed["key"] == f"refund {row.cancel_serial}"
    report = await ends(place, tpins)
    assert (report.wrong, report.figures["matched"]) == ([], 2)
    assert report.figures["refunds_awaited"] == [{"item": row.cancel_serial, "amount": refund}]


@pytest.mark.parametrize("fault", ["silent", "silent_unprocessed", "error"])
async def test_whatever_befalls_an_answer_there_is_one_policy_and_one_cancellation(place: Town, tpins: SandboxPartner, fault: str) -> None:
    tpins.faults({"message": "issue", "nth": 1, "fault": fault}, {"message": "cancel", "nth": 1, "fault": fault})
    wang = await place.person("Wang", 100_000)
    policy = await buy(place, wang)
    assert len(await place.work("insurer", insurance.deliver, rounds=3)) == 1
    await cancel(place, wang, policy)
    assert len(await place.work("insurer", insurance.deliver, rounds=3)) == 1
    books = tpins.get("/admin/store").json()
    assert (len(books["policies"]), len(books["events"])) == (1, 2)
    assert (await ends(place, tpins)).wrong == []


async def test_the_insurer_dies_after_it_issued(place: Town, tpins: SandboxPartner) -> None:
    port: Port = place.insurer
    wang = await place.person("Wang", 100_000)
    policy = await buy(place, wang)
    honest = port.http.issue

    async def dies(order: Any) -> Any:
        await honest(order)
        tpins.kill()
        return await honest(order)

    port.http.issue = dies
    assert len(await place.work("insurer", insurance.deliver)) == 1
    tpins.start()
    port.moved()
    assert await place.work("insurer", insurance.deliver) == []
    assert (await row_of(place, wang, policy)).state == "issued"
    assert len(tpins.get("/admin/store").json()["policies"]) == 1


@pytest.mark.parametrize("fault", ["short_file", "one_fen", "double", "wrong_day"])
async def test_a_false_bordereau_is_named_and_a_right_one_closes(place: Town, tpins: SandboxPartner, fault: str) -> None:
    wang = await place.person("Wang", 100_000)
    await buy(place, wang)
    await place.work("insurer", insurance.deliver)
    tpins.faults({"message": "bordereau", "nth": 1, "fault": fault})
    assert len((await ends(place, tpins)).wrong) == 1
    tpins.faults(serial="none")
    assert (await insurers.compare_insurer(place.house, MONDAY)).wrong == []


async def test_a_fen_by_hand_in_the_insurers_books_is_named(place: Town, tpins: SandboxPartner) -> None:
    wang = await place.person("Wang", 100_000)
    await buy(place, wang)
    await place.work("insurer", insurance.deliver)
    books = sqlite3.connect(tpins.store)
    with books:
        books.execute("update event set amount = amount + 1")
    books.close()
    (wrong,) = (await ends(place, tpins)).wrong
    assert "760.01 at the insurer and 760.00 here" in wrong


async def test_a_change_is_booked_once_whatever_befalls_the_answer_and_its_refund_is_owed_to_the_bank(
    place: Town, tpins: SandboxPartner
) -> None:
    tpins.faults({"message": "endorse", "nth": 1, "fault": "silent"})
    wang = await place.person("Wang", 100_000)
    taken = await insurance.buy(place.house, place.envelope(wang), BuyPolicy("ACC1", ["terms"], OccupationClass.TWO))
    assert isinstance(taken, PolicyTaken), taken
    assert await place.work("insurer", insurance.deliver) == []
    change = ChangeOccupation(UUID(taken.policy), OccupationClass.ONE)
    made = await endorsements.change_occupation(place.house, place.envelope(wang), change)
    assert isinstance(made, PolicyChanging), made
    assert len(await place.work("insurer", insurance.deliver, rounds=3)) == 1
    (owed,) = tpins.get("/admin/outbox").json()
    async with place.house.database.read() as tx:
        ((one,),) = (await endorsement_store.of_policies(tx, [(wang.book, UUID(taken.policy))])).values()
    assert (owed["key"], one.state, one.amount) == (f"refund {one.serial}", "accepted", -20_000)
    report = await ends(place, tpins)
    assert (report.wrong, report.figures["matched"]) == ([], 2)
    assert report.figures["refunds_awaited"] == [{"item": one.serial, "amount": 20_000}]
