"""The sandbox's registrar errs on demand: each error of each file gives the break that names it, and moves nothing that is not right."""

from datetime import date, timedelta

import pytest
from bill_town import MONDAY
from fund_town import TUESDAY, FundTown, bought

from tapwealth.bank import store as bank
from tapwealth.flows.funds import units
from tapwealth.sandbox.faults import Fault, PlannedFault, replace_plan

FAULTS = (Fault.SHORT_FILE, Fault.WRONG_UNIT, Fault.ONE_FEN, Fault.TORN_FILE, Fault.DOUBLED_RECORD)


def errs(place: FundTown, file_type: str, fault: Fault) -> None:
    """In the next file of that type."""
    with place.registrar.store.tx() as tx:
        replace_plan(tx, [PlannedFault(file_type, 1, fault)], f"{file_type} {fault}")


async def named(place: FundTown, day: date) -> list[tuple[str, str]]:
    """The breaks of a date that nobody has answered for: what, and about what."""
    async with place.house.database.read() as tx:
        return [(one.kind, one.item) for one in await bank.breaks(tx, day) if not one.accounted]


async def test_an_error_in_the_confirmations_is_named_and_moves_no_unit(place: FundTown) -> None:
    """A missing answer leaves its order where it is, which the registrar's register of the day tells."""
    wang, day, found = await place.person("Wang", 10_000_000), MONDAY, {}
    for fault in FAULTS:
        await place.buy_one(wang, 100_00)
        await place.end(day)
        errs(place, "04", fault)
        day = place.house.calendar.next_dealing_day(day)
        await place.morning(day)
        order = (await place.orders_of(wang))[-1]
        found[fault] = [kind for kind, item in await named(place, day) if item == order.serial or "_04.TXT" in item], order.state
    assert sum(await place.units(wang)) < 1_00, "nothing but the income of what the registrar has already"
    assert found == {
        Fault.SHORT_FILE: ([], "sent"),
        Fault.WRONG_UNIT: (["confirmation_differs"], "sent"),
        Fault.ONE_FEN: (["confirmation_differs"], "sent"),
        Fault.TORN_FILE: (["unreadable_file"], "sent"),
        Fault.DOUBLED_RECORD: (["unreadable_file"], "sent"),
    }
    await place.end(day)
    await place.morning(day + timedelta(days=1))
    (wrong,) = (await units.prove_units(place.house, day)).wrong
    assert "by the registrar's 05 500." in wrong


async def test_an_error_in_the_holdings_is_named_by_the_proof_of_units(place: FundTown) -> None:
    await bought(place, 100_00)
    await place.take()
    day, found = TUESDAY, {}
    for fault in FAULTS:
        await place.end(day)
        errs(place, "05", fault)
        await place.morning(day + timedelta(days=1))
        (wrong,) = (await units.prove_units(place.house, day)).wrong
        file = [kind for kind, item in await named(place, day + timedelta(days=1)) if "_05.TXT" in item]
        found[fault] = wrong.split("by the registrar's 05 ")[1].split(";")[0], file
        day += timedelta(days=1)
    assert found == {
        Fault.SHORT_FILE: ("0.00", []),
        Fault.WRONG_UNIT: ("10,002.00", []),
        Fault.ONE_FEN: ("100.05", []),
        Fault.TORN_FILE: ("0.00", ["unreadable_file"]),
        Fault.DOUBLED_RECORD: ("0.00", ["unreadable_file"]),
    }


@pytest.mark.parametrize(
    ("file_type", "fault", "kind"),
    [
        ("06", Fault.SHORT_FILE, "income_missing"),
        ("06", Fault.WRONG_UNIT, "income_differs"),
        ("06", Fault.DOUBLED_RECORD, "unreadable_file"),
        ("06", Fault.TORN_FILE, "unreadable_file"),
        ("07", Fault.WRONG_UNIT, "quotation_differs"),
        ("07", Fault.DOUBLED_RECORD, "unreadable_file"),
        ("07", Fault.TORN_FILE, "unreadable_file"),
    ],
)
async def test_an_error_in_the_income_is_named(place: FundTown, file_type: str, fault: Fault, kind: str) -> None:
    await bought(place, 10_000_00)
    await place.take()
    await place.end(TUESDAY)
    errs(place, file_type, fault)
    await place.morning(TUESDAY + timedelta(days=1))
    assert kind in {one for one, _ in await named(place, TUESDAY + timedelta(days=1))}
