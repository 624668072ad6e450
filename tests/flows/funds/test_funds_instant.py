"""Units into money at once, by the bank's line: what moves and when, the caps, the end of the line, and who earns that day."""

import asyncio
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from bill_town import MONDAY, Person
from fund_town import ADVANCE, FUND, FundTown, bought

from tapwealth.bank import store as bank
from tapwealth.bank.entries import received
from tapwealth.flows.frame import HOUSE_BOOK, moment
from tapwealth.flows.funds import advance_line, instant_redemption, units
from tapwealth.flows.funds.instant_redemption import InstantlyRedeemed, RedeemInstantly
from tapwealth.funds import conditions_store, orders_store
from tapwealth.funds.conditions import Conditions, FundKind
from tapwealth.funds.instant import InstantRefusal
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=n) for n in range(1, 5))
CAP = 10_000_00


async def redeem(place: FundTown, person: Person, asked: int, fund: str = FUND) -> InstantlyRedeemed | Refusal:
    return await instant_redemption.redeem(place.house, place.envelope(person), RedeemInstantly(fund, asked))


async def holder(place: FundTown, amount: int = 20_000_00, line: int = 90_000_00) -> Person:
    """Somebody whose units are confirmed, on Tuesday morning; the bank has put in a line, in equal parts for three books."""
    wang = await bought(place, amount, line=line)
    await place.take()
    return wang


def code(answer: Any) -> str:
    return answer.code.name if isinstance(answer, Refusal) else "done"


async def test_the_money_is_there_at_once_and_the_registrar_repays_it(place: FundTown) -> None:
    wang = await holder(place)
    (wallet,), line = await place.owed(wang.wallet), await place.total(Kind.ADVANCE_PAYABLE)
    answer = await redeem(place, wang, 4_000_00)
    assert isinstance(answer, InstantlyRedeemed)
    assert (answer.amount, answer.left_today) == (4_000_00, 6_000_00)
    assert (await place.owed(wang.wallet), await place.units(wang)) == ([wallet + 4_000_00], [16_000_00])
    assert (await place.total_units(Kind.TRANSIT_098), await place.total(Kind.ADVANCE_PAYABLE)) == (4_000_00, line - 4_000_00)

    await place.end(TUESDAY)
    assert (await place.total(Kind.RESERVE_DUE), await place.total(Kind.ADVANCE_OUT)) == (0, 0), "the bank has moved it"
    await place.morning(WEDNESDAY)
    assert (await place.total_units(Kind.TRANSIT_098), await place.said(WEDNESDAY)) == (0, [])
    proof = await units.prove_units(place.house, TUESDAY)
    assert proof.wrong == [], "our register of the day is the registrar's"
    taken_over = await place.total_units(Kind.ADVANCER)
    assert taken_over > 4_000_00, "with its first income"
    await place.next_day(WEDNESDAY)
    (paid,) = place.registrar.payments()
    assert (paid["amount"], paid["to"]) == (taken_over, ADVANCE)
    await place.end(THURSDAY)
    await place.clock(shanghai(FRIDAY, 10))
    await place.receipt(paid["amount"], paid["end_to_end_id"], paid["text"], ADVANCE)
    assert await place.total(Kind.ADVANCE_PAYABLE) == line + taken_over - 4_000_00
    await place.all_books_balance()


async def test_the_advanced_money_is_in_the_reserve_before_it_can_leave_it(place: FundTown) -> None:
    """The bank is told in the same transaction, for the same day: nobody's payout waits on other people's money."""
    wang = await holder(place)
    await redeem(place, wang, 4_000_00)
    async with place.house.database.read() as tx:
        (draw,) = [one for one in await bank.open_instructions(tx) if one.purpose == "advance_draw"]
    assert (draw.from_account, draw.to_account, draw.amount, draw.requested_date) == (ADVANCE, "0100000001", 4_000_00, TUESDAY)


async def test_that_days_income_is_the_advancers(place: FundTown) -> None:
    """Two who hold the same: the one who redeems it at once on Tuesday earns nothing for Tuesday, and the advancer what the other earns."""
    keeper = await place.person("Keeper", 50_000_00, identity="110105195203079877")
    await place.buy_one(keeper, 5_000_00)
    wang = await holder(place, 5_000_00)
    assert await place.units(wang, keeper) == [5_000_00, 5_000_00]
    assert code(await redeem(place, wang, 5_000_00)) == "done"
    await place.next_day(TUESDAY)
    earned = (await place.units(keeper))[0] - 5_000_00
    assert earned > 0
    assert (await place.units(wang), await place.total_units(Kind.ADVANCER)) == ([0], 5_000_00 + earned)
    assert await place.said(WEDNESDAY) == [], "and the registrar says the same"


async def test_a_days_cap_is_kept_and_the_ordinary_way_is_offered(place: FundTown) -> None:
    wang = await holder(place)
    assert code(await redeem(place, wang, 9_999_99)) == "done"
    refused = await redeem(place, wang, 2)
    assert isinstance(refused, Refusal)
    assert refused.code is InstantRefusal.ABOVE_INSTANT_CAP
    assert "at most 0.01 yuan more can go at once today (a day's cap is 10,000.00)" in refused.text
    assert "redeem it in the ordinary way, without a cap" in refused.text
    assert code(await redeem(place, wang, 1)) == "done"
    await place.next_day(TUESDAY)
    assert code(await redeem(place, wang, 9_000_00)) == "done", "the next day has a cap of its own"


async def test_spending_at_the_till_does_not_count(place: FundTown) -> None:
    wang = await holder(place)
    await place.pays_from_the_fund(wang, 3_000_00, TUESDAY)
    await place.end(TUESDAY)
    async with place.house.database.read() as tx:
        assert await orders_store.redeemed_at_once(tx, [(wang.book, wang.id)], FUND, "T01", TUESDAY) == {}
    await place.morning(WEDNESDAY)
    assert code(await redeem(place, wang, CAP)) == "done"


async def test_a_line_that_is_used_up_advances_nothing_more(place: FundTown) -> None:
    wang = await holder(place, line=150_00)
    refused = await redeem(place, wang, 150_01)
    assert isinstance(refused, Refusal)
    assert refused.code is InstantRefusal.LINE_USED_UP
    assert "the bank cannot advance 150.01 yuan now; redeem it in the ordinary way" in refused.text
    assert code(await redeem(place, wang, 100_00)) == "done"
    assert code(await redeem(place, wang, 50_01)) == "LINE_USED_UP"


@pytest.mark.parametrize(
    ("asked", "fund", "wanted"),
    [(20_000_01, FUND, "NOT_ENOUGH_UNITS"), (10_000_01, FUND, "ABOVE_INSTANT_CAP"), (1, "000999", "UNKNOWN_FUND")],
)
async def test_what_cannot_be_redeemed_leaves_nothing_behind(place: FundTown, asked: int, fund: str, wanted: str) -> None:
    wang = await holder(place)
    before = (await place.lines(), await place.orders_of(wang))
    assert code(await redeem(place, wang, asked, fund)) == wanted
    assert (await place.lines(), await place.orders_of(wang)) == before


async def test_who_has_no_account_at_the_registrar_redeems_nothing(place: FundTown) -> None:
    assert code(await redeem(place, await place.person("New", 100_00), 1)) == "NO_ACCOUNT"


async def test_the_same_key_redeems_once(place: FundTown) -> None:
    wang = await holder(place)
    envelope = place.envelope(wang)
    first, again = [await instant_redemption.redeem(place.house, envelope, RedeemInstantly(FUND, 100_00)) for _ in range(2)]
    assert first == again
    assert await place.units(wang) == [19_900_00]


# ---- nobody passes the cap, however many ask at once


async def at_once(place: FundTown, person: Person, amounts: list[int]) -> list[str]:
    """Each request in a session of its own, all begun together; how each ended."""
    return [code(one) for one in await asyncio.gather(*(redeem(place, person, amount) for amount in amounts))]


def within(amounts: list[int], ended: list[str]) -> str | None:
    """What is wrong: more than the cap was paid, or somebody was refused whom it would have borne at the end."""
    paid = sum(amount for amount, how in zip(amounts, ended, strict=True) if how == "done")
    if paid > CAP:
        return f"{paid} were paid"
    left_out = [amount for amount, how in zip(amounts, ended, strict=True) if how != "done" and paid + amount <= CAP]
    return f"{left_out} were refused beside {paid}" if left_out else None


@pytest.mark.parametrize("seed", range(4))
async def test_requests_at_once_never_pass_the_cap_together(place: FundTown, seed: int) -> None:
    wang, draw = await holder(place), Random(seed)
    amounts = [draw.randrange(1_000_00, 7_000_00) for _ in range(6)]
    ended = await at_once(place, wang, amounts)
    assert set(ended) <= {"done", "ABOVE_INSTANT_CAP"}
    assert within(amounts, ended) is None
    assert await place.units(wang) == [20_000_00 - sum(amount for amount, how in zip(amounts, ended, strict=True) if how == "done")]
    await place.all_books_balance()


async def test_a_cap_that_is_read_before_the_lock_is_found_out(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted defect: what counts is read before the book is locked, as both requests see it then."""
    wang = await holder(place)

    async def stale(*_args: Any) -> dict[Any, int]:
        return {wang.id: 0}

    monkeypatch.setattr(orders_store, "redeemed_at_once", stale)
    amounts = [6_000_00, 7_000_00]
    assert within(amounts, await at_once(place, wang, amounts)) == "1300000 were paid"


# ---- the line over the books


async def lines(place: FundTown) -> list[int]:
    """What is left of the line: in the house's book, then in each book."""
    return await place.owed(*(advance_line.line_of(book) for book in range(place.house.books + 1)))


async def test_what_other_books_have_of_the_line_comes_to_the_one_that_is_asked(place: FundTown) -> None:
    """Three books with 50.00 each: 100.00 are asked of one; the others give down to half of theirs."""
    wang = await holder(place, line=150_00)
    assert code(await redeem(place, wang, 100_00)) == "done"
    assert await place.total(Kind.ADVANCE_PAYABLE) == 50_00
    assert sorted((await lines(place))[1:]) == [0, 25_00, 25_00]
    assert code(await redeem(place, wang, 50_00)) == "LINE_USED_UP", "who gives keeps half of a share for its own"
    await place.all_books_balance()


async def test_the_house_gives_before_any_book_does(place: FundTown) -> None:
    wang = await holder(place, line=150_00)
    async with place.house.database.transaction() as tx:  # what no book has, such as the rest of a sum that three books cannot share
        mine, at = advance_line.line_of(HOUSE_BOOK), await moment(tx)
        more = received(HOUSE_BOOK, named(at.now, HOUSE_BOOK, "more"), ADVANCE, mine, 100_00, at.open_date(TUESDAY), 1, known=True)
        assert all(answer.posted for answer in await place.house.ledger.post(tx, at.now, [more]))
    assert (await lines(place))[0] == 100_00
    assert code(await redeem(place, wang, 150_00)) == "done"
    assert sorted(await lines(place)) == [0, 0, 50_00, 50_00]


async def test_the_worker_levels_what_is_free_and_then_leaves_it_alone(place: FundTown) -> None:
    wang = await holder(place, line=150_00)
    await place.pays_from_the_fund(wang, 45_00, TUESDAY)
    moved = await advance_line.level(place.house)
    assert len(moved) == 2
    assert all(one.endswith(f" to {wang.book}") for one in moved)
    after = await lines(place)
    assert (after[wang.book], sum(after)) == (35_00, 105_00)
    assert await advance_line.level(place.house) == []
    await place.all_books_balance()


# ---- spending that counts


@pytest.mark.usefixtures("spending_counts")
async def test_where_spending_counts_it_takes_from_the_cap(place: FundTown) -> None:
    wang = await holder(place)
    await place.pays_from_the_fund(wang, 3_000_00, TUESDAY)
    assert code(await redeem(place, wang, 7_000_01)) == "ABOVE_INSTANT_CAP"
    assert code(await redeem(place, wang, 7_000_00)) == "done"


async def test_a_fund_with_a_price_pays_nothing_at_once(place: FundTown) -> None:
    """The bank advances at 1.0000: a money fund's alone."""
    wang = await holder(place)
    said = Conditions(kind=FundKind.NAV)
    async with place.house.database.transaction() as tx:
        await conditions_store.add_conditions(tx, FUND, 2, said, shanghai(TUESDAY, 9))
    refused = await redeem(place, wang, 1)
    assert isinstance(refused, Refusal)
    assert refused.code is InstantRefusal.NOT_A_MONEY_FUND
    assert "redeem it in the ordinary way" in refused.text
