"""The network's file against what was presented: each case is an entry or a break with a name, and what is disputed debits no customer."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from bill_town import MONDAY
from card_town import NO_FEE, CardTown
from clearing_network import clear
from four_eyes import decided, operator, propose
from network_shop import TUESDAY, WEDNESDAY, Makes, Shop, network_of, sold

from tapwealth.bank import store as bank
from tapwealth.clearing.judge import Why
from tapwealth.flows import setup
from tapwealth.flows.acquiring import merchant_settlement
from tapwealth.flows.bank import payments, receipts
from tapwealth.flows.bank.bank_messages import RECOGNISERS
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.clearing import captures as clearing
from tapwealth.flows.clearing import network
from tapwealth.flows.clearing.fee_concession import ConcessionRefusal, ProposeFeeConcession
from tapwealth.flows.clearing.network import INSTITUTION
from tapwealth.flows.clearing.network_items import FEE_DIFFERS, SAID
from tapwealth.flows.issuing.tap import HELD_FOR
from tapwealth.flows.reports.network import network_view
from tapwealth.flows.reports.words import DISPUTES
from tapwealth.flows.setup import Approved
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.web.day_wording import in_words
from tapwealth.wire.clearing_file import Item, ItemKind
from tapwealth.wire.iso8583.requests import TransactionKind

RESTAURANT = "5812"


@pytest.fixture
async def shop(host: CardTown) -> Shop:
    """30.00 of 100.00 yuan at a fast-food counter."""
    return await sold(host)


def for_other(amount: int) -> Makes:
    """The first item for another amount."""
    return lambda items: [replace(items[0], amount=amount), *items[1:]]


FEE = 2
"""0.0325 % of 30.00 yuan, half-up to the fen, from each of our two sides."""


# what is right


async def test_what_is_presented_names_the_sale_and_no_card(shop: Shop) -> None:
    assert await shop.end(MONDAY) == {"sales": 1, "amount": 30_00}
    (item,), row = shop.network.items(MONDAY), await shop.row()
    assert item.key == (row.rrn, INSTITUTION, row.terminal_number, row.stan, row.authorisation_code)
    assert (item.kind, item.amount, item.category_code, item.original_date) == (ItemKind.PRESENTMENT, 30_00, NO_FEE.category_code, MONDAY)
    assert shop.sale.pan.reveal().encode() not in shop.network.presented[MONDAY, 1]
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert (await shop.owed(), await shop.breaks(MONDAY)) == ((FEE, 0), [])


async def test_a_date_without_a_sale_is_presented_too_and_a_rerun_presents_nothing_more(host: CardTown) -> None:
    for _ in range(2):
        assert (await clear(host.place.house, MONDAY)).figures == {"sales": 0, "amount": 0}
    assert list(network_of(host).presented) == [(MONDAY, 1)]
    assert network_of(host).items(MONDAY) == []


async def test_what_is_claimed_after_a_dates_file_goes_into_its_next_one(shop: Shop) -> None:
    await shop.end(MONDAY)
    later, _ = await shop.host.tap(shop.phone, 5_00)
    await shop.host.upload(shop.host.claim(later))
    assert await shop.end(MONDAY) == {"sales": 2, "amount": 35_00}
    assert [one.amount for one in shop.network.items(MONDAY, 2)] == [5_00]


async def test_cleared_for_less_sets_the_rest_free_and_is_named(shop: Shop) -> None:
    assert await shop.end(MONDAY, for_other(20_00)) == {"sales": 1, "amount": 20_00}
    assert await shop.money() == (80_00, 80_00, 20_00, 0)
    assert await shop.breaks(MONDAY) == [("cleared_for_less", -10_00, True)]
    assert ((await shop.row()).captured_amount, await shop.host.used(shop.person)) == (20_00, 20_00)


@pytest.mark.parametrize(("spent", "owed"), [(0, 0), (68_00, 2_50), (70_00, 4_50)])
async def test_a_bill_that_grew_within_tolerance_is_taken_from_the_wallet_and_what_is_missing_the_customer_owes(
    shop: Shop, spent: int, owed: int
) -> None:
    await restaurant(shop)
    if spent:
        assert (await shop.host.tap(shop.phone, spent))[1] == "00"
    assert await shop.end(MONDAY, for_other(34_50)) == {"sales": 1, "amount": 34_50}
    assert await shop.money() == (65_50 + owed, 65_50 + owed - spent, 34_50, owed)
    assert await shop.breaks(MONDAY) == [("cleared_for_more", 4_50, True)]
    row = await shop.row()
    assert (row.captured_amount, row.wallet_amount) == (34_50, 34_50 - owed)
    assert await shop.host.used(shop.person) == 34_50 + spent
    assert (await merchant_settlement.settle_merchants(shop.host.place.house, MONDAY)).figures["gross"] == 34_50


async def restaurant(shop: Shop) -> None:
    """The merchant's trade is one whose bills grow."""
    async with shop.host.place.house.database.transaction() as tx:
        await tx.execute("set local role none")
        await tx.execute("update merchant set category_code = $1", RESTAURANT)


async def test_a_completion_may_be_cleared_up_to_115_percent_of_what_was_preauthorised(host: CardTown) -> None:
    shop = await preauthorised(host)
    assert await shop.end(MONDAY, for_other(46_00)) == {"sales": 1, "amount": 46_00}
    assert await shop.money() == (54_00, 54_00, 46_00, 0)


async def test_a_completion_beyond_that_is_disputed(host: CardTown) -> None:
    shop = await preauthorised(host)
    assert await shop.end(MONDAY, for_other(46_01)) == {"sales": 0, "amount": 0, "waiting": 1, "disputed": 1}
    assert await shop.money() == (100_00, 56_00, 0, 0)


async def preauthorised(host: CardTown) -> Shop:
    """40.00 pre-authorised, 44.00 completed and claimed."""
    person = await host.place.person("Wang", 100_00)
    phone = await host.phone(person)
    first = host.sale(phone, 40_00, kind=TransactionKind.PREAUTHORISATION)
    (held,) = await host.authorise(first)
    done = host.follow_up(TransactionKind.COMPLETION, first, held.rrn, 44_00)
    assert [one.response_code for one in await host.later(done)] == ["00"]
    assert [one.response_code for one in await host.upload(host.claim(done))] == ["00"]  # type: ignore[arg-type] # a completion is claimed
    return Shop(host, person, phone, done)  # type: ignore[arg-type] # likewise


# what is disputed, and mended


@pytest.mark.parametrize("amount", [30_01, 60_00])
async def test_more_than_may_be_cleared_takes_nothing_until_the_network_gives_the_right_amount(shop: Shop, amount: int) -> None:
    """Of a trade whose bill does not grow, not a fen more. The hold stands meanwhile, and the merchant waits."""
    assert await shop.end(MONDAY, for_other(amount)) == {"sales": 0, "amount": 0, "waiting": 1, "disputed": 1}
    assert await shop.money() == (100_00, 70_00, 0, 0)
    assert await shop.breaks(MONDAY) == [("above_tolerance", amount, True)]
    fee = 2 * (amount * 325 + 500_000) // 1_000_000 if amount == 60_00 else FEE
    assert await shop.owed() == (fee, fee)
    wrong = shop.network.priced(replace(right_of(shop), amount=amount))
    assert await shop.end(TUESDAY, lambda _: [replace(wrong, kind=ItemKind.REVERSAL), right_of(shop)]) == {"sales": 1, "amount": 30_00}
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert (await shop.owed(), await shop.disputes(), await shop.breaks(TUESDAY)) == ((FEE, 0), [], [])


def right_of(shop: Shop) -> Item:
    """The item as it was presented on Monday."""
    return shop.network.items(MONDAY)[0]


async def test_a_sale_that_is_cleared_twice_is_taken_once(shop: Shop) -> None:
    assert await shop.end(MONDAY, lambda items: [*items, *items]) == {"sales": 1, "amount": 30_00, "disputed": 1}
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert await shop.breaks(MONDAY) == [("cleared_twice", 30_00, True)]
    assert await shop.owed() == (2 * FEE, FEE)
    assert await shop.end(TUESDAY, lambda _: [replace(right_of(shop), kind=ItemKind.REVERSAL)]) == {"sales": 0, "amount": 0}
    assert (await shop.money(), await shop.owed(), await shop.disputes()) == ((70_00, 70_00, 30_00, 0), (FEE, 0), [])


async def test_a_sale_that_is_cleared_on_two_dates_is_taken_on_the_first(shop: Shop) -> None:
    await shop.end(MONDAY)
    assert await shop.end(TUESDAY, lambda _: [right_of(shop)]) == {"sales": 0, "amount": 0, "disputed": 1}
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert await shop.breaks(TUESDAY) == [("cleared_twice", 30_00, True)]


def foreign(items: Sequence[Item]) -> Item:
    """A sale of another acquirer's, which nobody here authorised."""
    return replace(items[0], rrn="999999999999", acquirer="01020000", terminal_number="99000001", stan="000777", amount=50_00)


async def test_a_sale_that_was_never_authorised_is_the_houses_until_the_network_takes_it_back(shop: Shop) -> None:
    """The house owes the network 50.00 less interchange (0.35 %), plus the issuer's fee, and debits nobody for it."""
    due = 50_00 - 18 + 2
    assert await shop.end(MONDAY, lambda items: [*items, foreign(items)]) == {"sales": 1, "amount": 30_00, "disputed": 1}
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert await shop.breaks(MONDAY) == [("not_authorised", 50_00, True)]
    assert (await shop.owed(), await shop.disputes()) == ((due + FEE, due), [("not_authorised", due)])
    back = replace(foreign([right_of(shop)]), kind=ItemKind.REVERSAL)
    assert await shop.end(TUESDAY, lambda _: [back]) == {"sales": 0, "amount": 0}
    assert (await shop.owed(), await shop.disputes(), await shop.breaks(TUESDAY)) == ((FEE, 0), [], [])


async def test_a_refund_that_nobody_asked_for_credits_nobody(shop: Shop) -> None:
    unasked = lambda items: replace(items[0], kind=ItemKind.REFUND, rrn="999999999999", stan="000888", original_rrn=items[0].rrn)  # noqa: E731
    assert await shop.end(MONDAY, lambda items: [*items, unasked(items)]) == {"sales": 1, "amount": 30_00, "disputed": 1}
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert await shop.breaks(MONDAY) == [("refund_of_nobody", 30_00, True)]
    assert await shop.owed() == (0, -FEE)
    back = shop.network.priced(replace(unasked([right_of(shop)]), kind=ItemKind.REFUND_REVERSAL, original_rrn=""))
    assert await shop.end(TUESDAY, lambda _: [back]) == {"sales": 0, "amount": 0}
    assert (await shop.owed(), await shop.disputes()) == ((FEE, 0), [])


async def test_what_is_missing_from_the_file_waits_and_is_taken_when_the_network_gives_it(shop: Shop) -> None:
    assert await shop.end(MONDAY, lambda _: []) == {"sales": 0, "amount": 0, "waiting": 1}
    assert await shop.money() == (100_00, 70_00, 0, 0)
    assert await shop.breaks(MONDAY) == [("not_cleared", 30_00, True)]
    assert (await merchant_settlement.settle_merchants(shop.host.place.house, MONDAY)).figures["gross"] == 0
    assert await shop.end(TUESDAY) == {"sales": 0, "amount": 0, "waiting": 1}
    assert await shop.breaks(TUESDAY) == [], "it is named once"
    assert await shop.end(WEDNESDAY, lambda _: [right_of(shop)]) == {"sales": 1, "amount": 30_00}
    assert (await shop.money(), await shop.owed()) == ((70_00, 70_00, 30_00, 0), (FEE, 0))


async def test_what_comes_after_the_hold_expired_is_honoured_and_what_is_missing_the_customer_owes(shop: Shop) -> None:
    await shop.end(MONDAY, lambda _: [])
    await shop.host.after(days=HELD_FOR.days)
    day = MONDAY + HELD_FOR
    await clearing.expire_holds(shop.host.place.house, day)
    assert (await shop.host.tap(shop.phone, 80_00))[1] == "00"
    assert await shop.end(day, lambda _: [right_of(shop)]) == {"sales": 1, "amount": 30_00}
    assert await shop.money() == (80_00, 0, 30_00, 10_00)


async def test_what_was_voided_after_it_was_presented_is_not_taken(shop: Shop) -> None:
    await shop.end(MONDAY, lambda _: [])
    row = await shop.row()
    void = shop.host.follow_up(TransactionKind.VOID, shop.sale, row.rrn)
    assert [one.response_code for one in await shop.host.later(void)] == ["00"]
    assert await shop.end(TUESDAY, lambda _: [right_of(shop)]) == {"sales": 0, "amount": 0, "waiting": 1, "disputed": 1}
    assert await shop.money() == (100_00, 100_00, 0, 0)
    assert await shop.breaks(TUESDAY) == [("undone_meanwhile", 30_00, True)]


@pytest.mark.parametrize("expired", [False, True])
async def test_a_claim_whose_void_is_undone_after_the_days_end_is_presented_with_the_next(shop: Shop, expired: bool) -> None:
    """Though no hold can come back for it any more, and once only."""
    void = shop.host.follow_up(TransactionKind.VOID, shop.sale, (await shop.row()).rrn)
    assert [one.response_code for one in await shop.host.later(void)] == ["00"]
    assert await shop.end(MONDAY) == {"sales": 0, "amount": 0}
    assert shop.network.items(MONDAY) == []
    if expired:
        await shop.host.after(days=HELD_FOR.days)
    assert [one.response_code for one in await shop.host.reverse(shop.host.reversal(void))] == ["00"]
    assert [one.response_code for one in await shop.host.upload(shop.host.claim(shop.sale))] == ["00"]
    day = MONDAY + HELD_FOR if expired else TUESDAY
    assert await shop.end(day) == {"sales": 1, "amount": 30_00}
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert (await shop.owed(), await shop.breaks(day)) == ((FEE, 0), [])
    assert await shop.end(day + timedelta(days=1)) == {"sales": 0, "amount": 0}


async def test_a_claim_that_was_presented_before_its_void_is_not_presented_again_when_that_is_undone(shop: Shop) -> None:
    await shop.end(MONDAY, lambda _: [])
    void = shop.host.follow_up(TransactionKind.VOID, shop.sale, (await shop.row()).rrn)
    assert [one.response_code for one in await shop.host.later(void)] == ["00"]
    assert [one.response_code for one in await shop.host.reverse(shop.host.reversal(void))] == ["00"]
    assert await shop.end(TUESDAY, lambda items: [*items, right_of(shop)]) == {"sales": 1, "amount": 30_00}
    assert shop.network.items(TUESDAY) == []


@pytest.mark.parametrize("kind", [ItemKind.REVERSAL, ItemKind.REFUND_REVERSAL])
async def test_what_is_taken_back_and_was_right_stays_and_is_named(shop: Shop, kind: ItemKind) -> None:
    await shop.end(MONDAY)
    assert await shop.end(TUESDAY, lambda _: [replace(right_of(shop), kind=kind)]) == {"sales": 0, "amount": 0, "disputed": 1}
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert await shop.breaks(TUESDAY) == [("taken_back_unasked", 30_00, True)]


async def test_a_dispute_is_not_mended_by_another_amount(shop: Shop) -> None:
    await shop.end(MONDAY, lambda items: [*items, foreign(items)])
    back = replace(foreign([right_of(shop)]), kind=ItemKind.REVERSAL, amount=49_99)
    assert await shop.end(TUESDAY, lambda _: [back]) == {"sales": 0, "amount": 0, "disputed": 2}
    assert [why for why, _ in await shop.disputes()] == ["not_authorised", "taken_back_unasked"]


async def test_a_fee_that_is_not_the_tariffs_is_disputed_by_itself(shop: Shop) -> None:
    await shop.end(MONDAY, lambda items: [replace(items[0], interchange=11, issuer_fee=1, acquirer_fee=8)])
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert await shop.breaks(MONDAY) == [("fee_differs", 30_00, True)]
    assert (await shop.owed(), await shop.disputes()) == ((9, 7), [("fee_differs", 7)])


def dear(item: Item) -> Item:
    """The item with a network fee of 9 fen in place of 2."""
    return replace(item, interchange=11, issuer_fee=1, acquirer_fee=8)


@pytest.mark.parametrize(
    ("fee", "more"),
    [({"interchange": 11, "issuer_fee": 1, "acquirer_fee": 8}, 7), ({"interchange": 11, "issuer_fee": 1, "acquirer_fee": 0}, -1)],
)
async def test_two_operators_concede_a_fee_that_no_item_takes_back(shop: Shop, fee: dict[str, int], more: int) -> None:
    """The house bears it, or has it; what is owed to the network stays."""
    place = shop.host.place
    await shop.end(MONDAY, lambda items: [replace(items[0], **fee)])
    before, owed = await place.total(Kind.FEES_OWN), await shop.owed()
    assert owed[1] == more
    concession = ProposeFeeConcession(await dispute_of(shop), "the network insists")
    first, second = await propose(place, concession), await propose(place, concession)
    assert await shop.owed() == owed, "one person is not enough"
    assert isinstance(await decided(place, first), Approved)
    assert (await shop.owed(), await shop.disputes()) == ((owed[0], 0), [])
    assert await place.total(Kind.FEES_OWN) == before - more
    again = await decided(place, second)
    assert isinstance(again, Refusal)
    assert again.code is ConcessionRefusal.NO_FEE_DISPUTED
    await shop.sound()


async def test_what_is_disputed_with_its_item_cannot_be_conceded(shop: Shop) -> None:
    place = shop.host.place
    await shop.end(MONDAY, lambda items: [*items, foreign(items)])
    said = await setup.propose(place.house, await operator(place, "ops.chen"), ProposeFeeConcession(await dispute_of(shop), "never mind"))
    assert isinstance(said, Refusal)
    assert said.code is ConcessionRefusal.NO_FEE_DISPUTED


async def dispute_of(shop: Shop) -> UUID:
    """The only one, as operators read it."""
    house = shop.host.place.house
    async with house.database.read() as tx:
        (one,) = (await network_view(house, tx, MONDAY)).disputes
    return one.dispute


async def test_a_sale_of_which_only_the_fee_is_disputed_is_not_taken_back(shop: Shop) -> None:
    await shop.end(MONDAY, lambda items: [dear(items[0])])
    assert await shop.end(TUESDAY, lambda _: [replace(right_of(shop), kind=ItemKind.REVERSAL)]) == {"sales": 0, "amount": 0, "disputed": 2}
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert await shop.breaks(TUESDAY) == [("taken_back_unasked", 30_00, True)]
    assert (await shop.owed(), await shop.disputes()) == ((9 - FEE, 9 - 2 * FEE), [("fee_differs", 7), ("taken_back_unasked", -FEE)])


async def test_a_dispute_is_mended_by_itself_and_the_one_about_the_fee_stays(shop: Shop) -> None:
    """Both are about one sale and one amount."""
    await shop.end(MONDAY, lambda items: [dear(items[0])])
    await shop.end(TUESDAY, lambda _: [right_of(shop)])
    assert await shop.disputes() == [("fee_differs", 7), ("cleared_twice", FEE)]
    back = replace(right_of(shop), kind=ItemKind.REVERSAL)
    assert await shop.end(WEDNESDAY, lambda _: [back]) == {"sales": 0, "amount": 0, "disputed": 1}
    assert (await shop.owed(), await shop.disputes(), await shop.breaks(WEDNESDAY)) == ((9, 7), [("fee_differs", 7)], [])


@pytest.mark.parametrize("wrong", [lambda item: item, dear])
async def test_what_is_taken_back_with_another_fee_than_it_came_with_leaves_the_difference_disputed(
    shop: Shop, wrong: Callable[[Item], Item]
) -> None:
    """What we owe stays what the files come to."""
    right = lambda item: item if wrong is dear else dear(item)  # noqa: E731
    await shop.end(MONDAY, lambda items: [items[0], wrong(items[0])])
    back = replace(right(right_of(shop)), kind=ItemKind.REVERSAL)
    assert await shop.end(TUESDAY, lambda _: [back]) == {"sales": 0, "amount": 0, "disputed": 1}
    left = 7 if wrong is dear else -7
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert (await shop.owed(), await shop.disputes()) == ((FEE + left, left), [("fee_differs", left)])
    assert await shop.breaks(TUESDAY) == [("fee_differs", 30_00, True)]
    positions = [(await network.settle_network(shop.host.place.house, day)).figures["position"] for day in (MONDAY, TUESDAY)]
    assert sum(positions) == FEE + left


# refunds


async def test_refunds_are_presented_and_given_back_when_the_network_has_cleared_them(shop: Shop) -> None:
    """In part, then the rest; the fees of the network come back with them."""
    await shop.end(MONDAY)
    rrn = (await shop.row()).rrn
    other, _ = await shop.host.tap(shop.phone, 40_00)
    await shop.host.upload(shop.host.claim(other))
    part = shop.host.follow_up(TransactionKind.REFUND, shop.sale, rrn, 10_00)
    assert [one.response_code for one in await shop.host.later(part)] == ["00"]
    assert await shop.end(TUESDAY, lambda items: items[:1]) == {"sales": 1, "amount": 40_00, "waiting": 1}
    assert await shop.money() == (30_00, 30_00, 70_00, 0), "the merchant has the money, the network has not cleared it"
    refund = shop.network.items(TUESDAY)[1]
    assert (refund.kind, refund.amount, refund.original_rrn) == (ItemKind.REFUND, 10_00, rrn)
    assert await shop.end(WEDNESDAY, lambda _: [refund]) == {"sales": 0, "amount": 0, "refunds": 10_00}
    rest = shop.host.follow_up(TransactionKind.REFUND, shop.sale, rrn, 20_00)
    assert [one.response_code for one in await shop.host.later(rest)] == ["00"]
    assert await shop.end(WEDNESDAY) == {"sales": 0, "amount": 0, "refunds": 30_00}
    assert await shop.money() == (60_00, 60_00, 40_00, 0)
    assert await shop.owed() == (2 * 1, 0), "of 40.00 yuan, and of nothing else"


async def test_a_refund_for_another_amount_gives_nothing_back(shop: Shop) -> None:
    await shop.end(MONDAY)
    refund = shop.host.follow_up(TransactionKind.REFUND, shop.sale, (await shop.row()).rrn, 10_00)
    await shop.host.later(refund)
    assert await shop.end(TUESDAY, for_other(9_00)) == {"sales": 0, "amount": 0, "waiting": 1, "disputed": 1}
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert await shop.breaks(TUESDAY) == [("refund_differs", 9_00, True)]


async def test_a_refund_that_was_reversed_after_it_had_been_presented_gives_nothing_back(shop: Shop) -> None:
    """Nor does it count for the network's fee of a later refund, which is of the whole sale."""
    await shop.end(MONDAY)
    rrn = (await shop.row()).rrn
    part = shop.host.follow_up(TransactionKind.REFUND, shop.sale, rrn, 20_00)
    await shop.host.later(part)
    await shop.end(TUESDAY, lambda _: [])
    assert [one.response_code for one in await shop.host.reverse(shop.host.reversal(part))] == ["00"]
    refund = shop.network.priced(shop.network.items(TUESDAY)[0])
    assert await shop.end(WEDNESDAY, lambda _: [refund]) == {"sales": 0, "amount": 0, "waiting": 1, "disputed": 1}
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert await shop.breaks(WEDNESDAY) == [("undone_meanwhile", 20_00, True)]
    due = -FEE
    assert (await shop.owed(), await shop.disputes()) == ((FEE + due, due), [("undone_meanwhile", due)])
    whole = shop.host.follow_up(TransactionKind.REFUND, shop.sale, rrn)
    assert [one.response_code for one in await shop.host.later(whole)] == ["00"]
    back = replace(refund, kind=ItemKind.REFUND_REVERSAL)
    again = lambda items: [back, replace(items[0], issuer_fee=1, acquirer_fee=1)]  # noqa: E731
    figures = await shop.end(WEDNESDAY + timedelta(days=1), again)
    assert (figures["refunds"], await shop.breaks(WEDNESDAY + timedelta(days=1))) == (30_00, [])
    assert (await shop.money(), await shop.owed(), await shop.disputes()) == ((100_00, 100_00, 0, 0), (0, 0), [])


async def test_a_refund_that_the_network_has_cleared_cannot_be_reversed_while_it_waits_for_receipts(shop: Shop) -> None:
    """The network has taken it from what it owes us: the customer gets it, as soon as the merchant, who has been paid out, has receipts."""
    await shop.end(MONDAY)
    await merchant_settlement.settle_merchants(shop.host.place.house, MONDAY)
    refund = shop.host.follow_up(TransactionKind.REFUND, shop.sale, (await shop.row()).rrn, 20_00)
    await shop.host.later(refund)
    await shop.end(TUESDAY)
    assert await shop.money() == (70_00, 70_00, 0, 0)
    assert [one.response_code for one in await shop.host.reverse(shop.host.reversal(refund))] == ["12"]
    sale, code = await shop.host.tap(shop.phone, 25_00)
    assert code == "00"
    assert [one.response_code for one in await shop.host.upload(shop.host.claim(sale))] == ["00"]
    figures = await shop.end(WEDNESDAY)
    assert (figures["refunds"], await shop.breaks(WEDNESDAY)) == (20_00, [])
    assert await shop.money() == (70_00 - 25_00 + 20_00, 65_00, 5_00, 0)


# files that cannot be had, and kills


async def test_silence_keeps_the_date_open_and_nothing_is_taken(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapwealth.flows.end_of_day.OUTAGE_SECONDS", 0)
    house = shop.host.place.house
    shop.network.silent = True
    (wrong,) = (await clear(house, MONDAY)).wrong
    assert wrong == "the card network does not take the file 2014-02-24 1; close 2014-02-24 again when it does"
    assert (await clearing.clear_cards(house, MONDAY)).wrong == [
        "the card network's clearing file 2014-02-24 1 is not to be had; close 2014-02-24 again when it is"
    ]
    assert await shop.money() == (100_00, 70_00, 0, 0)
    shop.network.silent = False
    assert await shop.end(MONDAY) == {"sales": 1, "amount": 30_00}


@pytest.mark.parametrize(
    ("spoils", "said"),
    [
        (lambda content: content[:-9], "line 3: the file is torn"),
        (lambda content: content.replace(b"|3000|", b"|3001|"), "line 3: the file was altered on its way"),
        (lambda _: None, "is not to be had"),
        (lambda _: b"", "line 1: the file is torn"),
    ],
)
async def test_a_file_that_cannot_be_believed_takes_nothing_until_a_right_one_comes(
    shop: Shop, spoils: Callable[[bytes], bytes | None], said: str
) -> None:
    shop.network.spoils = spoils
    (wrong,) = (await clear(shop.host.place.house, MONDAY)).wrong
    assert wrong.startswith("the card network's clearing file 2014-02-24 1")
    assert said in wrong
    assert await shop.money() == (100_00, 70_00, 0, 0)
    shop.network.spoils = lambda content: content
    assert await shop.end(MONDAY) == {"sales": 1, "amount": 30_00}


async def test_the_file_of_another_date_is_not_taken(shop: Shop) -> None:
    await shop.end(MONDAY)
    monday = shop.network.answers[MONDAY, 1]
    shop.network.spoils = lambda _: monday
    (wrong,) = (await clear(shop.host.place.house, TUESDAY)).wrong
    assert "it is C 1 of 04031000 on 2014-02-24 by UNIONPAY" in wrong


@pytest.mark.parametrize("broken", ["store.set_done", "bank.add_breaks", "acquiring.mark_cleared", "network.fetch", "store.set_taken"])
async def test_a_run_that_stops_anywhere_goes_on_from_there(shop: Shop, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """With something of everything in the file: what is right, doubled, foreign."""
    shop.network.makes = lambda items: [*items, *items, foreign(items)]
    place = {"store": "tapwealth.clearing.store", "bank": "tapwealth.bank.store", "acquiring": "tapwealth.acquiring.store"}
    module, _, name = broken.partition(".")

    async def stop(*_: object, **__: object) -> None:
        raise ConnectionError("stopped")

    with monkeypatch.context() as patched:
        patched.setattr(f"{place.get(module, 'tapwealth.flows.clearing.network')}.{name}", stop)
        with pytest.raises(Exception, match="stopped"):
            await clear(shop.host.place.house, MONDAY)
    assert await shop.money() == (100_00, 70_00, 0, 0)
    for _ in range(2):
        assert (await clear(shop.host.place.house, MONDAY)).figures == {"sales": 1, "amount": 30_00, "disputed": 2}
    await shop.sound()
    assert await shop.money() == (70_00, 70_00, 30_00, 0)
    assert await shop.owed() == (50_00 - 18 + 2 + 2 * FEE, 50_00 - 18 + 2 + FEE)


# settlement


async def test_what_we_owe_the_network_is_paid_on_the_banks_next_working_day_and_once_more_if_rejected(shop: Shop) -> None:
    friday, saturday, monday = (MONDAY + timedelta(days=days) for days in (4, 5, 7))
    house = shop.host.place.house
    await shop.end(friday)
    for _ in range(2):
        assert (await network.settle_network(house, friday)).figures == {"position": FEE}
    assert await paid(shop) == {"NET-20140228-1": (FEE, monday)}
    await payments.hear(house, [Outcome("NET-20140228-1", False, saturday, "closed")])
    assert await shop.owed() == (FEE, 0)
    await payments.instruct_again(house, saturday)
    assert await paid(shop) == {"NET-20140228-1R2": (FEE, monday)}
    await shop.host.place.bank_executes(monday)
    assert (await shop.owed(), await shop.host.place.total(Kind.OWN_MONEY)) == ((0, 0), FEE)
    await shop.sound()


async def paid(shop: Shop) -> dict[str, tuple[int, date]]:
    """What the bank was told to pay and has not answered: amount and date."""
    async with shop.host.place.house.database.read() as tx:
        return {one.end_to_end_id: (one.amount, one.requested_date) for one in await bank.open_instructions(tx)}


async def owing(shop: Shop) -> None:
    """By Monday's file the network owes us 49.84 yuan: it has given us somebody's refund."""
    refund = lambda items: replace(foreign(items), kind=ItemKind.REFUND)  # noqa: E731
    await shop.end(MONDAY, lambda items: [refund(items)])
    assert (await network.settle_network(shop.host.place.house, MONDAY)).figures == {"position": -49_84}
    assert await shop.owed() == (-49_84, -49_84)


async def test_what_the_network_owes_us_is_taken_when_it_comes_by_the_bank(shop: Shop) -> None:
    await owing(shop)
    pushed = Pushed("UPN-20140224-1", "0100000004", 49_84, TUESDAY, "UnionPay", "card clearing")
    for _ in range(2):
        await receipts.receive(shop.host.place.house, [pushed], RECOGNISERS)
    assert await shop.owed() == (0, -49_84)
    assert await shop.breaks(TUESDAY) == []
    await network.settle_network(shop.host.place.house, TUESDAY)
    assert await shop.breaks(TUESDAY) == []
    await shop.sound()


@pytest.mark.parametrize(("name", "amount"), [("UPN-20140224-1", 49_83), ("UPN-20140224-2", 49_84), ("UPN-20140225-1", 49_84)])
async def test_another_amount_or_name_is_unclaimed_and_what_is_due_is_named(shop: Shop, name: str, amount: int) -> None:
    await owing(shop)
    await receipts.receive(shop.host.place.house, [Pushed(name, "0100000004", amount, TUESDAY, "UnionPay", "")], RECOGNISERS)
    assert await shop.owed() == (-49_84, -49_84)
    assert await shop.breaks(TUESDAY) == [("unclaimed_receipt", amount, True)]
    await clear(shop.host.place.house, TUESDAY)
    await network.settle_network(shop.host.place.house, TUESDAY)
    named = {kind for kind, _, _ in await shop.breaks(TUESDAY)}
    assert named == ({"unclaimed_receipt"} if name == "UPN-20140224-1" else {"network_unpaid", "unclaimed_receipt"})
    await shop.sound()


async def test_what_the_network_does_not_pay_is_named_when_it_is_due(shop: Shop) -> None:
    await owing(shop)
    assert ("network_unpaid", 49_84, True) not in await shop.breaks(MONDAY)
    await network.settle_network(shop.host.place.house, TUESDAY)
    assert await shop.breaks(TUESDAY) == [("network_unpaid", 49_84, True)]


async def test_the_owners_capital_is_the_houses_own(host: CardTown) -> None:
    await receipts.receive(host.place.house, [Pushed("C-1", "0100000004", 1_000_00, MONDAY, "股东", "own capital")], RECOGNISERS)
    assert (await host.place.total(Kind.OWN_CAPITAL), await host.place.total(Kind.OWN_MONEY)) == (1_000_00, -1_000_00)
    async with host.place.house.database.read() as tx:
        assert await bank.breaks(tx, MONDAY) == []


async def test_operations_see_the_files_of_a_date_and_what_is_open(shop: Shop) -> None:
    lunch, _ = await shop.host.tap(shop.phone, 5_00)
    await shop.host.upload(shop.host.claim(lunch))
    await shop.end(MONDAY, lambda items: [items[0], foreign(items)])
    async with shop.host.place.house.database.read() as tx:
        seen = await network_view(shop.host.place.house, tx, MONDAY)
        assert (await network_view(shop.host.place.house, tx, TUESDAY)).files == []
    (file,), (waiting,), (dispute,) = seen.files, seen.waiting, seen.disputes
    assert (file.items, file.amount, file.taken, file.cleared) == (2, 35_00, True, True)
    assert (file.position, dispute.due) == (dispute.due + FEE, 50_00 - 18 + 2)
    assert (waiting.kind, waiting.amount, waiting.presented_on) == ("P", 5_00, MONDAY)
    assert (dispute.why, dispute.reference, dispute.acquirer, dispute.amount) == ("not_authorised", "999999999999", "01020000", 50_00)
    assert (dispute.why_zh, dispute.why_en) == ("从未授权", "never authorised")


def test_whatever_can_be_disputed_has_its_words() -> None:
    assert set(DISPUTES) == {*Why, FEE_DIFFERS}


@pytest.mark.parametrize("why", [*Why, FEE_DIFFERS])
def test_a_dispute_is_said_in_chinese_too(why: str) -> None:
    text = f"000000000017 at terminal 11000001 of 30.00 yuan {SAID[why]}; the network is to put it right"
    assert in_words(text, "zh").startswith("参考号 000000000017（终端 11000001，30.00 元）")
    assert not re.search("[a-z]{3,}", in_words(text, "zh"))
