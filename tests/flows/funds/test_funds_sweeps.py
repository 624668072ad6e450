"""Sweeps of the wallet: what lies above the kept balance goes into the fund once a dealing day, before the cut-off, by nobody's hand."""

import asyncio
import doctest
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, NINE, Person
from fund_town import FUND, FundTown
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.flows.bills.paying import BillPaymentPlaced
from tapwealth.flows.funds import sweeps
from tapwealth.flows.funds.sweeps import AgreeSweep, EndSweep, SweepView
from tapwealth.funds import sweep
from tapwealth.funds.sweep import SweepAgreement, SweepState
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal

TUESDAY, SATURDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=5)
HALF_PAST_TWO = time(14, 30)


def agreement(**change: Any) -> AgreeSweep:
    terms = {"fund": FUND, "keep_balance": 500_00, "minimum_lot": 100_00, "daily_cap": 2_000_00, "run_before": HALF_PAST_TWO}
    return AgreeSweep(**{**terms, **change})


async def agree(place: FundTown, person: Person, **change: Any) -> SweepView | Refusal:
    return await sweeps.agree(place.house, place.envelope(person), agreement(**change))


async def at(place: FundTown, day: date, hour: int, minute: int = 0) -> list[str]:
    """The worker's look at that time."""
    await place.clock(shanghai(day, hour, minute))
    return await sweeps.run_due(place.house)


async def seen(place: FundTown, person: Person) -> SweepView:
    async with place.house.database.read() as tx:
        return (await sweeps.held(tx, person.book, person.id))[-1]


async def test_what_lies_above_the_kept_balance_goes_into_the_fund_before_the_cut_off(place: FundTown) -> None:
    wang = await place.person("Wang", 1_250_50)
    made = await agree(place, wang)
    assert isinstance(made, SweepView)
    assert (made.state, made.state_zh, made.run_before, made.masked) == ("active", "已生效", "14:30", "")
    assert await at(place, MONDAY, 13, 59) == [], "its time has not come"
    assert await at(place, MONDAY, 14) == ["placed"]
    assert await place.owed(wang.wallet) == [550_50]
    (order,) = await place.orders_of(wang)
    assert (order.business_code, order.amount, order.dealing_date, order.state) == ("022", 700_00, MONDAY, "placed")
    (run,) = (await seen(place, wang)).runs
    assert (run.day, run.amount, run.state, run.state_zh) == (MONDAY, 700_00, "placed", "已转入")
    assert (await place.told(wang), await place.must_know(wang)) == (["已按约定自动转入 700.00 元。"], [])
    await place.next_day(MONDAY)
    assert await place.units(wang) == [700_00]


async def test_a_day_has_one_sweep_however_often_and_by_whomever_it_is_run(place: FundTown) -> None:
    wang = await place.person("Wang", 1_250_00)
    await agree(place, wang)
    await place.clock(shanghai(MONDAY, 14))
    done = await asyncio.gather(*(sweeps.run_due(place.house) for _ in range(4)))
    assert [one for of in done for one in of] == ["placed"]
    await place.receipt(10_000_00, "GIFT", "nobody's", "0100000001")
    assert await at(place, MONDAY, 14, 20) == []
    assert len(await place.orders_of(wang)) == 1


async def test_each_days_key_is_that_of_agreement_and_day(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted defect: the row of the day is forgotten, as if two workers did not see each other. The key still holds."""
    wang = await place.person("Wang", 10_000_00)
    await agree(place, wang)
    await at(place, MONDAY, 14)

    async def forgotten(*_args: Any) -> None:
        return None

    monkeypatch.setattr(sweeps.store, "add_sweeps", forgotten)
    assert await at(place, TUESDAY, 14) == ["placed"]
    assert await at(place, TUESDAY, 14) == ["placed"], "it is decided anew and answered as before"
    assert [one.dealing_date for one in await place.orders_of(wang)] == [MONDAY, TUESDAY]


async def test_nothing_goes_below_a_lot_nor_above_the_cap_and_the_next_day_goes_on(place: FundTown) -> None:
    poor, rich = await place.person("Poor", 599_99), await place.person("Rich", 5_000_00, identity="110105195203079877")
    await agree(place, poor)
    await agree(place, rich)
    assert sorted(await at(place, MONDAY, 14)) == ["nothing", "placed"]
    assert await place.owed(poor.wallet, rich.wallet) == [599_99, 3_000_00]
    assert sorted(await at(place, TUESDAY, 14)) == ["nothing", "placed"]
    assert await place.owed(poor.wallet, rich.wallet) == [599_99, 1_000_00]


async def test_what_was_spent_meanwhile_is_not_swept(place: FundTown) -> None:
    wang = await place.person("Wang", 1_250_00)
    await agree(place, wang)
    assert isinstance(await place.pay_one(wang, await place.bill(wang, "1234567890", "B1", 700_00), 700_00), BillPaymentPlaced)
    assert await at(place, MONDAY, 14) == ["nothing"]
    assert await place.owed(wang.wallet) == [550_00]


async def test_on_days_without_dealing_nothing_is_swept(place: FundTown) -> None:
    wang = await place.person("Wang", 1_250_00)
    await agree(place, wang)
    for day in (MONDAY, *(MONDAY + timedelta(days=n) for n in range(1, 5))):
        await at(place, day, 14)
    assert await at(place, SATURDAY, 14) == []
    assert (await seen(place, wang)).runs[0].day == MONDAY + timedelta(days=4)


async def test_a_platform_that_was_away_until_the_cut_off_says_so_and_goes_on_the_day_after(place: FundTown) -> None:
    wang = await place.person("Wang", 1_250_00)
    await agree(place, wang)
    assert await at(place, MONDAY, 15) == ["missed"]
    assert await place.told(wang) == ["今日自动转入错过截止时间，明日继续。"]
    assert await at(place, TUESDAY, 14, 59) == ["placed"], "late, but before the cut-off"
    assert (await place.orders_of(wang))[0].dealing_date == TUESDAY


async def test_who_agrees_after_the_time_begins_the_day_after(place: FundTown) -> None:
    wang = await place.person("Wang", 1_250_00)
    await place.clock(shanghai(MONDAY, 14, 30))
    await agree(place, wang)
    assert await at(place, MONDAY, 14, 40) == []
    assert await at(place, TUESDAY, 14) == ["placed"]


async def test_what_the_fund_refuses_stays_in_the_wallet_and_is_told(place: FundTown) -> None:
    """20,000.00 is the channel's cap of a dealing day, of which 19,950.00 are ordered by hand."""
    wang = await place.person("Wang", 30_000_00)
    await agree(place, wang)
    assert not isinstance(await place.buy_one(wang, 19_950_00), Refusal)
    assert await at(place, MONDAY, 14) == ["refused"]
    assert await place.owed(wang.wallet) == [10_050_00]
    (run,) = (await seen(place, wang)).runs
    assert "at most 20,000.00 is possible" in run.reason
    assert await place.must_know(wang) == ["今日自动转入 2,000.00 元未成功，资金未动用。"]


async def test_an_agreement_that_is_over_sweeps_no_more_and_another_may_follow(place: FundTown) -> None:
    wang = await place.person("Wang", 1_250_00)
    made = await agree(place, wang)
    assert isinstance(made, SweepView)
    second = await agree(place, wang)
    assert isinstance(second, Refusal)
    assert second.code.name == "AGREEMENT_STANDS"
    ended = await sweeps.end(place.house, place.envelope(wang), EndSweep(UUID(made.agreement)))
    assert isinstance(ended, SweepView)
    assert ended.state == "ended"
    assert await at(place, MONDAY, 14) == []
    assert isinstance(await sweeps.end(place.house, place.envelope(wang), EndSweep(UUID(made.agreement))), Refusal)
    assert isinstance(await agree(place, wang), SweepView)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"fund": "000999"}, "UNKNOWN_FUND"),
        ({"minimum_lot": 99}, "LOT_TOO_SMALL"),
        ({"run_before": time(15, 0, 1)}, "AFTER_THE_CUT_OFF"),
        ({"card": UUID(int=5)}, "UNKNOWN_CARD"),
    ],
)
async def test_what_cannot_be_agreed(place: FundTown, change: dict[str, Any], code: str) -> None:
    refused = await agree(place, await place.person("Wang", 100_00), **change)
    assert isinstance(refused, Refusal)
    assert refused.code.name == code


async def test_only_who_may_buy_wealth_products_agrees(place: FundTown) -> None:
    refused = await agree(place, await place.person("Wang", 100_00, level=2))
    assert isinstance(refused, Refusal)
    assert refused.code.name == "NOT_VERIFIED"


async def test_another_persons_agreement_cannot_be_ended(place: FundTown) -> None:
    wang, li = await place.person("Wang", 1_250_00), await place.person("Li", 0, identity="110105195203079877")
    made = await agree(place, wang)
    assert isinstance(made, SweepView)
    assert isinstance(await sweeps.end(place.house, place.envelope(li), EndSweep(UUID(made.agreement))), Refusal)
    assert (await seen(place, wang)).state == "active"


# ---- the rule alone


FEN = st.integers(0, 10**9)


@given(FEN, st.integers(1, 10**6), FEN, FEN)
def test_a_sweep_keeps_the_balance_moves_whole_lots_and_leaves_less_than_one(keep: int, lot: int, more: int, available: int) -> None:
    nobody = UUID(int=0)
    one = SweepAgreement(1, nobody, nobody, None, FUND, keep, lot, lot + more, HALF_PAST_TWO, SweepState.ACTIVE, "", NINE)
    amount = one.amount(available)
    assert amount % lot == 0
    assert 0 <= amount <= one.daily_cap
    assert amount == 0 or available - amount >= keep
    assert amount + lot > one.daily_cap or available - amount - keep < lot


def test_the_doctest() -> None:
    assert doctest.testmod(sweep).failed == 0
