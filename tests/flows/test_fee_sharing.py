"""What the bank and the phone maker have of the card fees: the whole of it to the fen, on accounts of their own, and paid by contract."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from bill_town import MONDAY
from card_town import NO_FEE, CardTown
from merchant_sales import buyer, enrolled, refund, settle, sold

from tapwealth.acquiring import store as acquiring
from tapwealth.bank import store as bank
from tapwealth.flows.acquiring import fee_sharing
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.clearing import captures as clearing
from tapwealth.flows.reports.settlements import (
    MERCHANT_COLUMNS,
    PARTIES,
    MerchantStatement,
    merchant_rows,
    merchant_statement,
    merchant_text,
    party_rows,
    party_statement,
    party_text,
)
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind, house_account

TUESDAY, FRIDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=4)
DINER = replace(NO_FEE, id=UUID(int=77), merchant_number="898110058120002", category_code="5812", fee_bp=125)


async def standing(host: CardTown) -> list[int]:
    """The bank's, the phone maker's, the network's, and what is left in our own fees."""
    kinds = Kind.SHARE_BANK, Kind.SHARE_PHONE_MAKER, Kind.CARD_NETWORK, Kind.FEES_OWN
    return [await host.place.total(kind) for kind in kinds]


async def close(host: CardTown, day: date) -> None:
    """The steps of a date's end that are about fees."""
    for step in (fee_sharing.share_fees, clearing.sweep_fees, fee_sharing.pay_shares):
        first = await step(host.place.house, day)
        if step is fee_sharing.share_fees:
            assert await step(host.place.house, day) == first, "shared once"
    await host.place.all_books_balance()


async def due(host: CardTown) -> dict[str, tuple[str, int, date]]:
    """The shares on their way: account, amount, when."""
    async with host.place.house.database.read() as tx:
        found = await bank.open_instructions(tx)
    return {one.end_to_end_id: (one.to_account, one.amount, one.requested_date) for one in found if one.end_to_end_id.startswith("SHR")}


async def test_the_fees_of_a_day_are_shared_and_each_party_is_paid_when_its_contract_says(host: CardTown) -> None:
    """1,000 yuan at 1.25 %: 12.50; by the tariff of 2016 3.17 the issuer's, 0.66 the network's, 8.67 the acquirer's."""
    await enrolled(host, DINER)
    _, phone = await buyer(host)
    await sold(host, DINER, phone, 1_000_00)
    one = await settle(host, MONDAY)
    await close(host, MONDAY)
    assert (one.issuer_share, one.network_share, one.acquirer_share) == (3_17, 66, 8_67)
    bank_part, maker_part = 2_22 + 4_34, 95 + 4_33
    assert bank_part + maker_part + one.network_share == one.fee
    assert await standing(host) == [bank_part, 0, 66, -one.fee], "the money of the fees follows a day later"
    assert await due(host) == {"SHR-PHONE-20140224": ("0200000011", maker_part, MONDAY + timedelta(days=2))}
    await host.place.bank_executes(TUESDAY)
    assert await standing(host) == [bank_part, 0, 66, 0], "the whole fee has its owners"
    assert -await host.place.total(Kind.OWN_MONEY) == one.fee - maker_part
    await host.after(days=4)
    await close(host, FRIDAY)
    assert await due(host) == {"SHR-BANK-20140228": ("0200000010", bank_part, date(2014, 3, 3))}
    await host.place.bank_executes(FRIDAY)
    assert (await standing(host), await host.place.total(Kind.OWN_MONEY)) == ([0, 0, 66, 0], -66)
    await host.place.all_books_balance()


async def test_a_share_that_the_bank_rejects_goes_with_the_next_payment(host: CardTown) -> None:
    await enrolled(host, DINER)
    _, phone = await buyer(host)
    await sold(host, DINER, phone, 1_000_00)
    await settle(host, MONDAY)
    await close(host, MONDAY)
    await payments.hear(host.place.house, [Outcome("SHR-PHONE-20140224", False, TUESDAY, "AC04 closed")])
    await payments.instruct_again(host.place.house, TUESDAY)
    assert await due(host) == {}
    await host.after(days=1)
    await close(host, TUESDAY)
    assert [(name, amount) for name, (_, amount, _) in (await due(host)).items()] == [("SHR-PHONE-20140225", 5_28)]


async def test_a_loss_is_shared_as_a_gain_is_and_nobody_is_paid_out_of_it(host: CardTown) -> None:
    """0.30 % does not cover what issuer and network have of 1,000 yuan: the acquirer loses 0.83."""
    await enrolled(host, replace(DINER, category_code="5411", fee_bp=30))
    _, phone = await buyer(host)
    await sold(host, DINER, phone, 1_000_00)
    one = await settle(host, MONDAY)
    await close(host, MONDAY)
    assert one.acquirer_share == -83
    async with host.place.house.database.read() as tx:
        shares = {(of.revenue, of.party): of.amount for of in await acquiring.revenue_shares(tx, MONDAY, MONDAY)}
    assert shares == {("issuer", "bank"): 2_22, ("issuer", "phone_maker"): 95, ("acquirer", "bank"): -42, ("acquirer", "phone_maker"): -41}
    assert await due(host) == {"SHR-PHONE-20140224": ("0200000011", 54, MONDAY + timedelta(days=2))}
    account = house_account(0, Kind.SHARE_PHONE_MAKER, Asset.CNY)
    assert await host.place.owed(account) == [0]


async def test_each_party_and_the_merchant_have_statements_that_add_up(host: CardTown) -> None:
    """A sale and a part of it given back the next day."""
    house = host.place.house
    await enrolled(host, DINER)
    _, phone = await buyer(host)
    (sale,) = await sold(host, DINER, phone, 1_000_00)
    await settle(host, MONDAY)
    await close(host, MONDAY)
    await host.after(days=1)
    await refund(host, sale, 400_00)
    await sold(host, DINER, phone, 500_00)
    one = await settle(host, TUESDAY)
    await close(host, TUESDAY)
    async with house.database.read() as tx:
        found = await merchant_statement(tx, DINER.merchant_number, TUESDAY)
        parties = {party: await party_statement(tx, party, MONDAY, TUESDAY) for party in PARTIES}
        nothing = await merchant_statement(tx, DINER.merchant_number, FRIDAY)
    assert isinstance(found, MerchantStatement), found
    assert [(line.kind, line.amount, line.fee) for line in found.lines] == [("refund", -400_00, -5_00), ("sale", 500_00, 6_25)]
    assert (found.gross, found.fee, found.net) == (100_00, 1_25, 98_75) == (one.gross, sum(line.fee for line in found.lines), one.net)
    assert found.payout is not None
    assert (found.payout.name, found.payout.amount, found.payout.state) == (f"MER-{DINER.merchant_number}-20140225", 98_75, "instructed")
    rows = merchant_rows(found)
    assert rows[0] == list(MERCHANT_COLUMNS)
    assert sum(int(row[7]) - int(row[8]) for row in rows[1:]) == 0, "what was sold less the fee is what was paid"
    assert merchant_text(found)[-1].startswith("付款 payout: 98.75 MER-")
    fees = 12_50 + 1_25
    assert parties["issuer"].amount + parties["network"].amount + parties["acquirer"].amount == fees
    assert parties["bank"].amount + parties["phone_maker"].amount == parties["issuer"].amount + parties["acquirer"].amount
    assert [line.amount for line in parties["phone_maker"].lines] == [one.amount for one in parties["phone_maker"].payments]
    rows = party_rows(parties["phone_maker"])
    assert sum(int(row[5]) for row in rows[1:]) == 0, "all of it was paid"
    assert len(party_text(parties["bank"])) == 6, "two dates, and nothing paid before the month's end"
    assert isinstance(nothing, Refusal)
    assert "look at another date" in nothing.text


async def test_a_statement_that_cannot_be_is_refused(host: CardTown) -> None:
    async with host.place.house.database.read() as tx:
        unknown = await merchant_statement(tx, "898110058129999", MONDAY)
        assert isinstance(unknown, Refusal)
        for party, first, last, words in (
            ("nobody", MONDAY, TUESDAY, "choose one of issuer"),
            ("bank", TUESDAY, MONDAY, "before it begins"),
        ):
            with pytest.raises(BadInput, match=words):
                await party_statement(tx, party, first, last)
