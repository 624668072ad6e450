"""People, on a real database: accounts opened once, verified, cards bound, money moved within limits, and nothing half done."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from bill_town import MONDAY, NINE
from bureau import BEIJING, Bureau, bureau_town, identity_of, secret_of

from tapwealth.bank import store as bank
from tapwealth.customers.customer import book_of_person
from tapwealth.customers.kyc import Channel, ChannelAnswer
from tapwealth.flows.bank import bank_messages, payments, transit
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.customers import people
from tapwealth.flows.customers.people import BindCard, MoveIn, MoveOut, PeopleRefusal, SendMoney
from tapwealth.flows.frame import KEY_REUSED
from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.ledger.chart import Kind

ICBC = "6222021234567890128"
MATCH, MISMATCH, UNKNOWN, SILENT = ChannelAnswer.MATCH, ChannelAnswer.MISMATCH, ChannelAnswer.UNKNOWN, ChannelAnswer.UNANSWERED


@pytest.fixture
async def bureau(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Bureau]:
    async with bureau_town(new_database(), tmp_path) as made:
        yield made


# opening


async def test_an_account_is_opened_and_verified_up_to_class_three(bureau: Bureau) -> None:
    envelope = await bureau.open(1, verified=False)
    assert await bureau.level(envelope) == 0
    assert await bureau.verify() == []
    assert await bureau.level(envelope) == 3
    assert bureau.identity.questions == Counter({channel.value: 1 for channel in Channel})


@pytest.mark.parametrize(
    ("answers", "level"),
    [
        ([MATCH], 1),
        ([MATCH, MATCH], 1),
        ([MATCH, MATCH, MATCH], 2),
        ([MATCH, MATCH, MATCH, MATCH], 2),
        ([MATCH, MATCH, MATCH, MATCH, MATCH], 3),
        ([], 0),
    ],
)
async def test_the_class_follows_from_how_many_channels_confirm(bureau: Bureau, answers: list[ChannelAnswer], level: int) -> None:
    rest = [MISMATCH, UNKNOWN] * 3
    for channel, answer in zip(Channel, [*answers, *rest], strict=False):
        bureau.identity.answers[channel] = [answer]
    envelope = await bureau.open(1)
    assert await bureau.level(envelope) == level


async def test_a_channel_that_is_silent_is_asked_again_under_the_same_serial(bureau: Bureau) -> None:
    bureau.identity.answers[Channel.TAX] = [SILENT, SILENT]
    envelope = await bureau.open(1, verified=False)
    assert await bureau.verify() == ["the identity channel tax does not answer"]
    assert await bureau.level(envelope) == 2
    assert len(await bureau.verify()) == 1
    assert await bureau.verify() == []
    assert await bureau.level(envelope) == 3
    assert (bureau.identity.questions["tax"], len(bureau.identity.asked)) == (3, 5)


async def test_the_first_answer_of_a_channel_stands(bureau: Bureau) -> None:
    """A message that is delivered twice changes nothing, whatever the channel says then."""
    envelope = await bureau.open(1)
    async with bureau.place.house.database.transaction() as tx:
        await tx.execute("update outbox set sent_at = null")
    for channel in Channel:
        bureau.identity.answers[channel] = [MISMATCH]
    await bureau.verify()
    assert await bureau.level(envelope) == 3


TABLES = ("person", "phone_directory", "device", "outbox", "command_log")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        (
            {"identity_number": identity_of(1)[:-1] + ("1" if identity_of(1)[-1] != "1" else "2")},
            "identity number: the number does not fit",
        ),
        ({"identity_number": "110105198413151037"}, "identity number"),
        ({"identity_number": identity_of(1)[:-1]}, "identity number: the number has 17 characters"),
        ({"identity_number": "990105198401151030"}, "identity number"),
        ({"identity_number": "110105201402251034"}, "identity number: the number names a birthday that is still to come"),
        ({"phone": "1380013800"}, "phone"),
        ({"phone": "02112345678"}, "phone"),
        ({"name": ""}, "name"),
        ({"device_token": "short"}, "device_token"),
    ],
)
async def test_what_cannot_be_right_is_refused_in_one_line_that_does_not_repeat_it(
    bureau: Bureau, changes: dict[str, str], where: str
) -> None:
    before = [await bureau.count(table) for table in TABLES]
    with pytest.raises(BadInput) as refused:
        await people.open_account(bureau.place.house, bureau.anybody(), bureau.command(1, **changes))
    assert str(refused.value).startswith(where)
    assert "\n" not in str(refused.value)
    assert not [value for value in changes.values() if len(value) > 9 and value in str(refused.value)]
    assert [await bureau.count(table) for table in TABLES] == before


async def test_the_same_key_gives_the_same_answer_and_one_account(bureau: Bureau) -> None:
    envelope = bureau.anybody()
    first = await people.open_account(bureau.place.house, envelope, bureau.command(1))
    again = await people.open_account(bureau.place.house, envelope, bureau.command(1))
    other = await people.open_account(bureau.place.house, envelope, bureau.command(1, phone="13900139000"))
    assert first == again
    assert other == KEY_REUSED
    assert [await bureau.count(table) for table in ("person", "phone_directory", "device", "identity_check")] == [1, 1, 1, 5]


async def test_two_people_may_give_the_same_key(bureau: Bureau) -> None:
    """Keys are each phone's own: in different books, both are opened, and each is asked for under serials of its own."""
    key = named(NINE, 0, "a key")
    answers = []
    for number in range(80):  # so many that each book has somebody
        answers.append(await people.open_account(bureau.place.house, bureau.anybody(key), bureau.command(number)))
    opened = [one for one in answers if not isinstance(one, Refusal)]
    assert len(opened) == bureau.place.house.books
    assert [one for one in answers if isinstance(one, Refusal)] == [KEY_REUSED] * (len(answers) - len(opened))
    assert await bureau.verify() == []
    assert len(bureau.identity.asked) == 5 * bureau.place.house.books


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"phone": "13900139000", "device_token": secret_of(99)}, PeopleRefusal.IDENTITY_IN_USE),
        ({"identity_number": identity_of(2), "device_token": secret_of(99)}, PeopleRefusal.PHONE_IN_USE),
        ({"identity_number": identity_of(2), "phone": "13900139000"}, PeopleRefusal.DEVICE_IN_USE),
    ],
)
async def test_one_account_for_an_identity_a_phone_number_and_a_device(
    bureau: Bureau, changes: dict[str, str], code: PeopleRefusal
) -> None:
    """And a refused opening leaves nothing behind: what it named is free for another."""
    await bureau.open(1)
    before = [await bureau.count(table) for table in ("person", "phone_directory", "device", "outbox", "identity_check", "account")]
    envelope = bureau.anybody()
    for _ in range(2):
        refused = await people.open_account(bureau.place.house, envelope, bureau.command(1, **changes))
        assert isinstance(refused, Refusal)
        assert refused.code.name == code.name
    after = [await bureau.count(table) for table in ("person", "phone_directory", "device", "outbox", "identity_check", "account")]
    assert before == after


@pytest.mark.parametrize("shared", ["identity_number", "phone", "device_token"])
async def test_openings_at_once_for_one_of_them_are_one_account(bureau: Bureau, shared: str) -> None:
    """In several sessions of the database, and in several books."""
    same = getattr(bureau.command(1), shared)
    answers = await asyncio.gather(
        *(people.open_account(bureau.place.house, bureau.anybody(), bureau.command(number, **{shared: same})) for number in range(1, 7))
    )
    refused = [one.code.name for one in answers if isinstance(one, Refusal)]
    wanted = {"identity_number": "IDENTITY_IN_USE", "phone": "PHONE_IN_USE", "device_token": "DEVICE_IN_USE"}[shared]
    assert refused == [wanted] * 5
    assert [await bureau.count(table) for table in ("person", "phone_directory", "device")] == [1, 1, 1]


# bank cards


async def test_the_bank_is_found_by_the_card_s_number(bureau: Bureau) -> None:
    envelope = await bureau.open(1)
    bound = await people.bind_card(bureau.place.house, bureau.next(envelope), BindCard(BEIJING))
    assert not isinstance(bound, Refusal)
    assert (bound.bank, bound.masked) == ("北京银行", "621468******5672")


async def test_a_card_is_bound_once_and_shown_again(bureau: Bureau) -> None:
    envelope = await bureau.open(1)
    first = await people.bind_card(bureau.place.house, bureau.next(envelope), BindCard(BEIJING))
    again = await people.bind_card(bureau.place.house, bureau.next(envelope), BindCard(BEIJING.replace(" ", "")))
    assert first == again
    assert await bureau.count("bank_card") == 1


@pytest.mark.parametrize("number", ["6214 6800 1234 5673", "1234", "", "6214680012345672x", "4000000000000002"])
async def test_a_number_that_is_no_card_of_a_known_bank_is_refused(bureau: Bureau, number: str) -> None:
    envelope = await bureau.open(1)
    with pytest.raises(BadInput, match="card number"):
        await people.bind_card(bureau.place.house, bureau.next(envelope), BindCard(number))
    assert await bureau.count("bank_card") == 0


# money in and out


async def test_money_moves_in_when_the_bank_has_executed_it(bureau: Bureau) -> None:
    envelope = await bureau.open(1)
    card = await bureau.bind(envelope)
    asked = bureau.next(envelope)
    first = await people.move_in(bureau.place.house, asked, MoveIn(card, 500_00))
    assert await people.move_in(bureau.place.house, asked, MoveIn(card, 500_00)) == first
    assert await people.move_in(bureau.place.house, asked, MoveIn(card, 500_01)) == KEY_REUSED
    assert await bureau.wallet(envelope) == 0
    await bureau.place.bank_executes(MONDAY)
    assert await bureau.wallet(envelope) == 500_00
    assert await bureau.count("payment_instruction") == 1


async def test_a_debit_that_the_bank_rejects_brings_nothing(bureau: Bureau) -> None:
    envelope = await bureau.open(1)
    await people.move_in(bureau.place.house, bureau.next(envelope), MoveIn(await bureau.bind(envelope), 500_00))
    async with bureau.place.house.database.read() as tx:
        (one,) = await bank.open_instructions(tx)
    await payments.hear(bureau.place.house, [Outcome(one.end_to_end_id, False, MONDAY, "AM04 no money")])
    assert await bureau.wallet(envelope) == 0
    await bureau.place.all_books_balance()


async def test_two_people_with_one_key_move_their_own_money(bureau: Bureau) -> None:
    """Else the second one's payment would pass for the first one's, and be lost."""
    first, second = [await bureau.open(number) for number in people_of_two_books(bureau)]
    key, out = named(NINE, 0, "a key"), named(NINE, 0, "another key")
    for envelope, amount in ((first, 500_00), (second, 300_00)):
        answer = await people.move_in(bureau.place.house, bureau.next(envelope, key), MoveIn(await bureau.bind(envelope), amount))
        assert not isinstance(answer, Refusal)
    await bureau.place.bank_executes(MONDAY)
    assert [await bureau.wallet(first), await bureau.wallet(second)] == [500_00, 300_00]
    for envelope, amount in ((first, 200_00), (second, 100_00)):
        command = MoveOut(await bureau.bind(envelope), amount)
        answer = await people.move_out(bureau.place.house, bureau.next(envelope, out), command)
        assert not isinstance(answer, Refusal)
    await bureau.place.bank_executes(MONDAY)
    assert [await bureau.wallet(first), await bureau.wallet(second)] == [300_00, 200_00]


def people_of_two_books(bureau: Bureau) -> list[int]:
    """Two numbers of people whose accounts lie in different books."""
    found: dict[int, int] = {}
    for number in range(1, 100):
        lookup = bureau.place.house.keys.lookup_hash("identity_number", identity_of(number))
        found.setdefault(book_of_person(lookup, bureau.place.house.books), number)
    return list(found.values())[:2]


async def test_money_moves_out_to_a_bound_card_and_comes_back_if_the_bank_rejects(bureau: Bureau) -> None:
    envelope = await bureau.open(1, money=500_00)
    card = await bureau.bind(envelope)
    for executed in (True, False):
        answer = await people.move_out(bureau.place.house, bureau.next(envelope), MoveOut(card, 200_00))
        assert not isinstance(answer, Refusal)
        assert await bureau.wallet(envelope) == (300_00 if executed else 100_00)
        async with bureau.place.house.database.read() as tx:
            (one,) = await bank.open_instructions(tx)
        await payments.hear(bureau.place.house, [Outcome(one.end_to_end_id, executed, MONDAY)])
        assert await bureau.wallet(envelope) == 300_00
    await bureau.place.all_books_balance()


async def test_refusals_of_money_in_and_out(bureau: Bureau) -> None:
    unverified = await bureau.open(1, verified=False)
    card = await bureau.bind(unverified)
    refused = await people.move_in(bureau.place.house, bureau.next(unverified), MoveIn(card, 1))
    assert isinstance(refused, Refusal)
    assert refused.code is PeopleRefusal.NOT_VERIFIED
    await bureau.verify()
    other = await bureau.open(2, money=100_00)
    for flow, command in ((people.move_in, MoveIn), (people.move_out, MoveOut)):
        refused = await flow(bureau.place.house, bureau.next(other), command(card, 1))
        assert isinstance(refused, Refusal)
        assert refused.code is PeopleRefusal.UNKNOWN_CARD
        for amount in (0, -1, 10**15 + 1):
            with pytest.raises(BadInput):
                await flow(bureau.place.house, bureau.next(other), command(card, amount))
    refused = await people.move_out(bureau.place.house, bureau.next(other), MoveOut(await bureau.bind(other), 100_01))
    assert isinstance(refused, Refusal)
    assert refused.code is PeopleRefusal.NO_MONEY
    assert await bureau.wallet(other) == 100_00
    assert await bureau.count("payment_instruction") == 1


# to each other


async def test_money_sent_arrives_once_within_a_book_or_over_transit(bureau: Bureau) -> None:
    here, there = people_of_two_books(bureau)
    payer, payee = await bureau.open(here, money=500_00), await bureau.open(there)
    neighbour = await bureau.open(same_book(bureau, here))
    for to, number in ((payee, there), (neighbour, same_book(bureau, here))):
        asked, command = bureau.next(payer), SendMoney(bureau.command(number).phone, 100_00)
        sent = await people.send(bureau.place.house, asked, command)
        assert not isinstance(sent, Refusal)
        assert sent.to == "*芳"
        assert await people.send(bureau.place.house, asked, command) == sent
        for _ in range(3):
            await transit.deliver(bureau.place.house)
        assert await bureau.wallet(to) == 100_00
    assert await bureau.wallet(payer) == 300_00


def same_book(bureau: Bureau, number: int) -> int:
    def book(one: int) -> int:
        return book_of_person(bureau.place.house.keys.lookup_hash("identity_number", identity_of(one)), bureau.place.house.books)

    return next(other for other in range(1, 100) if other != number and book(other) == book(number))


async def test_two_payers_with_one_key_pay_one_payee_twice(bureau: Bureau) -> None:
    """Else the second transfer could never be delivered, nor any other after it."""
    first, second = people_of_two_books(bureau)
    third = next(number for number in range(1, 100) if number not in (first, second, same_book(bureau, first), same_book(bureau, second)))
    payers, payee = [await bureau.open(number, money=500_00) for number in (first, second)], await bureau.open(third)
    key = named(NINE, 0, "a key")
    for payer in payers:
        sent = await people.send(bureau.place.house, bureau.next(payer, key), SendMoney(bureau.command(third).phone, 100_00))
        assert not isinstance(sent, Refusal)
    while await transit.deliver(bureau.place.house):
        pass
    assert await bureau.wallet(payee) == 200_00


async def test_refusals_of_sending_in_their_order(bureau: Bureau) -> None:
    payer = await bureau.open(1, money=100_00)
    await bureau.open(2, verified=False)
    expected = {
        ("13999999999", 1): PeopleRefusal.UNKNOWN_PAYEE,
        (bureau.command(1).phone, 1): PeopleRefusal.TO_YOURSELF,
        (bureau.command(2).phone, 1): PeopleRefusal.PAYEE_NOT_VERIFIED,
    }
    for (phone, amount), code in expected.items():
        refused = await people.send(bureau.place.house, bureau.next(payer), SendMoney(phone, amount))
        assert isinstance(refused, Refusal)
        assert refused.code is code
    await bureau.verify()
    refused = await people.send(bureau.place.house, bureau.next(payer), SendMoney(bureau.command(2).phone, 100_01))
    assert isinstance(refused, Refusal)
    assert refused.code is PeopleRefusal.NO_MONEY
    assert await bureau.wallet(payer) == 100_00
    assert await bureau.place.total(Kind.BOOK_TRANSIT) == 0


@pytest.mark.parametrize(("matches", "limit"), [(1, 1_000_00), (3, 100_000_00), (5, 200_000_00)])
async def test_what_is_sent_stops_at_the_limit_of_the_class(bureau: Bureau, matches: int, limit: int) -> None:
    for channel in list(Channel)[matches:]:
        bureau.identity.answers[channel] = [UNKNOWN]
    payer = await bureau.open(1, money=300_000_00)
    await bureau.open(2)
    to = bureau.command(2).phone
    refused = await people.send(bureau.place.house, bureau.next(payer), SendMoney(to, limit + 1))
    assert isinstance(refused, Refusal)
    assert refused.code is PeopleRefusal.ABOVE_LIMIT
    assert not isinstance(await people.send(bureau.place.house, bureau.next(payer), SendMoney(to, limit)), Refusal)
    refused = await people.send(bureau.place.house, bureau.next(payer), SendMoney(to, 1))
    assert isinstance(refused, Refusal)
    assert refused.code is PeopleRefusal.ABOVE_LIMIT
    out = await people.move_out(bureau.place.house, bureau.next(payer), MoveOut(await bureau.bind(payer), 1))
    assert not isinstance(out, Refusal), "a transfer to one's own bank account is not counted"


async def test_the_last_money_is_sent_once_by_many_at_once(bureau: Bureau) -> None:
    payer = await bureau.open(1, money=100_00)
    await bureau.open(2)
    command = SendMoney(bureau.command(2).phone, 100_00)
    answers = await asyncio.gather(*(people.send(bureau.place.house, bureau.next(payer), command) for _ in range(5)))
    assert sorted(one.code.name if isinstance(one, Refusal) else "" for one in answers) == ["", *["NO_MONEY"] * 4]
    assert await bureau.wallet(payer) == 0


async def test_one_command_given_by_many_at_once_is_one(bureau: Bureau) -> None:
    payer = await bureau.open(1, money=500_00)
    await bureau.open(2)
    asked, command = bureau.next(payer), SendMoney(bureau.command(2).phone, 100_00)
    answers = await asyncio.gather(*(people.send(bureau.place.house, asked, command) for _ in range(5)))
    assert not isinstance(answers[0], Refusal)
    assert answers == [answers[0]] * 5
    assert await bureau.wallet(payer) == 400_00


# nothing half done


@pytest.mark.parametrize("broken", ["tapwealth.flows.customers.people.outbox.put", "tapwealth.storage.idempotency.remember"])
async def test_an_opening_that_stops_in_the_middle_leaves_nothing_and_can_be_repeated(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    async def stop(*_: object) -> None:
        raise Outage("stopped")

    envelope = bureau.anybody()
    with monkeypatch.context() as patched:
        patched.setattr(broken, stop)
        with pytest.raises(Outage):
            await people.open_account(bureau.place.house, envelope, bureau.command(1))
    assert [await bureau.count(table) for table in ("person", "phone_directory", "device", "identity_check", "outbox")] == [0] * 5
    assert not isinstance(await people.open_account(bureau.place.house, envelope, bureau.command(1)), Refusal)


async def test_a_message_to_the_bank_names_the_card_only_when_it_is_sent(bureau: Bureau) -> None:
    envelope = await bureau.open(1)
    await people.move_in(bureau.place.house, bureau.next(envelope), MoveIn(await bureau.bind(envelope), 500_00))
    number = BEIJING.replace(" ", "")
    async with bureau.place.house.database.read() as tx:
        stored = str(await tx.fetch("select * from payment_instruction")) + str(await tx.fetch("select * from outbox"))
    assert number not in stored
    sent: list[bytes] = []

    class Bank:
        async def send(self, content: bytes) -> None:
            sent.append(content)

    bureau.place.house = replace(bureau.place.house, rails=replace(bureau.place.house.rails, bank=Bank()))
    assert await bureau.place.work("bank", bank_messages.deliver) == []
    assert number.encode() in sent[0]
