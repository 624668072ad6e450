"""What follows a tap, on a real database: voids, pre-authorisations and completions, refunds, inquiries, and the reversal of each."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from bill_town import MONDAY, Person
from card_town import CardTown, Phone
from shelf import MONEY_FUND

from tapwealth.compliance import store as compliance
from tapwealth.flows.acquiring import merchant_settlement
from tapwealth.flows.clearing import captures as clearing
from tapwealth.flows.issuing.tap import HELD_FOR, PREAUTHORISED_FOR
from tapwealth.flows.reports.shops import merchant_views
from tapwealth.funds import conditions_store
from tapwealth.funds.conditions import FundStatus
from tapwealth.issuing import tapped
from tapwealth.kernel.clock import shanghai
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.wire.iso8583.requests import AuthorisationRequest, FollowUpRequest, TransactionKind

K = TransactionKind
TUESDAY = MONDAY + timedelta(days=1)


async def wang(host: CardTown, money: int = 100_00) -> tuple[Person, Phone]:
    person = await host.place.person("Wang", money)
    return person, await host.phone(person)


@dataclass
class Counter:
    """A merchant's counter: what was asked with its reference, one request at a time."""

    host: CardTown
    person: Person
    phone: Phone

    async def card(self, kind: TransactionKind, amount: int) -> tuple[AuthorisationRequest, str]:
        asked = self.host.sale(self.phone, amount, kind=kind)
        (answer,) = await self.host.authorise(asked)
        assert answer.response_code == "00"
        return asked, answer.rrn

    async def follow(
        self, kind: TransactionKind, of: Any, amount: int = 0, code: str = "00", **changes: Any
    ) -> tuple[FollowUpRequest, str]:
        asked = self.host.follow_up(kind, of[0], of[1], amount, **changes)
        (answer,) = await self.host.later(asked)
        assert answer.response_code == code, (kind, answer)
        assert bool(answer.authorisation_code) == (code == "00")
        return asked, answer.rrn

    async def reverse(self, of: Any, code: str = "00", **changes: Any) -> None:
        assert [one.response_code for one in await self.host.reverse(self.host.reversal(of[0], **changes))] == [code]

    async def claimed_and_cleared(self, of: Any, day: Any = MONDAY) -> dict[str, Any]:
        assert [one.response_code for one in await self.host.upload(self.host.claim(of[0]))] == ["00"]
        return await self.host.clear(day)

    async def free_and_used(self) -> tuple[int, int]:
        return (await self.host.free(self.person.wallet))[0], await self.host.used(self.person)

    async def state(self, of: Any) -> str:
        return (await self.host.row(of[0])).state


@pytest.fixture
async def shop(host: CardTown) -> Counter:
    return Counter(host, *await wang(host))


# voids


async def test_a_void_sets_the_hold_free_and_the_sale_is_not_paid_any_more(shop: Counter) -> None:
    sale = await shop.card(K.SALE, 30_00)
    await shop.host.upload(shop.host.claim(sale[0]))
    await shop.follow(K.VOID, sale)
    assert await shop.free_and_used() == (100_00, 0)
    assert await shop.host.clear() == {"sales": 0, "amount": 0}
    await shop.follow(K.VOID, sale, code="12")
    await shop.reverse(sale)
    assert await shop.free_and_used() == (100_00, 0)
    await shop.host.place.all_books_balance()


async def test_a_void_after_clearing_gives_the_money_back_out_of_the_merchants_receipts(shop: Counter) -> None:
    sale = await shop.card(K.SALE, 30_00)
    await shop.claimed_and_cleared(sale)
    void = await shop.follow(K.VOID, sale)
    assert await shop.free_and_used() == (70_00, 30_00)
    assert (await shop.host.clear())["refunds"] == 30_00
    assert await shop.free_and_used() == (100_00, 0)
    assert (await merchant_settlement.settle_merchants(shop.host.place.house, MONDAY)).figures["net"] == 0
    await shop.reverse(void, "12")
    await shop.follow(K.REFUND, sale, 1, code="61")


async def test_a_follow_up_again_gets_the_same_answer_and_is_done_once(shop: Counter) -> None:
    sale = await shop.card(K.SALE, 30_00)
    void = shop.host.follow_up(K.VOID, *sale)
    first, twin = await shop.host.later(void, void)
    (again,) = await shop.host.later(void)
    assert first == twin == again
    assert first.response_code == "00"
    (other,) = await shop.host.later(replace(void, amount=1_00))
    assert other.response_code == "94"
    assert await shop.free_and_used() == (100_00, 0)


@pytest.mark.parametrize("together", [False, True])
async def test_a_follow_up_of_another_sale_under_used_numbers_gets_no_others_answer(shop: Counter, together: bool) -> None:
    sale, other = await shop.card(K.SALE, 30_00), await shop.card(K.SALE, 30_00)
    void = shop.host.follow_up(K.VOID, *sale)
    wrong = shop.host.follow_up(K.VOID, *other, stan=void.stan)
    if together:
        answers = await shop.host.later(void, wrong)
    else:
        answers = [*await shop.host.later(void), *await shop.host.later(wrong)]
    assert [one.response_code for one in answers] == ["00", "94"]
    assert (await shop.state(sale), await shop.state(other)) == ("voided", "approved")
    assert await shop.free_and_used() == (70_00, 30_00)
    (nowhere,) = await shop.host.later(replace(wrong, original=wrong.original._replace(stan="999999")))
    assert nowhere.response_code == "94"
    (again,) = await shop.host.later(void)
    assert again == answers[0]
    await shop.follow(K.VOID, other)


async def test_a_follow_up_that_came_before_its_sale_stays_declined(shop: Counter) -> None:
    asked = shop.host.sale(shop.phone, 30_00)
    early = shop.host.follow_up(K.VOID, asked, "000000000000")
    (first,) = await shop.host.later(early)
    assert first.response_code == "25"
    (sold,) = await shop.host.authorise(asked)
    assert sold.response_code == "00"
    assert await shop.host.later(early) == [first]
    assert await shop.free_and_used() == (70_00, 30_00)


async def test_what_a_follow_up_must_name(shop: Counter) -> None:
    sale, hold = await shop.card(K.SALE, 30_00), await shop.card(K.PREAUTHORISATION, 10_00)
    await shop.follow(K.VOID, sale, amount=29_00, code="64")
    await shop.follow(K.VOID, (sale[0], "000000000000"), code="25")
    await shop.follow(K.VOID, hold, code="25")
    await shop.follow(K.COMPLETION, sale, code="25")
    await shop.follow(K.CANCELLATION, sale, code="25")
    await shop.follow(K.COMPLETION_VOID, sale, code="25")
    other = await shop.host.phone(await shop.host.place.person("Wu", 1_00))
    await shop.follow(K.VOID, sale, code="25", pan=shop.host.sale(other, 1_00).pan)
    assert await shop.free_and_used() == (60_00, 40_00)
    assert (await shop.state(sale), await shop.state(hold)) == ("approved", "approved")


# pre-authorisations


async def test_a_preauthorisation_holds_longer_than_a_sale_and_then_expires(shop: Counter) -> None:
    hold = await shop.card(K.PREAUTHORISATION, 40_00)
    await shop.host.after(days=HELD_FOR.days)
    assert (await clearing.expire_holds(shop.host.place.house, MONDAY)).figures == {"expired": 0}
    assert await shop.free_and_used() == (60_00, 40_00)
    await shop.host.after(days=PREAUTHORISED_FOR.days - HELD_FOR.days)
    await shop.follow(K.COMPLETION, hold, code="12")
    assert (await clearing.expire_holds(shop.host.place.house, MONDAY)).figures == {"expired": 1}
    assert await shop.free_and_used() == (100_00, 0)


async def test_a_preauthorisation_itself_is_not_paid(shop: Counter) -> None:
    hold = await shop.card(K.PREAUTHORISATION, 40_00)
    assert [one.response_code for one in await shop.host.upload(shop.host.claim(hold[0]))] == ["25"]


@pytest.mark.parametrize("amount", [25_00, 40_00, 46_00])
async def test_a_completion_takes_less_or_up_to_115_percent_and_frees_the_rest(shop: Counter, amount: int) -> None:
    hold = await shop.card(K.PREAUTHORISATION, 40_00)
    await shop.follow(K.COMPLETION, hold, 46_01, code="61")
    done = await shop.follow(K.COMPLETION, hold, amount)
    assert await shop.free_and_used() == (100_00 - amount, amount)
    await shop.follow(K.COMPLETION, hold, amount, code="12")
    await shop.reverse(hold, "12")
    assert await shop.claimed_and_cleared(done) == {"sales": 1, "amount": amount}
    assert await shop.host.place.owed(await shop.host.merchant(shop.person.book)) == [amount]
    await shop.host.place.all_books_balance()


async def test_a_completion_of_more_than_there_is_leaves_the_hold(shop: Counter) -> None:
    hold = await shop.card(K.PREAUTHORISATION, 90_00)
    await shop.follow(K.COMPLETION, hold, 100_01, code="51")
    assert await shop.state(hold) == "approved"
    assert await shop.free_and_used() == (10_00, 90_00)
    await shop.follow(K.COMPLETION, hold, 100_00)
    assert await shop.free_and_used() == (0, 100_00)


async def test_a_completion_goes_on_into_the_fund(host: CardTown) -> None:
    person, phone = await wang(host, 20_00)
    holding = await host.give_units(person, 100_00)
    await host.open_line(300_00)
    shop = Counter(host, person, phone)
    hold = await shop.card(K.PREAUTHORISATION, 40_00)
    done = await shop.follow(K.COMPLETION, hold, 46_00)
    line = house_account(person.book, Kind.ADVANCE_PAYABLE, 1)
    assert await host.free(person.wallet, holding, line) == [0, 74_00, 74_00]
    await shop.reverse(done)
    assert await host.free(person.wallet, holding, line) == [0, 80_00, 80_00]


async def test_a_completion_draws_no_more_on_a_fund_that_is_stopped_since_than_was_held(host: CardTown) -> None:
    """The bank would advance what the registrar does not take back. What was held before is paid."""
    person, phone = await wang(host, 20_00)
    holding = await host.give_units(person, 100_00)
    await host.open_line(300_00)
    shop = Counter(host, person, phone)
    hold = await shop.card(K.PREAUTHORISATION, 40_00)
    async with host.place.house.database.transaction() as tx:
        await conditions_store.add_statuses(tx, MONDAY, {MONEY_FUND.code: FundStatus.NO_REDEMPTION}, host.place.biller.now)
    await shop.follow(K.COMPLETION, hold, 46_00, code="51")
    assert await host.free(person.wallet, holding) == [0, 80_00]
    await shop.follow(K.COMPLETION, hold, 40_00)
    assert await host.free(person.wallet, holding) == [0, 80_00]


@pytest.mark.parametrize("undo", ["reverse", "void"])
async def test_an_undone_completion_brings_the_preauthorisation_back(shop: Counter, undo: str) -> None:
    hold = await shop.card(K.PREAUTHORISATION, 40_00)
    done = await shop.follow(K.COMPLETION, hold, 30_00)
    if undo == "reverse":
        await shop.reverse(done)
    else:
        await shop.follow(K.COMPLETION_VOID, done)
    assert await shop.state(hold) == "approved"
    assert await shop.free_and_used() == (60_00, 40_00)
    again = await shop.follow(K.COMPLETION, hold, 35_00)
    assert await shop.claimed_and_cleared(again) == {"sales": 1, "amount": 35_00}
    assert await shop.free_and_used() == (65_00, 35_00)


async def test_a_cancelled_preauthorisation_cannot_be_completed(shop: Counter) -> None:
    hold = await shop.card(K.PREAUTHORISATION, 40_00)
    await shop.follow(K.CANCELLATION, hold)
    assert await shop.free_and_used() == (100_00, 0)
    await shop.follow(K.COMPLETION, hold, code="12")


# refunds


async def test_refunds_never_give_back_more_than_the_sale_took(shop: Counter) -> None:
    sale = await shop.card(K.SALE, 30_00)
    await shop.follow(K.REFUND, sale, 10_00, code="12")
    await shop.claimed_and_cleared(sale)
    await shop.follow(K.REFUND, sale, 30_01, code="61")
    await shop.follow(K.REFUND, sale, 10_00)
    await shop.follow(K.REFUND, sale, 20_01, code="61")
    await shop.follow(K.REFUND, sale, 20_00)
    await shop.follow(K.REFUND, sale, 1, code="61")
    assert (await shop.host.clear())["refunds"] == 30_00
    assert (await shop.host.clear())["refunds"] == 30_00, "a rerun gives nothing back again"
    assert await shop.free_and_used() == (100_00, 0)
    await shop.host.place.all_books_balance()


async def test_the_merchant_sees_each_voucher_with_its_kind_and_what_became_of_it(shop: Counter) -> None:
    sale, voided, kept = [await shop.card(K.SALE, 10_00) for _ in range(3)]
    held, given_up = [await shop.card(K.PREAUTHORISATION, 10_00) for _ in range(2)]
    await shop.follow(K.VOID, voided, 10_00)
    await shop.follow(K.COMPLETION, held, 9_00)
    await shop.follow(K.CANCELLATION, given_up, 10_00)
    await shop.host.reverse(shop.host.reversal(kept[0]))
    await shop.card(K.BALANCE, 0)
    await shop.claimed_and_cleared(sale)
    await shop.follow(K.REFUND, sale, 4_00)
    async with shop.host.place.house.database.read() as tx:
        (shown,) = await merchant_views(tx)
    assert {(one.kind_en, one.state_en) for one in shown.receipts} == {
        ("Sale, contactless", "cleared"), ("Sale, contactless", "voided"), ("Sale, contactless", "reversed"), ("Void", "taken"),
        ("Pre-authorisation", "completed"), ("Pre-authorisation", "voided"), ("Completion", "authorised"), ("Cancellation", "taken"),
        ("Balance inquiry", "taken"), ("Refund", "taken"),
    }  # fmt: skip


async def test_two_refunds_in_one_list_together_stay_within_the_sale(shop: Counter) -> None:
    sale = await shop.card(K.SALE, 30_00)
    await shop.claimed_and_cleared(sale)
    answers = await shop.host.later(*(shop.host.follow_up(K.REFUND, *sale, 20_00) for _ in range(2)))
    assert sorted(one.response_code for one in answers) == ["00", "61"]


async def test_a_refund_after_settlement_waits_for_the_merchants_next_receipts(shop: Counter) -> None:
    sale = await shop.card(K.SALE, 30_00)
    await shop.claimed_and_cleared(sale)
    assert (await merchant_settlement.settle_merchants(shop.host.place.house, MONDAY)).figures["net"] == 30_00
    await shop.follow(K.REFUND, sale, 10_00)
    assert "refunds" not in await shop.host.clear()
    assert await shop.free_and_used() == (70_00, 30_00)
    await shop.host.after(days=1)
    more = await shop.card(K.SALE, 25_00)
    assert await shop.claimed_and_cleared(more, TUESDAY) == {"sales": 1, "amount": 25_00, "refunds": 10_00}
    assert (await merchant_settlement.settle_merchants(shop.host.place.house, TUESDAY)).figures["net"] == 15_00
    assert await shop.host.place.owed(shop.person.wallet, await shop.host.merchant(shop.person.book)) == [55_00, 0]
    await shop.host.place.all_books_balance()


# reversals of all of it


async def test_a_reversed_void_brings_the_sale_back(shop: Counter) -> None:
    sale = await shop.card(K.SALE, 30_00)
    void = await shop.follow(K.VOID, sale)
    for _ in range(2):
        await shop.reverse(void)
        assert await shop.free_and_used() == (70_00, 30_00)
    assert await shop.claimed_and_cleared(sale) == {"sales": 1, "amount": 30_00}


async def test_a_reversed_void_whose_money_has_gone_is_still_paid_to_the_merchant(shop: Counter) -> None:
    sale = await shop.card(K.SALE, 60_00)
    void = await shop.follow(K.VOID, sale)
    await shop.card(K.SALE, 80_00)
    await shop.reverse(void)
    assert (await shop.state(sale), await shop.free_and_used()) == ("expired", (20_00, 80_00))
    assert await shop.claimed_and_cleared(sale) == {"sales": 1, "amount": 60_00}
    assert -await shop.host.place.total(Kind.CUSTOMER_RECEIVABLE) == 40_00
    await shop.host.place.all_books_balance()


@pytest.mark.parametrize(("meanwhile", "state"), [(400_00, "approved"), (400_01, "expired")])
async def test_a_reversed_void_holds_again_within_the_limit_of_the_class(host: CardTown, meanwhile: int, state: str) -> None:
    """1,000.00 of class I: 600.00 of them come back with the sale, unless they were paid meanwhile. The merchant is paid all the same."""
    person = await host.place.person("Wang", 5_000_00, 1)
    shop = Counter(host, person, await host.tireless_phone(person))
    sale = await shop.card(K.SALE, 600_00)
    void = await shop.follow(K.VOID, sale)
    await shop.card(K.SALE, meanwhile)
    await shop.reverse(void)
    held = meanwhile + 600_00 * (state == "approved")
    assert (await shop.state(sale), await shop.free_and_used()) == (state, (5_000_00 - held, held))
    assert await shop.claimed_and_cleared(sale) == {"sales": 1, "amount": 600_00}
    assert await host.used(person) == meanwhile + 600_00, "what is paid counts"
    await host.place.all_books_balance()


async def test_a_preauthorisation_comes_back_for_the_completion_that_goes(host: CardTown) -> None:
    """Of all that class I may pay: what goes counts no more."""
    person = await host.place.person("Wang", 5_000_00, 1)
    shop = Counter(host, person, await host.tireless_phone(person))
    before = await shop.card(K.PREAUTHORISATION, 1_000_00)
    done = await shop.follow(K.COMPLETION, before, 1_000_00)
    await shop.follow(K.COMPLETION_VOID, done)
    assert (await shop.state(before), await shop.free_and_used()) == ("approved", (4_000_00, 1_000_00))


async def test_a_completion_of_more_than_was_held_stays_within_what_the_customers_class_may_pay(host: CardTown) -> None:
    """1,000.00 of class I: 900.00 are held in two, and of what is asked for more the first fits. The other's hold stays, for as much."""
    person = await host.place.person("Wang", 5_000_00, 1)
    shop = Counter(host, person, await host.tireless_phone(person))
    first, other = [await shop.card(K.PREAUTHORISATION, 450_00) for _ in range(2)]
    both = [host.follow_up(K.COMPLETION, *of, amount) for of, amount in ((first, 510_00), (other, 490_01))]
    assert [one.response_code for one in await host.later(*both)] == ["00", "61"]
    assert (await host.row(both[1])).reason.startswith("above_limit: 490.01 is above the 490.00 that a class 1 account may still pay")
    assert (await shop.state(other), await shop.free_and_used()) == ("approved", (4_040_00, 960_00))
    await shop.follow(K.COMPLETION, other, 490_00)
    assert await shop.free_and_used() == (4_000_00, 1_000_00)


async def test_what_is_given_back_in_another_year_counts_no_more_in_the_year_in_which_it_was_paid(shop: Counter) -> None:
    last, first = date(2014, 12, 31), date(2015, 1, 2)
    await shop.host.place.clock(shanghai(last, 12))
    shop.phone = await shop.host.tireless_phone(shop.person)
    sale = await shop.card(K.SALE, 30_00)
    await shop.claimed_and_cleared(sale, last)
    await shop.host.place.clock(shanghai(first, 12))
    await shop.follow(K.REFUND, sale, 10_00)
    more = await shop.card(K.SALE, 25_00)
    assert (await shop.claimed_and_cleared(more, first))["refunds"] == 10_00
    async with shop.host.place.house.database.read() as tx:
        used = await compliance.usage(tx, [(shop.person.book, shop.person.id, 2)], [last, first])
    assert [used.amounts[shop.person.id, date(year, 1, 1)] for year in (2014, 2015)] == [20_00, 25_00]


@pytest.mark.usefixtures("spending_counts")
@pytest.mark.parametrize(("meanwhile", "state"), [(4_000_00, "approved"), (4_000_01, "expired")])
async def test_a_reversed_void_holds_a_funds_part_again_within_the_cap_of_its_day(shop: Counter, meanwhile: int, state: str) -> None:
    """10,000.00 a day: 6,000.00 of them come back with the sale, unless they were spent meanwhile. The merchant is paid all the same."""
    await shop.host.give_units(shop.person, 20_000_00)
    await shop.host.open_line(90_000_00)
    shop.phone = await shop.host.tireless_phone(shop.person)
    (left,) = await shop.host.free(shop.person.wallet)
    await shop.card(K.SALE, left)
    sale = await shop.card(K.SALE, 6_000_00)
    void = await shop.follow(K.VOID, sale)
    await shop.card(K.SALE, meanwhile)
    await shop.reverse(void)
    assert await shop.state(sale) == state
    async with shop.host.place.house.database.read() as tx:
        spent = await tapped.spent_from_the_fund(tx, [(shop.person.book, shop.person.id)], MONEY_FUND.code, MONDAY)
    assert spent == {shop.person.id: meanwhile + 6_000_00 * (state == "approved")}
    assert await shop.claimed_and_cleared(sale) == {"sales": 1, "amount": 6_000_00}
    await shop.host.place.all_books_balance()


@pytest.mark.usefixtures("spending_counts")
async def test_a_preauthorisation_that_stands_again_has_the_cap_that_its_completion_leaves(shop: Counter) -> None:
    """The completion of 9,000.00 goes, the 9,000.00 of the pre-authorisation come back: what goes counts no more."""
    await shop.host.give_units(shop.person, 20_000_00)
    await shop.host.open_line(90_000_00)
    shop.phone = await shop.host.tireless_phone(shop.person)
    before = await shop.card(K.PREAUTHORISATION, 9_000_00)
    done = await shop.follow(K.COMPLETION, before, 9_000_00)
    await shop.follow(K.COMPLETION_VOID, done)
    assert (await shop.state(before), await shop.state(done)) == ("approved", "voided")


async def test_a_reversed_void_does_not_bring_back_a_sale_that_was_reversed_as_well(shop: Counter) -> None:
    sale = await shop.card(K.SALE, 30_00)
    void = await shop.follow(K.VOID, sale)
    await shop.reverse(sale)
    await shop.reverse(void)
    assert await shop.free_and_used() == (100_00, 0)


async def test_a_reversed_cancellation_brings_the_preauthorisation_back(shop: Counter) -> None:
    hold = await shop.card(K.PREAUTHORISATION, 40_00)
    cancelled = await shop.follow(K.CANCELLATION, hold)
    await shop.reverse(cancelled)
    assert await shop.free_and_used() == (60_00, 40_00)
    await shop.follow(K.COMPLETION, hold)


async def test_a_reversed_void_of_a_completion_brings_the_completion_back(shop: Counter) -> None:
    hold = await shop.card(K.PREAUTHORISATION, 40_00)
    done = await shop.follow(K.COMPLETION, hold, 30_00)
    void = await shop.follow(K.COMPLETION_VOID, done)
    await shop.reverse(void)
    assert (await shop.state(hold), await shop.state(done)) == ("completed", "approved")
    assert await shop.free_and_used() == (70_00, 30_00)
    assert await shop.claimed_and_cleared(done) == {"sales": 1, "amount": 30_00}


@dataclass
class Twice:
    """A pre-authorisation of 40.00 whose completion of 30.00 was voided: it can be ended a second time."""

    hold: Any
    done: Any
    void: Any


@pytest.fixture
async def twice(shop: Counter) -> Twice:
    hold = await shop.card(K.PREAUTHORISATION, 40_00)
    done = await shop.follow(K.COMPLETION, hold, 30_00)
    return Twice(hold, done, await shop.follow(K.COMPLETION_VOID, done))


async def test_a_preauthorisation_completed_anew_is_not_charged_for_its_voided_completion_too(shop: Counter, twice: Twice) -> None:
    again = await shop.follow(K.COMPLETION, twice.hold, 35_00)
    for _ in range(2):
        await shop.reverse(twice.void, "12")
        assert (await shop.state(twice.done), await shop.state(twice.void)) == ("voided", "done")
        assert await shop.free_and_used() == (65_00, 35_00)
    await shop.follow(K.COMPLETION_VOID, again)
    third = await shop.follow(K.COMPLETION, twice.hold, 20_00)
    await shop.reverse(twice.void, "12")
    assert [one.response_code for one in await shop.host.upload(shop.host.claim(twice.done[0]))] == ["25"]
    assert await shop.claimed_and_cleared(third) == {"sales": 1, "amount": 20_00}
    assert await shop.free_and_used() == (80_00, 20_00)
    await shop.host.place.all_books_balance()


@pytest.mark.parametrize("end", ["cancel", "reverse"])
async def test_a_preauthorisation_given_up_is_not_charged_for_its_voided_completion(shop: Counter, twice: Twice, end: str) -> None:
    if end == "cancel":
        cancelled = await shop.follow(K.CANCELLATION, twice.hold)
    else:
        await shop.reverse(twice.hold)
    await shop.reverse(twice.void, "12")
    assert (await shop.state(twice.done), await shop.free_and_used()) == ("voided", (100_00, 0))
    if end == "cancel":
        await shop.reverse(cancelled)
        await shop.reverse(twice.void)
        assert (await shop.state(twice.hold), await shop.state(twice.done)) == ("completed", "approved")
        assert await shop.free_and_used() == (70_00, 30_00)


async def test_of_two_voids_of_completions_reversed_in_one_list_the_first_brings_its_completion_back(shop: Counter, twice: Twice) -> None:
    again = await shop.follow(K.COMPLETION, twice.hold, 35_00)
    other = await shop.follow(K.COMPLETION_VOID, again)
    answers = await shop.host.reverse(*(shop.host.reversal(one[0]) for one in (twice.void, other)))
    assert [one.response_code for one in answers] == ["00", "12"]
    assert (await shop.state(twice.done), await shop.state(again)) == ("approved", "voided")
    assert await shop.free_and_used() == (70_00, 30_00)
    assert await shop.claimed_and_cleared(twice.done) == {"sales": 1, "amount": 30_00}
    await shop.host.place.all_books_balance()


async def test_reversals_of_one_preauthorisation_in_one_list_are_decided_one_after_the_other(shop: Counter, twice: Twice) -> None:
    def both(*of: Any) -> Any:
        return shop.host.reverse(*(shop.host.reversal(one[0]) for one in of))

    again = await shop.follow(K.COMPLETION, twice.hold, 35_00)
    assert [one.response_code for one in await both(again, twice.void)] == ["00", "00"]
    assert (await shop.state(again), await shop.state(twice.done)) == ("reversed", "approved")
    assert await shop.free_and_used() == (70_00, 30_00)
    void = await shop.follow(K.COMPLETION_VOID, twice.done)
    assert [one.response_code for one in await both(twice.hold, void)] == ["00", "12"]
    assert await shop.free_and_used() == (100_00, 0)


async def test_a_reversal_that_was_not_possible_leaves_nothing_behind(shop: Counter) -> None:
    """The terminal is told 12 of a completed pre-authorisation: when its completion is reversed later, it holds again as if not asked."""
    hold = await shop.card(K.PREAUTHORISATION, 30_00)
    done = await shop.follow(K.COMPLETION, hold, 20_00)
    await shop.reverse(hold, "12")
    await shop.reverse(done)
    assert (await shop.state(hold), await shop.state(done)) == ("approved", "reversed")
    assert await shop.free_and_used() == (70_00, 30_00)
    await shop.reverse(hold)
    assert (await shop.state(hold), await shop.free_and_used()) == ("reversed", (100_00, 0))


async def test_a_reversed_refund_is_not_given_back(shop: Counter) -> None:
    sale = await shop.card(K.SALE, 30_00)
    await shop.claimed_and_cleared(sale)
    refund = await shop.follow(K.REFUND, sale, 10_00)
    await shop.reverse(refund)
    assert "refunds" not in await shop.host.clear()
    await shop.follow(K.REFUND, sale, 30_00)


@pytest.mark.parametrize("kind", [K.VOID, K.CANCELLATION, K.COMPLETION, K.COMPLETION_VOID, K.REFUND])
async def test_a_reversal_before_or_of_another_amount_or_kind(shop: Counter, kind: TransactionKind) -> None:
    before = K.PREAUTHORISATION if kind in (K.CANCELLATION, K.COMPLETION, K.COMPLETION_VOID) else K.SALE
    of = await shop.card(before, 30_00)
    if kind is K.COMPLETION_VOID:
        of = await shop.follow(K.COMPLETION, of)
    if kind is K.REFUND:
        await shop.claimed_and_cleared(of)
    stood = await shop.free_and_used()
    early = shop.host.follow_up(kind, *of)
    await shop.reverse((early,), "25")
    (late,) = await shop.host.later(early)
    assert late.response_code == "12"
    assert await shop.free_and_used() == stood
    done = await shop.follow(kind, of)
    stands = await shop.free_and_used()
    await shop.reverse(done, "64", amount=29_99)
    await shop.reverse(done, "25", kind=K.SALE)
    assert await shop.free_and_used() == stands
    await shop.reverse(done)
    await shop.reverse(done)
    assert await shop.free_and_used() == stood
    await shop.host.place.all_books_balance()


async def test_a_preauthorisation_is_reversed_like_a_sale(shop: Counter) -> None:
    asked = shop.host.sale(shop.phone, 40_00, kind=K.PREAUTHORISATION)
    await shop.reverse((asked,), "25")
    (answer,) = await shop.host.authorise(asked)
    assert answer.response_code == "12"
    hold = await shop.card(K.PREAUTHORISATION, 40_00)
    await shop.reverse(hold, "64", amount=1)
    await shop.reverse(hold)
    assert await shop.free_and_used() == (100_00, 0)


# inquiries


async def test_an_inquiry_tells_what_is_there_and_takes_nothing(shop: Counter) -> None:
    await shop.card(K.SALE, 30_00)
    asked = shop.host.sale(shop.phone, 0, kind=K.BALANCE)
    first, twin = await shop.host.authorise(asked, asked)
    assert (first.response_code, first.balance) == ("00", 70_00)
    await shop.card(K.SALE, 10_00)
    assert [first, first] == [twin, *await shop.host.authorise(asked)]
    (forged,) = await shop.host.authorise(shop.host.sale(shop.phone.forged(), 0, kind=K.BALANCE))
    assert (forged.response_code, forged.balance) == ("05", None)
    assert await shop.free_and_used() == (60_00, 40_00)
