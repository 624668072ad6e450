"""The end of a terminal's batch: where both sides count the same, all of it is presented; where they do not, what is uploaded."""

import asyncio
from dataclasses import replace

import pytest
from card_town import BATCH, CardTown

from tapwealth.flows.acquiring import batch_settlement
from tapwealth.wire.iso8583.requests import Reconciliation, SettlementResponse, Totals, TransactionKind

K = TransactionKind
NOTHING = Totals(debit_amount=0, debit_count=0)


async def settled(host: CardTown, totals: Totals, batch: str = BATCH) -> SettlementResponse:
    return await batch_settlement.settle(host.place.house, host.settlement(batch, totals))


async def test_an_equal_batch_is_presented_without_an_upload_over_all_books(host: CardTown) -> None:
    """Two people's sales and a completion stand; what was voided, reversed, declined or only pre-authorised is not in it."""
    wang, wu = await host.place.person("Wang", 100_00), await host.place.person("Wu", 100_00)
    assert wang.book != wu.book
    first, second = await host.phone(wang), await host.phone(wu)
    sales = [host.sale(first, 10_00), host.sale(second, 20_00), host.sale(first, 1_00), host.sale(second, 2_00), host.sale(first, 900_00)]
    held = host.sale(second, 30_00, kind=K.PREAUTHORISATION)
    answers = await host.authorise(*sales, held, host.sale(first, 3_00, kind=K.PREAUTHORISATION))
    await host.later(host.follow_up(K.VOID, sales[2], answers[2].rrn), host.follow_up(K.COMPLETION, held, answers[5].rrn, 33_00))
    await host.reverse(host.reversal(sales[3]))
    counted = Totals(debit_amount=63_00, debit_count=3)
    answer = await settled(host, counted)
    assert (answer.response_code, answer.reconciliation, answer.totals) == ("00", Reconciliation.EQUAL, counted)
    await asyncio.gather(*(settled(host, counted) for _ in range(2)))
    assert await host.clear() == {"sales": 3, "amount": 63_00}
    assert await host.clear() == {"sales": 3, "amount": 63_00}
    await host.place.all_books_balance()


@pytest.mark.parametrize("totals", [NOTHING, Totals(debit_amount=10_01, debit_count=1), Totals(debit_amount=10_00, debit_count=2)])
async def test_a_batch_that_differs_presents_nothing_until_it_is_uploaded(host: CardTown, totals: Totals) -> None:
    sale, _ = await host.tap(await host.phone(await host.place.person("Wang", 100_00)), 10_00)
    answer = await settled(host, totals)
    assert (answer.response_code, answer.reconciliation) == ("00", Reconciliation.DIFFERENT)
    assert answer.totals == Totals(debit_amount=10_00, debit_count=1)
    assert await host.clear() == {"sales": 0, "amount": 0}
    await host.upload(host.claim(sale))
    assert await host.clear() == {"sales": 1, "amount": 10_00}


async def test_what_was_uploaded_for_less_stays_so(host: CardTown) -> None:
    sale, _ = await host.tap(await host.phone(await host.place.person("Wang", 100_00)), 10_00)
    await host.upload(host.claim(sale, amount=9_00))
    assert (await settled(host, Totals(debit_amount=9_00, debit_count=1))).reconciliation is Reconciliation.EQUAL
    assert await host.clear() == {"sales": 1, "amount": 9_00}


async def test_refunds_are_the_credits_of_the_batch_they_were_asked_in(host: CardTown) -> None:
    sale = host.sale(await host.phone(await host.place.person("Wang", 100_00)), 10_00)
    (answer,) = await host.authorise(sale)
    await settled(host, Totals(debit_amount=10_00, debit_count=1))
    await host.clear()
    refund = replace(host.follow_up(K.REFUND, sale, answer.rrn, 4_00), batch="000002")
    undone = replace(host.follow_up(K.REFUND, sale, answer.rrn, 1_00), batch="000002")
    assert [one.response_code for one in await host.later(refund, undone)] == ["00", "00"]
    await host.reverse(host.reversal(undone))
    counted = Totals(debit_amount=0, debit_count=0, credit_amount=4_00, credit_count=1)
    assert (await settled(host, counted, "000002")).reconciliation is Reconciliation.EQUAL
    assert (await settled(host, NOTHING, "000003")).reconciliation is Reconciliation.EQUAL
    assert await host.clear() == {"sales": 1, "amount": 10_00, "refunds": 4_00}
