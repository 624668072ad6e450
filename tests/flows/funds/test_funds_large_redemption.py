"""A large-redemption day: a tenth is paid pro rata, and of each order the rest goes on or is cancelled, as its holder said."""

from datetime import timedelta
from typing import Any

from bill_town import MONDAY, Person
from fund_town import FUND, FundTown, bought, set_in

from tapwealth.flows import redemption, units
from tapwealth.flows.redemption import RedeemFund, WhatIsLeft
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
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
