"""Insurance against the insurer's real process: issue, cancel, silence, death, the refund it owes the bank, and its bordereau."""

import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person, Town, town
from claim_town import assess, give, insurer_answers
from claim_town import seen as claim_seen
from evidence_files import jpeg
from four_eyes import decided, propose
from policy_files import ACCIDENT_FILE, HEALTH_FILE, TERM_LIFE_FILE, sell_policies, with_commission
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.flows import reports
from tapwealth.flows.insurance import claim_notification, endorsements, insurers, premium_days, premium_trust, premiums, settling
from tapwealth.flows.insurance import policies as insurance
from tapwealth.flows.insurance.claim_assessment import ProposeAssessment
from tapwealth.flows.insurance.claim_notification import NotifyClaim
from tapwealth.flows.insurance.endorsements import ChangeOccupation, PolicyChanging
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, PolicyCancelling, PolicyTaken
from tapwealth.flows.insurance.premium_views import premiums_shown
from tapwealth.flows.insurance.premiums import LetPremiums, PayPremium, ReinstatePolicy
from tapwealth.flows.reports.premiums import TrustLine
from tapwealth.insurance import endorsement_store, premium_store, store
from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.insurance.claim import NEEDED, LossKind
from tapwealth.insurance.insurer_http import InsurerHttp
from tapwealth.insurance.policy import anniversary
from tapwealth.insurance.product import OccupationClass
from tapwealth.insurance.settlement import STATEMENT, StatementLine, read_answer, write_statement
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.web import day_wording

DAY = timedelta(days=1)
TUESDAY = MONDAY + DAY
MONTHLY = HEALTH_FILE.replace("  loading: 30", "  loading: 30\n  every: month")
ILL_ON = date(2014, 5, 9)


@pytest.fixture(autouse=True)
def small_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bordereau is compared a line at a time: what is true of two lines is of two lots."""
    monkeypatch.setattr(insurers, "LOT", 1)


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


async def buy(place: Town, person: Person, product: str = "ACC1", **answers: str) -> UUID:
    taken = await insurance.buy(place.house, place.envelope(person), BuyPolicy(product, ["terms"], answers=answers))
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
    assert len(await place.work("insurer", insurance.deliver)) == 1
    row = await row_of(place, wang, policy)
    async with place.house.database.transaction() as tx:
        await store.save(tx, [replace(row, cancel_reason="told in other words since an upgrade")])
    assert await place.work("insurer", insurance.deliver) == []
    assert (await row_of(place, wang, policy)).state == "cancelled"
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


WAITS = {"waiting_days": 90}
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
        answer = await http.settle(day, BytesIO(statement))
        assert answer is not None
        assert [one.text for one in read_answer(answer).differences] == texts
    with pytest.raises(Outage, match="409"):
        await http.settle(MONDAY, BytesIO(right))
    with pytest.raises(Outage, match="400"):
        await http.settle(TUESDAY, BytesIO(right.replace(b"15200", b"15100")))
    with pytest.raises(Outage, match="400"):
        await http.settle(TUESDAY, BytesIO(STATEMENT.write([["issued", "P1", number, "76000", "15200", "60801"]])))
    with pytest.raises(Outage, match="400"):
        await http.settle(TUESDAY, BytesIO(STATEMENT.write([["issued", "P1", number, "76000", "15200", "60800"]] * 2)))
    await http.close()


async def test_a_free_look_and_an_early_illness_give_back_all_commission_here_and_there(
    new_database: Callable[[], str], tmp_path: Path, tpins: SandboxPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the issue comes three days late, the request to cancel of the last day five; somebody else falls ill within the waiting
    time, and has back what was paid."""
    monkeypatch.setattr("tapwealth.flows.end_of_day.OUTAGE_SECONDS", 0)
    look = {"free_look_days": 15, "free_look_cost": 1_000}
    agreed = [{"product": code, "from_day": "2014-01-01", "per_million": rate} for code, rate in (("TL20", 250_000), ("CI10", 200_000))]
    tpins.post("/admin/commission", {"agreements": [one | look for one in agreed[:1]] + [one | WAITS for one in agreed[1:]]})
    port, thursday = Port(tpins), MONDAY + timedelta(days=3)
    async with town(new_database(), tmp_path, insurer=port) as place:

        async def clock(day: date) -> None:
            await place.clock(shanghai(day, 9))
            tpins.clock(f"{day}T09:00:00+08:00")

        await sell_policies(place.house, with_commission(TERM_LIFE_FILE, 25), MONTHLY)
        tpins.faults({"message": "issue", "nth": 1, "fault": "silent"})
        wang = await place.person("Wang", 100_000)
        policy = await buy(place, wang, "TL20")
        assert len(await place.work("insurer", insurance.deliver)) == 1
        await clock(thursday)
        assert await place.work("insurer", insurance.deliver) == []
        last = (await row_of(place, wang, policy)).free_look_until
        assert last == thursday + timedelta(days=15)
        li = await place.person("Li", 100_000)
        other = await buy(place, li, "CI10", smoking="never", lump="none")
        assert await place.work("insurer", insurance.deliver) == []
        await insurers.begin_cover(place.house, thursday + DAY)
        await place.clock(shanghai(last, 23, 59))
        assert await cancel(place, wang, policy) == 21_500
        claim = await too_early(place, li, other, last)
        heard, settled = last + timedelta(days=5), last + timedelta(days=6)
        await clock(heard)
        assert await place.work("insurer", insurance.deliver) == []
        await assess(place, claim, 7_167)
        assert await insurer_answers(place) == []
        await clock(settled)
        for day in (MONDAY, thursday, heard):
            await place.cut(day)
            assert (await insurers.compare_insurer(place.house, day)).wrong == []
        await insurers.sweep_premiums(place.house, heard)
        await place.bank_executes(settled)
        paid = (await settling.pay_insurer(place.house, settled)).figures
        assert (paid["commission"], paid["given_back"]) == (5_625 + 1_433, 5_625 + 1_433)
        assert (await settling.agree_settlement(place.house, settled)).wrong == []
        lines = {one.event: (one.premium, one.commission) for one in await reports.settled_with_insurer(place.house, settled)}
        assert lines[BordereauEvent.PREMIUMS_BACK] == (0, -1_433)
        earned = await reports.earned_premiums(place.house, settled)
        assert [(one.product, one.premium, one.unearned) for one in earned] == [("CI10", 0, 0), ("TL20", 1_000, 0)]
    await port.http.close()


async def too_early(place: Town, person: Person, policy: UUID, day: date) -> UUID:
    """A claim, with its papers, of an illness that was found on that day."""
    ill = NotifyClaim(policy, LossKind.ILLNESS, "in the hospital", day, illness="heart")
    claim = UUID((await claim_notification.notify(place.house, place.envelope(person), ill)).claim)
    for paper in NEEDED[LossKind.ILLNESS]:
        await give(place, person, claim, paper, jpeg(comment=paper.encode()))
    return claim


async def test_premiums_that_are_kept_of_a_claim_are_paid_and_their_commission_is_settled(place: Town, tpins: SandboxPartner) -> None:
    """71.67 each month; two are owed when a heart fails on 9 May, a day on which they are tried again. Then the next one is due, here and
    in the insurer's books."""
    await sell_policies(
        place.house, MONTHLY, HEALTH_FILE.replace("CI10", "CI10Y"), with_commission(ACCIDENT_FILE.replace("ACC1", "ACC2"), 20)
    )
    agreed = [{"product": code, "from_day": "2014-01-01", "per_million": 200_000} for code in ("CI10", "ACC2", "CI10Y")]
    tpins.post("/admin/commission", {"agreements": [agreed[0] | WAITS, agreed[1], agreed[2] | WAITS]})
    wang = await place.person("Wang", 200_000)
    answers = {"smoking": "never", "lump": "none"}
    bought = await insurance.buy(place.house, place.envelope(wang), BuyPolicy("CI10", ["terms"], answers=answers))
    assert isinstance(bought, PolicyTaken), bought
    assert (await place.work("insurer", insurance.deliver), (await ends(place, tpins)).wrong) == ([], [])
    policy, key = UUID(bought.policy), (wang.book, UUID(bought.policy))
    tpins.clock(f"{ILL_ON}T09:00:00+08:00")
    await place.clock(shanghai(ILL_ON, 9))
    await insurers.begin_cover(place.house, bought.from_day)
    await premiums.let(place.house, place.envelope(wang), LetPremiums(policy, 20_000))
    ill = NotifyClaim(policy, LossKind.ILLNESS, "in the hospital", ILL_ON, illness="heart", by_accident=True)
    claim = UUID((await claim_notification.notify(place.house, place.envelope(wang), ill)).claim)
    for paper in NEEDED[LossKind.ILLNESS]:
        await give(place, wang, claim, paper, jpeg(comment=paper.encode()))
    await decided(place, await propose(place, ProposeAssessment(claim, 3_000_000)))
    assert code(await premiums.pay(place.house, place.envelope(wang), PayPremium(policy))) == "UNDER_WAY"
    before = await place.owed(wang.wallet)
    await premium_days.collect_premiums(place.house, ILL_ON)
    assert await insurer_answers(place) == []
    await premium_days.collect_premiums(place.house, ILL_ON)
    assert await place.owed(wang.wallet) == before, "neither while the insurer is asked nor once it has kept them"
    (payment,) = (await claim_seen(place, claim))[1]
    assert (payment.amount, payment.arrears) == (3_000_000 - 2 * 7_167, 2 * 7_167)
    row = await row_of(place, wang, policy)
    async with place.house.database.read() as tx:
        shown = await premiums_shown(tx, row, ILL_ON)
    assert [(str(one.due_on), one.amount, one.state) for one in shown.paid] == [
        ("2014-03-25", 7_167, "deducted"),
        ("2014-04-25", 7_167, "deducted"),
    ]
    assert (row.paid_until, shown.due_on) == (date(2014, 5, 25), date(2014, 5, 25))
    other = await insurance.buy(place.house, place.envelope(wang), BuyPolicy("ACC2", ["terms"]))
    assert isinstance(other, PolicyTaken), other
    await place.work("insurer", insurance.deliver)
    tpins.clock(f"{ILL_ON + DAY}T00:10:00+08:00")
    await place.cut(ILL_ON)
    await insurers.sweep_premiums(place.house, ILL_ON)
    report = await insurers.compare_insurer(place.house, ILL_ON)
    assert (report.wrong, report.figures["matched"]) == ([], 3), "claimed, deducted, issued"
    assert (await settling.pay_insurer(place.house, ILL_ON)).figures["commission"] == 0, "of what is paid nothing is there yet"
    proof = await premium_trust.prove_trust(place.house, ILL_ON)
    text = "0 premiums in the trust, 0.00 yuan; 28.67 yuan of commission still to be had of premiums that the insurer kept"
    assert (proof.wrong, proof.text, proof.figures["had_later"]) == ([], text, [{"item": payment.serial, "amount": 2_867}])
    assert not re.search("[a-z]{3}", day_wording.chinese(text) or text)
    trust = await reports.premium_trust(place.house, ILL_ON)
    assert (trust.held, [one.amount for one in trust.had_later]) == (0, [2_867]), "nothing of it is in the trust"
    await place.clock(shanghai(ILL_ON + DAY, 9))
    await place.bank_executes(ILL_ON + DAY)
    await place.cut(ILL_ON + DAY)
    figures = (await settling.pay_insurer(place.house, ILL_ON + DAY)).figures
    had = 1_433 + 15_200 + 2_867
    assert (figures["amount"], figures["commission"]) == (7_167 + 76_000 - had, had)
    trust = await reports.premium_trust(place.house, ILL_ON + DAY)
    leaving = [TrustLine("COM-20140510", had), TrustLine("INS-20140510", 7_167 + 76_000 - had)]
    assert (trust.held, sorted(trust.leaving, key=lambda one: one.item), trust.had_later) == (7_167 + 76_000, leaving, [])
    for step in (settling.agree_settlement, premium_trust.prove_trust):
        assert (await step(place.house, ILL_ON + DAY)).wrong == [], step
    (line,) = [one for one in await reports.settled_with_insurer(place.house, ILL_ON + DAY) if one.event is BordereauEvent.DEDUCTED]
    assert (line.premium, line.commission) == (0, 2_867)
    (earned,) = [one for one in await reports.earned_premiums(place.house, ILL_ON) if one.product == "CI10"]
    assert (earned.premium, earned.unearned) == (3 * 7_167, half_up(Fraction(2 * 7_167 * 15, 61)))
    due = date(2014, 5, 25)
    tpins.clock(f"{due}T23:00:00+08:00")
    await place.clock(shanghai(due, 23))
    await premium_days.collect_premiums(place.house, due)
    assert await place.work("insurer", insurance.deliver) == []
    async with place.house.database.read() as tx:
        kept = [(str(one.due_on), one.state, one.claim) for one in await premium_store.premiums_of(tx, [key])]
    assert kept == [("2014-03-25", "booked", claim), ("2014-04-25", "booked", claim), ("2014-05-25", "booked", None)]
    await through_the_years(place, tpins)
    await place.all_books_balance()


async def through_the_years(place: Town, tpins: SandboxPartner) -> None:
    """Two covers, paid by the year in the second one; then unpaid. By one an illness in grace is claimed; the other is suspended,
    reinstated, claimed of, and lapses. The insurer judges each by its own books."""
    li = await place.person("Li", 400_000)
    claimed, left = [await buy(place, li, "CI10Y", smoking="never", lump="none") for _ in range(2)]
    assert await place.work("insurer", insurance.deliver) == []
    begun = (await row_of(place, li, left)).from_day
    await insurers.begin_cover(place.house, begun)

    async def at(day: date) -> date:
        tpins.clock(f"{day}T09:00:00+08:00")
        await place.clock(shanghai(day, 9))
        return day

    async def ill(policy: UUID, day: date, group: str = "early_cancer") -> Any:
        said = NotifyClaim(policy, LossKind.ILLNESS, "at the hospital", day, illness=group)
        return await claim_notification.notify(place.house, place.envelope(li), said)

    async def paid(made: Any, amount: int) -> tuple[str, int, int]:
        claim = UUID(made.claim)
        for paper in NEEDED[LossKind.ILLNESS]:
            await give(place, li, claim, paper, jpeg(comment=f"{claim}{paper}".encode()))
        await decided(place, await propose(place, ProposeAssessment(claim, amount)))
        assert await insurer_answers(place) == []
        found, (payment,) = await claim_seen(place, claim)
        return found.state.value, payment.amount, payment.arrears

    async def suspended(on: date) -> str:
        await at(on + DAY)
        await premium_days.suspend_and_lapse(place.house, on)
        assert await place.work("insurer", insurance.deliver) == []
        return (await row_of(place, li, left)).state

    await at(anniversary(begun, 1))
    for policy in (claimed, left):
        assert not isinstance(await premiums.pay(place.house, place.envelope(li), PayPremium(policy)), Refusal)
    assert await place.work("insurer", insurance.deliver) == []
    third, fourth = anniversary(begun, 2), anniversary(begun, 3)
    assert (await row_of(place, li, left)).paid_until == third
    grace = await at(third + 60 * DAY)
    assert await paid(await ill(claimed, grace), 3_000_000) == ("agreed", 3_000_000 - 86_000, 86_000)
    assert ((await row_of(place, li, claimed)).paid_until, await suspended(grace)) == (fourth, "suspended")
    today = await at(grace + 10 * DAY)
    assert code(await ill(left, today)) == "NOT_COVERED_THEN"
    await place.moved_in(li, 200_000, today)
    assert not isinstance(await premiums.reinstate(place.house, place.envelope(li), ReinstatePolicy(left)), Refusal)
    assert await place.work("insurer", insurance.deliver) == []
    again = await at(today + DAY)
    assert ((await row_of(place, li, left)).state, code(await ill(left, today))) == ("in_force", "NOT_COVERED_THEN")
    assert await paid(await ill(left, again), 3_000_000) == ("agreed", 3_000_000, 0), "it does not wait anew"
    number = (await row_of(place, li, left)).policy_number
    body = {"policy_number": number, "claim": "X", "amount": 86_000, "sum_insured": 10_000_000}
    for serial, identity, day, reason in (
        ("X1", "illness:x", begun + 89 * DAY, "within_waiting"),
        ("X2", f"premiums:{left}", begun + 90 * DAY, "not_within_waiting"),
        ("X3", "illness:x", today - DAY, "not_in_force_then"),
    ):
        said = tpins.post("/claims", body | {"serial": serial, "identity": identity, "loss_day": str(day)}).json()
        assert (said["state"], said["reason"]) == ("refused", reason)
    assert await suspended(fourth + 60 * DAY) == "suspended"
    over = anniversary(fourth + 61 * DAY, 2)
    assert (await suspended(over - DAY), code(await ill(left, over, "heart"))) == ("lapsed", "NOT_COVERED_THEN")
    assert code(await premiums.reinstate(place.house, place.envelope(li), ReinstatePolicy(left))) == "NOT_SUSPENDED"
    told = dict(tpins.get("/admin/store").json())
    assert [one[1] for one in told["events"] if one[2] == 0] == ["lapsed"]
