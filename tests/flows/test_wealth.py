"""The bank raises a wealth product: sold by arrival or shared out, formed or given back, credited, and each fen of it in the ledger."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person, Town
from deposit_files import DEMAND_FILE
from insurance_desk import before_the_pages
from policy_files import sell_policies
from wealth_town import (
    FRIDAY,
    NEXT_MONDAY,
    NEXT_WEDNESDAY,
    OPENS,
    PRO_RATA,
    SATURDAY,
    approved,
    bank_agrees,
    cancel,
    end,
    gave,
    offered,
    operator,
    rows,
    sell,
    staffed,
    stands,
    subscribe,
)

from tapwealth.catalogue import store as catalogue
from tapwealth.compliance.questionnaire import current
from tapwealth.customers import store as customers
from tapwealth.deposits.raise_rules import Ended, State
from tapwealth.flows.catalogue import products, sales
from tapwealth.flows.deposits import raise_counter, raise_day, raise_shown
from tapwealth.flows.deposits.raise_proposals import ProposeWealthClose, ProposeWealthYield
from tapwealth.flows.deposits.raise_shown import wealth_findings
from tapwealth.flows.funds import suitability
from tapwealth.flows.reports.assets import assets_of
from tapwealth.flows.reports.statement import statement_of
from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.archives import Archives
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.findings import Wrong
from tapwealth.notices import store as notices

RICH = 300_000_00


@pytest.fixture(autouse=True)
async def bank(place: Town) -> None:
    await staffed(place)


async def people(place: Town, *names: str, money: int = RICH) -> list[Person]:
    return [await place.person(name, money) for name in names]


async def money(place: Town) -> tuple[int, int, int]:
    """Raised, formed, and what the bank has yet to pay, in fen."""
    totals = [await place.total(kind) for kind in (Kind.WEALTH_SUBSCRIBED, Kind.WEALTH, Kind.DEPOSIT_INTEREST_DUE)]
    return totals[0], totals[1], -totals[2]


async def owned(place: Town, person: Person, day: date) -> list[tuple[str, int]]:
    """At the end of a date, by product."""
    async with place.house.database.read() as tx:
        row = (await customers.persons(tx, [(person.book, person.id)]))[person.id]
        view = await assets_of(place.house, tx, row, day)
    assert all(one.product == "W62" for one in view.assets if one.what != "wallet")
    return [(one.what, one.amount) for one in view.assets]


async def said(place: Town, person: Person) -> list[tuple[str, int]]:
    """The statement's lines after the money came in."""
    async with place.house.database.read() as tx:
        row = (await customers.persons(tx, [(person.book, person.id)]))[person.id]
        return [(one.text_en, one.amount) for one in (await statement_of(place.house, tx, row)).statement[1:]]


async def told(place: Town, person: Person) -> list[str]:
    async with place.house.database.read() as tx:
        return [one.text_en for one in await notices.notices_of(tx, person.book, person.id)]


async def test_by_arrival_it_closes_when_full_and_pays_what_the_prospectus_says(place: Town) -> None:
    await offered(place)
    wang, li, zhao = await people(place, "wang", "li", "zhao")
    answers = [await subscribe(place, *one) for one in ((wang, 100_000), (li, 100_000), (zhao, 60_000), (wang, 50_000))]
    assert gave(answers) == [100_000, 100_000, 50_000, "SOLD_OUT"]
    assert (await money(place), await place.owed(wang.wallet)) == ((250_000_00, 0, 0), [200_000_00])
    assert await owned(place, wang, MONDAY) == [("wallet", 200_000_00), ("wealth_subscribed", 100_000_00)]
    closed, credited = await end(place, MONDAY)
    assert (closed.text, credited.figures["back"]) == ("1 raise of the bank over: 250,000.00 yuan formed, 0.00 not formed", 0)
    one = await stands(place)
    assert (one.ended, one.ended_on, one.begins_on, one.matures_on) == (Ended.FORMED, MONDAY, MONDAY + timedelta(1), MONDAY + timedelta(63))
    assert await money(place) == (0, 250_000_00, 0)
    closed, credited = await end(place, MONDAY + timedelta(days=1))
    assert closed.figures["raises"] == 0
    assert credited.text == "0.00 yuan of raises back, interest 2.43; 0.00 yuan matured, gain 0.00"
    assert await place.owed(wang.wallet) == [200_000_97], "a day at 0.35 %"
    assert await owned(place, wang, MONDAY + timedelta(days=1)) == [("wallet", 200_000_97), ("wealth", 100_000_00)]
    matures = MONDAY + timedelta(days=63)
    credit = matures + timedelta(days=6)
    async with place.house.database.read() as tx:
        assert await raise_counter.planned(place.house, tx, ["W62"]) == {"W62": credit}
        blind = replace(place.house, calendar=Calendar({}, frozenset({2013})))
        assert await raise_counter.planned(blind, tx, ["W62"]) == {}, "the holidays of that year are not known"
    assert (await end(place, matures))[1].figures["principal"] == 0, "within three working days, a holiday among them"
    for day in range(1, 6):
        assert (await end(place, matures + timedelta(days=day)))[1].figures["principal"] == 0
    _, credited = await end(place, credit)
    assert (credited.figures["principal"], credited.figures["gain"]) == (250_000_00, 672_66 + 672_66 + 336_33)
    assert await place.owed(wang.wallet) == [300_000_97 + 672_66]
    assert await money(place) == (0, 0, 2_43 + 1_681_65), "which the bank owes"
    assert [row.state for row in await rows(place, wang, li, zhao)] == [State.PAID] * 3
    assert await said(place, wang) == [
        ("Subscribed · Sixty-two days", -100_000_00), ("Not allotted, and interest of the raise · Sixty-two days", 97),
        ("Matured, with its gain · Sixty-two days", 100_672_66),
    ]  # fmt: skip
    assert [len(await told(place, person)) for person in (wang, li, zhao)] == [3, 3, 3]
    assert Counter(await bank_agrees(place)) == dict.fromkeys(("subscribed", "allotted", "raise_interest", "repaid"), 3)
    assert "it paid 3.96% (expected: 3.96%)" in (await told(place, wang))[0]
    await place.all_books_balance()


async def test_many_at_once_are_sold_the_target_and_not_a_fen_more(place: Town) -> None:
    await offered(place, ("target: 250000.00", "target: 555555.55"))
    buyers = await people(place, *(f"buyer {number}" for number in range(12)))
    answers = await asyncio.gather(*(subscribe(place, one, 60_000) for one in buyers))
    assert sorted(map(str, gave(answers))) == ["15555"] + ["60000"] * 9 + ["SOLD_OUT"] * 2
    found = await rows(place, *buyers)
    assert [row.arrival for row in found] == list(range(1, 11))
    assert [row.arrival for row in found if row.given < row.asked] == [10], "nobody came after who got less"
    assert (await stands(place)).sold == sum(row.given for row in found) == 555_555_55


async def test_the_last_step_of_the_target_goes_to_one_of_two_however_often_they_ask(place: Town) -> None:
    await offered(place, ("target: 250000.00", "target: 100000.00"))
    wang, li = await people(place, "wang", "li")
    await subscribe(place, wang, 50_000)
    keys = [UUID(int=number) for number in (1, 2)]
    answers = await asyncio.gather(*(subscribe(place, who, 50_000, key=key) for who, key in zip((wang, li) * 3, keys * 3, strict=True)))
    assert sorted(map(str, gave(answers))) == ["50000"] * 3 + ["SOLD_OUT"] * 3, "a repetition hears the first answer"
    assert await money(place) == (100_000_00, 0, 0)


async def test_it_is_cancelled_until_the_last_day_and_its_place_is_there_for_others(place: Town) -> None:
    await offered(place)
    wang, li = await people(place, "wang", "li")
    hers = await subscribe(place, wang, 200_000)
    his = await subscribe(place, li, 50_000 - 10_000)
    assert his.code.name == "BELOW_MINIMUM"
    assert (await cancel(place, li, hers)).code.name == "UNKNOWN_SUBSCRIPTION"
    await place.clock(shanghai(MONDAY + timedelta(days=2), 10))
    back = await cancel(place, wang, hers)
    assert (back.amount, back.interest) == (200_000_00, 3_89), "two days at 0.35 %"
    assert (await cancel(place, wang, hers)).code.name == "ALREADY_CANCELLED"
    assert (await place.owed(wang.wallet), (await stands(place)).sold) == ([RICH + 3_89], 0)
    mine = await subscribe(place, li, 240_000)
    assert (mine.arrival, mine.amount) == (2, 240_000_00)
    last = shanghai(FRIDAY, 0)
    assert (await cancel(place, li, mine, last)).code.name == "LAST_DAY"
    assert (await cancel(place, li, mine, shanghai(SATURDAY))).code.name == "RAISE_OVER"
    await end(place, MONDAY + timedelta(days=2))
    assert await place.total(Kind.DEPOSIT_IN_TRANSIT) == 0
    assert sorted(await bank_agrees(place)) == ["raise_interest", "returned", "subscribed", "subscribed"]


async def test_who_has_filled_it_cannot_cancel(place: Town) -> None:
    await offered(place)
    (wang,) = await people(place, "wang")
    filled = await subscribe(place, wang, 250_000)
    assert (await cancel(place, wang, filled, OPENS)).code.name == "RAISE_OVER"


async def test_a_raise_that_is_not_formed_gives_the_money_back_with_its_interest(place: Town) -> None:
    await offered(place)
    (wang,) = await people(place, "wang")
    await subscribe(place, wang, 90_000)
    for day in range(4):
        assert (await end(place, MONDAY + timedelta(days=day)))[0].figures["raises"] == 0
    closed, _ = await end(place, FRIDAY)
    assert closed.text == "1 raise of the bank over: 0.00 yuan formed, 90,000.00 not formed"
    assert (await stands(place)).back_on == NEXT_WEDNESDAY, "three working days"
    assert (await money(place))[0] == 90_000_00
    assert (await end(place, NEXT_MONDAY))[1].figures["back"] == 0
    _, credited = await end(place, NEXT_WEDNESDAY)
    assert credited.text == "90,000.00 yuan of raises back, interest 7.88; 0.00 yuan matured, gain 0.00"
    assert (await place.owed(wang.wallet), await money(place)) == ([RICH + 7_88], (0, 0, 7_88))
    assert [row.state for row in await rows(place, wang)] == [State.BACK]
    assert await bank_agrees(place) == ["subscribed", "returned", "raise_interest"]
    assert "was not formed" in (await told(place, wang))[1]
    await place.all_books_balance()


class _Killed(Exception):
    pass


async def test_pro_rata_is_shared_out_whatever_kills_come_between(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine ask for 710,000 of 250,000 yuan; each lot is of one subscription, and after each of them the run is killed once."""
    await offered(place, PRO_RATA)
    buyers = await people(place, *(f"buyer {number}" for number in range(9)))
    asked = [50_000, 60_000, 70_000, 80_000, 90_000, 100_000, 110_000, 50_000, 100_000]
    assert gave([await subscribe(place, *one) for one in zip(buyers, asked, strict=True)]) == asked
    monkeypatch.setattr(raise_day, "LOT", 1)
    lot, left = raise_day._lot, 9

    async def killed(*said: Any) -> bool:
        nonlocal left
        await lot(*said)
        if left:
            left -= 1
            raise _Killed
        return True

    monkeypatch.setattr(raise_day, "_lot", killed)
    await place.clock(shanghai(SATURDAY, 1))
    for _ in range(9):
        with pytest.raises(_Killed):
            await raise_day.close_raises(place.house, FRIDAY)
    monkeypatch.setattr(raise_day, "_lot", lot)
    closed, _ = await end(place, FRIDAY)
    assert closed.figures == {"raises": 1, "formed": 250_000_00, "failed": 0}
    found = await rows(place, *buyers)
    assert sum(row.allotted for row in found) == 250_000_00
    assert all(row.allotted % 10_000_00 == 0 and row.allotted <= row.given for row in found)
    assert all(abs(row.allotted * 710_000_00 - row.given * 250_000_00) < 10_000_00 * 710_000_00 for row in found)
    assert await money(place) == (460_000_00, 250_000_00, 0)
    await end(place, SATURDAY)
    assert (await money(place))[0] == 460_000_00, "back on the next working day"
    _, credited = await end(place, NEXT_MONDAY)
    assert credited.figures["back"] == 460_000_00
    wallets, found = await place.owed(*(one.wallet for one in buyers)), await rows(place, *buyers)
    assert wallets == [RICH - row.allotted + row.interest for row in found]
    assert Counter(await bank_agrees(place)) == {"subscribed": 9, "allotted": 9, "returned": 9, "raise_interest": 9}
    again = await raise_day.credit_raises(place.house, NEXT_MONDAY)
    assert (again, await place.owed(*(one.wallet for one in buyers))) == (credited, wallets)
    await place.all_books_balance()


async def test_two_people_close_it_early_and_say_what_it_pays(place: Town) -> None:
    await offered(place)
    (wang,) = await people(place, "wang")
    await subscribe(place, wang, 100_000)
    tuesday = MONDAY + timedelta(days=1)
    await place.clock(shanghai(tuesday, 11))
    assert (await approved(place, ProposeWealthYield("W62", 40_000, "paid"))).code.name == "NOT_FORMED"
    assert (await approved(place, ProposeWealthClose("W62", "enough"))).kind == "ProposeWealthClose"
    assert (await approved(place, ProposeWealthClose("W62", "enough"))).code.name == "RAISE_OVER"
    assert gave([await subscribe(place, wang, 50_000)]) == ["RAISE_OVER"]
    await end(place, tuesday)
    await end(place, tuesday + timedelta(days=1))
    assert (await approved(place, ProposeWealthYield("W62", 41_000, "the assets earned more"))).kind == "ProposeWealthYield"
    matures = tuesday + timedelta(days=63)
    await end(place, matures)
    assert (await approved(place, ProposeWealthYield("W62", 42_000, "later"))).code.name == "MATURED"
    await end(place, matures + timedelta(days=6))
    (row,) = await rows(place, wang)
    assert (row.gain, row.state) == (696_44, State.PAID)
    async with place.house.database.read() as tx:
        (mine,), (all_of_it,) = await raise_shown.held(tx, wang.book, wang.id), await raise_shown.shown(tx)
    assert (mine.expected, mine.paid, mine.expected_gain, mine.gain) == (39_600, 41_000, 672_66, 696_44)
    assert (all_of_it.state, all_of_it.paid, all_of_it.credit_on) == ("paid", 41_000, matures + timedelta(days=6))
    assert Counter(await bank_agrees(place)) == dict.fromkeys(("subscribed", "allotted", "raise_interest", "repaid"), 1)
    assert "it paid 4.1% (expected: 3.96%)" in (await told(place, wang))[0]


async def test_what_matures_before_the_raise_is_given_back_shows_the_day_on_which_it_is_paid(place: Town) -> None:
    """Raised until a Friday, for a day: it matures on the Sunday."""
    await offered(place, ("days: 62", "days: 1\n  credit_within: 0"))
    (wang,) = await people(place, "wang")
    await subscribe(place, wang, 200_000)
    assert (await end(place, FRIDAY))[0].figures["formed"] == 200_000_00
    async with before_the_pages(place, "wang", person=wang) as desk:
        assert f"预计到账日 {NEXT_MONDAY}" in (await desk.get("/wealth")).text
    for day in (SATURDAY, NEXT_MONDAY - timedelta(days=1)):
        assert (await end(place, day))[1].figures["principal"] == 0
    assert (await end(place, NEXT_MONDAY))[1].figures["principal"] == 200_000_00
    async with place.house.database.read() as tx:
        (mine,), (all_of_it,) = await raise_shown.held(tx, wang.book, wang.id), await raise_shown.shown(tx)
        assert await raise_counter.planned(place.house, tx, ["W62"]) == {}
    assert (mine.credit_on, all_of_it.credit_on, mine.gain) == (NEXT_MONDAY, NEXT_MONDAY, 21_70)


async def test_what_was_sold_is_on_record_and_who_may_not_have_it_is_told_why(place: Town) -> None:
    await offered(place, ("{risk_level: 1}", "{risk_level: 2, youngest: 18, kyc_class: 2}"))
    (wang,) = await people(place, "wang")
    low, young = await place.person("low", RICH, level=1), await place.person("young", RICH, identity="110105200401151037")
    poor = await place.person("poor", 49_999_99)
    assert gave([await subscribe(place, low, 50_000)])[0] in ("NOT_VERIFIED", "ACCOUNT_CLASS")
    assert gave([await subscribe(place, young, 50_000)]) == ["TOO_YOUNG"]
    refused = await subscribe(place, wang, 50_000)
    assert (refused.code.name, "a product of risk R2" in refused.text) == ("RISK_TOO_HIGH", True)
    for one in (wang, poor):
        asked = current()
        answers = [question.options[-1].letter for question in asked.questions]
        await suitability.assess(place.house, place.envelope(one), suitability.AssessSuitability(asked.version, answers))
    assert gave([await subscribe(place, wang, 50_000, confirmed=[])]) == ["TERMS_NOT_CONFIRMED"]
    assert gave([await subscribe(place, wang, 50_000, product="X")]) == ["UNKNOWN_PRODUCT"]
    assert gave([await subscribe(place, wang, 55_000), await subscribe(place, poor, 50_000)]) == ["NOT_IN_STEPS", "NO_MONEY"]
    made = await subscribe(place, wang, 50_000)
    async with place.house.database.read() as tx:
        sale = await sales.shown(place.house, tx, [wang.book], made.subscription, wang.id)
    assert not isinstance(sale, Refusal)
    assert (sale.proved, sale.record["terms"]["amount"], sale.record["confirmed"]) == (True, 50_000_00, ["terms"])
    assert sale.shown is not None
    assert "3.96%" in next(one.text for one in sale.shown.facts if one.name == "预期收益率")


async def test_a_product_above_ones_own_risk_is_sold_on_its_page_once_the_special_warning_is_read(place: Town) -> None:
    await offered(place, ("{risk_level: 1}", "{risk_level: 4}"), ("minimum: 50000.00", "minimum: 100000.00"))
    async with before_the_pages(place, "Careful", RICH) as desk:
        answers = suitability.AssessSuitability(current().version, list("BBBBBBBB"))
        await suitability.assess(place.house, place.envelope(desk.person), answers)
        new = "/wealth/new/W62"
        page = await desk.send(new, await desk.get(new), amount="100000")
        assert (page.status, "产品风险等级 R4 高于您的风险承受能力 C2；如仍要购买" in page.text) == (422, True), page.text
        assert "特别风险警示：六十二天理财 的风险等级 R4 高于您的风险承受能力 C2" in page.text
        english = await desk.send(f"/en{new}", page, amount="100000")
        assert ("Special warning: the risk R4 of Sixty-two days" in english.text, "confirm_warning" in english.text) == (True, False)
        for _ in range(2):
            agreed = await desk.send(new, page, do="warned", amount="100000")
            assert (agreed.status, "同意并认购 ¥100,000.00" in agreed.text, await desk.wallet()) == (200, True, RICH), agreed.text
        done = await desk.send(new, agreed, do="agree", amount="100000", given=agreed.hidden("given", "/new/"))
        assert (done.where, "¥100,000.00" in done.text, await desk.wallet()) == ("/wealth", True, RICH - 100_000_00)


async def test_a_product_is_what_it_was_from_its_first_subscription_on(place: Town) -> None:
    assert await sell(place) is None
    assert await sell(place, ("days: 62", "days: 90")) is None, "nobody has subscribed, and it has not opened"
    await place.clock(OPENS)
    (wang,) = await people(place, "wang")
    await subscribe(place, wang, 50_000)
    for changes, code in (([("days: 62", "days: 30")], "RAISE_EXISTS"), ([("W62", "W63")], "HAS_BEGUN")):
        refused = await sell(place, *changes)
        assert refused is not None
        assert refused.code.name == code
    closing = await products.close(place.house, operator(place, "ops.chen"), products.CloseProduct("W62", 2, "no more"))
    assert isinstance(closing, Refusal)
    assert "propose_wealth_close" in closing.text
    unknown = await sell(place, ("W62", "W64"), ("demand: DEMAND", "demand: NONE"), ("2014-02-24T10", "2014-02-25T10"))
    assert unknown is not None
    assert "no demand deposit NONE" in unknown.text
    async with place.house.database.read() as tx:
        assert await catalogue.kind_of(tx, "W62") is not None


async def test_one_that_was_closed_before_it_opened_can_be_offered_anew(place: Town) -> None:
    """The dates between have ended, and nobody had subscribed."""
    await offered(place, ("2014-02-24T10", "2014-02-26T10"))
    closing = await products.close(place.house, operator(place, "ops.chen"), products.CloseProduct("W62", 1, "not yet"))
    assert not isinstance(closing, Refusal)
    assert (await raise_day.close_raises(place.house, MONDAY)).wrong == []
    assert await sell(place, ("2014-02-24T10", "2014-02-25T10")) is None
    await place.clock(OPENS + timedelta(days=1))
    (wang,) = await people(place, "wang")
    await subscribe(place, wang, 100_000)
    for day in range(5):
        assert (await raise_day.close_raises(place.house, MONDAY + timedelta(days=day))).wrong == []
    ended = await stands(place)
    assert (ended.ended, ended.begins_on) == (Ended.FORMED, SATURDAY)


async def test_money_in_a_raise_earns_what_is_posted_for_its_own_amount(place: Town) -> None:
    """0.35 %, from 100,000 on 0.50 %. Five days until it begins: 2.43 and 8.33; cancelled after one: 0.49. What stands in a draft of one
    person, and on no shelf, is posted by nobody."""
    tiered = DEMAND_FILE.replace("[{rate: 0.35}]", "[{rate: 0.35}, {rate: 0.50, from_amount: 100000.00}]")
    await sell_policies(place.house, tiered)
    draft = products.DraftProduct(tiered.replace("0.50", "0.99"))
    assert not isinstance(await products.draft(place.house, operator(place, "pm.zhou"), draft), Refusal)
    await offered(place)
    wang, li, zhao = await people(place, "wang", "li", "zhao")
    for one, amount in ((wang, 50_000), (li, 120_000)):
        await subscribe(place, one, amount)
    left = await cancel(place, zhao, await subscribe(place, zhao, 50_000), shanghai(MONDAY + timedelta(days=1), 9))
    closed = await products.close(place.house, operator(place, "ops.chen"), products.CloseProduct("DEMAND", 2, "no more"))
    assert not isinstance(closed, Refusal)
    for day in range(8):
        await end(place, MONDAY + timedelta(days=day))
    assert left.interest == 49
    assert [one.interest for one in await rows(place, wang, li)] == [2_43, 8_33]
    await bank_agrees(place, demand=({"rate": "0.35"}, {"rate": "0.50", "from_amount": 100_000_00}))


async def test_no_raise_comes_on_the_shelf_while_its_demand_deposit_is_a_draft(place: Town) -> None:
    draft = products.DraftProduct(DEMAND_FILE.replace("product: DEMAND", "product: OTHER"))
    assert not isinstance(await products.draft(place.house, operator(place, "pm.zhou"), draft), Refusal)
    refused = await sell(place, ("demand: DEMAND", "demand: OTHER"))
    assert refused is not None
    assert (refused.code.name, "the demand deposit OTHER never was on sale" in refused.text) == ("NOT_NOW", True)
    async with place.house.database.read() as tx:
        assert await raise_shown.shown(tx) == []


@pytest.mark.parametrize(
    ("defect", "said"),
    [
        ("update wealth_raise set sold = sold - 1", "counts 249,999.99 yuan as sold, its subscriptions come to 250,000.00"),
        ("update wealth_raise set arrivals = 4", "counts 4 arrivals, its subscriptions are 3, the last is number 3"),
        ("update wealth_subscription set arrival = 4 - arrival where arrival <> 2", "has given less than was asked to arrival 1"),
        ("update wealth_subscription set allotted = 1", "has allotted 0.03 yuan where 250,000.00 were to be"),
    ],
)
async def test_the_proof_names_what_a_raise_is_not(place: Town, defect: str, said: str) -> None:
    await offered(place)
    wang, li, zhao = await people(place, "wang", "li", "zhao")
    for one in ((wang, 100_000), (li, 100_000), (zhao, 60_000)):
        await subscribe(place, *one)
    assert (await end(place, MONDAY))[0].wrong == []
    async with place.house.database.transaction() as tx:
        await tx.execute(defect)
    wrong = (await raise_day.close_raises(place.house, MONDAY)).wrong
    assert said in wrong[0]
    async with place.house.database.read() as tx:
        found = [one for book in range(place.house.books + 1) for one in await wealth_findings(tx, book, Archives())]
    assert [(one.wrong, one.detail) for one in found] == [(Wrong.RAISE_CHANGED, text) for text in wrong]
