"""Insurance against the insurer's real process: issue, cancel, silence, death, the refund it owes the bank, and its bordereau."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person, Town, town
from policy_files import ACCIDENT_FILE, HEALTH_FILE, sell_policies, with_commission
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.flows.insurance import endorsements, insurers, settling
from tapwealth.flows.insurance import policies as insurance
from tapwealth.flows.insurance.endorsements import ChangeOccupation, PolicyChanging
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, PolicyCancelling, PolicyTaken
from tapwealth.insurance import endorsement_store, store
from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.insurance.insurer_http import InsurerHttp
from tapwealth.insurance.product import OccupationClass
from tapwealth.insurance.settlement import STATEMENT, StatementLine, read_answer, write_statement
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Outage, Refusal

DAY = timedelta(days=1)
TUESDAY = MONDAY + DAY
MONTHLY = HEALTH_FILE.replace("  loading: 30", "  loading: 30\n  every: month")
ILL_ON = date(2014, 5, 9)


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


async def buy(place: Town, person: Person, product: str = "ACC1") -> UUID:
    taken = await insurance.buy(place.house, place.envelope(person), BuyPolicy(product, ["terms"]))
    assert isinstance(taken, PolicyTaken), taken
    return UUID(taken.policy)


async def cancel(place: Town, person: Person, policy: UUID) -> int:
    asked = await insurance.cancel(place.house, place.envelope(person), CancelPolicy(policy))
    assert isinstance(asked, PolicyCancelling), asked
    return asked.refund


async def row_of(place: Town, person: Person, policy: UUID) -> PolicyRow:
    async with place.house.database.read() as tx:
        return (await store.policies(tx, [(person.book, policy)]))[person.book, policy]


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


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


AGREED = [{"product": "ACC1", "from_day": "2014-01-01", "per_million": 200_000}]


async def test_the_insurer_agrees_to_a_settlement_or_says_what_it_has_otherwise(
    new_database: Callable[[], str], tmp_path: Path, tpins: SandboxPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own reckoning of premium, commission and what is given back, against ours; each way of going wrong once, then the right one."""
    monkeypatch.setattr("tapwealth.flows.end_of_day.OUTAGE_SECONDS", 0)
    port = Port(tpins)
    async with town(new_database(), tmp_path, insurer=port) as place:
        await sell_policies(place.house, with_commission(ACCIDENT_FILE, 20))
        assert tpins.post("/admin/commission", {"agreements": AGREED}).json() == {"agreed": 1}
        wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
        first = await buy(place, wang)
        await buy(place, li)
        await place.work("insurer", insurance.deliver)
        await cancel(place, wang, first)
        await place.work("insurer", insurance.deliver)
        assert (await ends(place, tpins)).wrong == []
        await insurers.sweep_premiums(place.house, MONDAY)
        await place.bank_executes(TUESDAY)
        await place.cut(TUESDAY)
        assert (await settling.pay_insurer(place.house, TUESDAY)).figures["amount"] == 136_800
        found = {}
        for fault in ("one_fen", "short_file", "lose", "silent_unprocessed", "error", ""):
            kind = "settlement" if fault in ("one_fen", "short_file", "lose") else "settlement_request"
            tpins.faults(*([{"message": kind, "nth": 1, "fault": fault}] if fault else []), serial=f"with {fault}")
            found[fault] = (await settling.agree_settlement(place.house, TUESDAY)).wrong
        assert "-0.01 yuan more than at the insurer" in found["one_fen"][0]
        assert found["short_file"][0].endswith("at the insurer: not in the books")
        assert all(
            found[fault][0].startswith("the insurer says nothing of the settlement") for fault in ("lose", "silent_unprocessed", "error")
        )
        assert ([len(wrong) for wrong in found.values()], found[""]) == ([1, 1, 1, 1, 1, 0], [])
        await port.http.close()
        tpins.restart()
        port.moved()
        assert (await settling.agree_settlement(place.house, TUESDAY)).wrong == [], "it remembers what it has settled"
        assert tpins.post("/settlements/2014-02-26", "").status_code == 400
    await port.http.close()


async def test_the_insurer_tells_a_statement_twice_given_and_another_rate(tpins: SandboxPartner) -> None:
    """A product's rate changed in its books, a line that was settled before, and another statement of one date."""
    tpins.post("/admin/commission", {"agreements": AGREED})
    http = InsurerHttp(tpins.url, TOKEN, timeout_ms=2_000)
    tuesday = "2014-02-25"
    body = {"serial": "P1", "product": "ACC1", "insured": {"name": "王芳", "identity_number": "11010519491231002X"}, "premium": 76_000}
    number = tpins.post("/policies", {**body, "from": tuesday, "to": "2015-02-25"}).json()["policy_number"]
    right = write_statement([StatementLine(BordereauEvent.ISSUED, "P1", number, 76_000, 15_200)])
    for day, statement, texts in (
        (
            MONDAY,
            write_statement([StatementLine(BordereauEvent.ISSUED, "P1", number, 76_000, 15_201)]),
            ["premium 76000 and commission 15200 fen in the books"],
        ),
        (TUESDAY, right, ["settled on 2014-02-24"]),
    ):
        answer = await http.settle(day, statement)
        assert answer is not None
        assert [one.text for one in read_answer(answer).differences] == texts
    with pytest.raises(Outage, match="409"):
        await http.settle(MONDAY, right)
    with pytest.raises(Outage, match="400"):
        await http.settle(TUESDAY, right.replace(b"15200", b"15100"))
    with pytest.raises(Outage, match="400"):
        await http.settle(TUESDAY, STATEMENT.write([["issued", "P1", number, "76000", "15200", "60801"]]))
    await http.close()


async def test_a_free_look_is_one_for_both_however_late_each_hears_of_the_other(
    new_database: Callable[[], str], tmp_path: Path, tpins: SandboxPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the issue comes three days late, the request to cancel of the last day five: all of the commission is given back."""
    monkeypatch.setattr("tapwealth.flows.end_of_day.OUTAGE_SECONDS", 0)
    look = {"free_look_days": 15, "free_look_cost": 1_000}
    tpins.post("/admin/commission", {"agreements": [{"product": "TL20", "from_day": "2014-01-01", "per_million": 250_000, **look}]})
