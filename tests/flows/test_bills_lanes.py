"""Payments on their way to billers, by the worker's own lanes on a real database: who is silent delays nobody, and nothing is forgotten."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, ScriptedBiller, Town
from lanes_work import ACCOUNT, Held, at_work, count_calls, has, is_so, place_many, second_biller, states, until

from tapwealth.bills import schedule, store
from tapwealth.bills.bill import Bill
from tapwealth.bills.biller import NOTHING_ELSE, AskArrears, Inquired, InquiryState, NotReceived, Paid, PaymentAnswer, Unknown
from tapwealth.bills.payment import PaymentState
from tapwealth.flows.bills import bill_lanes, bill_outcomes, billers
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.bill_lanes import Wanted, paid_by_arrears
from tapwealth.flows.bills.bill_outcomes import told
from tapwealth.flows.bills.paying import InquireBill
from tapwealth.flows.rails import Billers
from tapwealth.flows.reports import views
from tapwealth.kernel.clock import machine_now, sleep_ms
from tapwealth.kernel.pace import LONGEST_REST_MS, Pace
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.worker import biller_lanes
from tapwealth.worker.biller_lanes import BillerLanes


async def test_a_silent_biller_delays_nobody_and_holds_no_connection(place: Town) -> None:
    water = Held()
    await second_biller(place, water)
    wang = await place.person("Wang", 100_000)
    await place_many(place, wang, "BJWATER", water, 100)
    async with at_work(place):
        await until(lambda: is_so(water.holds == 100))
        await place_many(place, wang, "BJPOWER", place.biller, 20)
        await until(lambda: has(place, "BJPOWER", {"paid": 20}))
        assert await states(place, "BJWATER") == {"sent": 100}
        async with place.house.database.read() as tx:
            waiting = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'"
            assert await tx.fetchval(waiting) == 0
        water.go.set()
        await until(lambda: has(place, "BJWATER", {"paid": 100}))
    assert len(water.asked) == len(set(water.asked)) == 100
    await place.all_books_balance()


async def test_who_is_asked_for_long_is_not_asked_by_a_second_worker(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bill_lanes, "LEASE", timedelta(milliseconds=600))
    monkeypatch.setattr(biller_lanes, "LEASE", timedelta(milliseconds=600))
    monkeypatch.setattr(biller_lanes, "_RENEW_MS", 100)
    water = Held()
    await second_biller(place, water)
    wang = await place.person("Wang", 1_000)
    await place_many(place, wang, "BJWATER", water, 1)
    async with at_work(place), at_work(place):
        await until(lambda: is_so(water.holds == 1))
        await sleep_ms(1_500)
        assert water.holds == 1, "its lease is renewed as long as it takes"
        water.go.set()
        await until(lambda: has(place, "BJWATER", {"paid": 1}))


async def test_a_fault_in_keeping_leases_stops_no_lane(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """They run out, and what they were for is taken again under its serial."""
    renewals: list[int] = []

    async def breaks(*_: Any) -> None:
        renewals.append(1)
        raise RuntimeError("deadlock detected")

    monkeypatch.setattr(biller_lanes, "_RENEW_MS", 10)
    monkeypatch.setattr(biller_lanes, "LEASE", timedelta(milliseconds=10))
    monkeypatch.setattr(bill_lanes, "renew", breaks)
    water = Held()
    await second_biller(place, water)
    wang = await place.person("Wang", 100_000)
    await place_many(place, wang, "BJWATER", water, 3)
    async with at_work(place):
        await until(lambda: is_so(len(renewals) > 1))
        water.go.set()
        await until(lambda: has(place, "BJWATER", {"paid": 3}))


async def test_who_dies_loses_what_it_took_when_its_lease_is_over(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bill_lanes, "LEASE", timedelta(milliseconds=300))
    wang = await place.person("Wang", 1_000)
    await place_many(place, wang, "BJPOWER", place.biller, 1)
    async with place.house.database.read() as tx:
        (row,) = (await store.billers(tx)).values()
    (errand,) = await bill_lanes.take(place.house, [Wanted(row.id, False, 10)], machine_now())
    assert await bill_lanes.take(place.house, [Wanted(row.id, False, 10)], machine_now()) == []
    async with at_work(place):
        await until(lambda: has(place, "BJPOWER", {"paid": 1}))
    assert place.biller.asked == [errand.row.serial]


async def test_two_workers_never_take_the_same_payment(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    await place_many(place, wang, "BJPOWER", place.biller, 200)
    async with place.house.database.read() as tx:
        (row,) = (await store.billers(tx)).values()

    async def takes() -> list[bill_lanes.Errand]:
        return [one for _ in range(8) for one in await bill_lanes.take(place.house, [Wanted(row.id, False, 25)], machine_now())]

    taken = [errand.key for errands in await asyncio.gather(takes(), takes(), takes()) for errand in errands]
    assert len(taken) == len(set(taken)) == 200
    async with place.house.database.read() as tx:
        rows = await store.payments(tx, taken)
    assert {(one.state, one.asked) for one in rows.values()} == {(PaymentState.SENT, 1)}


async def test_answers_of_a_storm_are_written_down_a_few_at_a_time_and_never_with_payments(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So nobody who pays waits for a book longer than that takes."""
    written, honest = list[set[bool]](), biller_lanes.hear
    sizes = list[int]()
    wang = await place.person("Wang", 100_000)
    place.biller.script.extend([Unknown("silence")] * 40)
    await place_many(place, wang, "BJPOWER", place.biller, 40)
    await place.work("biller", bills.deliver)
    async with place.house.database.read() as tx:
        doubted = {(row["book"], row["id"]) for row in await tx.fetch("select book, id from bill_payment where state = 'unknown'")}

    async def hears(house: Any, said: Any) -> Any:
        written.append({one.key in doubted for one in said})
        sizes.append(len(said))
        return await honest(house, said)

    monkeypatch.setattr(biller_lanes, "hear", hears)
    async with at_work(place):
        await until(lambda: is_so(bool(place.house.bill_senders)))
        await place_many(place, wang, "BJPOWER", place.biller, 10)
        await until(lambda: has(place, "BJPOWER", {"paid": 50}))
    assert len(doubted) == 40
    assert all(len(kinds) == 1 for kinds in written), "apart"
    assert max(size for size, kinds in zip(sizes, written, strict=True) if True in kinds) <= 32


async def test_a_payment_in_doubt_is_asked_about_later_and_later(place: Town) -> None:
    wang = await place.person("Wang", 1_000)
    place.biller.loses = True
    place.biller.script.extend([Unknown("silence")] * 9)
    place.biller.inquiries.extend([Unknown("silence")] * 9)
    await place_many(place, wang, "BJPOWER", place.biller, 1)
    pauses = []
    for _ in range(5):
        before = machine_now()
        await place.work("biller", bills.deliver)
        async with place.house.database.read() as tx:
            row = await tx.fetchrow("select asked, next_at from bill_payment")
        pauses.append((row["asked"], round((row["next_at"] - before).total_seconds() * 2)))
    assert pauses == [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16)], "half seconds"


async def test_an_answer_of_no_arrears_after_a_lost_one_means_paid(place: Town) -> None:
    """The biller looks nothing up by serial. Its own serial comes with its file of the day."""
    wang = await place.person("Wang", 50_000)
    place.biller.script.append(Unknown("silence"))
    place.biller.inquiries.append(AskArrears())
    await place.pay_one(wang, await place.bill(wang, ACCOUNT, "B1", 10_050), 10_050)
    assert await place.work("biller", bills.deliver, rounds=2) == []
    async with place.house.database.read() as tx:
        ((row, _),) = await store.payments_of(tx, wang.book, wang.id)
    assert (row.state, row.biller_reference) == (PaymentState.PAID, "")
    assert (await place.total(Kind.SUSPENSE), await place.total(Kind.BILLER)) == (0, 10_050)
    await place.cut(MONDAY)
    assert (await billers.compare_billers(place.house, MONDAY)).wrong == []
    async with place.house.database.read() as tx:
        ((row, _),) = await store.payments_of(tx, wang.book, wang.id)
    assert row.biller_reference == f"E{row.serial[-6:]}"


async def test_a_bill_that_is_still_owed_after_a_lost_answer_is_sent_again(place: Town) -> None:
    wang = await place.person("Wang", 50_000)
    place.biller.loses = True
    place.biller.script.append(Unknown("silence"))
    place.biller.inquiries.append(AskArrears())
    await place.pay_one(wang, await place.bill(wang, ACCOUNT, "B1", 10_050), 10_050)
    await place.work("biller", bills.deliver)
    place.biller.loses = False
    assert await place.work("biller", bills.deliver) == []
    assert len(place.biller.asked) == 2
    assert len(set(place.biller.asked)) == 1
    assert await states(place, "BJPOWER") == {"paid": 1}


BILL = Bill("B1", ACCOUNT, "2014-02", 1_000, 50, 1_050, "*芳", "朝阳区")


ANOTHER = replace(BILL, bill_id="B2")


@pytest.mark.parametrize(
    ("answer", "number", "owed", "amount", "means"),
    [
        (Inquired(InquiryState.NO_ARREARS), "B1", 1_050, 1_050, Paid("")),
        (Inquired(InquiryState.ARREARS, (ANOTHER,)), "B1", 1_050, 1_050, Paid("")),
        (Inquired(InquiryState.ARREARS, (BILL,)), "B1", 1_050, 1_050, NotReceived()),
        (Inquired(InquiryState.ARREARS, (replace(BILL, balance=1_100),)), "B1", 1_050, 1_050, NotReceived()),
        (Inquired(InquiryState.ARREARS, (replace(BILL, balance=650),)), "B1", 1_050, 400, Paid("")),
        (Inquired(InquiryState.ARREARS, (replace(BILL, balance=700),)), "B1", 1_050, 400, Unknown("the bill is owed in part", there=True)),
        (Inquired(InquiryState.UNKNOWN_ACCOUNT), "B1", 1_050, 1_050, Unknown("the biller does not know the account", there=True)),
        (Inquired(InquiryState.NO_ARREARS), "*", 2_100, 2_100, Paid("")),
        (Inquired(InquiryState.ARREARS, (BILL, ANOTHER)), "*", 2_100, 2_100, NotReceived()),
        (Inquired(InquiryState.ARREARS, (BILL,)), "*", 2_100, 2_100, Unknown("the bill is owed in part", there=True)),
        (Inquired(InquiryState.NO_ARREARS), "", 0, 5_000, Unknown("arrears tell nothing of money in advance", there=True)),
    ],
)  # fmt: skip
def test_arrears_tell_only_what_they_can(answer: Inquired, number: str, owed: int, amount: int, means: PaymentAnswer) -> None:
    assert paid_by_arrears(answer, number, owed, amount) == means


OTHERS = replace(BILL, account_number="0000000001")


@pytest.mark.parametrize(
    ("answer", "means"),
    [
        (Inquired(InquiryState.ARREARS, (BILL,)), Inquired(InquiryState.ARREARS, (BILL,))),
        (Inquired(InquiryState.ARREARS, (BILL, BILL)), Inquired(InquiryState.ARREARS, (BILL,))),
        (Inquired(InquiryState.ARREARS, (BILL, OTHERS)), "the answer has another account's bill"),
        (Inquired(InquiryState.ARREARS, (BILL, replace(BILL, balance=1))), "the answer tells one bill in two ways"),
        (Inquired(InquiryState.NO_ARREARS, (BILL,)), "the answer says no_arrears and has 1 bills"),
        (Inquired(InquiryState.ARREARS), "the answer says arrears and has 0 bills"),
        (Inquired(InquiryState.NO_ARREARS), Inquired(InquiryState.NO_ARREARS)),
    ],
)
async def test_an_inquiry_shows_its_own_account_and_each_bill_once(place: Town, answer: Inquired, means: Inquired | str) -> None:
    wang = await place.person("Wang", 0)

    class Says(ScriptedBiller):
        async def inquire(self, serial: str, account_number: str, further: Mapping[str, str] = NOTHING_ELSE) -> Inquired:
            return answer

    object.__setattr__(place.house.rails, "billers", Billers({"BJPOWER": Says()}))
    asked = bills.inquire_bill(place.house, place.envelope(wang), InquireBill("BJPOWER", ACCOUNT))
    if isinstance(means, str):
        with pytest.raises(Outage, match=f"gives no answer that can be used \\({means}"):
            await asked
        return
    shown = await asked
    assert isinstance(shown, bills.BillsPresented)
    assert [one.number for one in shown.bills] == [one.bill_id for one in means.bills]


async def test_another_accounts_bill_never_decides_a_payment(place: Town) -> None:
    """The biller looks nothing up by serial, and its answer on the arrears is somebody else's: the payment stays in doubt."""
    wang = await place.person("Wang", 50_000)
    place.biller.script.append(Unknown("silence"))
    place.biller.inquiries.append(AskArrears())
    await place.pay_one(wang, await place.bill(wang, ACCOUNT, "B1", 10_050), 10_050)
    place.biller.bills[ACCOUNT] = [replace(OTHERS, bill_id="B9")]
    (why,) = await place.work("biller", bills.deliver, rounds=2)
    assert "another account's bill" in why
    assert await states(place, "BJPOWER") == {"unknown": 1}


async def test_a_connection_that_is_gone_leaves_the_payment_in_doubt(place: Town) -> None:
    """The platform was started again without the address: nothing is lost, and it goes on once it has one."""
    wang = await place.person("Wang", 1_000)
    await place_many(place, wang, "BJPOWER", place.biller, 1)
    known = place.house.rails.billers
    object.__setattr__(place.house.rails, "billers", Billers({}))
    assert len(await place.work("biller", bills.deliver, rounds=2)) == 1
    assert await states(place, "BJPOWER") == {"unknown": 1}
    object.__setattr__(place.house.rails, "billers", known)
    await place.work("biller", bills.deliver)
    assert await states(place, "BJPOWER") == {"paid": 1}


async def test_operators_see_what_waits_at_which_biller_and_why(place: Town) -> None:
    water = ScriptedBiller(loses=True)
    await second_biller(place, water)
    wang = await place.person("Wang", 100_000)
    water.script.extend([Unknown("no answer (ReadTimeout)")] * 9)
    water.inquiries.extend([Unknown("HTTP status 502")] * 9)
    await place_many(place, wang, "BJWATER", water, 3)
    await place.work("biller", bills.deliver, rounds=2)
    await place_many(place, wang, "BJPOWER", place.biller, 2)
    door: Any = views(place.house)["billers"]
    power, waters = await door(place.envelope(None).caller, {})
    assert (power.biller, power.on_the_way, power.in_doubt, power.oldest, power.why) == ("BJPOWER", 2, 0, None, "")
    assert (waters.biller, waters.on_the_way, waters.in_doubt, waters.amount, waters.asked) == ("BJWATER", 0, 3, 300, 2)
    assert (waters.why, waters.oldest, waters.cycle) == ("HTTP status 502", place.biller.now, "next_day")
    assert isinstance(await door(place.envelope(wang).caller, {}), Refusal)
    await place.work("biller", bills.deliver)
    power, _ = await door(place.envelope(None).caller, {})
    assert (power.on_the_way, power.in_doubt) == (0, 0)


class Unwritable:
    """The flow, failing for answers about some payments until it is `mended`. `found`: which of them it was given alone; `again`: which
    were among others after that; `sound`: of how many answers each list was that it took."""

    def __init__(self, serials: Sequence[str]) -> None:
        self.serials, self.mended = serials, False
        self.found, self.again, self.sound = list[str](), list[str](), list[int]()

    async def hear(self, house: Any, said: Any) -> Any:
        bad = [serial for serial in self.serials if any(one.reference[1:] == serial[-6:] for one in said)]
        if not bad or self.mended:
            self.sound.append(len(said))
            return await bill_outcomes.hear(house, said)
        if len(said) == 1:
            self.found += bad
        else:
            self.again += set(bad) & set(self.found)
        raise AssertionError("a bug")


async def test_an_answer_that_cannot_be_written_down_waits_alone_and_is_named(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not take the others' along, is asked for again later and later, and makes no list fail a second time."""
    pauses: list[int] = []
    monkeypatch.setattr(bill_lanes, "pause_after", lambda faults: pauses.append(faults) or timedelta(milliseconds=50))
    wang = await place.person("Wang", 100_000)
    await place_many(place, wang, "BJPOWER", place.biller, 40)
    async with place.house.database.read() as tx:
        serials = [row["serial"] for row in await tx.fetch("select serial from bill_payment order by received_at, serial")]
    flow, door = Unwritable([serials[2], serials[30]]), views(place.house)["billers"]
    monkeypatch.setattr(biller_lanes, "hear", flow.hear)
    async with at_work(place) as logged:
        await until(lambda: is_so(len(pauses) > 20))
        await until(lambda: has(place, "BJPOWER", {"paid": 38, "sent": 2}))
        (shown,) = await door(place.envelope(None).caller, {})
        assert (shown.on_the_way, shown.set_aside, shown.fault) == (2, 2, f"{serials[2]}: AssertionError: a bug")
        flow.mended = True
        await until(lambda: has(place, "BJPOWER", {"paid": 40}))
    assert flow.again == [], "once found, they are written down apart"
    assert flow.sound.count(1) <= 8, "they are found by halving"
    assert Counter(pauses)[1] == 2
    assert set(pauses) == set(range(1, max(pauses) + 1))
    assert max(pauses) > 8, "each time longer"
    assert sorted(one["payment"] for one in logged if one.get("exc_info")) == sorted(flow.serials), "where it is to be looked for, once"
    assert {one["payment"] for one in logged if one["log_level"] == "error"} == set(flow.serials)
    (shown,) = await door(place.envelope(None).caller, {})
    assert (shown.on_the_way, shown.set_aside, shown.fault) == (0, 0, "")


async def test_a_fault_that_cannot_be_noted_either_leaves_the_payment_to_its_lease(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> None:
        raise Outage("the database is gone")

    monkeypatch.setattr(bill_lanes, "LEASE", timedelta(milliseconds=100))
    monkeypatch.setattr(bill_lanes, "set_aside", fails)
    wang = await place.person("Wang", 10_000)
    await place_many(place, wang, "BJPOWER", place.biller, 1)
    async with place.house.database.read() as tx:
        flow = Unwritable([await tx.fetchval("select serial from bill_payment")])
    monkeypatch.setattr(biller_lanes, "hear", flow.hear)
    async with at_work(place):
        await until(lambda: is_so(len(flow.found) > 1))
        flow.mended = True
        await until(lambda: has(place, "BJPOWER", {"paid": 1}))


def test_a_silent_biller_is_asked_by_one_at_a_time_and_one_that_answers_by_more() -> None:
    pace = Pace(64)
    widths = []
    for _ in range(8):
        pace.silent()
        widths.append(pace.width)
    assert widths == [32, 16, 8, 4, 2, 1, 1, 1]
    assert pace.rest_ms() == LONGEST_REST_MS
    pace.answered()
    assert (pace.width, pace.rest_ms()) == (2, 0)
    for _ in range(100):
        pace.answered()
    assert pace.width == 64


def test_a_lane_is_filled_a_quarter_at_a_time_and_rests_after_silence() -> None:
    lane, now = biller_lanes.Lane(UUID(int=1), True, Pace(8)), machine_now()
    assert lane.room() == 8
    assert lane.ready_at() is None, "nothing is known to be due"
    for due_at in (now, now + timedelta(hours=1)):
        lane.learn(due_at)
    assert lane.ready_at() == now
    for number in range(7):
        lane.open[1, UUID(int=number)] = now
    assert (lane.room(), lane.ready_at()) == (0, None)
    lane.open.popitem()
    assert lane.room() == 2
    lane.open.clear()
    for _ in range(6):
        lane.heard(told((1, UUID(int=1)), Unknown("silence")))
    assert lane.room() == 1
    assert (lane.ready_at() or now) > machine_now(), "it is left alone for a while"
    lane.heard(told((1, UUID(int=1)), Unknown("not written off yet", there=True)))
    assert lane.room() == 2, "it is there, whatever it says"


async def test_lanes_with_nothing_to_do_look_twice_a_second_however_many_billers(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    await second_biller(place, ScriptedBiller())
    counts = count_calls(monkeypatch, "next_due", "take")
    async with at_work(place):
        await sleep_ms(1_400)
    assert counts["next_due"] <= 3
    assert counts["take"] == 0


async def test_what_is_placed_here_is_sent_at_once_and_asked_about_in_time(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to look for it."""
    monkeypatch.setattr(biller_lanes, "_ALL_MS", 3_600_000)
    counts = count_calls(monkeypatch, "next_due")
    place.biller.script.append(Unknown("silence"))
    place.biller.inquiries.append(Unknown("silence"))
    async with at_work(place):
        await until(lambda: is_so(counts["next_due"] == 1))
        wang = await place.person("Wang", 1_000)
        await place_many(place, wang, "BJPOWER", place.biller, 1)
        await until(lambda: has(place, "BJPOWER", {"paid": 1}))
    assert counts["next_due"] == 1


async def test_what_another_process_places_is_found_by_looking(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(biller_lanes, "_ALL_MS", 50)
    counts = count_calls(monkeypatch, "next_due")
    wang = await place.person("Wang", 10_000)
    async with at_work(place):
        await until(lambda: is_so(counts["next_due"] > 0))
        monkeypatch.setattr(place.house.bills_placed, "ring", lambda *_: None)
        monkeypatch.setattr(BillerLanes, "room", lambda *_: 0)
        await place_many(place, wang, "BJPOWER", place.biller, 3)
        await until(lambda: has(place, "BJPOWER", {"paid": 3}))


async def test_it_is_told_of_each_biller_and_list_when_it_is_due_first(place: Town) -> None:
    water = ScriptedBiller()
    await second_biller(place, water)
    wang = await place.person("Wang", 100_000)
    water.script.append(Unknown("silence"))
    await place_many(place, wang, "BJWATER", water, 1)
    await place.work("biller", bills.deliver)
    await place_many(place, wang, "BJWATER", water, 3)
    await place_many(place, wang, "BJPOWER", place.biller, 2)
    async with place.house.database.read() as tx:
        code = {identifier: row.biller.code for identifier, row in (await store.billers(tx)).items()}
        rows = await tx.fetch("select biller, state = 'unknown' as in_doubt, min(next_at) as at from bill_payment group by 1, 2")
    due = await bill_lanes.next_due(place.house)
    assert sorted((code[biller], in_doubt) for biller, in_doubt, _ in due) == [("BJPOWER", False), ("BJWATER", False), ("BJWATER", True)]
    assert sorted(due) == sorted(tuple(row) for row in rows)


async def test_a_list_that_cannot_be_taken_keeps_no_other_from_being_sent(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    other = ScriptedBiller()
    await second_biller(place, other)
    wang = await place.person("Wang", 100_000)
    for code, biller in (("BJWATER", other), ("BJPOWER", place.biller)):
        await place_many(place, wang, code, biller, 3)
    async with place.house.database.read() as tx:
        water = next(identifier for identifier, row in (await store.billers(tx)).items() if row.biller.code == "BJWATER")
    honest, tries = bill_lanes.take, [0]

    async def fails(house: Any, wanted: Any, now: Any) -> Any:
        if any(one.biller == water for one in wanted):
            tries[0] += 1
            raise ValueError("a bug")
        return await honest(house, wanted, now)

    monkeypatch.setattr(bill_lanes, "take", fails)
    async with at_work(place):
        await until(lambda: has(place, "BJPOWER", {"paid": 3}))
        await sleep_ms(200)
    assert await states(place, "BJWATER") == {"prepared": 3}
    assert tries[0] <= 3, "it rests for a while"


def test_pauses_double_and_end_at_the_longest() -> None:
    assert [schedule.pause_after(asked).total_seconds() for asked in (1, 2, 3, 8, 9, 10_000)] == [0.5, 1, 2, 60, 60, 60]
