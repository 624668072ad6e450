"""Several billers, each reached by a connection of its own: asked, paid and compared apart from each other."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from bill_town import BJPOWER, MONDAY, ScriptedBiller, Town, day_end_file, town
from biller_files import put_in_directory

from tapwealth.bills import store
from tapwealth.bills.biller import Category
from tapwealth.bills.payment import PaymentState
from tapwealth.flows.bills import billers
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.paying import InquireBill, PayBill, Placing
from tapwealth.flows.rails import Billers
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Outage, Refusal

WATER = msgspec.structs.replace(
    BJPOWER, code="BJWATER", name="北京自来水", category=Category.WATER, connection="WATER", bank_account="0200000008"
)
METER, TAP = "1234567890", "9876543210"
AT = shanghai(MONDAY, 9, 30)


@pytest.fixture
async def two(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[tuple[Town, ScriptedBiller]]:
    """A town with electricity and water."""
    async with town(new_database(), tmp_path) as place:
        water = ScriptedBiller()
        rails = replace(place.house.rails, billers=Billers({"BJPOWER": place.biller, "WATER": water}))
        place.house = replace(place.house, rails=rails)
        assert await put_in_directory(place.house, WATER.definition) is None
        yield place, water


async def pay_both(place: Town, water: ScriptedBiller) -> dict[str, str]:
    """Serial by biller of 1.00 paid for electricity and 2.00 for water, on Monday, which is cut then."""
    person = await place.person("Wang", 1_000)
    water.owe(TAP, "W1", 200)
    power_bill = await place.bill(person, METER, "B1", 100)
    shown = await bills.inquire_bill(place.house, place.envelope(person), InquireBill("BJWATER", TAP))
    assert not isinstance(shown, Refusal)
    water_bill = UUID(shown.bills[0].bill)
    await place.pay(*(Placing(place.envelope(person), PayBill(bill, fen)) for bill, fen in ((power_bill, 100), (water_bill, 200))))
    assert await place.work("biller", bills.deliver) == []
    await place.cut(MONDAY)
    async with place.house.database.read() as tx:
        codes = {identifier: row.biller.code for identifier, row in (await store.billers(tx)).items()}
        made = await store.payments_of(tx, person.book, person.id)
    assert {payment.state for payment, _ in made} == {PaymentState.PAID}
    return {codes[payment.biller]: payment.serial for payment, _ in made}


async def test_each_biller_is_asked_and_paid_by_its_own_connection(two: tuple[Town, ScriptedBiller]) -> None:
    place, water = two
    serials = await pay_both(place, water)
    assert (place.biller.asked, water.asked) == ([serials["BJPOWER"]], [serials["BJWATER"]])
    report = await billers.compare_billers(place.house, MONDAY)
    assert (report.wrong, report.figures["lines"], report.figures["amount"], report.figures["matched"]) == ([], 2, 300, 2)


async def test_a_biller_whose_file_is_missing_is_named_and_the_others_are_compared(two: tuple[Town, ScriptedBiller]) -> None:
    place, water = two
    serials = await pay_both(place, water)
    water.file = b"20140224|1|200\ntorn"
    place.biller.file = day_end_file(MONDAY, [])
    report = await billers.compare_billers(place.house, MONDAY)
    missing, differing = report.wrong
    assert missing.startswith("the day-end file of WATER of 2014-02-24: ")
    assert differing == f"{serials['BJPOWER']} of 1.00 is paid here and not in the biller's file; ask the biller"


async def test_a_payment_in_another_billers_file_is_a_difference_of_both(two: tuple[Town, ScriptedBiller]) -> None:
    place, water = two
    serials = await pay_both(place, water)
    place.biller.file = day_end_file(MONDAY, [(serials["BJPOWER"], "B1", METER, 100, AT), (serials["BJWATER"], "W1", TAP, 200, AT)])
    water.file = day_end_file(MONDAY, [])
    await billers.compare_billers(place.house, MONDAY)
    assert sorted(kind for _, kind, _ in await place.breaks(MONDAY)) == ["biller_has_more", "we_have_more"]


async def test_a_biller_without_a_connection_is_not_added_and_one_that_lost_it_is_an_outage(two: tuple[Town, ScriptedBiller]) -> None:
    place, _ = two
    gas = await put_in_directory(place.house, msgspec.structs.replace(WATER, code="BJGAS", connection="GAS").definition)
    assert gas is not None
    assert "no connection 'GAS'; name one of BJPOWER, WATER" in gas.text
    place.house = replace(place.house, rails=replace(place.house.rails, billers=Billers({"BJPOWER": place.biller})))
    person = await place.person("Wang", 1_000)
    with pytest.raises(Outage, match="start with --biller-url WATER=URL"):
        await bills.inquire_bill(place.house, place.envelope(person), InquireBill("BJWATER", TAP))
