"""A large-redemption day: a tenth is paid pro rata, and of each order the rest goes on or is cancelled, as its holder said."""

import re
from datetime import date, timedelta
from typing import Any

from bill_town import MONDAY, Person
from fund_town import ADVANCE, FUND, FundTown, bought, set_in

from tapwealth.bank import store as bank
from tapwealth.flows.frame import moment
from tapwealth.flows.funds import exchange_out, fund_receipts, redemption, units
from tapwealth.flows.funds.redemption import RedeemFund, WhatIsLeft
from tapwealth.funds import advance_store
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.sandbox.registrar import register

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=n) for n in range(1, 5))
SATURDAY = FRIDAY + timedelta(days=1)


def limits(place: FundTown, *, on: bool) -> None:
    with place.registrar.store.tx() as tx:
        register.limit_large(tx, limits=on)


async def redeem(place: FundTown, person: Person, asked: int, if_large: WhatIsLeft = WhatIsLeft.DEFER) -> str:
    return code(await redemption.redeem(place.house, place.envelope(person), RedeemFund(FUND, asked, if_large)))


def code(answer: Any) -> str:
    return str(answer.code.name) if isinstance(answer, Refusal) else "done"


async def two(place: FundTown) -> tuple[Person, Person]:
    """Two with 8,000.00 and 2,000.00, on Tuesday morning."""
    zhou = await place.person("Zhou", 50_000_00, identity="110105195203079877")
    await place.buy_one(zhou, 2_000_00)
    wang = await bought(place, 8_000_00)
    await place.take()
    return wang, zhou


async def newest(place: FundTown, person: Person) -> tuple[str, int]:
    order = (await place.orders_of(person))[-1]
    return order.state, order.confirmed_units


async def test_a_tenth_is_paid_pro_rata_and_the_rest_goes_on_or_is_cancelled(place: FundTown) -> None:
    wang, zhou = await two(place)
    before = await place.owed(wang.wallet, zhou.wallet)
    limits(place, on=True)
    assert await redeem(place, wang, 4_000_00) == "done"
    assert await redeem(place, zhou, 1_000_00, WhatIsLeft.CANCEL) == "done"
    await place.next_day(TUESDAY)
    total = sum(await place.units(wang, zhou)) + 1_000_00  # Wednesday's register less what was paid, roughly a tenth of the day before
    (one, done), (other, paid) = await newest(place, wang), await newest(place, zhou)
    assert (one, other) == ("deferred", "confirmed")
    assert abs(done - 4 * paid) <= 4, "pro rata, to the unit"
    assert 1_000_00 <= done + paid <= total // 10 + 1_00
    assert await redeem(place, zhou, 1_800_00) == "done", "what was cancelled is free"
    assert await redeem(place, wang, 4_000_00 + 10_00) == "NOT_ENOUGH_UNITS", "what goes on is held"
    assert await place.said(WEDNESDAY) == []

    limits(place, on=False)
    await place.next_day(WEDNESDAY)
    assert await newest(place, wang) == ("confirmed", 4_000_00)
    assert (await units.prove_units(place.house, WEDNESDAY)).wrong == [], "the registrar's register says the same"
    await _paid(place, THURSDAY)
    assert (await newest(place, wang))[0] == "confirmed", "its second part is not paid yet"
    await place.end(THURSDAY)
    await place.registrar_works(FRIDAY)
    await _paid(place, FRIDAY)
    assert await newest(place, wang) == ("paid", 4_000_00)
    assert await place.owed(wang.wallet, zhou.wallet) == [before[0] + 4_000_00, before[1] + paid + 1_800_00]
    assert await place.total(Kind.FUND_REDEMPTION_IN_TRANSIT) == 0
    await place.all_books_balance()


async def _paid(place: FundTown, day: Any) -> None:
    """The registrar's payment of that day arrives and goes on."""
    confirmed = day - timedelta(days=1)
    (paid,) = [one for one in place.registrar.payments() if f"{confirmed:%Y%m%d}" in one["end_to_end_id"]]
    await place.clock(shanghai(day, 10))
    await place.receipt(paid["amount"], paid["end_to_end_id"], paid["text"], paid["to"])
    await place.bank_executes(day)


async def test_a_manager_who_pays_in_full_leaves_no_rest(place: FundTown) -> None:
    wang, _ = await two(place)
    await redeem(place, wang, 4_000_00)
    await place.next_day(TUESDAY)
    assert await newest(place, wang) == ("confirmed", 4_000_00)


async def test_a_rest_that_the_registrar_refuses_is_free_again(place: FundTown) -> None:
    wang, _ = await two(place)
    limits(place, on=True)
    await redeem(place, wang, 4_000_00)
    await place.next_day(TUESDAY)
    _, done = await newest(place, wang)
    await place.end(WEDNESDAY)
    await place.registrar_works(THURSDAY)
    refuses = {"ReturnCode": "9006", "ConfirmedVol": 0, "ConfirmedAmount": 0, "BusinessFinishFlag": "1"}
    place.registrar.rewrite(THURSDAY, "04", set_in(0, **refuses))
    await place.take()
    assert await newest(place, wang) == ("refused", done)
    assert await redeem(place, wang, 8_000_00 - done) == "done"


async def test_a_part_that_is_more_than_the_rest_is_a_break(place: FundTown) -> None:
    wang, _ = await two(place)
    limits(place, on=True)
    await redeem(place, wang, 4_000_00)
    await place.next_day(TUESDAY)
    _, done = await newest(place, wang)
    await place.end(WEDNESDAY)
    await place.registrar_works(THURSDAY)
    place.registrar.rewrite(THURSDAY, "04", set_in(0, ConfirmedVol=4_000_00, ConfirmedAmount=4_000_00, BusinessFinishFlag="1"))
    await place.take()
    assert await newest(place, wang) == ("deferred", done)
    (said,) = await place.said(THURSDAY)
    assert said.endswith("more, confirmed are 4,000.00")


async def test_the_advancers_units_are_paid_in_parts_too_and_each_part_goes_to_the_books_they_came_from(place: FundTown) -> None:
    """Of Tuesday's 5,000.03 units of two books a tenth is paid; the rest goes on, is not asked for again, and comes a day later."""
    wang, zhou = await two(place)
    line = await place.total(Kind.ADVANCE_PAYABLE)
    await place.pays_from_the_fund(wang, 4_000_01, TUESDAY)
    await place.pays_from_the_fund(zhou, 1_000_02, TUESDAY)
    await place.next_day(TUESDAY)
    limits(place, on=True)
    await place.next_day(WEDNESDAY)
    assert await place.said(THURSDAY) == []
    (first,) = await asked_by_the_advancer(place)
    assert (first.state, first.confirmed_on) == ("deferred", None)
    done = -await place.total(Kind.FUND_REDEMPTION_DUE)
    assert 0 < done < first.units
    mine, yours = await place.owed(*(house_account(one.book, Kind.FUND_REDEMPTION_DUE, Asset.CNY) for one in (wang, zhou)))
    assert abs(mine - 4 * yours) <= 4, "pro rata, to the unit"
    held = await place.total_units(Kind.ADVANCER)
    assert held >= first.units - done, "the rest earns on"

    limits(place, on=False)
    await place.end(THURSDAY)
    assert sum(one.units for one in await asked_by_the_advancer(place)) == held + done, "no unit is asked for twice"
    await place.registrar_works(FRIDAY)
    await place.take()
    assert await place.said(FRIDAY) == []
    first, second = await asked_by_the_advancer(place)
    assert (first.state, first.confirmed_on, second.state) == ("confirmed", FRIDAY, "confirmed")
    assert await place.total_units(Kind.ADVANCER) == await earned_since(place)
    assert (await units.prove_units(place.house, THURSDAY)).wrong == [], "the registrar's register says the same"
    assert [one["amount"] for one in place.registrar.payments()] == [done, first.units - done + second.units]

    for paid, state in zip(place.registrar.payments(), ("confirmed", "paid"), strict=True):
        await place.receipt(paid["amount"], paid["end_to_end_id"], paid["text"], ADVANCE)
        assert (await asked_by_the_advancer(place))[0].state == state
    assert await place.total(Kind.ADVANCE_PAYABLE) == line + first.units + second.units - 5_000_03
    assert (await place.total(Kind.FUND_REDEMPTION_DUE), await place.total(Kind.ADVANCE_REPAYMENT_DUE)) == (0, 0)
    await place.all_books_balance()


async def asked_by_the_advancer(place: FundTown) -> list[advance_store.Redemption]:
    async with place.house.database.read() as tx:
        return await advance_store.redemptions(tx)


async def earned_since(place: FundTown) -> int:
    """What Friday's income file gave the advancer."""
    return sum(
        one["ConfirmedAmount"]
        for one in place.registrar.values(FRIDAY, "06")
        if one["TransactionAccountID"] == exchange_out.ADVANCER_TRADING_ACCOUNT
    )


async def test_a_rest_of_the_advancers_that_the_registrar_drops_is_a_break(place: FundTown) -> None:
    """Its order says nothing, so its rest is to go on."""
    wang, _ = await two(place)
    await place.pays_from_the_fund(wang, 4_000_00, TUESDAY)
    await place.next_day(TUESDAY)
    await place.end(WEDNESDAY)
    await place.registrar_works(THURSDAY)
    place.registrar.rewrite(THURSDAY, "04", set_in(0, ConfirmedVol=3_000_00, ConfirmedAmount=3_000_00))
    await place.take()
    (said,) = await place.said(THURSDAY)
    assert said.endswith("confirmed are 3,000.00")
    assert [one.state for one in await asked_by_the_advancer(place)] == ["sent"]


async def test_after_two_large_days_running_the_money_may_come_late_and_nobody_is_alarmed(place: FundTown) -> None:
    """Tuesday's and Wednesday's orders; what is accepted of them is shown as coming within 20 working days, and to the holders too."""
    wang, _ = await two(place)
    limits(place, on=True)
    assert await redeem(place, wang, 4_000_00) == "done"
    await place.next_day(TUESDAY)
    assert await listed(place, THURSDAY) == [("redemption_unpaid", "2014-02-26")], "one large day alone delays nothing"
    assert await place.told(wang) == []
    await place.next_day(WEDNESDAY)
    until = ["2014-03-26", "2014-03-27"]
    assert [text.split("最迟于 ")[1][:10] for text in reversed(await place.must_know(wang))] == until
    assert await listed(place, FRIDAY) == [("redemption_delayed", one) for one in until]
    limits(place, on=False)
    await place.next_day(THURSDAY)
    assert await listed(place, FRIDAY + timedelta(days=3)) == [
        ("redemption_delayed", "2014-03-26"), ("redemption_delayed", "2014-03-27"), ("redemption_unpaid", "2014-02-28"),
    ]  # fmt: skip
    assert ("redemption_unpaid", "2014-02-26") in await listed(place, date(2014, 3, 26)), "then it is late"
    assert ("redemption_delayed", "2014-03-27") in await listed(place, date(2014, 3, 26))


async def listed(place: FundTown, day: date) -> list[tuple[str, str]]:
    """What that date's end would list of money that has not come, and the date it names last."""
    async with place.house.database.transaction() as tx:
        await fund_receipts.name_unpaid(place.house, tx, await moment(tx), day)
        found = [(one.kind, re.findall(r"\d{4}-\d\d-\d\d", one.text)[-1]) for one in await bank.breaks(tx, day)]
    return sorted(one for one in found if one[0].startswith("redemption_"))
