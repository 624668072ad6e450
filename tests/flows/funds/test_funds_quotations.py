"""Quotations: the price of a day is kept with both clocks, what corrects it counts from then on, and what was known before stays."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any
from unittest.mock import AsyncMock

import pytest
from bill_town import MONDAY
from fund_files import a_fund, put_on_sale
from fund_town import CHANNELS, FUND, OTHER, OWN, REGISTRAR, FundTown, Values, operator, set_in
from rows_read import Explained, know_sizes

from tapwealth.bank import store as bank
from tapwealth.flows import setup
from tapwealth.flows.funds import quotation_lists
from tapwealth.flows.funds.quotation_lists import ProposeHeldQuotation, ProposeQuotations, QuotationRefusal
from tapwealth.funds import quotation_store
from tapwealth.funds.conditions import Conditions, FundKind
from tapwealth.funds.quotation_store import QuotationRow, nav_of
from tapwealth.funds.seven_day_yield import growth
from tapwealth.kernel.refusal import Refusal
from tapwealth.sandbox.registrar.rates import rates

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=number) for number in range(1, 5))
SATURDAY = FRIDAY + timedelta(days=1)
PRICED = "110022"


async def agreed(place: FundTown, proposal: Any) -> None:
    """Proposed by one, approved by the other."""
    name = f"{type(proposal).__name__} {place.biller.now}"
    proposed = await setup.propose(place.house, operator(place, "pm.zhou", f"propose {name}"), proposal)
    assert isinstance(proposed, setup.Proposed), proposed
    approved = await setup.approve(place.house, operator(place, "ops.chen", f"approve {name}"), setup.Approve(proposed.proposal))
    assert not isinstance(approved, Refusal), approved


async def priced_fund(place: FundTown, **conditions: Any) -> None:
    """A second fund, with a price of its own."""
    said = Conditions(kind=FundKind.NAV, **conditions)
    fund = a_fund(
        PRICED, "消费行业股票", "Consumer stocks", CHANNELS, said, risk_level=4, custody_account="0200000009", registrar=REGISTRAR
    )
    assert await put_on_sale(place.house, lambda login: operator(place, login), fund) is None


def priced(day: date, nav: int, **more: Any) -> Callable[[list[Values]], list[Values]]:
    """What quotes the priced fund too."""
    zero = {"FundIncome": 0, "Yield": 0, "FundDayIncome": 0, "TotalFundVol": 0}
    own = {"FundCode": PRICED, "UpdateDate": f"{day:%Y%m%d}", "NAV": nav, **zero, **more}
    return lambda records: [*records, {**records[0], **own}]


async def morning(place: FundTown, day: date, *changes: Callable[[list[Values]], Any]) -> None:
    """The registrar's files of that morning, both channels' 07 changed alike, are taken."""
    await place.end(day - timedelta(days=1))
    await place.registrar_works(day)
    for channel in (OWN, OTHER):
        for change in changes:
            place.registrar.rewrite(day, "07", change, channel)
    await place.take()


async def nav(place: FundTown, day: date, **more: Any) -> int | None:
    async with place.house.database.read() as tx:
        return await nav_of(tx, PRICED, day, **more)


async def broken(place: FundTown, day: date) -> list[tuple[str, str, bool]]:
    async with place.house.database.read() as tx:
        return [(one.kind, one.item, one.accounted) for one in await bank.breaks(tx, day)]


async def test_a_price_is_kept_for_its_day(place: FundTown) -> None:
    await priced_fund(place)
    await morning(place, TUESDAY, priced(MONDAY, 10_432))
    await morning(place, WEDNESDAY, priced(TUESDAY, 10_501))
    assert [await nav(place, day) for day in (MONDAY, TUESDAY, WEDNESDAY)] == [10_432, 10_501, None]
    assert await place.said(TUESDAY) == await place.said(WEDNESDAY) == []


async def test_a_correction_counts_from_when_it_came_and_what_was_known_before_stays(place: FundTown) -> None:
    await priced_fund(place)
    await morning(place, TUESDAY, priced(MONDAY, 10_432))
    before = place.biller.now
    await morning(place, WEDNESDAY, priced(MONDAY, 10_423), priced(TUESDAY, 10_501))
    assert (await nav(place, MONDAY), await nav(place, MONDAY, known_at=before)) == (10_423, 10_432)
    assert await broken(place, WEDNESDAY) == [("quotation_corrected", f"{PRICED} {MONDAY}", True)]
    async with place.house.database.read() as tx:
        (said,) = [one.text for one in await bank.breaks(tx, WEDNESDAY)]
    assert said.endswith(f"corrects {PRICED} of {MONDAY}: NAV 1.0432 is 1.0423; what was posted before stays as it is")


async def test_a_correction_of_a_money_funds_day_is_what_yields_are_counted_by(place: FundTown) -> None:
    """It is the newest rate that stands, and the other channel says the same once."""
    await morning(place, TUESDAY)
    rate = rates()[MONDAY].income_per_10k
    again = {"UpdateDate": f"{MONDAY:%Y%m%d}", "FundIncome": (rate + 3) * 10}
    await morning(place, WEDNESDAY, lambda records: [*records, {**records[0], **again}])
    async with place.house.database.read() as tx:
        assert (await quotation_store.incomes_between(tx, MONDAY, MONDAY))[FUND] == {MONDAY: rate + 3}
        assert len(await tx.fetch("select from fund_quotation where fund = $1 and day = $2", FUND, MONDAY)) == 2
    kinds = [kind for kind, item, _ in await broken(place, WEDNESDAY) if item == f"{FUND} {MONDAY}"]
    assert kinds == ["quotation_corrected"]


async def test_a_weekend_says_fridays_price_again_and_needs_none(place: FundTown) -> None:
    await priced_fund(place)
    await morning(place, TUESDAY, priced(MONDAY, 10_432))
    for day in (WEDNESDAY, THURSDAY, FRIDAY):
        await morning(place, day, priced(day - timedelta(days=1), 10_432))
    await morning(place, SATURDAY, priced(FRIDAY, 10_500))
    await morning(place, SATURDAY + timedelta(days=1), priced(FRIDAY, 10_500))
    await morning(place, SATURDAY + timedelta(days=2))
    assert (await nav(place, FRIDAY), await nav(place, SATURDAY)) == (10_500, None)
    assert [await broken(place, SATURDAY + timedelta(days=number)) for number in range(3)] == [[], [], []]


async def test_a_dealing_day_without_a_price_is_named(place: FundTown) -> None:
    await priced_fund(place)
    await morning(place, TUESDAY)
    assert [kind for kind, _, _ in await broken(place, TUESDAY)] == ["no_quotation", "no_quotation"], "by both channels"


@pytest.mark.parametrize("day", [MONDAY - timedelta(days=3), TUESDAY])
async def test_a_price_of_another_day_that_was_never_quoted_refuses_the_file(place: FundTown, day: date) -> None:
    await priced_fund(place)
    await morning(place, TUESDAY, priced(day, 10_432))
    assert await nav(place, day) is None
    assert all(f"{PRICED} is dated {day}, it should be {MONDAY}" in one for one in await place.said(TUESDAY))


async def test_a_money_fund_at_another_price_is_named(place: FundTown) -> None:
    await morning(place, TUESDAY, set_in(0, NAV=10_001))
    assert await broken(place, TUESDAY) == [("nav_differs", f"{FUND} {MONDAY}", False)]


# ---- the gate


async def decided(place: FundTown, command: Any, name: str) -> Refusal | None:
    """Proposed and approved by two, or why not."""
    proposed = await setup.propose(place.house, operator(place, "ops.chen", f"propose {name}"), command)
    if isinstance(proposed, Refusal):
        return proposed
    approved = await setup.approve(place.house, operator(place, "pm.zhou", f"approve {name}"), setup.Approve(proposed.proposal))
    return approved if isinstance(approved, Refusal) else None


async def misplaced(place: FundTown) -> None:
    """Monday's price stands, Tuesday's has its point a place too far to the right."""
    await priced_fund(place)
    await morning(place, TUESDAY, priced(MONDAY, 10_432))
    await morning(place, WEDNESDAY, priced(TUESDAY, 105_010))


async def test_a_misplaced_point_counts_for_nothing_until_two_have_looked_at_it(place: FundTown) -> None:
    await misplaced(place)
    assert await nav(place, TUESDAY) is None
    assert await broken(place, WEDNESDAY) == [("nav_held", f"{PRICED} {TUESDAY}", False)]
    async with place.house.database.read() as tx:
        (said,) = [one.text for one in await bank.breaks(tx, WEDNESDAY)]
    assert f"{PRICED} of {TUESDAY} at 10.5010 is 906.61 % up on 1.0432 of {MONDAY}" in said
    command = ProposeHeldQuotation(PRICED, TUESDAY, "10.5010", stands=True)
    proposed = await setup.propose(place.house, operator(place, "ops.chen", "alone"), command)
    assert isinstance(proposed, setup.Proposed)
    alone = await setup.approve(place.house, operator(place, "ops.chen", "both eyes"), setup.Approve(proposed.proposal))
    assert isinstance(alone, Refusal)
    assert await nav(place, TUESDAY) is None, "one pair of eyes is not enough"
    assert await decided(place, command, "by two") is None
    assert (await nav(place, TUESDAY), await broken(place, WEDNESDAY)) == (105_010, [])
    again = await setup.approve(place.house, operator(place, "pm.zhou", "again"), setup.Approve(proposed.proposal))
    assert isinstance(again, Refusal)
    assert again.code is QuotationRefusal.NOT_HELD


async def test_a_discarded_price_never_counts_and_the_next_one_is_held_against_the_last_that_does(place: FundTown) -> None:
    await misplaced(place)
    assert await decided(place, ProposeHeldQuotation(PRICED, TUESDAY, "10.501", stands=False), "no") is None
    assert (await nav(place, TUESDAY), await broken(place, WEDNESDAY)) == (None, [])
    await morning(place, THURSDAY, priced(WEDNESDAY, 10_600))
    assert (await nav(place, WEDNESDAY), await broken(place, THURSDAY)) == (10_600, [])


async def test_what_was_proposed_of_one_held_price_lets_no_other_stand(place: FundTown) -> None:
    """Between proposal and approval the registrar says another price that is held too: nobody has looked at that one."""
    await misplaced(place)
    command = ProposeHeldQuotation(PRICED, TUESDAY, "10.5010", stands=True)
    proposed = await setup.propose(place.house, operator(place, "ops.chen", "the first"), command)
    assert isinstance(proposed, setup.Proposed)
    await morning(place, THURSDAY, priced(TUESDAY, 105_011), priced(WEDNESDAY, 10_500))
    approved = await setup.approve(place.house, operator(place, "pm.zhou", "the first?"), setup.Approve(proposed.proposal))
    assert isinstance(approved, Refusal)
    assert approved.code is QuotationRefusal.HELD_OTHERWISE
    text = f"the price of {PRICED} of {TUESDAY} that is held now is 10.5011, not 10.5010; look at it and propose it"
    assert approved.text == text
    assert await nav(place, TUESDAY) is None
    late = await decided(place, command, "late")
    assert late is not None
    assert late.text == text
    assert await decided(place, ProposeHeldQuotation(PRICED, TUESDAY, "10.5011", stands=True), "the second") is None
    assert await nav(place, TUESDAY) == 105_011


async def test_the_registrars_own_correction_ends_the_hold(place: FundTown) -> None:
    await misplaced(place)
    await morning(place, THURSDAY, priced(TUESDAY, 10_501), priced(WEDNESDAY, 10_510))
    assert await nav(place, TUESDAY) == 10_501
    assert await broken(place, WEDNESDAY) == []
    assert [kind for kind, _, _ in await broken(place, THURSDAY)] == ["quotation_corrected"]


@pytest.mark.parametrize(("price", "held"), [(11_475, False), (11_476, True), (9_389, False), (9_388, True)])
async def test_the_gate_lets_as_much_pass_as_the_conditions_say(place: FundTown, price: int, held: bool) -> None:
    """A tenth of 1.0432, up or down."""
    await priced_fund(place, deviation_gate=1_000)
    await morning(place, TUESDAY, priced(MONDAY, 10_432))
    await morning(place, WEDNESDAY, priced(TUESDAY, price))
    assert await nav(place, TUESDAY) == (None if held else price)


# ---- a list by hand

MONEY_LIST = "fund,day,income_per_10k,seven_day_yield,day_income,total_units,shadow_deviation"


async def test_a_list_that_two_decide_is_another_version_of_its_day(place: FundTown) -> None:
    await priced_fund(place)
    await morning(place, TUESDAY, priced(MONDAY, 10_432))
    await morning(place, WEDNESDAY, priced(TUESDAY, 10_501))
    before, command = place.biller.now, ProposeQuotations(["day,nav,fund", f"{MONDAY},104.31,{PRICED}", "", f"{TUESDAY},1.0502,{PRICED}"])
    proposed = await setup.propose(place.house, operator(place, "ops.chen", "hand in"), command)
    assert isinstance(proposed, setup.Proposed)
    assert proposed.notes == (), "each is held against what counts now: 1.0432 before Tuesday, nothing before Monday"
    assert await nav(place, MONDAY) == 10_432, "nothing counts that one has proposed"
    await morning(place, THURSDAY, priced(WEDNESDAY, 10_510))
    approved = await setup.approve(place.house, operator(place, "pm.zhou", "let it count"), setup.Approve(proposed.proposal))
    assert not isinstance(approved, Refusal)
    assert [await nav(place, day) for day in (MONDAY, TUESDAY)] == [1_043_100, 10_502]
    assert await nav(place, MONDAY, known_at=before) == 10_432
    async with place.house.database.read() as tx:
        shown = await quotation_lists.shown(tx, PRICED, MONDAY, MONDAY, None)
        then = await quotation_lists.shown(tx, PRICED, MONDAY, MONDAY, before)
    assert not isinstance(shown, Refusal)
    assert not isinstance(then, Refusal)
    assert [(one.version, one.nav, one.counts, one.by) for one in shown] == [(1, "1.0432", False, ""), (2, "104.3100", True, "ops.chen")]
    assert [(one.version, one.counts) for one in then] == [(1, True)]


async def test_a_list_names_the_prices_beyond_their_gates(place: FundTown) -> None:
    await priced_fund(place)
    await morning(place, TUESDAY, priced(MONDAY, 10_432))
    await morning(place, WEDNESDAY, priced(TUESDAY, 10_501))
    proposed = await setup.propose(
        place.house, operator(place, "ops.chen", "far"), ProposeQuotations(["fund,day,nav", f"{PRICED},{TUESDAY},10.501"])
    )
    assert isinstance(proposed, setup.Proposed)
    assert proposed.notes == (f"{PRICED} of {TUESDAY} at 10.5010 is 906.61 % up on 1.0432 of {MONDAY}",)


@pytest.mark.parametrize(
    ("deviation", "kinds"),
    [("0.2499", []), ("-0.2500", ["shadow_price"]), ("0.4999", ["shadow_price"]), ("-0.5", ["shadow_price_report"]), ("", [])],
)
async def test_a_shadow_price_too_far_off_is_named_and_lets_the_day_close(place: FundTown, deviation: str, kinds: list[str]) -> None:
    await morning(place, TUESDAY)
    line = f"{FUND},{MONDAY},1.7000,,,,{deviation}"
    assert await decided(place, ProposeQuotations([MONEY_LIST, line]), "shadow") is None
    found = await broken(place, TUESDAY)
    assert [kind for kind, _, _ in found] == kinds
    assert all(accounted for _, _, accounted in found)


async def test_a_negative_day_comes_by_list_and_its_yield_follows(place: FundTown) -> None:
    await morning(place, TUESDAY)
    assert await decided(place, ProposeQuotations([MONEY_LIST, f"{FUND},{MONDAY},-0.1234,-0.450,-12.34,,"]), "negative") is None
    async with place.house.database.read() as tx:
        (one,) = await quotation_store.quotations(tx, FUND, MONDAY, MONDAY)
    assert one.said[:3] == (-1_234, -450, -1_234)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("000999,{monday},1.0,1.0,1.0,1.0,", "UNKNOWN_FUND"),
        ("000198,{tuesday},1.0,1.0,1.0,1.0,", "NOT_OVER"),
        ("000198,{before},1.0,,,,", "INCOMPLETE"),
        ("000198,{monday},,,,,", "NOTHING_NEW"),
        ("110022,{sunday},,,,,", "NOT_QUOTED_THEN"),
        ("110022,{monday},1.0,,,,", "INCOMPLETE"),
    ],
)
async def test_a_line_that_fits_nothing_refuses_the_whole_list(place: FundTown, line: str, code: str) -> None:
    await priced_fund(place)
    await morning(place, TUESDAY)
    days = {"monday": MONDAY, "tuesday": TUESDAY, "before": MONDAY - timedelta(days=3), "sunday": MONDAY - timedelta(days=1)}
    good = [f"{FUND},{MONDAY},1.7000,,,,"] if "{monday}" not in line or "000198" not in line else []
    refused = await decided(place, ProposeQuotations([MONEY_LIST, *good, line.format(**days)]), code)
    assert isinstance(refused, Refusal)
    assert refused.code is QuotationRefusal[code]
    assert f"lines, {3 if good else 2}: " in refused.text


async def test_a_yuans_growth_is_read_from_its_month_and_is_what_all_of_its_days_give(
    place: FundTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten years in any order, with days that are corrected later: each page is what the whole history gives, and reads two months of it at
    most. Who upgrades has no months written: the next quotation writes them."""
    chance, first, now = Random(4), MONDAY - timedelta(days=3_650), place.biller.now
    said = {first + timedelta(days=number): chance.randrange(-20, 40_000) for number in range(3_650) if not 900 < number < 1_000}
    days = [*said]
    async with place.house.database.transaction() as tx:

        async def add(days: list[date]) -> None:
            await quotation_store.add_quotations(tx, [QuotationRow(FUND, day, said[day], 0, 0, 0, 0) for day in days], now)

        with monkeypatch.context() as before:
            before.setattr(quotation_store, "_note_growth", AsyncMock())
            await add(days[:2_500:2])
        await add(days[1:2_500:2])
        await add(days[2_500:])
        for day in chance.sample(days, 5):
            said[day] += 7
            await add([day])
        naive = dict(zip(days, growth(said.values()), strict=True))
        assert await quotation_store.growth_differs(tx) == []
        await know_sizes(tx, "fund_quotation", "fund_growth")
        for before_day in (None, first + timedelta(days=950), first + timedelta(days=3), first, chance.choice(days)):
            behind = [day for day in reversed(days) if before_day is None or day < before_day][:30]
            page = await quotation_store.grown(counted := Explained(tx), FUND, before_day, 30)
            assert [(row.day, row.income_per_10k, worth) for row, worth in page] == [(day, said[day], naive[day]) for day in behind]
            assert sum(counted.rows.values()) < 150, counted.rows
