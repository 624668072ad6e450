"""From a hold to money: claims of the terminals, clearing, what comes late or for less, and the linked holds of an empty wallet."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from bill_town import MONDAY, NINE, Person
from card_town import NO_FEE, CardTown, Phone
from shelf import UNITS

from tapwealth.acquiring import store as acquiring
from tapwealth.bank import store as bank
from tapwealth.flows.acquiring import merchant_settlement
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.clearing import captures as clearing
from tapwealth.flows.funds import exchange_out
from tapwealth.flows.issuing.tap import HELD_FOR
from tapwealth.flows.reports.shops import FeeStatement, fee_statement
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.wire.iso8583.requests import BatchUploadRequest

LINE = 30_000_00
"""The bank's advance, a third of it in each book."""


async def wang(host: CardTown, money: int = 100_00) -> tuple[Person, Phone]:
    person = await host.place.person("Wang", money)
    return person, await host.phone(person)


async def codes(host: CardTown, *claims: BatchUploadRequest) -> list[str]:
    return [one.response_code for one in await host.upload(*claims)]


async def receivable(host: CardTown) -> int:
    """What customers owe us."""
    return -await host.place.total(Kind.CUSTOMER_RECEIVABLE)


async def test_clearing_takes_a_sale_once_however_often_it_is_claimed_and_cleared(host: CardTown) -> None:
    person, phone = await wang(host)
    sale, _ = await host.tap(phone, 30_00)
    claim = host.claim(sale)
    assert await codes(host, claim, claim) == ["00", "00"]
    assert await host.clear() == {"sales": 1, "amount": 30_00}
    assert await codes(host, host.claim(sale)) == ["00"]
    assert await host.clear() == {"sales": 1, "amount": 30_00}, "a rerun says what the date's clearing took, and takes nothing"
    assert await host.place.owed(person.wallet, await host.merchant(person.book)) == [70_00, 30_00]
    assert await host.used(person) == 30_00
    await host.place.all_books_balance()


async def test_clearing_for_less_sets_the_rest_free(host: CardTown) -> None:
    person, phone = await wang(host)
    sale, _ = await host.tap(phone, 30_00)
    assert await codes(host, host.claim(sale, amount=20_00)) == ["00"]
    assert await host.clear() == {"sales": 1, "amount": 20_00}
    assert await host.place.owed(person.wallet, await host.merchant(person.book)) == [80_00, 20_00]
    assert (await host.free(person.wallet), await host.used(person)) == ([80_00], 20_00)
    report = await merchant_settlement.settle_merchants(host.place.house, MONDAY)
    assert report.figures == {"merchants": 1, "gross": 20_00, "fee": 0, "net": 20_00}


@pytest.mark.parametrize("amount", [0, 30_01])
async def test_a_claim_that_does_not_fit_pays_nothing_and_does_not_stand_in_the_way_of_the_right_one(host: CardTown, amount: int) -> None:
    person, phone = await wang(host)
    sale, _ = await host.tap(phone, 30_00)
    assert await codes(host, host.claim(sale, amount=amount)) == ["25"]
    assert await host.clear() == {"sales": 0, "amount": 0}
    assert await codes(host, host.claim(sale)) == ["00"]
    assert await host.clear() == {"sales": 1, "amount": 30_00}
    assert await host.place.owed(person.wallet, await host.merchant(person.book)) == [70_00, 30_00]


async def test_the_first_claim_that_fits_stands(host: CardTown) -> None:
    _, phone = await wang(host)
    sale, _ = await host.tap(phone, 30_00)
    claims = [host.claim(sale, amount=amount) for amount in (31_00, 20_00, 30_00)]
    assert await codes(host, *claims) == ["25", "00", "25"]
    assert await codes(host, *claims) == ["25", "00", "25"]
    assert await host.clear() == {"sales": 1, "amount": 20_00}


async def test_a_declined_or_unknown_sale_cannot_be_claimed(host: CardTown) -> None:
    person, phone = await wang(host)
    declined, _ = await host.tap(phone, 100_01)
    never = host.sale(phone, 1_00)
    assert await codes(host, host.claim(declined), host.claim(never)) == ["25", "25"]
    assert await host.clear() == {"sales": 0, "amount": 0}
    assert await host.free(person.wallet) == [100_00]


# late


@pytest.mark.parametrize("expired_by_the_day", [True, False])
@pytest.mark.parametrize(("spent", "owed"), [(0, 0), (80_00, 10_00), (100_00, 30_00)])
async def test_a_sale_presented_after_its_hold_expired_is_paid_and_what_is_missing_the_customer_owes(
    host: CardTown, spent: int, owed: int, expired_by_the_day: bool
) -> None:
    """Whether or not the day's end came to expire it first."""
    person, phone = await wang(host)
    sale, _ = await host.tap(phone, 30_00)
    await host.after(days=HELD_FOR.days)
    if expired_by_the_day:
        await clearing.expire_holds(host.place.house, MONDAY)
    if spent:
        assert (await host.tap(phone, spent))[1] == "00"
    assert await codes(host, host.claim(sale)) == ["00"]
    day = MONDAY + HELD_FOR
    for _ in range(2):
        assert await host.clear(day) == {"sales": 1, "amount": 30_00}
    assert await host.place.owed(person.wallet, await host.merchant(person.book)) == [100_00 - 30_00 + owed, 30_00]
    assert await receivable(host) == owed
    assert (await host.free(person.wallet), await host.used(person)) == ([70_00 - spent + owed], 30_00 + spent)
    assert (await clearing.expire_holds(host.place.house, MONDAY)).figures == {"expired": 0}
    await host.place.all_books_balance()


async def test_late_sales_of_one_wallet_share_what_is_in_it(host: CardTown) -> None:
    person, phone = await wang(host)
    sales = [(await host.tap(phone, 50_00))[0] for _ in range(2)]
    await host.after(days=HELD_FOR.days)
    assert (await host.tap(phone, 30_00))[1] == "00"
    await host.upload(*map(host.claim, sales))
    await host.clear(MONDAY + HELD_FOR)
    assert await host.place.owed(person.wallet, await host.merchant(person.book)) == [30_00, 100_00]
    assert await host.free(person.wallet) == [0]
    assert await receivable(host) == 30_00


# linked holds


async def fund_owner(host: CardTown, money: int = 0, units: int = 100_00) -> tuple[Person, Phone, int]:
    await host.open_line(LINE)
    person, phone = await wang(host, money)
    return person, phone, await host.give_units(person, units)


def line_of(book: int) -> int:
    return house_account(book, Kind.ADVANCE_PAYABLE, Asset.CNY)


async def test_an_empty_wallet_pays_by_units_and_the_advance_captured_together(host: CardTown) -> None:
    person, phone, holding = await fund_owner(host)
    sale, code = await host.tap(phone, 30_00)
    assert code == "00"
    line, transit = line_of(person.book), house_account(person.book, Kind.TRANSIT_098, UNITS)
    assert await host.free(holding, line) == [70_00, LINE // 3 - 30_00]
    assert await host.place.owed(holding, line, transit) == [100_00, LINE // 3, 0]
    await host.upload(host.claim(sale))
    assert await host.clear() == {"sales": 1, "amount": 30_00}
    assert await host.place.owed(holding, line, transit, await host.merchant(person.book)) == [70_00, LINE // 3 - 30_00, 30_00, 30_00]
    assert (await clearing.draw_advance(host.place.house, MONDAY)).figures == {"amount": 30_00}
    assert (await exchange_out.cover_captures(host.place.house, MONDAY)).figures == {"transfers": 1, "units": 30_00}
    await host.place.all_books_balance()


async def test_wallet_first_and_only_the_rest_from_the_fund(host: CardTown) -> None:
    person, phone, holding = await fund_owner(host, money=20_00)
    sale, _ = await host.tap(phone, 50_00)
    assert await host.free(person.wallet, holding) == [0, 70_00]
    await host.upload(host.claim(sale))
    await host.clear()
    assert await host.place.owed(person.wallet, holding, await host.merchant(person.book)) == [0, 70_00, 50_00]


@pytest.mark.parametrize(("amount", "wallet", "units"), [(50_00, 20_00, 30_00), (30_00, 20_00, 10_00), (20_00, 20_00, 0), (5_00, 5_00, 0)])
async def test_clearing_linked_holds_for_less_leaves_the_units_first(host: CardTown, amount: int, wallet: int, units: int) -> None:
    person, phone, holding = await fund_owner(host, money=20_00)
    sale, _ = await host.tap(phone, 50_00)
    await host.upload(host.claim(sale, amount=amount))
    await host.clear()
    line = line_of(person.book)
    assert await host.place.owed(person.wallet, holding, await host.merchant(person.book)) == [20_00 - wallet, 100_00 - units, amount]
    assert await host.free(person.wallet, holding, line) == [20_00 - wallet, 100_00 - units, LINE // 3 - units]
    assert (await clearing.draw_advance(host.place.house, MONDAY)).figures == {"amount": units}
    assert (await exchange_out.cover_captures(host.place.house, MONDAY)).figures["units"] == units


@pytest.mark.parametrize("ended_by", ["reversal", "expiry", "ledger"])
async def test_linked_holds_that_end_leave_units_line_and_limit_as_if_nothing_had_been(host: CardTown, ended_by: str) -> None:
    person, phone, holding = await fund_owner(host, money=20_00)
    line = line_of(person.book)
    before = await host.free(person.wallet, holding, line)
    sale, _ = await host.tap(phone, 50_00)
    if ended_by == "reversal":
        await host.reverse(host.reversal(sale))
    else:
        await host.after(days=HELD_FOR.days)
        if ended_by == "ledger":  # the last units are wanted before anybody came to expire them
            again, code = await host.tap(phone, 120_00)
            assert code == "00"
            await host.reverse(host.reversal(again))
        await clearing.expire_holds(host.place.house, MONDAY)
    assert await host.free(person.wallet, holding, line) == before == [20_00, 100_00, LINE // 3]
    assert await host.place.owed(person.wallet, holding, line) == before
    assert await host.used(person) == 0
    assert (await clearing.draw_advance(host.place.house, MONDAY)).figures == {"amount": 0}


async def test_a_late_sale_calls_on_no_units_and_no_advance(host: CardTown) -> None:
    person, phone, holding = await fund_owner(host)
    sale, _ = await host.tap(phone, 50_00)
    await host.after(days=HELD_FOR.days)
    day = MONDAY + HELD_FOR
    await clearing.expire_holds(host.place.house, day)
    await host.upload(host.claim(sale))
    assert await host.clear(day) == {"sales": 1, "amount": 50_00}
    assert await host.place.owed(holding, await host.merchant(person.book)) == [100_00, 50_00]
    assert await receivable(host) == 50_00
    assert (await clearing.draw_advance(host.place.house, day)).figures == {"amount": 0}
    assert (await exchange_out.cover_captures(host.place.house, day)).figures == {"transfers": 0, "units": 0}


async def test_the_line_and_the_units_both_bound_what_an_empty_wallet_pays(host: CardTown) -> None:
    await host.open_line(90_00)
    person, phone = await wang(host, 0)
    holding = await host.give_units(person, 20_00)
    answers = await host.authorise(*(host.sale(phone, amount) for amount in (20_01, 15_00, 15_00)))
    assert [one.response_code for one in answers] == ["51", "00", "51"]
    await host.give_units(person, 100_00)
    answers = await host.authorise(*(host.sale(phone, amount) for amount in (15_01, 15_00)))
    assert [one.response_code for one in answers] == ["51", "00"]
    assert await host.free(holding, line_of(person.book)) == [90_00, 0]


async def test_income_that_comes_between_hold_and_capture_belongs_to_the_holder(host: CardTown) -> None:
    """At once with the capture as well: neither loses the other."""
    person, phone, holding = await fund_owner(host)
    sale, _ = await host.tap(phone, 100_00)
    await host.give_units(person, 1)
    await host.upload(host.claim(sale))
    await asyncio.gather(host.clear(), *(host.give_units(person, 1) for _ in range(3)))
    assert await host.place.owed(holding) == [4]
    assert await host.free(holding) == [4]


async def test_two_taps_at_once_for_the_last_units_are_one_sale(host: CardTown) -> None:
    """In several sessions of the database."""
    person, phone, holding = await fund_owner(host)
    answers = await asyncio.gather(*(host.authorise(host.sale(phone, 100_00)) for _ in range(4)))
    codes = sorted(one.response_code for (one,) in answers)
    assert codes[0] == "00"
    assert set(codes[1:]) <= {"05", "51"}  # 05: a greater counter of the card was met before
    assert await host.free(holding, line_of(person.book)) == [0, LINE // 3 - 100_00]
    assert await host.used(person) == 100_00


async def test_a_capture_and_an_expiry_at_once_are_one_of_them(host: CardTown) -> None:
    person, phone, holding = await fund_owner(host)
    sale, _ = await host.tap(phone, 50_00)
    await host.upload(host.claim(sale))
    await host.after(days=HELD_FOR.days, milliseconds=-1)
    await asyncio.gather(host.clear(), host.after(milliseconds=1), clearing.expire_holds(host.place.house, MONDAY))
    await clearing.expire_holds(host.place.house, MONDAY)
    await host.clear()
    assert (await host.row(sale)).state == "captured"
    owed = await receivable(host)
    assert await host.place.owed(await host.merchant(person.book), holding) == [50_00, 50_00 + owed]
    assert owed in (0, 50_00)


# settlement


async def test_the_steps_of_settlement_run_twice_pay_once(host: CardTown) -> None:
    person, phone, _ = await fund_owner(host, money=20_00)
    sale, _ = await host.tap(phone, 50_00)
    await host.upload(host.claim(sale))
    await host.clear()
    merchant = await host.merchant(person.book)
    for _ in range(2):
        assert (await merchant_settlement.settle_merchants(host.place.house, MONDAY)).figures["net"] == 50_00
        assert (await clearing.draw_advance(host.place.house, MONDAY)).figures == {"amount": 30_00}
    assert await host.place.owed(merchant) == [0]
    assert await host.place.bank_executes(MONDAY) == ["ADV-20140224", "MER-898110053110001-20140224"]
    async with host.place.house.database.read() as tx:
        mirror = (await host.place.house.ledger.balances(tx, [line_of(person.book)]))[line_of(person.book)]
    assert mirror.limit is Limit.DEBITS_WITHIN_CREDITS
    assert mirror.totals.owed == LINE // 3 - 30_00
    await host.place.all_books_balance()


FEE_BP = 38
"""0.38 percent."""


async def with_fee(host: CardTown, cap: int = 0) -> None:
    """The merchant pays a fee from now on."""
    merchant = replace(NO_FEE, id=UUID(int=77), merchant_number="898110053110002", fee_bp=FEE_BP, fee_cap=cap)
    async with host.place.house.database.transaction() as tx:
        await acquiring.add_merchant(tx, merchant, NINE)
    host.cards.merchants[merchant.merchant_number] = merchant


async def sold_in_three_books(host: CardTown, *amounts: int) -> list[int]:
    """One sale to a person of each book, claimed and cleared; the merchant's accounts."""
    accounts = []
    for name, amount in zip(("Wang", "Wu", "Zz"), amounts, strict=True):
        person = await host.place.person(name, amount)
        sale, code = await host.tap(await host.phone(person), amount, merchant_id="898110053110002")
        assert code == "00"
        await host.upload(host.claim(sale))
        async with host.place.house.database.transaction() as tx:
            wanted = NewAccount(person.book, Kind.MERCHANT, UUID(int=77), Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
            accounts += await host.place.house.ledger.open_accounts(tx, [wanted])
    await host.clear()
    return accounts


@pytest.mark.parametrize(("cap", "fee"), [(0, 1_52), (50, 38 + 50 + 38)])
async def test_a_merchant_is_paid_receipts_less_fee_over_all_books(host: CardTown, cap: int, fee: int) -> None:
    await with_fee(host, cap)
    accounts = await sold_in_three_books(host, 100_00, 200_00, 100_01)
    figures = (await merchant_settlement.settle_merchants(host.place.house, MONDAY)).figures
    assert figures == {"merchants": 1, "gross": 400_01, "fee": fee, "net": 400_01 - fee}
    assert await host.place.owed(*accounts) == [0, 0, 0]
    assert await host.place.total(Kind.FEES) == fee
    assert (await clearing.sweep_fees(host.place.house, MONDAY)).figures == {"amount": fee}
    assert await host.place.bank_executes(MONDAY) == ["FEE-20140224", "MER-898110053110002-20140224"]
    network = 3 + 3 + 7 + 7 + 3 + 3
    assert await host.place.total(Kind.CARD_NETWORK) == network, "0.0325 % of each sale from each of our two sides"
    assert (await host.place.total(Kind.FEES), await host.place.total(Kind.FEES_OWN)) == (0, fee - network)
    assert await host.place.total(Kind.CUSTOMER_RESERVE) == 0
    await host.place.all_books_balance()


@pytest.mark.parametrize("broken", ["payments.instruct", "acquiring.add_settlements"])
async def test_a_settlement_that_stops_in_the_middle_is_as_if_it_had_not_begun(
    host: CardTown, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    await with_fee(host)
    accounts = await sold_in_three_books(host, 100_00, 200_00, 100_01)

    async def stop(*_: object, **__: object) -> None:
        raise ConnectionError("stopped")

    with monkeypatch.context() as patched:
        patched.setattr(f"tapwealth.flows.acquiring.merchant_settlement.{broken}", stop)
        with pytest.raises(Exception, match="stopped"):
            await merchant_settlement.settle_merchants(host.place.house, MONDAY)
    assert (await host.place.owed(*accounts), await host.place.total(Kind.FEES)) == ([100_00, 200_00, 100_01], 0)
    for _ in range(2):
        assert (await merchant_settlement.settle_merchants(host.place.house, MONDAY)).figures["net"] == 398_49
    assert await host.place.owed(*accounts) == [0, 0, 0]
    assert await host.place.total(Kind.FEES) == 1_52


async def test_what_a_merchant_pays_is_shared_to_the_fen_and_each_party_has_its_statement(host: CardTown) -> None:
    """5814 is catering: 0.90 % the issuer's, 0.13 % the network's by the notice of 2013, of each sale; the rest of 0.38 % is a loss."""
    house = replace(host.place.house, rule_set="2014")
    await with_fee(host)
    await sold_in_three_books(host, 100_00, 200_00, 100_01)
    await merchant_settlement.settle_merchants(house, MONDAY)
    async with house.database.read() as tx:
        assert await fee_statement(tx, MONDAY - timedelta(days=1)) == FeeStatement(MONDAY - timedelta(days=1), 0, 0, 0, 0, [])
        found = await fee_statement(tx, MONDAY)
    assert (found.fee, found.issuer, found.network, found.acquirer) == (1_52, 90 + 1_80 + 90, 13 + 26 + 13, 1_52 - 3_60 - 52)
    assert [(one.number, one.gross, one.fee) for one in found.lines] == [("898110053110002", 400_01, 1_52)]


FRIDAY, SATURDAY, SUNDAY, NEXT_MONDAY = (MONDAY + timedelta(days=days) for days in (4, 5, 6, 7))


async def test_what_is_paid_out_after_a_friday_waits_for_monday_also_when_the_bank_had_rejected_it(host: CardTown) -> None:
    _, phone = await wang(host)
    sale, _ = await host.tap(phone, 30_00)
    await host.upload(host.claim(sale))
    await host.clear(FRIDAY)
    await merchant_settlement.settle_merchants(host.place.house, FRIDAY)
    name = f"MER-{NO_FEE.merchant_number}-20140228"
    assert await payout_dates(host) == {name: NEXT_MONDAY}
    await payments.hear(host.place.house, [Outcome(name, False, SATURDAY, "closed")])
    await payments.instruct_again(host.place.house, SATURDAY)
    assert await payout_dates(host) == {}, "what has come back goes with the next settlement"
    report = await merchant_settlement.settle_merchants(host.place.house, SATURDAY)
    assert report.text == "1 merchant: receipts 0.00, fee 0.00, paid out 30.00"
    assert await payout_dates(host) == {f"MER-{NO_FEE.merchant_number}-20140301": NEXT_MONDAY}
    assert (await merchant_settlement.settle_merchants(host.place.house, SATURDAY)) == report
    assert (await merchant_settlement.settle_merchants(host.place.house, SUNDAY)).figures["merchants"] == 0, "nothing is left to say"
    assert await host.place.total(Kind.MERCHANT) == 0
    await host.place.all_books_balance()


async def payout_dates(host: CardTown) -> dict[str, date]:
    """When the bank is to execute what it was told to pay and has not answered."""
    async with host.place.house.database.read() as tx:
        return {one.end_to_end_id: one.requested_date for one in await bank.open_instructions(tx)}
