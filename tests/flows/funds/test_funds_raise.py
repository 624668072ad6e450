"""A fund that is raised: sold by arrival until its target is reached, taken, formed or failed by the registrar's word."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person
from fund_town import OWN, FundTown, set_in
from msgspec import structs
from nav_town import CONDITIONS as NAV_CONDITIONS
from nav_town import NAV_FUND, holding_of, lots_of, quote, shelve_nav_fund
from raise_town import CLOSES, FRIDAY, OFFER, OPENS, THURSDAY, TUESDAY, WEDNESDAY, gave, offered, people, sell, stands, subscribe, wants

from tapwealth.bank import store as bank
from tapwealth.customers import store as customers
from tapwealth.flows.frame import moment
from tapwealth.flows.funds import exchange_out, raises, redemption, subscription, units
from tapwealth.flows.funds.redemption import CancelOrder
from tapwealth.flows.funds.subscription import Placing, Subscribed, SubscribeFund
from tapwealth.flows.reports.assets import assets_of
from tapwealth.flows.reports.customers import CustomerView, customer_view
from tapwealth.funds import raise_store
from tapwealth.funds.conditions import FundStatus
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.archives import Archives
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.findings import Wrong
from tapwealth.sandbox.registrar import raises as at_registrar
from tapwealth.storage.group_commit import Batcher


async def breaks(place: FundTown) -> list[str]:
    """Of all dates, also those that are accounted for."""
    async with place.house.database.read() as tx:
        return [one.text for day in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY) for one in await bank.breaks(tx, day)]


async def proved(place: FundTown, day: Any) -> list[str]:
    return (await raises.prove(place.house, day)).wrong


async def closed_as_of(place: FundTown) -> list[date]:
    async with place.house.database.read() as tx:
        rows = await tx.fetch("select day from fund_status where fund = $1 and status = $2 order by day", NAV_FUND, FundStatus.CLOSED)
    return [row["day"] for row in rows]


async def sold_out(place: FundTown) -> list[Person]:
    """Three people wanted 12,000.00 of 10,000.00 on Monday morning: the last one got a part."""
    await offered(place)
    three = await people(place, "Wang", "Zhao", "Qian")
    asked = [4_000_00, 4_500_00, 3_500_00]
    at = [OPENS + timedelta(seconds=number) for number in range(3)]
    answers = await subscribe(place, *map(wants, [place] * 3, three, asked, at))
    assert gave(answers) == [4_000_00, 4_500_00, 1_500_00]
    return three


async def test_a_raise_is_sold_to_the_last_fen_and_closes(place: FundTown) -> None:
    three = await sold_out(place)
    assert gave(await subscribe(place, wants(place, three[2], 1_000_00))) == ["SOLD_OUT"]
    one = await stands(place)
    assert (one.sold, one.arrivals, one.sold_out_at) == (10_000_00, 3, OPENS)
    assert await place.owed(*(one.wallet for one in three)) == [16_000_00, 15_500_00, 18_500_00]
    assert await place.total(Kind.RAISE_IN_TRANSIT) == 10_000_00
    await place.all_books_balance()
    assert await proved(place, MONDAY) == []


async def test_what_was_sold_before_is_gone_for_the_next_list(place: FundTown) -> None:
    """A person's cap counts over lists, too."""
    await offered(place)
    wang, zhao = await people(place, "Wang", "Zhao")
    assert gave(await subscribe(place, wants(place, wang, 4_000_00))) == [4_000_00]
    assert gave(await subscribe(place, wants(place, wang, 2_500_00), wants(place, wang, 2_000_00))) == ["ABOVE_CAP", 2_000_00]
    assert gave(await subscribe(place, wants(place, zhao, 5_000_00), wants(place, wang, 1_000_00))) == [4_000_00, "ABOVE_CAP"]


async def test_two_raises_share_a_wallet_by_arrival(place: FundTown) -> None:
    """The later order of the first raise does not take what the second one was promised before."""
    await offered(place)
    (wang,) = await people(place, "Wang", money=5_000_00)
    first = wants(place, wang, 2_000_00)
    second = first._replace(command=SubscribeFund("ANOTHER", 2_000_00))
    async with place.house.database.transaction() as tx:
        facts = await subscription._load(place.house, tx, await moment(tx), [first])
    both = (NAV_FUND, "ANOTHER")
    facts = replace(
        facts,
        funds=dict.fromkeys(both, facts.funds[NAV_FUND]),
        raises=dict.fromkeys(both, facts.raises[NAV_FUND]),
        channels=dict.fromkeys([(OWN, fund) for fund in both], facts.channels[OWN, NAV_FUND]),
    )
    third = wants(place, wang, 1_500_00)
    decided = subscription._decide(place.house, facts, [first, second, third])
    assert [one.code.name if isinstance(one, Refusal) else one for one in decided] == [2_000_00, 2_000_00, "NO_MONEY"]


@pytest.mark.parametrize(
    ("amount", "at", "code"),
    [
        (1_000_00, OPENS - timedelta(seconds=1), "NOT_OPEN_YET"),
        (1_000_00, CLOSES, "RAISE_OVER"),
        (999_99, OPENS, "BELOW_MINIMUM"),
        (1_000_01, OPENS, "NOT_IN_STEPS"),
        (6_500_00, OPENS, "ABOVE_CAP"),
        (2_000_00, OPENS, "NO_MONEY"),
    ],
)
async def test_what_is_refused_takes_nothing(place: FundTown, amount: int, at: datetime, code: str) -> None:
    await offered(place)
    (wang,) = await people(place, "Wang", money=1_500_00)
    assert gave(await subscribe(place, wants(place, wang, amount, at))) == [code]
    assert (await place.owed(wang.wallet), (await stands(place)).sold, await place.orders_of(wang)) == ([1_500_00], 0, [])


async def test_who_may_not_have_the_fund_may_not_subscribe_to_it(place: FundTown) -> None:
    """R4, and nobody has answered a questionnaire."""
    await shelve_nav_fund(place, NAV_CONDITIONS, risk_level=4)
    assert await sell(place, OFFER) is None
    await place.clock(OPENS)
    (wang,) = await people(place, "Wang")
    assert gave(await subscribe(place, wants(place, wang, 1_000_00))) == ["RISK_TOO_HIGH"]


async def test_the_same_key_is_sold_once(place: FundTown) -> None:
    await offered(place)
    (wang,) = await people(place, "Wang")
    one = wants(place, wang, 1_000_00, key=UUID(int=9))
    first, again = await subscribe(place, one, one)
    (later,) = await subscribe(place, one)
    assert first == again == later
    assert (await stands(place)).sold == 1_000_00


async def test_many_at_once_are_decided_in_the_order_in_which_they_come(place: FundTown) -> None:
    """Through the batcher, buyers of all books and other flows beside it: arrivals are numbered as they were handed in."""
    await offered(place)
    buyers = await people(place, *(f"P{number}" for number in range(14)))

    async def flow(tx: Any, commands: Sequence[Placing]) -> list[Any]:
        return list(await subscription.subscribe(place.house, tx, commands))

    async with Batcher(place.house.database, {"subscribe": flow}, apart=["subscribe"]) as batcher:
        futures = []
        for one in buyers:
            futures.append(batcher.submit("subscribe", 0, wants(place, one, 1_000_00)))
            await asyncio.sleep(0)
        answers = await asyncio.gather(*futures)
    assert gave(answers) == [1_000_00] * 10 + ["SOLD_OUT"] * 4
    async with place.house.database.read() as tx:
        rows = await tx.fetch("select person from subscription order by arrival")
    assert [row["person"] for row in rows] == [one.id for one in buyers[:10]]
    assert await proved(place, MONDAY) == []


async def test_lists_at_the_same_time_never_sell_more_than_there_is(place: FundTown) -> None:
    """Each book's buyers over a connection of their own: one waits for what the other leaves."""
    await offered(place)
    buyers = await people(place, *(f"P{number}" for number in range(18)))
    by_book = [[wants(place, one, 1_000_00) for one in buyers if one.book == book] for book in place.house.all_books]
    assert min(len(of) for of in by_book) > 3, "none of them reaches the target alone"
    answers = await asyncio.gather(*(subscribe(place, *of) for of in by_book))
    given = [amount for of in answers for amount in gave(of)]
    assert (given.count(1_000_00), given.count("SOLD_OUT")) == (10, 8)
    assert await proved(place, MONDAY) == []


async def test_a_fund_that_is_raised_cannot_be_bought_and_a_subscription_not_taken_back(place: FundTown) -> None:
    await offered(place)
    (wang,) = await people(place, "Wang")
    (no,) = await place.buy(place.order(wang, 1_000_00, fund=NAV_FUND))
    assert isinstance(no, Refusal)
    assert no.code.name == "NOT_SOLD_NOW"
    (one,) = await subscribe(place, wants(place, wang, 1_000_00))
    assert isinstance(one, Subscribed)
    back = await redemption.cancel(place.house, place.envelope(wang), CancelOrder(UUID(one.order.removeprefix("ord_"))))
    assert isinstance(back, Refusal)
    assert back.code.name == "SUBSCRIBED"


# ---- the registrar


async def taken(place: FundTown) -> list[Person]:
    """The registrar has taken Monday's subscriptions on Tuesday morning."""
    three = await sold_out(place)
    await place.end(MONDAY)
    assert await place.total(Kind.RAISE_COLLECTED) == 10_000_00
    await place.morning(TUESDAY)
    assert await place.said(TUESDAY) == []
    assert [(await place.orders_of(one))[0].state for one in three] == ["accepted"] * 3
    return three


async def test_a_raise_that_is_full_is_formed_on_the_next_dealing_day_with_its_interest(place: FundTown) -> None:
    """One day at 0.35 %: 4,000.00 earn 0.0389, 4,500.00 0.0438, 1,500.00 0.0146."""
    three = await taken(place)
    await place.next_day(TUESDAY)
    assert await place.said(WEDNESDAY) == []
    assert [await holding_of(place, one) for one in three] == [4_000_04, 4_500_04, 1_500_01]
    assert await lots_of(place, three[0]) == [(WEDNESDAY, 4_000_04)]
    one = (await place.orders_of(three[0]))[0]
    assert (one.state, one.confirmed_amount, one.confirmed_units, one.nav) == ("confirmed", 4_000_00, 4_000_04, 1_0000)
    assert (await place.told(three[0]))[0].endswith("确认为 4,000.04 份，其中募集期利息折 0.04 份。")
    assert await place.must_know(three[0]) == []
    assert await place.total(Kind.RAISE_COLLECTED) == 0
    assert "RCU-T01-110022-20140226" in await place.bank_executes(WEDNESDAY)
    assert ((await stands(place)).ended, (await stands(place)).ended_on) == ("formed", WEDNESDAY)
    (no,) = await subscribe(place, wants(place, three[0], 1_000_00))
    assert isinstance(no, Refusal)
    assert no.code.name == "RAISE_OVER"
    quote(place, WEDNESDAY, 1_0100)
    (closed,) = await place.buy(place.order(three[0], 1_000_00, fund=NAV_FUND))
    assert isinstance(closed, Refusal)
    await place.next_day(WEDNESDAY)
    (bought,) = await place.buy(place.order(three[0], 1_000_00, fund=NAV_FUND))
    assert not isinstance(bought, Refusal), "its first price opens it"
    assert await breaks(place) == []
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        assert await proved(place, day) == []
        assert (await units.prove_units(place.house, day)).wrong == []
    await place.all_books_balance()


async def failed(place: FundTown, first: Callable[[], None] = lambda: None) -> Person:
    """4,000.00 of at least 5,000.00: by Friday morning the raise has failed. `first`: once the registrar has taken it."""
    await offered(place)
    (wang,) = await people(place, "Wang")
    await subscribe(place, wants(place, wang, 4_000_00))
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)
    first()
    await place.take()
    await place.next_day(TUESDAY)
    await place.end(WEDNESDAY)
    return wang


async def test_a_raise_that_fails_gives_the_money_back_and_its_interest_when_it_has_come(place: FundTown) -> None:
    """Two days at 0.35 %: 0.0778."""
    wang = await failed(place)
    await place.morning(THURSDAY)
    assert await place.said(THURSDAY) == []
    assert (await place.orders_of(wang))[0].state == "refused"
    assert await place.bank_executes(THURSDAY) == ["RRF-T01-110022-20140227"]
    assert await place.owed(wang.wallet) == [20_000_00]
    (paid,) = place.registrar.payments()
    assert (paid["end_to_end_id"], paid["amount"]) == ("RIN-T01-20140227-0100000002", 8)
    await place.clock(shanghai(FRIDAY, 10))
    await place.receipt(8, paid["end_to_end_id"], "interest")
    await place.bank_executes(FRIDAY)
    assert await place.owed(wang.wallet) == [20_000_08]
    assert (await stands(place)).ended == "failed"
    assert await holding_of(place, wang) == 0
    assert await proved(place, THURSDAY) == []
    await place.all_books_balance()


async def test_what_the_registrar_does_not_take_goes_back(place: FundTown) -> None:
    """It has less left than we sold: the last one is refused whole, and is not sold again."""
    three = await sold_out(place)
    with place.registrar.store.tx() as tx:
        at_registrar.put(tx, at_registrar.Terms(NAV_FUND, TUESDAY, 9_000_00, 5_000_00, 3_500))
    await place.end(MONDAY)
    await place.morning(TUESDAY)
    assert [(await place.orders_of(one))[0].state for one in three] == ["accepted", "accepted", "refused"]
    await place.bank_executes(TUESDAY)
    assert await place.owed(three[2].wallet) == [20_000_00]
    assert "9011" in (await place.must_know(three[2]))[0]
    assert (await stands(place)).sold == 10_000_00


async def test_what_was_given_back_does_not_count_against_a_persons_cap(place: FundTown) -> None:
    """Here the registrar has nothing left for the order, and something on the next day."""
    await offered(place, structs.replace(OFFER, target=20_000_00, closes_at=shanghai(WEDNESDAY, 15)))
    (wang,) = await people(place, "Wang")
    assert gave(await subscribe(place, wants(place, wang, 6_000_00))) == [6_000_00]
    with place.registrar.store.tx() as tx:
        at_registrar.put(tx, at_registrar.Terms(NAV_FUND, WEDNESDAY, 1_000_00, 1_000_00, 3_500))
    await place.next_day(MONDAY)
    assert (await place.orders_of(wang))[0].state == "refused"
    await place.bank_executes(TUESDAY)
    assert gave(await subscribe(place, wants(place, wang, 6_000_00))) == [6_000_00]
    assert await proved(place, TUESDAY) == []


async def test_what_comes_after_the_registrars_last_day_goes_back(place: FundTown) -> None:
    """Ours is open a day longer than the registrar's by a mistake: what was sold on it is refused by it."""
    await offered(place, structs.replace(OFFER, closes_at=shanghai(WEDNESDAY, 15)))
    wang, zhao = await people(place, "Wang", "Zhao")
    await subscribe(place, wants(place, wang, 6_000_00))
    for day in (MONDAY, TUESDAY):
        await place.next_day(day)
    await subscribe(place, wants(place, zhao, 1_000_00))
    await place.next_day(WEDNESDAY)
    assert [(await place.orders_of(one))[0].state for one in (wang, zhao)] == ["confirmed", "refused"]
    assert "9012" in (await place.told(zhao))[0]
    await place.bank_executes(THURSDAY)
    assert await place.owed(zhao.wallet) == [20_000_00]
    await place.all_books_balance()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ConfirmedVol": 4_000_05}, "4,000.00 yuan and 0.04 of interest are not 4,000.05 units"),
        ({"ConfirmedAmount": 4_000_01}, "asked for 4,000.00, confirmed are 4,000.01"),
        ({"NAV": 1_0001}, "is not confirmed at 1.0000 without a fee"),
        ({"FundCode": "000198"}, "is of fund 110022, the confirmation of 000198"),
        ({"BusinessCode": "122"}, "has business code 020, the confirmation 122"),
        ({"BusinessCode": "149"}, "has units of a raise that has failed"),
        ({"BusinessCode": "149", "ConfirmedVol": 0, "RefundAmount": 1}, "of 4,000.00 yuan is given back 0.01"),
        ({"ReturnCode": "9005"}, "the end of its raise has the return code 9005, so nothing has happened"),
        ({"BusinessFinishFlag": "0"}, "is marked as not finished, which no answer to a subscription is"),
    ],
)
async def test_what_cannot_be_an_end_of_a_raise_moves_nothing(place: FundTown, change: dict[str, Any], said: str) -> None:
    three = await taken(place)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, **change))
    await place.take()
    text = (await place.said(WEDNESDAY))[0]
    assert text.endswith(said), text
    assert ((await place.orders_of(three[0]))[0].state, await holding_of(place, three[0])) == ("accepted", 0)


async def test_other_interest_than_ours_is_a_break_and_the_registrars_word_stands(place: FundTown) -> None:
    three = await taken(place)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, ConfirmedVol=4_000_05, RaiseInterest=5))
    await place.take()
    (text,) = await place.said(WEDNESDAY)
    assert text.endswith("of 4,000.00 yuan has earned 0.05 since 2014-02-25, we compute 0.04; ask the registrar")
    assert await holding_of(place, three[0]) == 4_000_05


async def test_an_end_waits_for_the_first_answer_and_said_again_changes_nothing(place: FundTown) -> None:
    """Tuesday's file comes after Wednesday's, which waits for it: both are taken."""
    three = await sold_out(place)
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)
    late = place.registrar.path(TUESDAY, "04")
    content = late.read_bytes()
    late.unlink()
    await place.next_day(TUESDAY)
    assert [await holding_of(place, one) for one in three] == [0, 0, 0]
    late.write_bytes(content)
    await place.take()
    assert [await holding_of(place, one) for one in three] == [4_000_04, 4_500_04, 1_500_01]
    lines = await place.lines()
    await place.take()
    assert (await place.orders_of(three[0]))[0].state == "confirmed"
    assert await place.lines() == lines
    assert [text for text in await place.said(WEDNESDAY) if "answered otherwise" in text] == []


async def test_a_file_may_say_that_an_order_is_taken_and_how_its_raise_has_ended(place: FundTown) -> None:
    """The registrar takes the last day's orders and forms the fund on one morning: whichever stands first, both count."""
    three = await sold_out(place)
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)
    today = f"{WEDNESDAY:%Y%m%d}"
    taken_too = [{**one, "TransactionCfmDate": today} for one in place.registrar.values(TUESDAY, "04")]
    place.registrar.rewrite(TUESDAY, "04", lambda records: records.clear())
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", lambda ends: [ends[0], *taken_too, *ends[1:]])
    await place.take()
    assert [(await place.orders_of(one))[0].state for one in three] == ["confirmed"] * 3
    assert [await holding_of(place, one) for one in three] == [4_000_04, 4_500_04, 1_500_01]
    assert not [text for text in await place.said(WEDNESDAY) if "twice" in text or "answered" in text]
    assert await place.total(Kind.RAISE_COLLECTED) == 0
    await place.all_books_balance()


async def test_a_subscription_that_the_registrar_forgets_is_a_break_until_it_remembers(place: FundTown) -> None:
    three = await taken(place)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    ends = place.registrar.values(WEDNESDAY, "04")
    place.registrar.rewrite(WEDNESDAY, "04", lambda records: records[:2])
    await place.take()
    (text,) = await place.said(WEDNESDAY)
    assert f"has taken 1 subscription of {NAV_FUND} over 1,500.00 yuan" in text
    await place.buy_one(three[0], 100_00)
    await place.end(WEDNESDAY)
    await place.registrar_works(THURSDAY)
    late = {**ends[2], "TransactionCfmDate": f"{THURSDAY:%Y%m%d}"}
    place.registrar.rewrite(THURSDAY, "04", lambda records: [*records, late])
    await place.take()
    assert [(await place.orders_of(one))[0].state for one in three] == ["confirmed"] * 3
    assert not [text for text in await breaks(place) if "has not said that they ended" in text]
    await place.all_books_balance()


async def test_interest_beyond_what_can_be_is_a_break_before_the_first_answer_too(place: FundTown) -> None:
    await sold_out(place)
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)
    place.registrar.rewrite(TUESDAY, "04", lambda records: records.clear())
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, ConfirmedVol=5_000_00, RaiseInterest=1_000_00))
    await place.take()
    said = [text for text in await place.said(WEDNESDAY) if "has earned" in text]
    assert [text.partition("yuan ")[2] for text in said] == [
        "has earned 1,000.00 since 2014-02-24, we compute at most 0.08; ask the registrar"
    ]


async def told_late(place: FundTown, interest: int) -> list[Person]:
    """The first 120 comes after the end, which gave the first buyer that much interest, the second what is due, and the third is right."""
    three = await sold_out(place)
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)
    place.registrar.withhold(TUESDAY, "04")
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, ConfirmedVol=4_000_00 + interest, RaiseInterest=interest))
    await place.take()
    return three


async def test_interest_is_compared_with_a_first_answer_that_comes_after_the_end(place: FundTown) -> None:
    """Two days' interest could be right until it is told that the money was taken a day later. Said again, nothing more is."""
    three = await told_late(place, 8)
    assert [text for text in await breaks(place) if "has earned" in text] == []
    lines = await place.lines()
    place.registrar.send_after_all()
    assert await place.take() == ["T01/04"]
    (text,) = [text for text in await breaks(place) if "has earned" in text]
    assert text.partition("yuan ")[2] == (
        "was taken on 2014-02-25, as is said after the end of 2014-02-26: it has earned 0.08, we compute 0.04; ask the registrar"
    )
    assert ([await holding_of(place, one) for one in three], await place.lines()) == ([4_000_08, 4_500_04, 1_500_01], lines)
    await place.buy_one(three[0], 100_00)
    await place.end(WEDNESDAY)
    await place.registrar_works(THURSDAY)
    again = [{**one, "TransactionCfmDate": f"{THURSDAY:%Y%m%d}"} for one in place.registrar.values(TUESDAY, "04")]
    place.registrar.rewrite(THURSDAY, "04", lambda records: [*records, *again])
    assert "T01/04" in await place.take()
    assert [text for text in await breaks(place) if "has earned" in text or "answered" in text] == [text]


async def test_a_first_answer_after_a_raise_has_failed_is_compared_too(place: FundTown) -> None:
    wang = await failed(place, first=lambda: place.registrar.withhold(TUESDAY, "04"))
    await place.morning(THURSDAY)
    assert (await place.orders_of(wang))[0].state == "refused"
    place.registrar.send_after_all()
    assert await place.take() == ["T01/04"]
    assert await breaks(place) == [], "two days, as was posted"


async def test_a_late_end_closes_the_fund_as_of_its_own_day(place: FundTown) -> None:
    """Formed on Wednesday, opened by Wednesday's price on Thursday morning: the 130 that comes only then closes nothing any more."""
    three = await taken(place)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.withhold(WEDNESDAY, "04")
    await place.take()
    quote(place, WEDNESDAY, 1_0100)
    await place.next_day(WEDNESDAY)
    assert [(await place.orders_of(one))[0].state for one in three] == ["accepted"] * 3
    place.registrar.send_after_all()
    assert await place.take() == ["T01/04"]
    assert ((await stands(place)).ended, await holding_of(place, three[0])) == ("formed", 4_000_04)
    (bought,) = await place.buy(place.order(three[0], 1_000_00, fund=NAV_FUND))
    assert not isinstance(bought, Refusal), "it is open since Wednesday"
    assert await closed_as_of(place) == [TUESDAY]


async def test_a_step_or_a_file_that_was_cut_off_is_done_again_once(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders that have gone out are not swept twice; of a file that fails at its last line nothing stands, and the next look takes it."""
    three = await sold_out(place)
    await place.end(MONDAY)
    swept = await place.lines()
    await exchange_out.send_files(place.house, MONDAY)
    assert (await place.lines(), await place.bank_executes(TUESDAY)) == (swept, [])
    await place.morning(TUESDAY)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    with monkeypatch.context() as cut_off:
        cut_off.setattr(raise_store, "end", _dies)
        await place.take()
    assert [(await place.orders_of(one))[0].state for one in three] == ["accepted"] * 3
    assert [await holding_of(place, one) for one in three] == [0, 0, 0]
    assert (await stands(place)).ended == ""
    await place.take()
    assert [await holding_of(place, one) for one in three] == [4_000_04, 4_500_04, 1_500_01]
    lines = await place.lines()
    await place.take()
    assert await place.lines() == lines
    await place.all_books_balance()


async def _dies(*_: Any) -> None:
    raise RuntimeError("cut off here")


async def test_the_shelf_shows_how_a_raise_stands(place: FundTown) -> None:
    await sold_out(place)
    async with place.house.database.read() as tx:
        (one,) = await raises.shown(tx)
    assert (one.fund, one.state, one.sold, one.left, one.percent) == (NAV_FUND, "sold_out", 10_000_00, 0, 100)


async def seen_by(place: FundTown, person: Person) -> CustomerView:
    async with place.house.database.read() as tx:
        row = (await customers.persons(tx, [(person.book, person.id)]))[person.id]
        return await customer_view(place.house, tx, row, 1)


async def owned(place: FundTown, person: Person, day: date) -> int:
    """Fen of everything at the end of a date."""
    async with place.house.database.read() as tx:
        row = (await customers.persons(tx, [(person.book, person.id)]))[person.id]
        return (await assets_of(place.house, tx, row, day)).worth


async def test_a_customer_sees_a_subscription_and_is_as_rich_as_before(place: FundTown) -> None:
    three = await sold_out(place)
    view = await seen_by(place, three[2])
    (one,) = view.subscriptions
    assert (one.fund, one.asked, one.given, one.state, one.state_zh) == (NAV_FUND, 3_500_00, 1_500_00, "placed", "待登记机构受理")
    assert (view.wealth, view.under_way, view.statement[-1].text_zh) == (20_000_00, 1_500_00, f"认购基金 · 消费行业{NAV_FUND}")
    await place.next_day(MONDAY)
    view = await seen_by(place, three[2])
    assert (view.wealth, view.subscriptions[0].state_en) == (20_000_00, "taken; the fund is not formed yet")
    await place.next_day(TUESDAY)
    view = await seen_by(place, three[2])
    assert (view.wealth, view.funds[0].nav_date, view.returns[0].gain) == (20_000_01, WEDNESDAY, 1), "formed at 1.0000, and not priced yet"
    assert [await owned(place, three[2], day) for day in (MONDAY, TUESDAY, WEDNESDAY)] == [20_000_00, 20_000_00, 20_000_01]
    quote(place, WEDNESDAY, 1_0000)
    await place.next_day(WEDNESDAY)
    view = await seen_by(place, three[2])
    assert (view.wealth, view.funds[0].units, view.subscriptions[0].interest) == (20_000_01, 1_500_01, 1)
    assert (view.returns[0].cost, view.returns[0].gain) == (1_500_00, 1)


async def test_a_customer_sees_what_came_back(place: FundTown) -> None:
    wang = await failed(place)
    await place.morning(THURSDAY)
    assert (await seen_by(place, wang)).wealth == 20_000_08, "the interest is owed"
    await place.bank_executes(THURSDAY)
    view = await seen_by(place, wang)
    assert (view.wallet, view.statement[-1].text_zh, view.statement[-1].amount) == (20_000_00, "认购退款", 4_000_00)
    await place.clock(shanghai(FRIDAY, 10))
    await place.receipt(8, place.registrar.payments()[0]["end_to_end_id"], "interest")
    await place.bank_executes(FRIDAY)
    view = await seen_by(place, wang)
    assert (view.wealth, view.statement[-1].text_en) == (20_000_08, "Subscription given back")
    assert view.subscriptions[0].state_zh == "已退款"


# ---- its proof


@pytest.mark.parametrize(
    ("defect", "said"),
    [
        ("update raise_offering set sold = sold - 1", "counts 9,999.99 yuan as sold, its subscriptions come to 10,000.00"),
        ("update raise_offering set arrivals = 4", "counts 4 arrivals, its subscriptions are 3, the last one is number 3"),
        ("update subscription set arrival = 4 - arrival where arrival <> 2", "has given less than was asked to arrival 1"),
        ("update raise_offering set cap = 440000", "has given one person 4,500.00 yuan, at most 4,400.00 are allowed"),
    ],
)
async def test_the_proof_names_what_was_not_sold_by_arrival(place: FundTown, defect: str, said: str) -> None:
    await sold_out(place)
    assert await proved(place, MONDAY) == []
    async with place.house.database.transaction() as tx:
        await tx.execute(defect)
    (text,) = await proved(place, MONDAY)
    assert said in text
    async with place.house.database.read() as tx:
        found = [one for book in range(place.house.books + 1) for one in await raises.raise_findings(tx, book, Archives())]
    assert [(one.wrong, one.detail) for one in found] == [(Wrong.RAISE_CHANGED, text)]


async def test_the_proof_names_money_that_does_not_stand_for_its_subscriptions(place: FundTown) -> None:
    await sold_out(place)
    async with place.house.database.transaction() as tx:
        await tx.execute("update fund_order set sent_on = $1 where business_code = '020' and amount = 400000", MONDAY)
    (text,) = await proved(place, MONDAY)
    assert "subscriptions of" in text
    assert "have not gone to the registrar" in text
