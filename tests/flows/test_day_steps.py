"""A step of the day's end that is killed after its deed: its figures are as if nothing had been."""

from datetime import date, timedelta

import pytest
from bill_town import MONDAY, Town

from tapwealth.flows import end_of_day
from tapwealth.flows.bills import biller_settlement
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.end_of_day import DayReport, Step, StepReport
from tapwealth.flows.frame import House
from tapwealth.kernel.clock import shanghai
from tapwealth.ledger.chart import Kind


class Killed(Exception):
    """In the place of a kill -9 between a step's deed and its being noted as done."""


async def killed_after(house: House, day: date) -> StepReport:
    await biller_settlement.settle_billers(house, day)
    raise Killed


async def test_a_deed_and_its_figures_are_kept_together(place: Town) -> None:
    wang = await place.person("Wang", 50_000)
    await place.pay_one(wang, await place.bill(wang, "1234567890", "B1", 10_050), 10_050)
    await place.work("biller", bills.deliver)
    await place.clock(shanghai(MONDAY + timedelta(days=1), 1))
    with pytest.raises(Killed):
        await end_of_day.close_day(place.house, MONDAY, (Step("settle billers", killed_after),))
    owed = await place.total(Kind.BILLER)
    report = await end_of_day.close_day(place.house, MONDAY, (Step("settle billers", biller_settlement.settle_billers),))
    assert isinstance(report, DayReport)
    assert report.steps["settle billers"].figures == {"billers": 1, "amount": 10_050}
    assert owed == await place.total(Kind.BILLER) == 0, "and nothing is done twice"
