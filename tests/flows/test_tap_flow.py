"""A tap at the host, on a real database: approved with a hold, declined for its reason, repeated, reversed, and never half done.

What happens when a terminal uses its numbers twice is in test_tap_numbers.
"""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest
from bill_town import MONDAY, Person
from card_town import CardTown, Phone
from shelf import MONEY_FUND, UNITS

from tapwealth.flows.acquiring import merchant_settlement
from tapwealth.flows.clearing import captures as clearing
from tapwealth.flows.customers import people
from tapwealth.flows.issuing.tap import EXPLAINED, HELD_FOR
from tapwealth.funds import conditions_store
from tapwealth.funds.conditions import FundStatus
from tapwealth.issuing.authorise import NOT_LOOKED_INTO
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount

WEEK = HELD_FOR.days


async def wang(host: CardTown, money: int = 100_00, level: int = 3, *, tireless: bool = False) -> tuple[Person, Phone]:
    person = await host.place.person("Wang", money, level)
    return person, await (host.tireless_phone if tireless else host.phone)(person)


async def test_a_tap_holds_the_money_and_moves_none(host: CardTown) -> None:
    person, phone = await wang(host)
    sale = host.sale(phone, 30_00)
    (answer,) = await host.authorise(sale)
    assert (answer.response_code, len(answer.authorisation_code), len(answer.rrn)) == ("00", 6, 12)
    assert answer.icc_data[:2] == b"\x91\x0a"
    assert answer.icc_data[-2:] == b"00"
    assert await host.free(person.wallet) == [70_00]
    assert await host.place.owed(person.wallet, await host.merchant(person.book)) == [100_00, 0]
    assert await host.used(person) == 30_00


async def test_a_tap_opens_no_holding_for_who_has_no_units(host: CardTown) -> None:
    person, phone = await wang(host)
    sale, code = await host.tap(phone, 30_00)
    assert code == "00"
    holding = NewAccount(person.book, Kind.HOLDING, person.id, UNITS, Limit.DEBITS_WITHIN_CREDITS)
    async with host.place.house.database.read() as tx:
        assert await host.place.house.ledger.find_accounts(tx, [holding]) == [None]
    await host.reverse(host.reversal(sale))
    assert await host.free(person.wallet) == [100_00]


async def test_the_same_request_again_gets_the_same_answer_and_no_second_hold(host: CardTown) -> None:
    person, phone = await wang(host)
    sale = host.sale(phone, 30_00)
    first, twin = await host.authorise(sale, sale)
    (again,) = await host.authorise(sale)
    assert first == twin == again
    assert await host.free(person.wallet) == [70_00]
    assert await host.used(person) == 30_00


async def test_what_is_wrong_with_a_tap_is_answered_by_its_code_and_holds_nothing(host: CardTown) -> None:
    person, phone = await wang(host)
    used = host.sale(phone, 1_00)
    wrong = {
        "unknown merchant": (host.sale(phone, 5_00, merchant_id="898110053119999"), "03"),
        "unknown card": (host.sale(phone, 5_00, pan=Pan("6222000000000009")), "14"),
        "wrong expiry": (host.sale(phone, 5_00, expiry_date="1501"), "54"),
        "wrong currency": (host.sale(phone, 5_00, currency="840"), "12"),
        "torn chip data": (host.sale(phone, 5_00, icc_data=used.icc_data[:-1]), "05"),
        "no chip data": (host.sale(phone, 5_00, icc_data=b""), "05"),
        "another amount than the card was told": (host.sale(phone, 5_00, amount=6_00), "05"),
        "forged": (host.sale(phone.forged(), 5_00), "05"),
        "more than there is": (host.sale(phone, 100_01), "51"),
    }
    answers = await host.authorise(*(sale for sale, _ in wrong.values()))
    assert {name: one.response_code for name, one in zip(wrong, answers, strict=True)} == {name: code for name, (_, code) in wrong.items()}
    assert all((one.authorisation_code, one.icc_data) == ("", b"") for one in answers)
    assert await host.free(person.wallet) == [100_00]
    assert await host.used(person) == 0
    assert "cryptogram differs" in (await host.row(wrong["forged"][0])).reason


async def test_a_counter_is_good_once(host: CardTown) -> None:
    person, phone = await wang(host)
    copy = phone.copied()
    assert (await host.tap(phone, 5_00))[1] == "00"
    replayed, code = await host.tap(copy, 5_00)
    assert code == "05"
    assert (await host.row(replayed)).reason == "counter_replayed: counter 1 was used before: the greatest one met is 1"
    assert (await host.tap(copy, 5_00))[1] == "00"
    assert await host.free(person.wallet) == [90_00]


async def test_a_counter_twice_in_one_batch_is_good_once(host: CardTown) -> None:
    person, phone = await wang(host)
    copy = phone.copied()
    answers = await host.authorise(host.sale(phone, 5_00), host.sale(copy, 5_00), host.sale(phone, 5_00))
    assert [one.response_code for one in answers] == ["00", "05", "00"]
    assert await host.free(person.wallet) == [90_00]


@pytest.mark.parametrize(
    ("ahead", "code", "reason"),
    [
        (19, "00", ""),
        (20, "00", "counter_gap: 20 counters never came"),
        (1_000, "00", "counter_gap: 1000 counters never came"),
        (1_001, "05", "counter_jumped: 1001 counters never came; at most 1000 may be missing"),
    ],
)
async def test_counters_may_be_missing_up_to_a_limit_and_operations_see_it(host: CardTown, ahead: int, code: str, reason: str) -> None:
    """Offline sales and torn taps use them up. A jump that the card itself proved counts: the next one goes on from there."""
    _, phone = await wang(host, tireless=True)
    await host.tap(phone, 1_00)
    phone.state = phone.copied(atc=phone.state.atc + ahead).state
    sale, answered = await host.tap(phone, 1_00)
    assert (answered, (await host.row(sale)).reason) == (code, reason)
    assert (await host.tap(phone, 1_00))[1] == "00"


async def test_a_counter_that_no_cryptogram_proves_uses_up_nothing(host: CardTown) -> None:
    """Who knows the number could else make the card worthless with one message."""
    _, phone = await wang(host, tireless=True)
    far = phone.copied(atc=60_000)
    assert (await host.tap(far, 5_00, amount=6_00))[1] == "05"
    assert (await host.tap(phone.copied(atc=60_000).forged(), 5_00))[1] == "05"
    assert (await host.tap(phone, 5_00))[1] == "00"


@pytest.mark.parametrize("state", ["suspended", "deleted"])
async def test_a_card_that_is_not_active_pays_nothing(host: CardTown, state: str) -> None:
    person, phone = await wang(host)
    async with host.place.house.database.transaction() as tx:
        await tx.execute("update card_token set state = $1 where book = $2", state, person.book)
    assert (await host.tap(phone, 5_00))[1] == "62"
    assert await host.free(person.wallet) == [100_00]


@pytest.mark.parametrize(("level", "limit"), [(1, 1_000_00), (2, 100_000_00), (3, 200_000_00)])
async def test_taps_stop_at_the_limit_of_the_class(host: CardTown, level: int, limit: int) -> None:
    person, phone = await wang(host, 300_000_00, level, tireless=True)
    answers = await host.authorise(host.sale(phone, limit - 1_00), host.sale(phone, 1_01), host.sale(phone, 1_00), host.sale(phone, 1))
    assert [one.response_code for one in answers] == ["00", "61", "00", "61"]
    assert await host.used(person) == limit


@pytest.mark.parametrize(("level", "code"), [(1, "61"), (2, "00")])
async def test_class_one_counts_since_opening_the_others_by_the_year(host: CardTown, level: int, code: str) -> None:
    _, phone = await wang(host, 300_000_00, level, tireless=True)
    limit = {1: 1_000_00, 2: 100_000_00}[level]
    assert (await host.tap(phone, limit))[1] == "00"
    assert (await host.tap(phone, 1))[1] == "61"
    await host.place.clock(host.place.biller.now.replace(year=2015))
    assert (await host.tap(phone, 1))[1] == code


@pytest.mark.parametrize(("paid", "code"), [(100_000_00, "61"), (0, "00")])
async def test_a_tap_of_the_old_year_that_is_decided_after_midnight_counts_in_the_old_year(host: CardTown, paid: int, code: str) -> None:
    """Class II: 100,000.00 a year. One of 23:59:59 is of the year before, and takes nothing of the new one's."""
    await host.place.clock(shanghai(date(2014, 12, 31), 23, 59, 59))
    _, phone = await wang(host, 300_000_00, 2, tireless=True)
    assert (await host.tap(phone, paid or 1))[1] == "00"
    late = host.sale(phone, 1_00)
    await host.place.clock(shanghai(date(2015, 1, 1), 0, 0, 1))
    answers = await host.authorise(late, host.sale(phone, 100_000_00), host.sale(phone, 1))
    assert [one.response_code for one in answers] == [code, "00", "61"]


async def test_a_batch_spends_no_money_twice(host: CardTown) -> None:
    person, phone = await wang(host)
    answers = await host.authorise(*(host.sale(phone, 30_00) for _ in range(5)))
    assert [one.response_code for one in answers] == ["00", "00", "00", "51", "51"]
    assert await host.free(person.wallet) == [10_00]


# reversals


async def test_a_reversal_leaves_everything_as_if_nothing_had_been_however_often_it_comes(host: CardTown) -> None:
    person, phone = await wang(host)
    sale, _ = await host.tap(phone, 30_00)
    asked = host.reversal(sale)
    first = await host.reverse(asked, asked)
    again = await host.reverse(asked)
    assert {one.response_code for one in (*first, *again)} == {"00"}
    assert (await host.free(person.wallet), await host.used(person)) == ([100_00], 0)
    assert (await host.row(sale)).state == "reversed"


async def test_a_reversal_of_a_part_leaves_the_sale_as_it_is(host: CardTown) -> None:
    person, phone = await wang(host)
    sale, _ = await host.tap(phone, 30_00)
    assert [one.response_code for one in await host.reverse(host.reversal(sale, amount=10_00))] == ["64"]
    assert (await host.free(person.wallet), await host.used(person)) == ([70_00], 30_00)
    assert [one.response_code for one in await host.reverse(host.reversal(sale))] == ["00"]
    assert (await host.free(person.wallet), await host.used(person)) == ([100_00], 0)


async def test_a_reversal_before_its_sale_makes_the_sale_declined(host: CardTown) -> None:
    person, phone = await wang(host)
    sale = host.sale(phone, 30_00)
    assert [one.response_code for one in await host.reverse(host.reversal(sale), host.reversal(sale))] == ["25", "25"]
    (answer,) = await host.authorise(sale)
    assert answer.response_code == "12"
    assert [one.response_code for one in await host.reverse(host.reversal(sale))] == ["00"]
    assert (await host.free(person.wallet), await host.used(person)) == ([100_00], 0)


async def test_a_reversal_takes_nothing_back_of_a_sale_that_was_declined(host: CardTown) -> None:
    person, phone = await wang(host)
    paid, _ = await host.tap(phone, 60_00)
    declined, code = await host.tap(phone, 60_00)
    assert code == "51"
    assert [one.response_code for one in await host.reverse(host.reversal(declined))] == ["00"]
    assert (await host.free(person.wallet), await host.used(person)) == ([40_00], 60_00)
    assert (await host.row(paid)).state == "approved"


async def test_a_cleared_sale_is_not_reversed(host: CardTown) -> None:
    person, phone = await wang(host)
    sale, _ = await host.tap(phone, 30_00)
    await host.upload(host.claim(sale))
    await host.clear()
    assert [one.response_code for one in await host.reverse(host.reversal(sale))] == ["12"]
    assert await host.place.owed(person.wallet, await host.merchant(person.book)) == [70_00, 30_00]
    assert await host.used(person) == 30_00


async def test_a_sale_that_was_presented_and_then_reversed_is_not_paid(host: CardTown) -> None:
    person, phone = await wang(host)
    sale, _ = await host.tap(phone, 30_00)
    await host.upload(host.claim(sale))
    assert [one.response_code for one in await host.reverse(host.reversal(sale))] == ["00"]
    assert await host.clear() == {"sales": 0, "amount": 0}
    assert await host.place.owed(person.wallet, await host.merchant(person.book)) == [100_00, 0]
    assert (await merchant_settlement.settle_merchants(host.place.house, MONDAY)).figures["gross"] == 0
    async with host.place.house.database.read() as tx:
        assert await tx.fetchval("select note from presentment") == "was reversed already"


# time


async def test_a_hold_that_nobody_claims_expires_and_gives_all_of_it_back(host: CardTown) -> None:
    person, phone = await wang(host)
    sale, _ = await host.tap(phone, 30_00)
    await host.after(days=WEEK, seconds=-1)
    assert (await clearing.expire_holds(host.place.house, MONDAY)).figures == {"expired": 0}
    await host.after(seconds=1)
    assert (await clearing.expire_holds(host.place.house, MONDAY)).figures == {"expired": 1}
    assert (await clearing.expire_holds(host.place.house, MONDAY)).figures == {"expired": 0}
    assert (await host.free(person.wallet), await host.used(person)) == ([100_00], 0)
    assert (await host.row(sale)).state == "expired"


async def test_a_tap_does_not_wait_for_anybody_to_expire_the_holds_in_its_way(host: CardTown) -> None:
    person, phone = await wang(host)
    first, _ = await host.tap(phone, 100_00)
    assert (await host.tap(phone, 100_00))[1] == "51"
    await host.after(days=WEEK)
    assert (await host.tap(phone, 100_00))[1] == "00"
    assert await host.free(person.wallet) == [0]
    assert (await clearing.expire_holds(host.place.house, MONDAY)).figures == {"expired": 1}
    assert (await host.row(first)).state == "expired"
    assert (await host.free(person.wallet), await host.used(person)) == ([0], 100_00)


async def test_no_other_payment_waits_for_them_either(host: CardTown) -> None:
    """A bill, and money that is moved to a bank card."""
    person, phone = await wang(host)
    bill = await host.place.bill(person, "1234567890", "B1", 60_00)
    await host.tap(phone, 100_00)
    refused = await host.place.pay_one(person, bill, 60_00)
    assert isinstance(refused, Refusal)
    assert refused.code.name == "NO_MONEY"
    await host.after(days=WEEK)
    bound = await people.bind_card(host.place.house, host.place.envelope(person), people.BindCard("6214680012345672"))
    assert not isinstance(bound, Refusal)
    moved = await people.move_out(host.place.house, host.place.envelope(person), people.MoveOut(UUID(bound.card), 40_00))
    assert not isinstance(moved, Refusal)
    assert not isinstance(await host.place.pay_one(person, bill, 60_00), Refusal)
    assert await host.free(person.wallet) == [0]


async def test_a_reversal_of_a_hold_that_the_ledger_has_ended_is_answered(host: CardTown) -> None:
    person, phone = await wang(host)
    first, _ = await host.tap(phone, 100_00)
    await host.after(days=WEEK)
    await host.tap(phone, 100_00)
    assert [one.response_code for one in await host.reverse(host.reversal(first))] == ["00"]
    assert (await host.free(person.wallet), await host.used(person)) == ([0], 100_00)
    assert [one.response_code for one in await host.upload(host.claim(first))] == ["25"]


async def test_an_expired_sale_that_is_reversed_cannot_be_claimed_any_more(host: CardTown) -> None:
    _, phone = await wang(host)
    sale, _ = await host.tap(phone, 30_00)
    await host.after(days=WEEK)
    await clearing.expire_holds(host.place.house, MONDAY)
    assert [one.response_code for one in await host.reverse(host.reversal(sale))] == ["00"]
    assert [one.response_code for one in await host.upload(host.claim(sale))] == ["25"]


# two at once


async def test_two_taps_at_once_for_the_last_money_are_one_sale(host: CardTown) -> None:
    """In two sessions of the database: the second waits for the book and then finds the wallet empty."""
    person, phone = await wang(host)
    answers = await asyncio.gather(*(host.authorise(host.sale(phone, 100_00)) for _ in range(4)))
    codes = sorted(one.response_code for (one,) in answers)
    assert codes[0] == "00"
    assert set(codes[1:]) <= {"05", "51"}  # 05: a greater counter of the card was met before
    assert (await host.free(person.wallet), await host.used(person)) == ([0], 100_00)


async def test_one_sale_and_its_reversal_at_once_end_with_nothing_held(host: CardTown) -> None:
    person, phone = await wang(host)
    for _ in range(6):
        sale = host.sale(phone, 100_00)
        (answered,), _ = await asyncio.gather(host.authorise(sale), host.reverse(host.reversal(sale)))
        assert answered.response_code in ("00", "12")
        assert (await host.free(person.wallet), await host.used(person)) == ([100_00], 0)


async def test_a_batch_that_fails_leaves_nothing_of_itself(host: CardTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """The holds are placed before the last row is written: a stop in between undoes them."""
    person, phone = await wang(host)
    sale = host.sale(phone, 30_00)

    async def stop(*_: object) -> None:
        raise ConnectionError("stopped")

    with monkeypatch.context() as broken:
        broken.setattr("tapwealth.flows.issuing.tap.compliance.add_usage", stop)
        with pytest.raises(Exception, match="stopped"):
            await host.authorise(sale)
    assert (await host.free(person.wallet), await host.used(person)) == ([100_00], 0)
    assert (await host.authorise(sale))[0].response_code == "00"
    assert await host.free(person.wallet) == [70_00]


async def test_of_a_flood_of_forged_cards_some_are_looked_into_and_all_are_declined(host: CardTown) -> None:
    _, phone = await wang(host)
    forged = phone.forged()
    sales = [host.sale(forged, 5_00) for _ in range(EXPLAINED + 2)]
    answers = await host.authorise(*sales, host.sale(phone, 5_00))
    assert [one.response_code for one in answers] == [*["05"] * len(sales), "00"]
    reasons = [(await host.row(sale)).reason for sale in sales]
    assert [NOT_LOOKED_INTO in reason for reason in reasons] == [*[False] * EXPLAINED, True, True]


@pytest.mark.usefixtures("spending_counts")
async def test_where_spending_from_the_fund_counts_a_tap_keeps_within_the_days_cap(host: CardTown) -> None:
    """10,000.00 a day, by the batch too: what the first takes is gone for the second; another day has another cap."""
    person = await host.place.person("Wang", 0)
    phone = await host.tireless_phone(person)
    await host.give_units(person, 20_000_00)
    await host.open_line(90_000_00)
    first, second, third = (host.sale(phone, amount) for amount in (6_000_00, 4_000_01, 4_000_00))
    assert [one.response_code for one in await host.authorise(first, second, third)] == ["00", "51", "00"]
    assert (await host.tap(phone, 1))[1] == "51"
    await host.after(days=1)
    assert (await host.tap(phone, 1))[1] == "00"


@pytest.mark.usefixtures("spending_counts")
async def test_a_tap_of_just_before_midnight_counts_against_the_cap_of_its_own_date(host: CardTown) -> None:
    """It is decided after midnight and dated by its arrival: what the new day has left is not its to take."""
    person = await host.place.person("Wang", 0)
    phone = await host.tireless_phone(person)
    await host.give_units(person, 30_000_00)
    await host.open_line(90_000_00)
    assert (await host.tap(phone, 6_000_00))[1] == "00"
    midnight = shanghai(MONDAY + timedelta(days=1))
    await host.place.clock(midnight + timedelta(seconds=30))
    late = midnight - timedelta(seconds=1)
    assert [(await host.tap(phone, amount, received_at=late))[1] for amount in (4_000_01, 4_000_00)] == ["51", "00"]
    assert (await host.tap(phone, 10_000_00))[1] == "00", "another date has another cap"
    assert (await host.tap(phone, 1))[1] == "51"


async def test_a_fund_that_its_registrar_does_not_redeem_pays_no_tap(host: CardTown) -> None:
    """What the bank would advance for it, nobody would take back. The wallet pays as ever."""
    person = await host.place.person("Wang", 50_00)
    phone = await host.tireless_phone(person)
    await host.give_units(person, 100_00)
    await host.open_line(90_000_00)
    database = host.place.house.database
    async with database.transaction() as tx:
        await conditions_store.add_statuses(tx, MONDAY, {MONEY_FUND.code: FundStatus.NO_REDEMPTION}, host.place.biller.now)
    assert [(await host.tap(phone, amount))[1] for amount in (80_00, 30_00)] == ["51", "00"]
    async with database.transaction() as tx:
        await conditions_store.add_statuses(tx, MONDAY + timedelta(days=1), {MONEY_FUND.code: FundStatus.OPEN}, host.place.biller.now)
    assert (await host.tap(phone, 80_00))[1] == "00"
