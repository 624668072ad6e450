"""A terminal that uses its numbers (batch, STAN) twice: each sale is its own, none is approved by another's answer, and all are cleared."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from clearing_network import clear
from played_days import MONDAY, Played, stage

from tapwealth.flows.issuing import tap
from tapwealth.issuing import store as issuing
from tapwealth.ledger.chart import Kind


@pytest.fixture
async def on(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Played]:
    """Two customers with 1,000.00 and 500.00, in two books, at the shop's terminal."""
    async with stage(new_database(), tmp_path, 16) as on:
        await on.at(MONDAY, 9, 30)
        await on.set_up()
        await on.join(0, 1_000_00)
        await on.join(1, 500_00)
        assert on.callers[0].book != on.callers[1].book
        yield on


async def codes(on: Played, flow: Any, *requests: Any) -> list[str]:
    return [one.response_code for one in await on.host(flow, *requests)]


async def states(on: Played) -> list[tuple[int, int, str]]:
    """(book, amount, state) of what was authorised today."""
    async with on.house.database.read() as tx:
        return sorted((one.book, one.amount, one.state) for one in await issuing.of_date(tx, MONDAY))


async def test_the_same_request_again_gets_its_answer_and_holds_once(on: Played) -> None:
    asked = on.sale(0, 28_50, "000001")
    first, together = await on.host(tap.authorise, asked, asked)
    (later,) = await on.host(tap.authorise, asked)
    assert first.response_code == "00"
    assert first == together == later
    assert await states(on) == [(on.callers[0].book, 28_50, "approved")]


async def test_another_sale_under_the_same_numbers_is_not_approved_by_the_first_ones_answer(on: Played) -> None:
    """Another amount, and the same amount by another tap: response code 94, and nothing is held for it."""
    assert await codes(on, tap.authorise, on.sale(0, 10_00, "000001")) == ["00"]
    assert await codes(on, tap.authorise, on.sale(0, 900_00, "000001")) == ["94"]
    assert await codes(on, tap.authorise, on.sale(0, 10_00, "000001")) == ["94"]
    assert await codes(on, tap.authorise, on.sale(0, 20_00, "000002"), on.sale(0, 700_00, "000002")) == ["00", "94"]
    assert [amount for _, amount, _ in await states(on)] == [10_00, 20_00]


async def test_two_cards_of_two_books_under_the_same_numbers_are_two_sales(on: Played) -> None:
    """Decided, presented and cleared together, each by its own card."""
    assert await codes(on, tap.authorise, on.sale(0, 30_00, "000001"), on.sale(1, 40_00, "000001")) == ["00", "00"]
    assert await codes(on, tap.take_batch, on.presentment(0, "000001", 30_00), on.presentment(1, "000001", 40_00)) == ["00", "00"]
    report = await clear(on.house, MONDAY)
    assert report.figures == {"sales": 2, "amount": 70_00}
    assert {state for _, _, state in await states(on)} == {"captured"}
    assert await on.town.total(Kind.MERCHANT) == 70_00
    assert await on.town.total(Kind.WALLET) == 1_430_00
    await on.town.all_books_balance()


async def test_a_reversal_before_one_cards_sale_does_not_decline_anothers(on: Played) -> None:
    assert await on.reverse(0, "000001", 30_00) == "25"
    assert await codes(on, tap.authorise, on.sale(0, 30_00, "000001"), on.sale(1, 40_00, "000001")) == ["12", "00"]


async def test_a_reversal_of_another_amount_leaves_the_sale_as_it_is(on: Played) -> None:
    assert await codes(on, tap.authorise, on.sale(0, 30_00, "000001")) == ["00"]
    assert await on.reverse(0, "000001", 30_01) == "64"
    assert await states(on) == [(on.callers[0].book, 30_00, "approved")]
    assert await on.reverse(0, "000001", 30_00) == "00"
    assert await states(on) == [(on.callers[0].book, 30_00, "reversed")]


async def test_a_sale_that_was_presented_wrongly_is_paid_when_it_is_presented_right(on: Played) -> None:
    assert await codes(on, tap.authorise, on.sale(0, 30_00, "000001"), on.sale(0, 40_00, "000002")) == ["00", "00"]
    assert await on.upload(0, "000001", 30_01) == "25"
    assert await on.upload(0, "000001", 30_00) == "00"
    assert await on.upload(0, "000001", 29_99) == "25"
    wrong, right = on.presentment(0, "000002", 40_01), on.presentment(0, "000002", 40_00)
    assert await codes(on, tap.take_batch, right, wrong, right) == ["00", "25", "00"]
    assert (await clear(on.house, MONDAY)).figures == {"sales": 2, "amount": 70_00}
