"""Captured units: by fast transfer to the advancer, by redemption back into the bank's money; listed as transit until they are there."""

from datetime import timedelta
from typing import Any

import pytest
from bill_town import MONDAY
from fund_town import ADVANCE, FundTown, bought, set_in

from tapwealth.flows.funds import units
from tapwealth.funds import advance_store, orders_store
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.money import format_minor
from tapwealth.ledger.chart import Kind

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = (MONDAY + timedelta(days=n) for n in range(1, 7))


async def in_transit(place: FundTown, day: Any) -> list[tuple[str, int]]:
    async with place.house.database.read() as tx:
        return [(one.business_code, one.units) for one in await orders_store.fast_transfers_under_way(tx, day)]


async def test_captured_units_go_to_the_advancer_and_come_back_as_the_banks_money(place: FundTown) -> None:
    wang = await bought(place)
    await place.take()
    line = await place.total(Kind.ADVANCE_PAYABLE)
    await place.pays_from_the_fund(wang, 4_000, TUESDAY)
    assert await place.total(Kind.ADVANCE_PAYABLE) == line - 4_000
    await place.end(TUESDAY)
    assert await in_transit(place, TUESDAY) == [("098", 4_000)]
    place.registrar.clock(shanghai(WEDNESDAY, 0, 10))
    await place.take()
    proof = await units.prove_units(place.house, TUESDAY)
    assert (proof.wrong, [one["units"] for one in proof.figures["transit_098"]]) == ([], [4_000])

    await place.morning(WEDNESDAY)
    assert (await in_transit(place, TUESDAY), await in_transit(place, WEDNESDAY)) == ([("098", 4_000)], [])
    assert (await place.total_units(Kind.TRANSIT_098), await place.total_units(Kind.ADVANCER)) == (0, 4_001), "with its first income"
    await place.end(WEDNESDAY)
    assert await place.total_units(Kind.ADVANCER) == 4_001

    await place.morning(THURSDAY)
    assert await place.total(Kind.FUND_REDEMPTION_DUE) == -4_001
    assert await place.total(Kind.ADVANCE_REPAYMENT_DUE) == 4_001
    (paid,) = place.registrar.payments()
    assert (paid["end_to_end_id"], paid["amount"], paid["to"]) == ("RED-T01-20140227", 4_001, ADVANCE)
    await place.end(THURSDAY)
    await place.clock(shanghai(FRIDAY, 10))
    await place.receipt(4_001, paid["end_to_end_id"], paid["text"], ADVANCE)
    assert await place.total(Kind.ADVANCE_PAYABLE) == line + 1, "what was advanced, and the income that it earned"
    assert (await place.total(Kind.FUND_REDEMPTION_DUE), await place.total(Kind.ADVANCE_REPAYMENT_DUE)) == (0, 0)
    async with place.house.database.read() as tx:
        first, second = await advance_store.redemptions(tx)
    assert (first.state, first.paid_on) == ("paid", FRIDAY)
    assert (second.state, second.units) == ("sent", 1), "what Wednesday's units earned comes after them"
    await place.all_books_balance()


async def test_captures_of_two_days_running_are_each_repaid(place: FundTown) -> None:
    """Tuesday's is confirmed on Thursday and paid on Friday at ten, when Wednesday's has been confirmed at nine: each by its own name."""
    wang = await bought(place)
    await place.take()
    await place.pays_from_the_fund(wang, 4_000, TUESDAY)
    await place.next_day(TUESDAY)
    await place.pays_from_the_fund(wang, 3_000, WEDNESDAY)
    await place.next_day(WEDNESDAY)
    await place.next_day(THURSDAY)
    first, second = place.registrar.payments()
    assert (first["end_to_end_id"], second["end_to_end_id"]) == ("RED-T01-20140227", "RED-T01-20140228")
    await place.receipt(first["amount"], first["end_to_end_id"], first["text"], ADVANCE)
    assert await place.total(Kind.FUND_REDEMPTION_DUE) == -second["amount"]
    await place.receipt(second["amount"], second["end_to_end_id"], second["text"], ADVANCE)
    assert (await place.total(Kind.FUND_REDEMPTION_DUE), await place.said(FRIDAY)) == (0, [])


@pytest.mark.parametrize(
    ("off", "name"), [(1, "RED-T01-20140227"), (-1, "RED-T01-20140227"), (0, "RED-T01-20140226"), (0, "RED-996-20140227")]
)
async def test_a_redemption_paid_otherwise_than_due_is_named(place: FundTown, off: int, name: str) -> None:
    wang = await bought(place)
    await place.take()
    await place.pays_from_the_fund(wang, 4_000, TUESDAY)
    for day in (TUESDAY, WEDNESDAY, THURSDAY):
        await place.next_day(day)
    before = await place.total(Kind.FUND_REDEMPTION_DUE)
    due = place.registrar.payments()[0]["amount"]
    await place.receipt(due + off, name, "redemption", ADVANCE)
    (said,) = await place.said(FRIDAY)
    owed = "40.01" if name == "RED-T01-20140227" else "0.00"
    assert said == f"{name} pays {format_minor(due + off)} yuan, due under that name are {owed}; ask the registrar"
    enough = name == "RED-T01-20140227" and off >= 0
    assert await place.total(Kind.FUND_REDEMPTION_DUE) == before + (due if enough else 0)
    await place.all_books_balance()


async def test_money_that_comes_before_its_confirmation_pays_when_that_has_come(place: FundTown) -> None:
    wang = await bought(place)
    await place.take()
    line = await place.total(Kind.ADVANCE_PAYABLE)
    await place.pays_from_the_fund(wang, 4_000, TUESDAY)
    await place.next_day(TUESDAY)
    await place.end(WEDNESDAY)
    await place.registrar_works(THURSDAY)
    (paid,) = place.registrar.payments()
    await place.receipt(paid["amount"], paid["end_to_end_id"], paid["text"], ADVANCE)
    (said,) = await place.said(THURSDAY)
    assert said.endswith("due under that name are 0.00; ask the registrar")
    await place.take()
    assert (await place.total(Kind.FUND_REDEMPTION_DUE), await place.total(Kind.ADVANCE_PAYABLE)) == (0, line + 1)
    assert await place.said(THURSDAY) == []
    async with place.house.database.read() as tx:
        (redemption,) = await advance_store.redemptions(tx)
    assert (redemption.state, redemption.paid_on) == ("paid", THURSDAY)
    await place.all_books_balance()


async def test_a_refused_redemption_is_named_and_asked_for_again(place: FundTown) -> None:
    wang = await bought(place)
    await place.take()
    await place.pays_from_the_fund(wang, 4_000, TUESDAY)
    await place.next_day(TUESDAY)
    await place.end(WEDNESDAY)
    await place.registrar_works(THURSDAY)
    place.registrar.rewrite(THURSDAY, "04", set_in(0, ReturnCode="9006", ConfirmedVol=0, ConfirmedAmount=0))
    await place.take()
    (said,) = await place.said(THURSDAY)
    assert "refuses 20140226" in said
    assert await place.total_units(Kind.ADVANCER) >= 4_000
    await place.end(THURSDAY)
    async with place.house.database.read() as tx:
        first, second = await advance_store.redemptions(tx)
    assert (first.state, second.state) == ("refused", "sent")
    assert second.units >= first.units


async def test_a_refused_fast_transfer_is_named_and_its_units_stay_where_they_are(place: FundTown) -> None:
    wang = await bought(place)
    await place.take()
    await place.pays_from_the_fund(wang, 4_000, TUESDAY)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, ReturnCode="9006", ConfirmedVol=0, ConfirmedAmount=0))
    await place.take()
    said = await place.said(WEDNESDAY)
    assert any("its units stay in transit: ask the registrar" in one for one in said), said
    assert (await place.total_units(Kind.TRANSIT_098), await place.total_units(Kind.ADVANCER)) == (4_000, 1)


async def test_captures_go_out_on_days_without_dealing_too(place: FundTown) -> None:
    """A fast transfer of Saturday is in Saturday's file and moved on Sunday; the redemption waits for Monday."""
    wang = await bought(place)
    await place.take()
    for day in (TUESDAY, WEDNESDAY, THURSDAY, FRIDAY):
        await place.next_day(day)
    await place.pays_from_the_fund(wang, 4_000, SATURDAY)
    await place.next_day(SATURDAY)
    assert await place.total_units(Kind.TRANSIT_098) == 0
    await place.next_day(SUNDAY)
    async with place.house.database.read() as tx:
        assert await advance_store.redemptions(tx) == []
    await place.end(MONDAY + timedelta(days=7))
    async with place.house.database.read() as tx:
        assert len(await advance_store.redemptions(tx)) == 1
