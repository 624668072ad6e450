"""Income of every calendar day: by the registrar's 07 and 06, our own computation beside it, equal to the cent; what differs is named."""

from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from bill_town import MONDAY, Person
from fund_town import FUND, OTHER, OWN, FundTown, Values, accounts, order, orders

from tapwealth.bank import store as bank
from tapwealth.flows.funds import quotations, units
from tapwealth.flows.funds.exchange_out import ADVANCER
from tapwealth.flows.funds.income_given import income_of
from tapwealth.funds import quotation_store
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.money import format_minor, half_up
from tapwealth.ledger.chart import Kind
from tapwealth.sandbox.registrar.rates import rates

TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=n) for n in range(1, 4))
ODD = {1: 1, 2: 5_400, 3: 6_000, 4: 99_999, 5: 100_000_001}
"""What the other channel's holders buy, in fen."""


async def held(place: FundTown) -> tuple[Person, Person]:
    """Seven holders of two channels whose units are confirmed on Tuesday."""
    wang, li = await place.person("Wang", 10_000_000), await place.person("Li", 10_000_000)
    await place.buy(place.order(wang, 1_234_567), place.order(li, 5_400))
    assert await place.hand_in(accounts(list(ODD))) is None
    await place.receipt(sum(ODD.values()))
    assert await place.hand_in(orders([order(number, amount) for number, amount in ODD.items()])) is None
    await place.next_day(MONDAY)
    assert await place.total_units(Kind.HOLDING) == 1_234_567 + 5_400 + sum(ODD.values())
    return wang, li


async def given(place: FundTown, income_date: date) -> list[tuple[int, int]]:
    """(the registrar's figure, ours) by holder."""
    async with place.house.database.read() as tx:
        rows = await tx.fetch("select amount, computed from fund_income where income_date = $1 order by fund_account", income_date)
    return [(row["amount"], row["computed"]) for row in rows]


async def quoted(place: FundTown, day: date) -> quotation_store.QuotationRow:
    async with place.house.database.read() as tx:
        (one,) = await quotation_store.quotations(tx, FUND, day, day)
    return one


async def test_every_day_of_a_week_pays_to_the_cent(place: FundTown) -> None:
    wang, li = await held(place)
    for offset in range(1, 8):
        day = MONDAY + timedelta(days=offset)
        units = await place.total_units(Kind.HOLDING) + await place.total_units(Kind.ADVANCER)
        mine = (await place.units(wang))[0]
        await place.next_day(day)
        assert await place.said(day + timedelta(days=1)) == []
        wanted = half_up(Fraction(rates()[day].income_per_10k * units, 10**8))
        one = await quoted(place, day)
        assert (one.income_per_10k, one.day_income, one.computed_income) == (rates()[day].income_per_10k, wanted, wanted)
        shares = await given(place, day)
        assert len(shares) == 7, "the advancer holds nothing"
        assert all(by_registrar == by_us for by_registrar, by_us in shares)
        assert sum(by_registrar for by_registrar, _ in shares) == wanted
        exact = Fraction(rates()[day].income_per_10k * mine, 10**8)
        assert abs((await place.units(wang))[0] - mine - exact) < 1
    registered = {one["TransactionAccountID"]: one["TotalVolOfDistributorInTA"] for one in place.registrar.values(day, "05")}
    assert registered[(await place.holder(wang)).trading_account] == mine, "the morning's income comes after the night's register"
    assert (await place.units(li))[0] == 5_400 + 7, "a fen a day, most days"


async def test_holidays_and_weekends_pay_too(place: FundTown) -> None:
    """Thursday's order is confirmed on Friday, 4 April; Saturday to Monday is a holiday, and each of its days pays on the next one."""
    thursday = date(2014, 4, 3)
    await place.clock(shanghai(thursday, 9))
    place.registrar.clock(shanghai(thursday, 9, 1))
    await place.take()
    wang = await place.person("Wang", 10_000_000)
    await place.buy_one(wang, 1_000_000, shanghai(thursday, 14))
    for day in (thursday + timedelta(days=n) for n in range(5)):
        await place.next_day(day)
    async with place.house.database.read() as tx:
        paid = [(one.income_date, one.amount) for one in await income_of(place.house, tx, wang.book, wang.id)]
    exact = {day: rates()[day].income_per_10k for day in (thursday + timedelta(days=n) for n in range(1, 5))}
    grown, wanted = 1_000_000, [(thursday, 0)]
    for day, rate in exact.items():
        wanted.append((day, half_up(Fraction(rate * grown, 10**8))))
        grown += wanted[-1][1]
    assert [one for one in paid if one[0] >= thursday] == wanted[-4:]
    assert await place.units(wang) == [grown]


async def test_units_of_a_capture_earn_for_the_advancer_from_that_day(place: FundTown) -> None:
    """All that Wang has is captured on Wednesday: Wednesday's income is the advancer's, though the 098 goes out at night."""
    wang, _ = await held(place)
    await place.receipt(9_000_000, "LINE", "advance", "0100000005")
    await place.next_day(TUESDAY)
    everything = (await place.units(wang))[0]
    assert everything > 1_234_567
    await place.pays_from_the_fund(wang, everything, WEDNESDAY)
    await place.next_day(WEDNESDAY)
    assert await place.said(THURSDAY) == []
    assert await place.units(wang) == [0]
    async with place.house.database.read() as tx:
        rows = await tx.fetch("select fund_account, amount from fund_income where income_date = $1", WEDNESDAY)
    by_holder = {row["fund_account"]: row["amount"] for row in rows}
    assert by_holder.get(wang.id, 0) == 0
    assert by_holder[ADVANCER] == half_up(Fraction(rates()[WEDNESDAY].income_per_10k * everything, 10**8))


# ---- what does not agree


async def before_income(place: FundTown) -> tuple[Person, Person]:
    """The registrar has left Tuesday's income, and it is not taken."""
    people = await held(place)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    return people


def record_of(records: list[Values], trading: str) -> Values:
    return next(one for one in records if one["TransactionAccountID"] == trading)


async def test_a_holder_whose_account_has_chinese_characters_is_found(place: FundTown) -> None:
    wang, li = await before_income(place)
    holder = await place.holder(wang)
    async with place.house.database.transaction() as tx:
        await tx.execute("update fund_account set ta_account = '王12' where book = $1 and id = $2", wang.book, wang.id)
    place.registrar.rewrite(WEDNESDAY, "06", lambda records: record_of(records, holder.trading_account).__setitem__("TAAccountID", "王12"))
    before = [await place.units(one) for one in (wang, li)]
    await place.take()
    assert await place.said(WEDNESDAY) == []
    assert [await place.units(one) > then for one, then in zip((wang, li), before, strict=True)] == [True, True]


@pytest.mark.parametrize("off", [1, -1])
async def test_a_cent_in_one_holders_income_is_a_break_and_the_registrars_figure_stands(place: FundTown, off: int) -> None:
    wang, _ = await before_income(place)
    holder = await place.holder(wang)

    def change(records: list[Values]) -> None:
        one = record_of(records, holder.trading_account)
        one["VolOfDividendforReinvestment"] += off
        one["ConfirmedAmount"] += off

    place.registrar.rewrite(WEDNESDAY, "06", change)
    await place.take()
    (said,) = await place.said(WEDNESDAY)
    ours = half_up(Fraction(rates()[TUESDAY].income_per_10k * 1_234_567, 10**8))
    key = f"{holder.ta_account}/{holder.trading_account}"
    assert said == f"OFD_H0_T01_20140226_06.TXT: income of {key} is {format_minor(ours + off)}, we compute {format_minor(ours)}"
    assert await place.units(wang) == [1_234_567 + ours + off]


@pytest.mark.parametrize("off", [1, -1])
async def test_a_cent_in_the_days_sum_is_a_break(place: FundTown, off: int) -> None:
    await before_income(place)
    place.registrar.rewrite(WEDNESDAY, "07", lambda records: records[0].update(FundDayIncome=records[0]["FundDayIncome"] + off), OTHER)
    await place.take()
    said = await place.said(WEDNESDAY)
    one = await quoted(place, TUESDAY)
    assert one.day_income - one.computed_income == off
    first, second = said
    shown = f"is {format_minor(one.day_income)}, we compute {format_minor(one.computed_income)}"
    assert first == f"OFD_H0_996_20140226_07.TXT: the fund's income of 2014-02-25 {shown}"
    assert second.startswith("OFD_H0_T01_20140226_07.TXT quotes 2014-02-25 otherwise than the first 07 of that day, which stands")


@pytest.mark.parametrize("off", [0, 1])
async def test_a_days_sum_is_a_break_until_it_agrees_by_a_late_file_or_a_correction(place: FundTown, tmp_path: Path, off: int) -> None:
    """Tuesday's confirmations come after Tuesday was quoted: whether the registrar's sum is right shows with them."""
    wang = await place.person("Wang", 10_000_000)
    await place.buy(place.order(wang, 1_234_567))
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)
    late, aside = place.registrar.path(TUESDAY, "04"), tmp_path / "late"
    late.replace(aside)
    await place.take()
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    for channel in (OTHER, OWN):
        place.registrar.rewrite(WEDNESDAY, "07", lambda records: records[0].update(FundDayIncome=198 + off), channel)
    await place.take()
    said = f"OFD_H0_996_20140226_07.TXT: the fund's income of 2014-02-25 is {format_minor(198 + off)}, we compute 0.00"
    assert said in await place.said(WEDNESDAY)
    aside.replace(late)
    assert await place.take() == ["T01/04", "T01/06"]
    assert await place.said(WEDNESDAY) == [said] * off
    async with place.house.database.transaction() as tx:
        (row,) = await quotation_store.quotations(tx, FUND, TUESDAY, TUESDAY)
        await quotation_store.add_quotations(tx, [row._replace(day_income=198)], place.biller.now)
        await quotations.sums_again(place.house, tx)
    assert await place.said(WEDNESDAY) == []


async def test_a_quotation_file_without_a_quotation_is_named(place: FundTown) -> None:
    await before_income(place)
    place.registrar.rewrite(WEDNESDAY, "07", lambda records: records.clear(), OTHER)
    await place.take()
    async with place.house.database.read() as tx:
        found = [(one.kind, one.item, one.accounted) for one in await bank.breaks(tx, WEDNESDAY)]
    assert found == [("no_quotation", "OFD_H0_996_20140226_07.TXT", True)]


async def test_another_rate_makes_every_income_differ(place: FundTown) -> None:
    """The rate is what we compute by: one that is wrong cannot pass."""
    await before_income(place)
    for channel in (OTHER, OWN):
        place.registrar.rewrite(WEDNESDAY, "07", lambda records: records[0].update(FundIncome=records[0]["FundIncome"] + 1_000), channel)
    await place.take()
    said = await place.said(WEDNESDAY)
    assert any("the fund's income of 2014-02-25 is" in one for one in said)
    assert sum(": income of " in one for one in said) >= 2


async def test_a_holder_left_out_is_named(place: FundTown) -> None:
    wang, _ = await before_income(place)
    holder = await place.holder(wang)
    place.registrar.rewrite(
        WEDNESDAY, "06", lambda records: [one for one in records if one["TransactionAccountID"] != holder.trading_account]
    )
    await place.take()
    (said,) = await place.said(WEDNESDAY)
    assert said.startswith(f"OFD_H0_T01_20140226_06.TXT pays nothing to {holder.ta_account}/{holder.trading_account}, we compute 1.9")
    assert await place.units(wang) == [1_234_567]


async def test_a_whole_file_left_out_is_named_by_the_register(place: FundTown) -> None:
    """Without 06 nothing is posted, and the next register (05) shows what is missing."""
    await before_income(place)
    path = place.registrar.path(WEDNESDAY, "06")
    place.registrar.rewrite(WEDNESDAY, "06", lambda records: records.clear() or [])
    await place.take()
    assert all("pays nothing to" in one for one in await place.said(WEDNESDAY))
    assert path.exists()
    await place.end(WEDNESDAY)
    place.registrar.clock(shanghai(THURSDAY, 0, 10))
    await place.take()
    assert (await units.prove_units(place.house, WEDNESDAY)).wrong != []


async def test_an_unknown_holder_is_named_and_gets_nothing(place: FundTown) -> None:
    await before_income(place)

    def strange(records: list[Values]) -> list[Values]:
        return [*records, {**records[1], "TAAccountID": "198000000077", "TransactionAccountID": "77", "VolOfDividendforReinvestment": 5}]

    place.registrar.rewrite(WEDNESDAY, "06", strange)
    await place.take()
    assert await place.said(WEDNESDAY) == ["OFD_H0_T01_20140226_06.TXT pays 0.05 to 198000000077/77, a holder we do not know"]
    assert len(await given(place, TUESDAY)) == 7


async def test_a_refused_income_is_named_and_not_posted(place: FundTown) -> None:
    wang, _ = await before_income(place)
    holder = await place.holder(wang)
    place.registrar.rewrite(WEDNESDAY, "06", lambda records: record_of(records, holder.trading_account).update(ReturnCode="9006"))
    await place.take()
    (said,) = await place.said(WEDNESDAY)
    assert f"refuses the income of {holder.ta_account}/{holder.trading_account} (9006)" in said
    assert await place.units(wang) == [1_234_567]


async def test_a_holder_told_of_twice_refuses_the_file(place: FundTown) -> None:
    await before_income(place)
    place.registrar.rewrite(WEDNESDAY, "06", lambda records: [*records, {**records[1], "TASerialNO": "X1"}])
    await place.take()
    (said,) = await place.said(WEDNESDAY)
    assert "stands there 2 times; ask the registrar for a right file" in said
    assert len(await given(place, TUESDAY)) == 5, "the other channel's file stands"


async def test_income_waits_for_its_rate(place: FundTown) -> None:
    await before_income(place)
    paths = [place.registrar.path(WEDNESDAY, "07", channel) for channel in (OTHER, OWN)]
    kept = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    await place.take()
    said = await place.said(WEDNESDAY)
    assert sum("the fund's rate (07) of 2014-02-25 is not in; ask the registrar for it" in one for one in said) == 2
    assert await given(place, TUESDAY) == []
    for path, content in zip(paths, kept, strict=True):
        path.write_bytes(content)
    await place.take()
    assert await place.said(WEDNESDAY) == []
    assert len(await given(place, TUESDAY)) == 7


async def test_a_file_that_comes_twice_pays_once(place: FundTown) -> None:
    wang, _ = await before_income(place)
    await place.take()
    after: Any = await place.units(wang)
    for path in place.registrar.exchange.outgoing.glob("*_20140226*.TXT"):
        path.write_bytes(path.read_bytes())
    assert await place.take() == []
    assert await place.units(wang) == after
    assert await place.said(WEDNESDAY) == []


async def lost(place: FundTown) -> None:
    """The fund's 07 says that it lost on Tuesday."""
    await before_income(place)
    for channel in (OTHER, OWN):
        place.registrar.rewrite(WEDNESDAY, "07", lambda records: records[0].update(FundIncomeFlag="1", FundDayIncomeFlag="1"), channel)


async def test_a_file_that_pays_income_of_a_day_that_lost_is_refused_whole(place: FundTown) -> None:
    """Its numbers have no sign: taken at their word, they would give what the registrar takes."""
    await lost(place)
    await place.take()
    said = [one for one in await place.said(WEDNESDAY) if "_06.TXT" in one]
    assert len(said) == 2
    assert all(f"{FUND} lost on {TUESDAY} by its 07, and this file pays income of it" in one for one in said)
    assert await given(place, TUESDAY) == []


async def test_a_day_that_lost_is_one_line_and_pays_nobody(place: FundTown) -> None:
    await lost(place)
    for channel in (OTHER, OWN):
        place.registrar.rewrite(WEDNESDAY, "06", lambda records: records.clear() or [], channel)
    await place.take()
    async with place.house.database.read() as tx:
        found = [one for one in await bank.breaks(tx, WEDNESDAY) if one.kind in ("negative_day", "income_missing")]
    (one,) = found
    assert (one.kind, one.item, one.accounted, one.amount < 0) == ("negative_day", f"{FUND} {TUESDAY}", True, True)
    assert await given(place, TUESDAY) == []


async def test_income_goes_to_the_holder_of_the_files_own_channel(place: FundTown) -> None:
    """Two channels may use one trading account, and one person has one TA account with both."""
    wang, _ = await held(place)
    holder = await place.holder(wang)
    async with place.house.database.transaction() as tx:
        await tx.execute(
            "update fund_account set ta_account = $1, trading_account = $2 where channel = $3 and trading_account ="
            " (select trading_account from fund_account where channel = $3 and state = 'open' order by 1 limit 1)",
            *(holder.ta_account, holder.trading_account, OTHER),
        )
        twins = await tx.fetch("select id, channel from fund_account where trading_account = $1", holder.trading_account)
    assert {row["channel"] for row in twins} == {OWN, OTHER}
    await place.next_day(TUESDAY)
    async with place.house.database.read() as tx:
        paid = {row[0] for row in await tx.fetch("select fund_account from fund_income where income_date = $1 and amount > 0", TUESDAY)}
    assert paid & {row["id"] for row in twins} == {row["id"] for row in twins if row["channel"] == OWN}
