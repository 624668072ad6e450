"""What merchants pay for each sale and are paid out, over days with refunds: nothing is taken twice, and nothing is lost."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from bill_town import MONDAY
from card_town import NO_FEE, CardTown
from merchant_sales import buyer, enrolled, owed, refund, settle, sold

from tapwealth.ledger.chart import Kind

TUESDAY = MONDAY + timedelta(days=1)
CARS = replace(NO_FEE, id=UUID(int=77), merchant_number="898110055110002", category_code="5511", fee_bp=125, fee_cap=80_00)
KIOSK = replace(NO_FEE, id=UUID(int=78), merchant_number="898110059940003", category_code="5994", fee_bp=38, fee_minimum=10)


async def test_each_sale_has_its_own_cap_and_a_refund_gives_its_fee_back(host: CardTown) -> None:
    """Two cars over 6,500 yuan at 1.25 %, capped at 80 a sale: 160, not 80 for the day. Most of one is given back the next day."""
    cars = await enrolled(host, CARS)
    person, phone = await buyer(host)
    first, _ = await sold(host, cars, phone, 6_500_00, 6_500_00)
    one = await settle(host, MONDAY)
    assert (one.sales, one.refunds, one.gross, one.fee, one.paid) == (2, 0, 13_000_00, 160_00, 12_840_00)
    await host.after(days=1)
    await refund(host, first, 100_00)
    await refund(host, first, 5_400_00)
    await sold(host, cars, phone, 6_500_00)
    one = await settle(host, TUESDAY)
    assert (one.sales, one.refunds, one.refunded, one.gross) == (1, 2, 5_500_00, 1_000_00)
    assert (one.fee, one.net, one.paid) == (12_50, 987_50, 987_50), "80 for the new car; of the old one 1,000 are left, which cost 12.50"
    assert one.issuer_share + one.network_share + one.acquirer_share == one.fee
    assert await owed(host, cars, person) == 0


async def test_fees_that_refunds_leave_uncovered_wait_for_the_next_receipts(host: CardTown) -> None:
    """Ten small sales cost a minimum each; a refund of one large sale takes all they brought, and gives back one minimum."""
    kiosk = await enrolled(host, KIOSK)
    person, phone = await buyer(host)
    (large,) = await sold(host, kiosk, phone, 10_00)
    assert (await settle(host, MONDAY)).fee == 10
    await host.after(days=1)
    await refund(host, large, 10_00)
    await sold(host, kiosk, phone, *[1_00] * 10)
    one = await settle(host, TUESDAY)
    assert (one.gross, one.fee, one.net, one.paid, one.fee_due) == (0, 0, 0, 0, 90)
    assert one.issuer_share + one.network_share + one.acquirer_share == 0, "until then the acquirer goes without"
    await host.after(days=1)
    await sold(host, kiosk, phone, 50_00)
    one = await settle(host, TUESDAY + timedelta(days=1))
    assert (one.gross, one.fee, one.net, one.paid, one.fee_due) == (50_00, 90 + 19, 50_00 - 90 - 19, 50_00 - 90 - 19, 0)
    assert await owed(host, kiosk, person) == 0
    assert await host.place.total(Kind.FEES) == 10 + 90 + 19


async def test_a_refund_may_give_back_more_fee_than_the_day_brings(host: CardTown) -> None:
    """Ten large sales under the cap paid more than the one above it: what the refunds give back comes out of fees."""
    cars = await enrolled(host, CARS)
    person, phone = await buyer(host)
    ten = await sold(host, cars, phone, *[1_000_00] * 10)
    assert (await settle(host, MONDAY)).fee == 125_00
    await host.after(days=1)
    for sale in ten:
        await refund(host, sale, 1_000_00)
    await sold(host, cars, phone, 10_000_00)
    one = await settle(host, TUESDAY)
    assert (one.gross, one.fee, one.net, one.paid) == (0, -45_00, 45_00, 45_00)
    assert await host.place.total(Kind.FEES) == 80_00
    assert await owed(host, cars, person) == 0
