"""What a genuine card may not, on a real database: pay too often or too much, without its holder, or outside of its domain."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person, Town
from card_town import MERCHANT, NO_FEE, CardTown, Phone, card_town
from device import DeviceKey
from four_eyes import decided, operator, propose
from others_wait import others_wait

from tapwealth.flows import reports, setup
from tapwealth.flows.issuing import token_domain, tokens
from tapwealth.flows.issuing.tap import velocity_of
from tapwealth.flows.issuing.token_domain import CardView, DomainRefusal, LimitToken, ProposeTokenDomain
from tapwealth.flows.issuing.tokens import DeleteToken, TokenRefusal
from tapwealth.flows.reports import declines
from tapwealth.flows.reports.doors import NOT_YOURS
from tapwealth.flows.setup import Approve
from tapwealth.issuing.velocity import Measure, Scope, Span, Velocity, VelocityRule
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.notices import store as notices
from tapwealth.wire.iso8583.requests import TransactionKind

UNVERIFIED, VERIFIED = bytes.fromhex("9F34033F0000"), bytes.fromhex("9F3403010002")
JEWELLER = replace(NO_FEE, id=derived(NO_FEE.id, "jeweller"), merchant_number="898110059440001", category_code="5944", name="首饰店")


@pytest.fixture
async def host(place: Town) -> CardTown:
    """Where the shipped rules are in force."""
    made = await card_town(place)
    made.cards = replace(made.cards, velocity=velocity_of("current"))
    made.cards.merchants[JEWELLER.merchant_number] = JEWELLER
    return made


def only(host: CardTown, *rules: VelocityRule, tap: int | None = None) -> None:
    """Let these be the rules."""
    host.cards = replace(host.cards, velocity=Velocity(rules, tap))


def three_a(span: Span, scope: Scope = Scope.TOKEN) -> VelocityRule:
    return VelocityRule(scope, span, Measure.TAPS, 3)


async def some(host: CardTown, name: str = "Wang", money: int = 100_000_00) -> tuple[Person, Phone]:
    person = await host.place.person(name, money)
    return person, await host.phone(person)


def with_holder(sale: Any) -> Any:
    """The same tap by a terminal that tells of the phone's own verification."""
    assert UNVERIFIED in sale.icc_data
    return replace(sale, icc_data=sale.icc_data.replace(UNVERIFIED, VERIFIED))


async def codes(host: CardTown, *sales: Any) -> list[str]:
    return [one.response_code for one in await host.authorise(*sales)]


async def reason(host: CardTown, sale: Any) -> str:
    row = await host.row(sale)
    return row.reason


# how often and how much


async def test_a_fourth_small_tap_within_a_minute_waits_for_the_next_minute(host: CardTown) -> None:
    _, phone = await some(host)
    for _ in range(3):
        assert (await host.tap(phone, 5_00))[1] == "00"
        await host.after(seconds=10)
    sale, code = await host.tap(phone, 5_00)
    assert (code, await reason(host, sale)) == (
        "65", "too_many_taps: 4th tap without verification of the holder within a minute; at most 3",
    )  # fmt: skip
    await host.after(seconds=31)
    assert (await host.tap(phone, 5_00))[1] == "00", "the first one lies a minute back"


async def test_within_a_batch_the_earlier_request_counts_for_the_later(host: CardTown) -> None:
    _, phone = await some(host)
    sales = [host.sale(phone, 5_00) for _ in range(5)]
    assert await codes(host, *sales) == ["00", "00", "00", "65", "65"]
    assert await codes(host, *sales) == ["00", "00", "00", "65", "65"], "asked again they are the same taps"
    assert "4th tap" in await reason(host, sales[4]), "what was declined counts for nothing"


async def test_who_is_verified_taps_more_often_and_pays_more_at_once(host: CardTown) -> None:
    _, phone = await some(host)
    assert await codes(host, *[with_holder(host.sale(phone, 5_00)) for _ in range(6)]) == ["00"] * 6
    seventh = with_holder(host.sale(phone, 5_00))
    assert (await codes(host, seventh), await reason(host, seventh)) == (
        ["65"],
        "too_many_taps: 7th tap of this card within a minute; at most 6",
    )
    await host.after(minutes=2)
    large = host.sale(phone, 1_000_01)
    assert (await codes(host, large), await reason(host, large)) == (
        ["61"], "not_verified: 1,000.01 yuan without verification of the holder; at most 1,000.00",
    )  # fmt: skip
    assert await codes(host, with_holder(host.sale(phone, 1_000_01)), host.sale(phone, 1_000_00)) == ["00", "00"]


async def test_small_taps_without_verification_add_up_to_a_days_limit(host: CardTown) -> None:
    _, phone = await some(host)
    assert await codes(host, *[host.sale(phone, 1_000_00) for _ in range(3)]) == ["00"] * 3
    await host.after(hours=2)
    sale, code = await host.tap(phone, 1)
    assert (code, (await reason(host, sale)).partition(": ")[2]) == (
        "61", "3,000.01 yuan without verification of the holder today; at most 3,000.00",
    )  # fmt: skip


async def test_a_persons_cards_count_together_and_each_by_itself(host: CardTown) -> None:
    person, first = await some(host)
    second = await host.phone(person)
    only(host, three_a(Span.HOUR, Scope.PERSON))
    assert await codes(host, *(host.sale(one, 1_00) for one in (first, second, first, second))) == ["00", "00", "00", "65"]
    _, strangers = await some(host, "Zhang")
    assert await codes(host, host.sale(strangers, 1_00)) == ["00"]
    only(host, three_a(Span.HOUR))
    assert await codes(host, *(host.sale(second, 1_00) for _ in range(3))) == ["00", "00", "65"], "one tap of the second card so far"


async def test_a_tap_of_just_before_midnight_counts_for_its_own_day_however_late_it_is_decided(host: CardTown) -> None:
    _, phone = await some(host)
    midnight = shanghai(MONDAY + timedelta(days=1))
    await host.place.clock(midnight - timedelta(minutes=10))
    only(host, three_a(Span.DAY))
    assert await codes(host, *(host.sale(phone, 1_00) for _ in range(3))) == ["00"] * 3
    await host.place.clock(midnight + timedelta(seconds=30))
    assert await codes(host, host.sale(phone, 1_00, received_at=midnight - timedelta(seconds=1))) == ["65"]
    assert await codes(host, host.sale(phone, 1_00)) == ["00"], "another day"


async def test_the_day_is_the_calendars_and_the_hour_the_last_sixty_minutes(host: CardTown) -> None:
    _, phone = await some(host)
    await host.place.clock(shanghai(MONDAY, 23, 50))
    only(host, three_a(Span.DAY))
    assert await codes(host, *(host.sale(phone, 1_00) for _ in range(4))) == ["00", "00", "00", "65"]
    await host.after(minutes=11)
    only(host, three_a(Span.HOUR))
    assert await codes(host, host.sale(phone, 1_00)) == ["65"], "midnight is no end of an hour"
    only(host, three_a(Span.DAY))
    assert await codes(host, host.sale(phone, 1_00)) == ["00"]
    await host.after(minutes=50)
    only(host, three_a(Span.HOUR))
    assert await codes(host, host.sale(phone, 1_00)) == ["00"]


async def test_what_was_reversed_or_voided_does_not_count_against_the_customer(host: CardTown) -> None:
    _, phone = await some(host)
    only(host, three_a(Span.MINUTE))
    first, second, third = (host.sale(phone, 1_00) for _ in range(3))
    assert await codes(host, first, second, third) == ["00"] * 3
    await host.reverse(host.reversal(first))
    (voided,) = await host.later(host.follow_up(TransactionKind.VOID, second, (await host.row(second)).rrn))
    assert voided.response_code == "00"
    assert await codes(host, *(host.sale(phone, 1_00) for _ in range(3))) == ["00", "00", "65"]


async def test_a_balance_may_be_asked_for_as_often_as_one_likes_and_counts_for_nothing(host: CardTown) -> None:
    _, phone = await some(host)
    only(host, three_a(Span.MINUTE))
    asked = [host.sale(phone, 0, kind=TransactionKind.BALANCE) for _ in range(5)]
    assert await codes(host, *asked) == ["00"] * 5
    assert await codes(host, *(host.sale(phone, 1_00) for _ in range(3))) == ["00"] * 3
    assert await codes(host, host.sale(phone, 0, kind=TransactionKind.BALANCE), host.sale(phone, 1_00)) == ["00", "65"]


async def test_a_preauthorisation_counts_once_and_its_completion_not_again(host: CardTown) -> None:
    _, phone = await some(host)
    only(host, three_a(Span.MINUTE))
    held = host.sale(phone, 10_00, kind=TransactionKind.PREAUTHORISATION)
    assert await codes(host, held) == ["00"]
    (done,) = await host.later(host.follow_up(TransactionKind.COMPLETION, held, (await host.row(held)).rrn, 8_00))
    assert done.response_code == "00"
    assert await codes(host, *(host.sale(phone, 1_00) for _ in range(3))) == ["00", "00", "65"]


async def test_some_categories_have_limits_of_their_own(host: CardTown) -> None:
    phone = await host.tireless_phone(await host.place.person("Wang", 100_000_00))
    only(host, VelocityRule(Scope.CATEGORY, Span.DAY, Measure.AMOUNT, 20_000_00, "5944"))
    rings = [host.sale(phone, 10_000_00, merchant_id=JEWELLER.merchant_number) for _ in range(2)]
    one_more = host.sale(phone, 1, merchant_id=JEWELLER.merchant_number)
    assert await codes(host, *rings, one_more, host.sale(phone, 10_000_00)) == ["00", "00", "61", "00"]
    assert await reason(host, one_more) == "too_much: 20,000.01 yuan at merchants of category 5944 today; at most 20,000.00"


async def test_a_forged_tap_is_declined_as_forged_and_counts_for_nothing(host: CardTown) -> None:
    _, phone = await some(host)
    only(host, three_a(Span.MINUTE))
    copy = phone.forged()
    assert await codes(host, *(host.sale(copy, 1_00) for _ in range(4))) == ["05"] * 4
    assert await codes(host, *(host.sale(phone, 1_00) for _ in range(3))) == ["00"] * 3


# the domain


async def test_a_card_is_for_contactless_only_until_the_bank_says_otherwise(host: CardTown) -> None:
    person, phone = await some(host)
    for mode in ("05", "01", "02", "90", "81"):
        sale = host.sale(phone, 1_00, entry_mode=mode)
        assert (await codes(host, sale), (await reason(host, sale)).partition(":")[0]) == (["57"], "entry_mode"), mode
    (card,) = await _cards(host, person)
    await _agreed(host, ProposeTokenDomain(UUID(card.token), contact=True, allowed=[], denied=list(card.denied)))
    assert await codes(host, host.sale(phone, 1_00, entry_mode="05"), host.sale(phone, 1_00, entry_mode="01")) == ["00", "57"]


async def test_a_card_pays_at_no_casino_and_no_cash_desk(host: CardTown) -> None:
    _, phone = await some(host)
    for number, category in enumerate(("6010", "6011", "7995")):
        shop = replace(NO_FEE, id=derived(NO_FEE.id, category), merchant_number=f"89811005{category}{number:03d}", category_code=category)
        host.cards.merchants[shop.merchant_number] = shop
        sale = host.sale(phone, 1_00, merchant_id=shop.merchant_number)
        assert (await codes(host, sale), await reason(host, sale)) == (
            ["57"], f"category_denied: category {category} is denied to this card",
        )  # fmt: skip


async def test_the_domain_is_changed_by_two_operators_and_the_customer_is_told(host: CardTown) -> None:
    person, phone = await some(host)
    (card,) = await _cards(host, person)
    proposal = ProposeTokenDomain(UUID(card.token), contact=False, allowed=["5944"], denied=[])
    proposed = await propose(host.place, proposal)
    assert await codes(host, host.sale(phone, 1_00)) == ["00"], "one of them brings nothing about"
    by_himself = await setup.approve(host.place.house, await operator(host.place, "ops.chen"), Approve(proposed))
    assert isinstance(by_himself, Refusal)
    assert not isinstance(await setup.approve(host.place.house, await operator(host.place, "ops.wu"), Approve(proposed)), Refusal)
    sale = host.sale(phone, 1_00)
    assert (await codes(host, sale), await reason(host, sale)) == (
        ["57"], "category_denied: category 5814 is not among those this card is for: 5944",
    )  # fmt: skip
    assert await codes(host, host.sale(phone, 1_00, merchant_id=JEWELLER.merchant_number)) == ["00"]
    zh, en = await _newest_notice(host, person)
    assert ("银行更改了" in zh, "the bank says anew" in en) == (True, True)
    nobodys = ProposeTokenDomain(derived(UUID(card.token), "x"), contact=False, allowed=[], denied=[])
    unknown = await setup.propose(host.place.house, await operator(host.place, "ops.chen"), nobodys)
    assert isinstance(unknown, Refusal)
    assert unknown.code is DomainRefusal.UNKNOWN_TOKEN
    with pytest.raises(BadInput, match=r"denied: '58' is no merchant category"):
        await propose(host.place, ProposeTokenDomain(UUID(card.token), contact=False, allowed=[], denied=["58"]))


async def test_what_the_customer_sets_while_two_operators_change_the_domain_stays_set(host: CardTown) -> None:
    person, _ = await some(host)
    (card,) = await _cards(host, person)
    proposed = await propose(host.place, ProposeTokenDomain(UUID(card.token), contact=True, allowed=["5814"], denied=[]))
    approver = await operator(host.place, "ops.wu")
    async with asyncio.TaskGroup() as sessions, host.place.house.database.transaction() as tx:
        await host.place.house.ledger.lock_books(tx, [person.book])
        limited = sessions.create_task(_limit(host, person, card.token, ["5944"], 100_00))
        await others_wait(tx, 1)
        approved = sessions.create_task(setup.approve(host.place.house, approver, Approve(proposed)))
        await others_wait(tx, 2)
    assert isinstance(limited.result(), CardView)
    assert not isinstance(approved.result(), Refusal)
    (now,) = await _cards(host, person)
    assert (now.contact, now.allowed, now.denied) == (True, ("5814",), ())
    assert (now.off, now.day_limit) == (("5944",), 100_00)


async def test_two_operators_change_nothing_of_a_card_that_its_customer_deletes_meanwhile(host: CardTown) -> None:
    person, _ = await some(host)
    (card,) = await _cards(host, person)
    proposed = await propose(host.place, ProposeTokenDomain(UUID(card.token), contact=True, allowed=["5814"], denied=[]))
    approver = await operator(host.place, "ops.wu")
    deleting = DeleteToken(UUID(card.token))
    async with asyncio.TaskGroup() as sessions, host.place.house.database.transaction() as tx:
        await host.place.house.ledger.lock_books(tx, [person.book])
        deleted = sessions.create_task(tokens.delete(host.place.house, host.place.envelope(person), deleting))
        await others_wait(tx, 1)
        approved = sessions.create_task(setup.approve(host.place.house, approver, Approve(proposed)))
        await others_wait(tx, 2)
    assert not isinstance(deleted.result(), Refusal)
    refused = approved.result()
    assert isinstance(refused, Refusal)
    assert refused.code.name == DomainRefusal.UNKNOWN_TOKEN.name
    (now,) = await _cards(host, person)
    assert (now.state, now.contact) == ("deleted", False)


async def test_a_customer_turns_categories_off_and_limits_the_cards_day(host: CardTown) -> None:
    person, phone = await some(host)
    only(host)
    (card,) = await _cards(host, person)
    assert await codes(host, host.sale(phone, 60_00)) == ["00"]
    set_ = await _limit(host, person, card.token, ["5944"], 100_00)
    assert isinstance(set_, CardView)
    assert (set_.off, set_.day_limit, list(set_.denied)) == (("5944",), 100_00, list(card.denied))
    ring = host.sale(phone, 1_00, merchant_id=JEWELLER.merchant_number)
    assert (await codes(host, ring), await reason(host, ring)) == (["62"], "category_off: the customer has turned category 5944 off")
    over = host.sale(phone, 40_01)
    assert (await codes(host, over), await reason(host, over)) == (
        ["61"], "above_own_limit: 100.01 yuan by this card today; the customer allows 100.00",
    )  # fmt: skip
    assert await codes(host, host.sale(phone, 40_00)) == ["00"]
    zh, en = await _newest_notice(host, person)
    assert ("每日限额为 100.00 元" in zh, "pays 100.00 yuan a day at most" in en, "5944" in en) == (True, True, True)
    await _limit(host, person, card.token, [], None)
    assert await codes(host, host.sale(phone, 500_00)) == ["00"]


async def test_what_is_set_for_a_card_is_its_customers_own_and_goes_with_it_to_a_new_phone(host: CardTown) -> None:
    person, _ = await some(host)
    (card,) = await _cards(host, person)
    stranger = await host.place.person("Li", 0)
    refused = await _limit(host, stranger, card.token, [], None)
    assert isinstance(refused, Refusal)
    assert refused.code is TokenRefusal.UNKNOWN_TOKEN
    await _limit(host, person, card.token, ["5944"], 100_00)
    await tokens.move(host.place.house, host.place.envelope(person), DeviceKey().takes_over(UUID(card.token)))
    moved = next(one for one in await _cards(host, person) if one.state == "active")
    assert (moved.off, moved.day_limit, moved.denied) == (("5944",), 100_00, card.denied)
    for field, bad in (("off", {"off": ["x"], "day_limit": None}), ("day_limit", {"off": [], "day_limit": -1})):
        with pytest.raises(BadInput, match=field):
            await token_domain.limit(host.place.house, host.place.envelope(person), LimitToken(UUID(moved.token), **bad))


# what operations read


async def test_operations_read_why_taps_were_declined(host: CardTown) -> None:
    _, phone = await some(host)
    only(host, three_a(Span.MINUTE))
    sales = [host.sale(phone, 1_00) for _ in range(5)]
    await codes(host, *sales)
    await host.after(minutes=1)
    await codes(host, host.sale(phone.forged(), 7_00))
    async with host.place.house.database.read() as tx:
        seen = await declines.declines_of(tx, MONDAY)
        assert (await declines.declines_of(tx, MONDAY + timedelta(days=1))).reasons == []
    assert [(one.reason, one.response_code, one.count, one.amount) for one in seen.reasons] == [
        ("too_many_taps", "65", 2, 2_00), ("wrong_cryptogram", "05", 1, 7_00),
    ]  # fmt: skip
    assert seen.reasons[0].meaning == "more taps than the rules allow in this time"
    newest = seen.newest[0]
    assert (newest.reason, newest.amount, newest.merchant, newest.merchant_name) == ("wrong_cryptogram", 7_00, MERCHANT, NO_FEE.name)
    assert newest.text.startswith("cryptogram differs")
    assert newest.card == str(phone.state.track2.pan)
    assert {one.text for one in seen.newest[1:]} == {"4th tap of this card within a minute; at most 3"}


async def test_where_a_card_pays_and_why_it_was_declined_is_read_by_whom_it_concerns(host: CardTown) -> None:
    person, phone = await some(host)
    stranger = host.place.envelope(await host.place.person("Li", 0)).caller
    customer, clerk = host.place.envelope(person).caller, (await operator(host.place, "ops.chen")).caller
    sale = host.sale(phone, 1_00, entry_mode="05")
    await codes(host, sale)
    views = reports.views(host.place.house)
    own = await views["tokens"](customer, {})
    assert [(one.denied, one.contact) for one in own] == [(("6010", "6011", "7995"), False)]
    for caller in (customer, clerk):
        assert await views["cards/{person}"](caller, {"person": f"cus_{person.id}"}) == own
    assert await views["cards/{person}"](stranger, {"person": f"cus_{person.id}"}) == NOT_YOURS
    seen = await views["declines/{date}"](clerk, {"date": str(MONDAY)})
    assert [one.text for one in seen.newest] == ["read as 05 (by its contacts); this card is for contactless only"]
    for caller in (customer, stranger):
        assert isinstance(await views["declines/{date}"](caller, {"date": str(MONDAY)}), Refusal)


async def test_the_same_limit_again_has_the_same_answer(host: CardTown) -> None:
    person, _ = await some(host)
    (card,) = await _cards(host, person)
    envelope, command = host.place.envelope(person), LimitToken(UUID(card.token), ["5944"], 100_00)
    first = await token_domain.limit(host.place.house, envelope, command)
    assert isinstance(first, CardView)
    assert await token_domain.limit(host.place.house, envelope, command) == first


async def _cards(host: CardTown, person: Person) -> list[CardView]:
    async with host.place.house.database.read() as tx:
        return await token_domain.held(tx, person.book, person.id)


async def _limit(host: CardTown, person: Person, token: str, off: list[str], day_limit: int | None) -> CardView | Refusal:
    return await token_domain.limit(host.place.house, host.place.envelope(person), LimitToken(UUID(token), off, day_limit))


async def _newest_notice(host: CardTown, person: Person) -> tuple[str, str]:
    async with host.place.house.database.read() as tx:
        one = (await notices.notices_of(tx, person.book, person.id, 1))[0]
    return one.text_zh, one.text_en


async def _agreed(host: CardTown, proposal: ProposeTokenDomain) -> None:
    approved = await decided(host.place, await propose(host.place, proposal))
    assert not isinstance(approved, Refusal), approved
