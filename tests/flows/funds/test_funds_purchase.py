"""Buying into the fund: when an order counts, what is refused, what is posted, and what the registrar's answer does with it."""

from asyncio import gather
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from bill_town import MONDAY, NINE, Person
from fund_town import DAY_CAP, FUND, HOLDING_CAP, MINIMUM, OWN, FundTown
from shelf import shelve

from tapwealth.bank import store as bank
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.funds import exchange_out, purchase
from tapwealth.flows.funds.purchase import PurchaseFund, PurchasePlaced
from tapwealth.funds import store
from tapwealth.funds.exchange_in import ORDERS
from tapwealth.funds.store import SalesChannel
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=n) for n in range(1, 5))
NEXT_MONDAY = MONDAY + timedelta(days=7)


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


def placed(answer: PurchasePlaced | Refusal) -> PurchasePlaced:
    assert isinstance(answer, PurchasePlaced), answer
    return answer


# ---- the day of an order


async def test_an_order_read_before_the_cut_off_belongs_to_the_day_however_late_it_commits(place: FundTown) -> None:
    wang = await place.person("Wang", 100_000)
    await place.clock(shanghai(MONDAY, 15, 0, 5))
    early = placed(await place.buy_one(wang, 10_000, shanghai(MONDAY, 14, 59, 59)))
    late = placed(await place.buy_one(wang, 10_000, shanghai(MONDAY, 15)))
    assert (early.dealing_date, late.dealing_date) == (MONDAY, TUESDAY)
    assert [(row.dealing_date, row.business_date) for row in await place.orders_of(wang)] == [(MONDAY, MONDAY), (TUESDAY, MONDAY)]
    await place.end(MONDAY)
    sent = ORDERS.values(place.registrar.sent(MONDAY, "03"), "OFD_T01_H0_20140224_03.TXT")
    assert [(str(one.ordered_at), one.amount) for one in sent] == [("14:59:59", 10_000)]


@pytest.mark.parametrize(
    ("read_at", "day"),
    [
        (shanghai(FRIDAY, 14, 59, 59), FRIDAY),
        (shanghai(FRIDAY, 15), NEXT_MONDAY),
        (shanghai(FRIDAY + timedelta(days=1), 10), NEXT_MONDAY),
        (shanghai(NEXT_MONDAY, 0), NEXT_MONDAY),
        (shanghai(date(2014, 4, 4), 14, 59, 59), date(2014, 4, 4)),
        (shanghai(date(2014, 4, 4), 15), date(2014, 4, 8)),
        (shanghai(date(2014, 4, 7), 10), date(2014, 4, 8)),
        (shanghai(date(2014, 4, 30), 15), date(2014, 5, 5)),
        (shanghai(date(2014, 5, 4), 10), date(2014, 5, 5)),
    ],
    ids=[
        "Friday before the cut-off", "Friday at the cut-off", "Saturday", "Monday's midnight", "before a holiday, in time",
        "before a holiday, late", "a Monday's holiday", "before a long holiday, late", "a Sunday that is worked",
    ],
)  # fmt: skip
async def test_an_order_waits_for_the_next_dealing_day(place: FundTown, read_at: datetime, day: date) -> None:
    wang = await place.person("Wang", 100_000)
    await place.clock(read_at + timedelta(seconds=6))
    assert placed(await place.buy_one(wang, 10_000, read_at)).dealing_date == day


async def test_an_order_goes_out_once_and_on_its_own_day(place: FundTown) -> None:
    """Friday evening's order is in no file before Monday's, and its money waits in the reserve till then."""
    wang = await place.person("Wang", 100_000)
    await place.clock(shanghai(FRIDAY, 16))
    await place.buy_one(wang, 10_000)
    for offset in (4, 5, 6):
        day = MONDAY + timedelta(days=offset)
        await place.end(day)
        assert (await place.orders_of(wang))[0].sent_on is None
        assert await place.total(Kind.FUND_PURCHASE_IN_TRANSIT) == 10_000
    await place.end(NEXT_MONDAY)
    assert (await place.orders_of(wang))[0].sent_on == NEXT_MONDAY
    assert (await place.total(Kind.FUND_PURCHASE_IN_TRANSIT), await place.total(Kind.FUND_PURCHASE_COLLECTED)) == (0, 10_000)
    await place.all_books_balance()


async def test_an_order_that_comes_when_its_day_is_cut_goes_with_the_next(place: FundTown) -> None:
    """What the cut did not wait for cannot be in the file that left with it."""
    wang = await place.person("Wang", 100_000)
    await place.end(MONDAY)
    answer = placed(await place.buy_one(wang, 10_000, shanghai(MONDAY, 14)))
    assert answer.dealing_date == TUESDAY
    await place.end(TUESDAY)
    assert [row.sent_on for row in await place.orders_of(wang)] == [TUESDAY]


# ---- what is refused


async def test_minimum_and_day_cap_are_inclusive(place: FundTown) -> None:
    wang = await place.person("Wang", 10_000_000)
    assert code(await place.buy_one(wang, MINIMUM - 1)) == "BELOW_MINIMUM"
    placed(await place.buy_one(wang, MINIMUM))
    li = await place.person("Li", 10_000_000)
    assert code(await place.buy_one(li, DAY_CAP + 1)) == "ABOVE_DAY_CAP"
    placed(await place.buy_one(li, DAY_CAP))
    assert await place.owed(wang.wallet, li.wallet) == [10_000_000 - MINIMUM, 10_000_000 - DAY_CAP]


async def test_the_day_cap_is_of_the_dealing_day_and_cannot_be_split_around(place: FundTown) -> None:
    wang = await place.person("Wang", 10_000_000)
    placed(await place.buy_one(wang, DAY_CAP - MINIMUM))
    refused = await place.buy_one(wang, MINIMUM + 1)
    assert code(refused) == "ABOVE_DAY_CAP"
    assert isinstance(refused, Refusal)
    assert refused.text == "that would be 20,000.01 yuan for one dealing day; at most 20,000.00 is possible"
    placed(await place.buy_one(wang, MINIMUM))
    await place.clock(shanghai(MONDAY, 15, 0, 1))
    assert placed(await place.buy_one(wang, DAY_CAP)).dealing_date == TUESDAY
    assert code(await place.buy_one(wang, MINIMUM)) == "ABOVE_DAY_CAP"
    await place.next_day(MONDAY)
    assert code(await place.buy_one(wang, MINIMUM)) == "ABOVE_DAY_CAP", "Tuesday's is used up since Monday afternoon"


async def test_the_holding_cap_counts_what_is_held_and_what_is_on_its_way(place: FundTown) -> None:
    wang = await place.person("Wang", 2 * HOLDING_CAP)
    for offset in range(HOLDING_CAP // DAY_CAP - 1):
        placed(await place.buy_one(wang, DAY_CAP))
        await place.next_day(MONDAY + timedelta(days=offset))
    income = (await place.units(wang))[0] - 4 * DAY_CAP
    assert income > 0
    placed(await place.buy_one(wang, DAY_CAP - income - 1))
    await place.clock(shanghai(FRIDAY, 15, 0, 1))
    refused = await place.buy_one(wang, MINIMUM)
    assert code(refused) == "ABOVE_HOLDING_CAP"
    assert isinstance(refused, Refusal)
    assert refused.text == "you would hold 100,000.99 yuan; at most 100,000.00 is possible"


async def test_one_batch_cannot_pass_a_cap_or_spend_money_twice(place: FundTown) -> None:
    wang, li = await place.person("Wang", 2 * HOLDING_CAP), await place.person("Li", 15_000)
    answers = await place.buy(*(place.order(wang, DAY_CAP // 2) for _ in range(3)), place.order(li, 10_000), place.order(li, 10_000))
    assert [isinstance(one, PurchasePlaced) for one in answers] == [True, True, False, True, False]
    assert (code(answers[2]), code(answers[4])) == ("ABOVE_DAY_CAP", "NO_MONEY")
    assert await place.owed(wang.wallet, li.wallet) == [2 * HOLDING_CAP - DAY_CAP, 5_000]


async def test_transactions_at_once_cannot_spend_money_twice(place: FundTown) -> None:
    """Whoever comes second waits for the book, and sees what the first has left: a refusal, never a posting that fails."""
    wang = await place.person("Wang", 10_000)
    small, *others = await gather(place.buy_one(wang, 4_000), *(place.buy_one(wang, 6_000) for _ in range(3)))
    assert sorted("placed" if isinstance(one, PurchasePlaced) else code(one) for one in others) == ["NO_MONEY", "NO_MONEY", "placed"]
    assert placed(small).amount == 4_000


async def test_orders_of_several_days_and_plans_in_one_batch_are_each_kept_as_they_are(place: FundTown) -> None:
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    plan, early, late = named(NINE, li.book, "a plan"), shanghai(MONDAY, 14, 59, 59), shanghai(MONDAY, 15)
    of_plan = place.order(li, 20_000, late)._replace(plan=plan)
    answers = await place.buy(place.order(wang, 10_000, early), of_plan, place.order(wang, 30_000, late))
    rows = [*await place.orders_of(wang), *await place.orders_of(li)]
    assert [(one.amount, one.received_at, one.dealing_date, one.source) for one in rows] == [
        (10_000, early, MONDAY, None), (30_000, late, TUESDAY, None), (20_000, late, TUESDAY, plan),
    ]  # fmt: skip
    assert [f"ord_{one.id.hex}" for one in rows] == [placed(answers[number]).order for number in (0, 2, 1)]
    assert {(one.fund, one.channel, one.business_code, one.business_date, one.state, one.units) for one in rows} == {
        (FUND, OWN, "022", MONDAY, "placed", 0)
    }
    assert [(one.fund_account, one.funding) for one in rows] == [(one.id, one.wallet) for one in (wang, wang, li)]


async def test_want_of_money_is_refused_and_posts_nothing(place: FundTown) -> None:
    wang = await place.person("Wang", 10_000)
    before = await place.lines()
    refused = await place.buy_one(wang, 10_001)
    assert code(refused) == "NO_MONEY"
    assert isinstance(refused, Refusal)
    assert refused.text == "100.01 yuan is asked, 100.00 is there; move money in first"
    assert (await place.lines(), await place.orders_of(wang)) == (before, [])
    placed(await place.buy_one(wang, 10_000))


@pytest.mark.parametrize(("rules", "barred"), [("current", [0, 1, 2]), ("2014", [0])])
async def test_the_rule_set_says_which_class_buys(place: FundTown, rules: str, barred: list[int]) -> None:
    place.house = replace(place.house, rule_set=rules)
    for level in range(4):
        person = await place.person(f"of class {level}", 100_000, level)
        answer = await place.buy_one(person, 10_000)
        if level in barred:
            assert code(answer) == "NOT_VERIFIED"
            assert await place.owed(person.wallet) == [100_000]
        else:
            placed(answer)


async def test_an_unknown_fund_is_refused_first(place: FundTown) -> None:
    wang = await place.person("Wang", 0, 1)
    (refused,) = await place.buy(place.order(wang, 10_000, fund="000199"))
    assert code(refused) == "UNKNOWN_FUND"


@pytest.mark.parametrize("amount", [0, -1, 10**15 + 1])
def test_an_amount_that_nothing_could_carry_is_no_command(amount: int) -> None:
    with pytest.raises(BadInput, match=r"^amount: "):
        purchase.check(PurchaseFund(FUND, amount))


# ---- once


async def test_the_same_key_gets_the_same_answer_and_buys_once(place: FundTown) -> None:
    wang, key = await place.person("Wang", 100_000), named(NINE, 1, "my key")
    first, second = await place.buy(place.order(wang, 10_000, key=key), place.order(wang, 10_000, key=key))
    third, other = await place.buy(place.order(wang, 10_000, key=key), place.order(wang, 10_001, key=key))
    assert placed(first) == second == third
    assert code(other) == "KEY_REUSED"
    assert (await place.owed(wang.wallet), len(await place.orders_of(wang))) == ([90_000], 1)


async def test_a_refusal_is_remembered_too(place: FundTown) -> None:
    wang, key = await place.person("Wang", 10_000), named(NINE, 1, "my key")
    (first,) = await place.buy(place.order(wang, 10_001, key=key))
    await place.receipt(1, "top", "x", "0100000001")
    (again,) = await place.buy(place.order(wang, 10_001, key=key))
    assert (code(first), code(again)) == ("NO_MONEY", "NO_MONEY")


# ---- the holder's account at the registrar


async def test_a_first_purchase_opens_the_account_and_a_second_does_not(place: FundTown) -> None:
    """The application goes out with the order, and a second purchase before the registrar's answer asks for no second account."""
    wang = await place.person("Wang", 100_000)
    await place.buy(place.order(wang, 10_000), place.order(wang, 20_000))
    applied = await place.holder(wang)
    assert (applied.state, applied.ta_account) == ("applied", "")
    await place.end(MONDAY)
    placed(await place.buy_one(wang, 30_000))
    assert (await place.holder(wang)).state == "sent"
    assert await place.morning(TUESDAY) == [
        *("996/05", "T01/05"), *("T01/02", "996/07", "T01/07", "T01/04", "996/06", "T01/06")
    ]  # fmt: skip
    opened = await place.holder(wang)
    assert opened.state == "open"
    assert opened.ta_account == "198000000002", "the advancer was the first to apply"
    assert await place.units(wang) == [30_000]
    await place.next_day(TUESDAY)
    assert await place.units(wang) == [60_005], "with the first income of the first units"
    assert b"OFDCFDAT" in place.registrar.sent(TUESDAY, "03")
    with pytest.raises(FileNotFoundError):
        place.registrar.sent(TUESDAY, "01")


async def test_nobody_buys_on_an_account_that_the_registrar_refused(place: FundTown) -> None:
    wang = await place.person("Wang", 100_000)
    placed(await place.buy_one(wang, 10_000))
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)
    trading = (await place.holder(wang)).trading_account

    def refuse(records: list[dict[str, Any]]) -> None:
        for record in records:
            if record["TransactionAccountID"] == trading:
                record |= {"ReturnCode": "9009", "TAAccountID": "", "ErrorDetail": "this TA account is another person's"}

    place.registrar.rewrite(TUESDAY, "02", refuse)
    await place.take()
    assert (await place.holder(wang)).state == "refused"
    refused = await place.buy_one(wang, 10_000)
    assert code(refused) == "ACCOUNT_REFUSED"
    assert isinstance(refused, Refusal)
    assert refused.text == "the registrar has refused this fund account (this TA account is another person's); ask the bank"


# ---- the registrar's answer


async def refuse_in_04(place: FundTown, day: date, *amounts: int) -> None:
    """The registrar's answer to orders of these amounts becomes a no."""

    def change(records: list[dict[str, Any]]) -> None:
        for record in records:
            if record["ApplicationAmount"] in amounts:
                record |= {"ReturnCode": "9003", "ConfirmedAmount": 0, "ConfirmedVol": 0, "ErrorDetail": "there is no such account"}

    place.registrar.rewrite(day, "04", change)


async def states(place: FundTown, person: Person) -> list[str]:
    return [row.state for row in await place.orders_of(person)]


async def test_an_order_that_the_registrar_refuses_gives_the_money_back(place: FundTown) -> None:
    wang = await place.person("Wang", 100_000)
    await place.buy_one(wang, 10_000)
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)
    await refuse_in_04(place, TUESDAY, 10_000)
    await place.take()
    assert (await states(place, wang), await place.units(wang)) == (["refused"], [0])
    assert await place.owed(wang.wallet) == [90_000], "it is on its way from the collection account"
    assert await place.bank_executes(TUESDAY) == [f"PRF-{(await place.orders_of(wang))[0].serial}"]
    assert await place.owed(wang.wallet) == [100_000]
    assert (await place.total(Kind.FUND_PURCHASE_COLLECTED), await place.total(Kind.FUND_COLLECTION_OUT)) == (0, 0)
    await place.all_books_balance()
    await place.take()
    assert await place.owed(wang.wallet) == [100_000]


async def test_one_order_refused_and_one_confirmed(place: FundTown) -> None:
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    await place.buy(place.order(wang, 10_000), place.order(wang, 20_000), place.order(li, 30_000))
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)
    await refuse_in_04(place, TUESDAY, 20_000)
    await place.take()
    await place.bank_executes(TUESDAY)
    assert sorted(await states(place, wang)) == ["confirmed", "refused"]
    assert await place.units(wang, li) == [10_000, 30_000]
    assert await place.owed(wang.wallet, li.wallet) == [90_000, 70_000]
    assert -await place.total(Kind.FUND_COLLECTION) == await place.total(Kind.FUND_PURCHASE_COLLECTED) == 0
    await place.all_books_balance()


async def bank_says(place: FundTown, executed: bool, day: date) -> list[str]:
    """The bank's word on everything that is open."""
    async with place.house.database.read() as tx:
        names = [one.end_to_end_id for one in await bank.open_instructions(tx)]
    assert await payments.hear(place.house, [Outcome(name, executed, day, "" if executed else "no funds") for name in names]) == []
    return sorted(names)


async def test_what_the_bank_rejects_is_instructed_again_until_it_is_executed(place: FundTown) -> None:
    """The sweep fails, so that there is nothing to pay custody from; both go again, each once a day, and nothing is left over."""
    wang = await place.person("Wang", 100_000)
    await place.buy(place.order(wang, 10_000), place.order(wang, 20_000))
    await place.clock(shanghai(TUESDAY, 0, 30))
    await place.cut(MONDAY)
    await exchange_out.send_files(place.house, MONDAY)
    assert await bank_says(place, False, TUESDAY) == ["SWP-20140224"]
    await place.registrar_works(TUESDAY)
    await refuse_in_04(place, TUESDAY, 20_000)
    await place.take()
    refused = next(row.serial for row in await place.orders_of(wang) if row.state == "refused")
    assert await bank_says(place, False, TUESDAY) == ["CUS-T01-000198-20140225", f"PRF-{refused}"]
    for day, times in ((TUESDAY, "R2"), (WEDNESDAY, "R3")):
        await place.clock(shanghai(day + timedelta(days=1), 0, 30))
        await place.cut(day)
        await exchange_out.send_files(place.house, day)
        for _ in range(2):
            await payments.instruct_again(place.house, day)
        names = [f"CUS-T01-000198-20140225{times}", f"PRF-{refused}{times}", f"SWP-20140224{times}"]
        assert await bank_says(place, times == "R3", day + timedelta(days=1)) == names
        await place.all_books_balance()
    assert (await place.owed(wang.wallet), await place.units(wang)) == ([90_000], [10_000])
    for kind in (Kind.FUND_COLLECTION, Kind.FUND_COLLECTION_OUT, Kind.FUND_PURCHASE_COLLECTED, Kind.FUND_PURCHASE_IN_TRANSIT):
        assert await place.total(kind) == 0, kind
    await place.clock(shanghai(FRIDAY, 0, 30))
    assert (await payments.instruct_again(place.house, THURSDAY)).figures == {"payments": []}
    assert await bank_says(place, True, FRIDAY) == [], "what is executed is not paid again"


async def test_the_files_of_a_day_are_the_same_bytes_however_often_they_are_made(place: FundTown) -> None:
    """Killed between leaving the files and noting it, the step leaves them again: the folder refuses other bytes under the name."""
    wang = await place.person("Wang", 100_000)
    await place.buy_one(wang, 10_000)
    await place.clock(shanghai(TUESDAY, 0, 30))
    await place.cut(MONDAY)
    await exchange_out.send_files(place.house, MONDAY)
    before = {path.name: path.read_bytes() for path in place.registrar.exchange.incoming.iterdir()}
    report = await exchange_out.send_files(place.house, MONDAY)
    assert report.figures == {
        "files": ["OFD_T01_H0_20140224_01.TXT", "OFD_T01_H0_20140224_03.TXT", "OFI_T01_H0_20140224.TXT"],
        "swept": 10_000,
    }
    assert {path.name: path.read_bytes() for path in place.registrar.exchange.incoming.iterdir()} == before
    assert await place.total(Kind.CUSTOMER_RESERVE_OUT) == 10_000, "swept once"


async def test_a_fund_above_the_lowest_risk_is_sold_to_nobody_who_was_not_asked(place: FundTown) -> None:
    async with place.house.database.transaction() as tx:
        shelved = (await store.funds(tx))[FUND]
        await shelve(tx, replace(shelved, code="000199", risk_level=3), [SalesChannel(OWN, "000199", True, MINIMUM, 0, 0)])
    buyer = await place.person("王芳", 500_00)
    (refused,) = await place.buy(place.order(buyer, 100_00, fund="000199"))
    assert isinstance(refused, Refusal)
    assert (refused.code.name, "R3 may not be sold" in refused.text) == ("RISK_TOO_HIGH", True)
    assert await place.orders_of(buyer) == []
