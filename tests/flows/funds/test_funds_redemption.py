"""Units back into money in the ordinary way: what moves and when, what cannot be redeemed, what can be taken back, and who owes what."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person
from fund_town import FUND, FundTown, bought, set_in

from tapwealth.bank import store as bank
from tapwealth.flows import proof
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.frame import moment
from tapwealth.flows.funds import exchange_out, fund_receipts, redemption, redemption_outcomes, units
from tapwealth.flows.funds.redemption import CancelOrder, OrderCancelled, RedeemFund, RedemptionPlaced
from tapwealth.flows.reports import store as reports
from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.notices import store as notices

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=n) for n in range(1, 5))
COLLECTION = "0100000002"


async def redeem(place: FundTown, person: Person, asked: int, at: datetime | None = None, fund: str = FUND) -> RedemptionPlaced | Refusal:
    return await redemption.redeem(place.house, place.envelope(person, at), RedeemFund(fund, asked))


async def cancel(place: FundTown, person: Person, order: str, at: datetime | None = None) -> OrderCancelled | Refusal:
    return await redemption.cancel(place.house, place.envelope(person, at), CancelOrder(UUID(order.removeprefix("ord_"))))


async def holder(place: FundTown, amount: int = 20_000_00, name: str = "Wang") -> Person:
    """Somebody whose units are confirmed, on Tuesday morning."""
    wang = await bought(place, amount, name)
    await place.take()
    return wang


def code(answer: Any) -> str:
    return answer.code.name if isinstance(answer, Refusal) else "done"


async def states(place: FundTown, person: Person) -> list[tuple[str, str]]:
    return [(one.business_code, one.state) for one in await place.orders_of(person)]


async def under_way(place: FundTown, person: Person) -> int:
    async with place.house.database.read() as tx:
        coming = await reports.money_under_way(tx, person.book, person.id)
    return coming.purchases + coming.redemptions + coming.to_wallet


async def money_comes(place: FundTown, day: date, change: int = 0) -> str:
    """The registrar's newest payment arrives at ten in the collection account; its name."""
    paid = place.registrar.payments()[-1]
    await place.clock(shanghai(day, 10))
    await place.receipt(paid["amount"] + change, paid["end_to_end_id"], paid["text"], paid["to"])
    return str(paid["end_to_end_id"])


async def test_units_earn_until_they_are_confirmed_and_the_money_comes_through_collection(place: FundTown) -> None:
    wang = await holder(place)
    (wallet,) = await place.owed(wang.wallet)
    placed = await redeem(place, wang, 8_000_00)
    assert isinstance(placed, RedemptionPlaced)
    assert (placed.dealing_date, await place.units(wang)) == (TUESDAY, [20_000_00]), "they are the holder's still"
    await place.end(TUESDAY)
    assert b"024" in place.registrar.sent(TUESDAY, "03")
    await place.morning(WEDNESDAY)
    (after,) = await place.units(wang)
    assert after > 12_000_00, "with the income of Tuesday on all 20,000.00"
    assert await place.said(WEDNESDAY) == []
    assert (await place.total(Kind.REDEMPTION_DUE_COLLECTION), await under_way(place, wang)) == (-8_000_00, 8_000_00)
    await place.next_day(WEDNESDAY)
    assert (await units.prove_units(place.house, WEDNESDAY)).wrong == [], "the registrar's register says the same"

    assert await money_comes(place, THURSDAY) == "RED-T01-20140226-0100000002"
    assert (await place.total(Kind.FUND_COLLECTION_OUT), await under_way(place, wang)) == (8_000_00, 8_000_00)
    assert await states(place, wang) == [("022", "confirmed"), ("024", "paid")]
    await place.bank_executes(THURSDAY)
    assert await place.owed(wang.wallet) == [wallet + 8_000_00]
    assert (await place.total(Kind.FUND_REDEMPTION_IN_TRANSIT), await under_way(place, wang)) == (0, 0)
    assert await place.total(Kind.REDEMPTION_DUE_COLLECTION) == 0
    await place.all_books_balance()


async def test_one_payment_reaches_everybody_of_that_day(place: FundTown) -> None:
    li = await place.person("Zhou", 50_000_00, identity="110105195203079877")
    await place.buy_one(li, 5_000_00)
    wang = await holder(place)
    assert li.book != wang.book
    before = await place.owed(wang.wallet, li.wallet)
    assert [code(await redeem(place, one, asked)) for one, asked in ((wang, 3_000_00), (li, 5_000_00), (wang, 1_000_00))] == ["done"] * 3
    await place.next_day(TUESDAY)
    await place.end(WEDNESDAY)
    await money_comes(place, THURSDAY)
    async with place.house.database.read() as tx:
        (payout,) = [one for one in await bank.open_instructions(tx) if one.purpose == "redemption_payout"]
    assert (payout.amount, payout.from_account, payout.to_account, payout.requested_date) == (9_000_00, COLLECTION, "0100000001", THURSDAY)
    await place.bank_executes(THURSDAY)
    assert await place.owed(wang.wallet, li.wallet) == [before[0] + 4_000_00, before[1] + 5_000_00]
    await place.all_books_balance()


async def test_what_comes_after_the_cut_off_is_of_the_next_dealing_day(place: FundTown) -> None:
    wang = await holder(place)
    asked = [await redeem(place, wang, 1_00, at) for at in (shanghai(TUESDAY, 14, 59, 59), shanghai(TUESDAY, 15), shanghai(FRIDAY, 15))]
    assert [one.dealing_date for one in asked if isinstance(one, RedemptionPlaced)] == [TUESDAY, WEDNESDAY, MONDAY + timedelta(days=7)]


# ---- what cannot be redeemed


async def test_units_that_are_set_aside_are_not_there_to_be_redeemed(place: FundTown) -> None:
    wang = await holder(place)
    assert code(await redeem(place, wang, 15_000_00)) == "done"
    refused = await redeem(place, wang, 5_000_01)
    assert isinstance(refused, Refusal)
    assert refused.text == (
        "5,000.01 units are asked, 5,000.00 can be redeemed (15,000.00 more are set aside for payments or earlier redemptions); give less"
    )
    assert code(await redeem(place, wang, 5_000_00)) == "done"


async def test_units_already_sold_are_gone(place: FundTown) -> None:
    wang = await holder(place)
    await redeem(place, wang, 20_000_00)
    await place.next_day(TUESDAY)
    (left,) = await place.units(wang)
    assert 0 < left < 100_00, "Tuesday's income alone"
    refused = await redeem(place, wang, 20_000_00)
    assert isinstance(refused, Refusal)
    assert "can be redeemed; give less" in refused.text


@pytest.mark.parametrize(("asked", "fund", "wanted"), [(20_000_01, FUND, "NOT_ENOUGH_UNITS"), (1, "000999", "UNKNOWN_FUND")])
async def test_what_cannot_be_redeemed_leaves_nothing_behind(place: FundTown, asked: int, fund: str, wanted: str) -> None:
    wang = await holder(place)
    before = (await place.lines(), await place.orders_of(wang))
    assert code(await redeem(place, wang, asked, fund=fund)) == wanted
    assert (await place.lines(), await place.orders_of(wang)) == before


async def test_who_has_no_account_at_the_registrar_redeems_nothing(place: FundTown) -> None:
    assert code(await redeem(place, await place.person("New", 100_00), 1)) == "NO_ACCOUNT"


# ---- taken back before the cut-off


async def test_a_purchase_taken_back_is_in_the_wallet_at_once_and_never_leaves(place: FundTown) -> None:
    wang = await place.person("Wang", 30_000_00)
    placed = await place.buy_one(wang, 20_000_00)
    assert not isinstance(placed, Refusal)
    assert code(await place.buy_one(wang, 1_00)) == "ABOVE_DAY_CAP"
    assert await cancel(place, wang, placed.order) == OrderCancelled(placed.order, 20_000_00, 0)
    assert await place.owed(wang.wallet) == [30_000_00]
    assert await states(place, wang) == [("022", "cancelled")]
    assert code(await place.buy_one(wang, 1_00)) == "done", "what was taken back does not count against the day's cap"
    await place.next_day(MONDAY)
    assert (await place.units(wang), await place.said(TUESDAY)) == ([1_00], [])
    await place.all_books_balance()


async def test_a_redemption_taken_back_leaves_the_units_free(place: FundTown) -> None:
    wang = await holder(place)
    placed = await redeem(place, wang, 20_000_00)
    assert isinstance(placed, RedemptionPlaced)
    assert await cancel(place, wang, placed.order) == OrderCancelled(placed.order, 0, 20_000_00)
    assert code(await redeem(place, wang, 20_000_00)) == "done"


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        (shanghai(TUESDAY, 14, 59, 59), "done"),
        (shanghai(TUESDAY, 15), "PAST_CUT_OFF"),
        (shanghai(WEDNESDAY, 9), "PAST_CUT_OFF"),
    ],
)
async def test_the_cut_off_ends_what_can_be_taken_back(place: FundTown, at: datetime, wanted: str) -> None:
    wang = await holder(place)
    placed = await redeem(place, wang, 1_00)
    assert isinstance(placed, RedemptionPlaced)
    assert code(await cancel(place, wang, placed.order, at)) == wanted


async def test_an_order_of_a_date_that_is_cut_is_not_taken_back(place: FundTown) -> None:
    """Read before the cut-off, decided after the day's files were made: the order has left."""
    wang = await holder(place)
    placed = await redeem(place, wang, 1_00)
    assert isinstance(placed, RedemptionPlaced)
    await place.cut(TUESDAY)
    assert code(await cancel(place, wang, placed.order, shanghai(TUESDAY, 14))) == "PAST_CUT_OFF"
    await exchange_out.send_files(place.house, TUESDAY)
    refused = await cancel(place, wang, placed.order, shanghai(TUESDAY, 14))
    assert isinstance(refused, Refusal)
    assert refused.text.startswith("this order is sent and cannot be cancelled")


async def test_nobody_takes_back_what_is_anothers_or_twice(place: FundTown) -> None:
    wang, li = await holder(place), await place.person("Li", 1_00)
    placed = await redeem(place, wang, 1_00)
    assert isinstance(placed, RedemptionPlaced)
    ended = [code(await cancel(place, one, placed.order)) for one in (li, wang, wang)]
    assert ended == ["UNKNOWN_ORDER", "done", "ALREADY_ENDED"]


# ---- what the registrar says and pays


async def test_a_refused_redemption_leaves_the_units_and_says_so(place: FundTown) -> None:
    wang = await holder(place)
    await redeem(place, wang, 8_000_00)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    refuses = {"ReturnCode": "9006", "ConfirmedVol": 0, "ConfirmedAmount": 0}
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, **refuses))
    await place.take()
    assert (await states(place, wang))[-1] == ("024", "refused")
    assert await under_way(place, wang) == 0
    assert await place.said(WEDNESDAY) == []
    async with place.house.database.read() as tx:
        told = await notices.notices_of(tx, wang.book, wang.id)
    assert told[0].text_en == "The registrar did not take your redemption of 8,000.00 units (9006); they are yours as before."
    assert code(await redeem(place, wang, 20_000_00)) == "done", "they are free again"


async def test_more_confirmed_than_was_asked_is_a_break_and_moves_nothing(place: FundTown) -> None:
    wang = await holder(place)
    await redeem(place, wang, 8_000_00)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, ConfirmedVol=8_000_01, ConfirmedAmount=8_000_01))
    await place.take()
    (said,) = await place.said(WEDNESDAY)
    assert said.endswith("asked for 8,000.00, confirmed are 8,000.01")
    assert (await states(place, wang))[-1] == ("024", "sent")


@pytest.mark.parametrize(("change", "wallet", "apart", "state"), [(-1, 0, 7_999_99, "confirmed"), (1, 8_000_00, 1, "paid")])
async def test_a_payment_that_differs_is_a_break(place: FundTown, change: int, wallet: int, apart: int, state: str) -> None:
    """One fen short and nobody is paid out of others' money; one too many stands apart."""
    wang = await holder(place)
    (before,) = await place.owed(wang.wallet)
    await redeem(place, wang, 8_000_00)
    await place.next_day(TUESDAY)
    await place.end(WEDNESDAY)
    name = await money_comes(place, THURSDAY, change)
    await place.bank_executes(THURSDAY)
    assert await place.owed(wang.wallet) == [before + wallet]
    assert await place.total(Kind.CHANNEL_FUNDS) == apart
    assert (await states(place, wang))[-1] == ("024", state)
    (said,) = await place.said(THURSDAY)
    assert said.startswith(f"{name} pays {'7,999.99' if change < 0 else '8,000.01'} yuan, due under that name are 8,000.00")
    await place.all_books_balance()


async def test_a_payment_made_twice_pays_nobody_twice(place: FundTown) -> None:
    wang = await holder(place)
    (before,) = await place.owed(wang.wallet)
    await redeem(place, wang, 8_000_00)
    await place.next_day(TUESDAY)
    await place.end(WEDNESDAY)
    name = await money_comes(place, THURSDAY)
    await place.receipt(8_000_00, name, "told again", COLLECTION)
    await place.receipt(8_000_00, f"{name}-2", "paid again", COLLECTION)
    await place.bank_executes(THURSDAY)
    assert await place.owed(wang.wallet) == [before + 8_000_00]
    async with place.house.database.transaction() as tx:
        await redemption_outcomes.join(place.house, tx, await moment(tx), [name], 0)  # nothing is due under it any more
    assert await place.total(Kind.CHANNEL_FUNDS) == 8_000_00
    assert len(await place.said(THURSDAY)) == 1


async def test_what_completes_a_short_payment_goes_on_to_the_wallet_with_it(place: FundTown) -> None:
    wang = await holder(place)
    (before,) = await place.owed(wang.wallet)
    await redeem(place, wang, 8_000_00)
    await place.next_day(TUESDAY)
    await place.end(WEDNESDAY)
    name = await money_comes(place, THURSDAY, -1)
    await place.receipt(1, f"{name}-2", "the fen", COLLECTION)
    await place.bank_executes(THURSDAY)
    assert await place.owed(wang.wallet) == [before + 8_000_00]
    assert (await place.total(Kind.CHANNEL_FUNDS), await place.total(Kind.REDEMPTION_DUE_COLLECTION)) == (0, 0)
    assert (await states(place, wang))[-1] == ("024", "paid")
    assert await place.said(THURSDAY) == []
    await place.all_books_balance()


async def test_money_that_comes_before_its_confirmation_goes_on_when_that_has_come(place: FundTown) -> None:
    wang = await holder(place)
    (before,) = await place.owed(wang.wallet)
    await redeem(place, wang, 8_000_00)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    name = await money_comes(place, WEDNESDAY + timedelta(days=1), 1)
    assert await place.total(Kind.CHANNEL_FUNDS) == 8_000_01
    await place.take()
    assert (await states(place, wang))[-1] == ("024", "paid")
    await place.bank_executes(THURSDAY)
    assert await place.owed(wang.wallet) == [before + 8_000_00]
    assert await place.total(Kind.CHANNEL_FUNDS) == 1, "the fen that is too much"
    (said,) = await place.said(THURSDAY)
    assert said == f"{name} is confirmed, due under that name are 8,000.00, 8,000.01 stood there before; ask the registrar"
    await place.all_books_balance()


async def test_money_that_does_not_come_in_time_is_named(place: FundTown) -> None:
    wang = await holder(place)
    await redeem(place, wang, 8_000_00)
    await place.next_day(TUESDAY)
    await place.end(WEDNESDAY)
    await place.end(THURSDAY)

    async def named(day: date) -> list[str]:
        async with place.house.database.transaction() as tx:
            await fund_receipts.name_unpaid(place.house, tx, await moment(tx), day)
            return [one.text for one in await bank.breaks(tx, day) if one.kind == "redemption_unpaid"]

    assert await named(WEDNESDAY) == [], "it is due the day after its confirmation"
    assert await named(THURSDAY) == [
        "RED-T01-20140226-0100000002: 8,000.00 yuan of redemptions confirmed on 2014-02-26 (orders: 1) are not paid; ask the registrar"
    ]
    await money_comes(place, FRIDAY)
    assert await named(FRIDAY) == []


async def test_a_payout_that_the_bank_rejects_is_instructed_again(place: FundTown) -> None:
    wang = await holder(place)
    (before,) = await place.owed(wang.wallet)
    await redeem(place, wang, 8_000_00)
    await place.next_day(TUESDAY)
    await place.end(WEDNESDAY)
    await money_comes(place, THURSDAY)
    async with place.house.database.read() as tx:
        (payout,) = [one for one in await bank.open_instructions(tx) if one.purpose == "redemption_payout"]
    await payments.hear(place.house, [Outcome(payout.end_to_end_id, False, THURSDAY, "closed")])
    assert await place.total(Kind.FUND_REDEMPTION_IN_TRANSIT) == 8_000_00
    await payments.instruct_again(place.house, THURSDAY)
    await place.bank_executes(FRIDAY)
    assert await place.owed(wang.wallet) == [before + 8_000_00]
    await place.all_books_balance()


# ---- a calendar that ends


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2014, 11, 15), []),
        (
            date(2014, 12, 1),
            ["the table of holidays ends on 2014-12-31, in 30 days; add those of the next year, as announced, before orders reach it"],
        ),
    ],
)
async def test_a_calendar_that_ends_soon_is_named_in_good_time(place: FundTown, day: date, said: list[str]) -> None:
    """It is listed and keeps no date from closing."""
    house = replace(place.house, calendar=Calendar({}, frozenset({2014})))
    report = await proof.name_open_items(house, day)
    assert ([one["text"] for one in report.figures["breaks"]], report.wrong) == (said, [])
