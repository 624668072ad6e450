"""Payments through the bank and money pushed to us, on a real database: instructed once, settled by the first word, credited once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from bill_town import MONDAY, NINE, Person, Town

from tapwealth.bank import store
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.flows.bank import bank_messages, payments, receipts
from tapwealth.flows.bank.payments import Outcome, Payment, Purpose, end_to_end
from tapwealth.flows.bank.receipts import Claim, Pushed
from tapwealth.flows.frame import moment
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.wire.iso20022.credit_transfer import read_credit_transfer
from tapwealth.wire.iso20022.entry import Entry
from tapwealth.wire.iso20022.message_type import MessageType
from tapwealth.wire.iso20022.notification import Notification, write_notification
from tapwealth.wire.iso20022.status_report import PaymentOutcome, PaymentStatus, StatusReason, StatusReport, write_status_report

RESERVE, COLLECTION = NUMBER_OF[Kind.CUSTOMER_RESERVE], NUMBER_OF[Kind.FUND_COLLECTION]
TUESDAY = MONDAY + timedelta(days=1)


def payout(*people: tuple[Person, int], name: str = "payout") -> Payment:
    """One payment out of the reserve, with a part of each person's."""
    parts = tuple(Part(person.book, amount, person.wallet) for person, amount in people)
    key = named(NINE, 0, name)
    return Payment(key, end_to_end("OUT", key), Purpose.PURCHASE_SWEEP, RESERVE, "0300000009", "早点铺", MONDAY, parts)


async def instruct(place: Town, *made: Payment, set_aside: bool = True) -> None:
    async with place.house.database.transaction() as tx:
        await place.house.ledger.lock_books(tx, place.house.all_books)
        await payments.instruct(place.house, tx, await moment(tx), MONDAY, 1, list(made), set_aside=set_aside)


async def state(place: Town, payment: Payment) -> tuple[str, date | None]:
    async with place.house.database.read() as tx:
        found = await store.instruction(tx, payment.id)
    assert found is not None
    return found.state, found.settled_on


async def out(place: Town) -> int:
    return await place.total(Kind.CUSTOMER_RESERVE_OUT)


async def test_a_payment_is_set_aside_when_instructed_and_leaves_when_executed(place: Town) -> None:
    people = [await place.person(name, 100_00) for name in ("Wang", "Wu")]
    assert people[0].book != people[1].book
    payment = payout((people[0], 30_00), (people[1], 20_00))
    for _ in range(2):
        await instruct(place, payment)
    assert await place.owed(*(one.wallet for one in people)) == [70_00, 80_00]
    assert (await out(place), await place.total(Kind.CUSTOMER_RESERVE)) == (50_00, -200_00)
    said = Outcome(payment.end_to_end_id, True, TUESDAY)
    assert await payments.hear(place.house, [said]) == []
    assert (await out(place), await place.total(Kind.CUSTOMER_RESERVE)) == (0, -150_00)
    assert await place.total(Kind.CUSTOMER_RESERVE, MONDAY) == -200_00
    assert await state(place, payment) == ("executed", TUESDAY)
    await place.all_books_balance()


async def test_a_rejected_payment_returns_where_it_came_from(place: Town) -> None:
    people = [await place.person(name, 100_00) for name in ("Wang", "Wu")]
    payment = payout((people[0], 30_00), (people[1], 20_00))
    await instruct(place, payment)
    await payments.hear(place.house, [Outcome(payment.end_to_end_id, False, MONDAY, "AC04 closed")])
    assert await place.owed(*(one.wallet for one in people)) == [100_00, 100_00]
    assert (await out(place), await place.total(Kind.CUSTOMER_RESERVE)) == (0, -200_00)
    assert await state(place, payment) == ("rejected", MONDAY)


@pytest.mark.parametrize("words", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("how", ["one message", "two messages", "at once"])
async def test_of_several_words_on_a_payment_the_first_stands(place: Town, words: tuple[bool, bool], how: str) -> None:
    person = await place.person("Wang", 100_00)
    payment = payout((person, 30_00))
    await instruct(place, payment)
    said = [Outcome(payment.end_to_end_id, executed, MONDAY) for executed in words]
    if how == "one message":
        await payments.hear(place.house, said)
    elif how == "two messages":
        for one in said:
            assert await payments.hear(place.house, [one]) == []
    else:
        await asyncio.gather(*(payments.hear(place.house, [one]) for one in said))
    settled, _ = await state(place, payment)
    if how != "at once":
        assert settled == ("executed" if words[0] else "rejected")
    assert await place.owed(person.wallet) == [70_00 if settled == "executed" else 100_00]
    assert await out(place) == 0
    await place.all_books_balance()


async def test_unknown_payments_are_named_and_do_not_keep_the_others_from_settling(place: Town) -> None:
    person = await place.person("Wang", 100_00)
    payment = payout((person, 30_00))
    await instruct(place, payment)
    said = [Outcome("OUT-nobody", True, MONDAY), Outcome(payment.end_to_end_id, True, MONDAY), Outcome("OUT-no", False, MONDAY)]
    assert await payments.hear(place.house, said) == ["OUT-nobody", "OUT-no"]
    assert (await state(place, payment))[0] == "executed"


async def test_a_rejected_sweep_is_instructed_again_once_a_rejection(place: Town) -> None:
    person = await place.person("Wang", 100_00)
    payment = payout((person, 30_00))
    await instruct(place, payment)
    name = payment.end_to_end_id
    for times in ("R2", "R3"):
        await payments.hear(place.house, [Outcome(name, False, MONDAY, "AM04 no funds")])
        name = f"{payment.end_to_end_id}{times}"
        assert (await payments.instruct_again(place.house, MONDAY)).figures == {"payments": [name]}
        assert (await payments.instruct_again(place.house, MONDAY)).figures == {"payments": []}
        assert (await place.owed(person.wallet), await out(place)) == ([70_00], 30_00)
    await payments.hear(place.house, [Outcome(name, True, TUESDAY)])
    assert (await place.owed(person.wallet), await out(place)) == ([70_00], 0)
    assert (await payments.instruct_again(place.house, TUESDAY)).figures == {"payments": []}
    await place.all_books_balance()


async def test_what_the_customer_can_ask_for_again_is_not(place: Town) -> None:
    person = await place.person("Wang", 100_00)
    payment = replace(payout((person, 30_00)), purpose=Purpose.MOVE_OUT)
    await instruct(place, payment)
    await payments.hear(place.house, [Outcome(payment.end_to_end_id, False, MONDAY, "AC04 closed")])
    assert (await payments.instruct_again(place.house, MONDAY)).figures == {"payments": []}
    assert await place.owed(person.wallet) == [100_00]


async def test_what_was_not_set_aside_stays_where_it_is_when_it_is_rejected(place: Town) -> None:
    book = 1
    source, target = house_account(book, Kind.ADVANCE_OUT, Asset.CNY), house_account(book, Kind.RESERVE_DUE, Asset.CNY)
    key = named(NINE, 0, "draw")
    advance = NUMBER_OF[Kind.ADVANCE]
    draw = Payment(key, "ADV-1", Purpose.ADVANCE_DRAW, advance, RESERVE, "reserve", MONDAY, (Part(book, 30_00, source, target),))
    await instruct(place, draw, set_aside=False)
    await payments.hear(place.house, [Outcome("ADV-1", False, MONDAY)])
    assert await place.owed(source, target) == [0, 0]
    report = await payments.instruct_again(place.house, MONDAY)
    assert (report.text, report.figures) == ("1 rejected payment instructed again, 30.00 yuan", {"payments": ["ADV-1R2"]})
    await payments.hear(place.house, [Outcome("ADV-1R2", True, MONDAY)])
    assert await place.owed(source, target) == [-30_00, 30_00]
    assert await place.total(Kind.ADVANCE) == 30_00
    await place.all_books_balance()


async def test_what_the_bank_books_under_a_cut_date_is_of_that_date_and_under_a_closed_one_of_the_next(place: Town) -> None:
    person = await place.person("Wang", 100_00)
    made = [payout((person, 10_00), name=str(number)) for number in range(2)]
    await instruct(place, *made)
    await place.cut(MONDAY)
    await payments.hear(place.house, [Outcome(made[0].end_to_end_id, True, MONDAY)])
    async with place.house.database.transaction() as tx:
        for book in range(place.house.books + 1):
            await place.house.ledger.close_date(tx, NINE, book, MONDAY)
        await tx.execute("update business_day set state = 'closed', closed_at = cut_at")
    await payments.hear(place.house, [Outcome(made[1].end_to_end_id, True, MONDAY)])
    assert [await state(place, one) for one in made] == [("executed", MONDAY), ("executed", TUESDAY)]
    assert await place.total(Kind.CUSTOMER_RESERVE, MONDAY) == -90_00


# on their way to the bank


class Bank:
    """Takes what it is sent, unless it is down."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.down = False

    async def send(self, content: bytes) -> None:
        if self.down:
            raise Outage("the bank does not answer")
        self.sent.append(content)


async def test_an_outage_while_sending_leaves_the_payment_open_and_the_same_message_goes_later(place: Town) -> None:
    bank = Bank()
    place.house = replace(place.house, rails=replace(place.house.rails, bank=bank))
    person = await place.person("Wang", 100_00)
    payment = payout((person, 30_00))
    await instruct(place, payment)
    bank.down = True
    assert await place.work("bank", bank_messages.deliver, rounds=3) == ["the bank does not answer"] * 3
    assert (await state(place, payment), await place.owed(person.wallet)) == (("instructed", None), [70_00])
    bank.down = False
    assert await place.work("bank", bank_messages.deliver, rounds=3) == []
    (sent,) = bank.sent
    (transfer,) = read_credit_transfer(sent).transfers
    assert (transfer.end_to_end_id, transfer.amount) == (payment.end_to_end_id, 30_00)


def report(*outcomes: tuple[str, PaymentStatus]) -> bytes:
    """A pain.002 as the bank writes it."""
    words = tuple(
        PaymentOutcome(
            name,
            status,
            NINE if status is PaymentStatus.SETTLED else None,
            StatusReason.INSUFFICIENT_FUNDS if status is PaymentStatus.REJECTED else None,
        )
        for name, status in outcomes
    )
    return write_status_report(StatusReport("R1", NINE, "M1", MessageType.PAIN_001, words))


async def test_the_bank_s_message_settles_what_is_settled_in_it(place: Town) -> None:
    person = await place.person("Wang", 100_00)
    made = [payout((person, 10_00), name=str(number)) for number in range(3)]
    await instruct(place, *made)
    statuses = (PaymentStatus.PENDING, PaymentStatus.SETTLED, PaymentStatus.REJECTED)
    content = report(*((one.end_to_end_id, status) for one, status in zip(made, statuses, strict=True)))
    for _ in range(2):
        await bank_messages.take(place.house, content)
    assert [(await state(place, one))[0] for one in made] == ["instructed", "executed", "rejected"]
    with pytest.raises(BadInput, match="no payment of ours is called OUT-nobody"):
        await bank_messages.take(place.house, report(("OUT-nobody", PaymentStatus.SETTLED)))


# receipts


def pushed(name: str, amount: int, account: str = RESERVE, text: str = "") -> Pushed:
    return Pushed(name, account, amount, MONDAY, "某人", text)


async def destinations(place: Town) -> dict[str, str]:
    async with place.house.database.read() as tx:
        return {one.end_to_end_id: one.destination for one in await store.receipts_on(tx, MONDAY)}


async def knows_rent(house: object, tx: object, at: object, unclaimed: Sequence[Pushed], actor: int) -> dict[str, Claim]:
    """A recogniser of this test: rent is the house book's fee."""
    kept = house_account(0, Kind.FEES, Asset.CNY)
    return {
        one.end_to_end_id: Claim("rent", (receipts.entries.received(0, one.key, one.account, kept, one.amount, MONDAY, actor, known=True),))
        for one in unclaimed
        if one.text == "rent"
    }


async def test_money_that_nobody_knows_waits_in_suspense_and_what_is_recognised_does_not(place: Town) -> None:
    await receipts.receive(place.house, [pushed("A", 10_00), pushed("B", 20_00, text="rent")], [knows_rent])
    assert await destinations(place) == {"A": "suspense", "B": "rent"}
    assert (await place.total(Kind.SUSPENSE), await place.total(Kind.FEES)) == (10_00, 20_00)
    await place.all_books_balance()


async def test_a_receipt_is_claimed_by_one_recogniser_alone(place: Town) -> None:
    await receipts.receive(place.house, [pushed("B", 20_00, text="rent")], [knows_rent, knows_rent])
    assert (await place.total(Kind.SUSPENSE), await place.total(Kind.FEES)) == (0, 20_00)


@pytest.mark.parametrize("how", ["one message", "two messages", "at once"])
async def test_the_same_push_again_credits_nothing_more(place: Town, how: str) -> None:
    both = [pushed("A", 10_00), pushed("B", 20_00, text="rent")]
    if how == "one message":
        await receipts.receive(place.house, [*both, *both], [knows_rent])
    elif how == "two messages":
        for _ in range(3):
            await receipts.receive(place.house, both, [knows_rent])
    else:
        await asyncio.gather(*(receipts.receive(place.house, both, [knows_rent]) for _ in range(4)))
    assert (await place.total(Kind.SUSPENSE), await place.total(Kind.FEES)) == (10_00, 20_00)


@pytest.mark.parametrize(
    ("mirror", "kept"),
    [
        (Kind.CUSTOMER_RESERVE, Kind.SUSPENSE),
        (Kind.FUND_COLLECTION, Kind.CHANNEL_FUNDS),
        (Kind.PREMIUM_TRUST, Kind.INSURER_SUSPENSE),
        (Kind.OWN_MONEY, Kind.FEES_OWN),
    ],
)
async def test_unknown_money_is_kept_where_its_account_backs_it(place: Town, mirror: Kind, kept: Kind) -> None:
    await receipts.receive(place.house, [pushed("A", 10_00, NUMBER_OF[mirror])], ())
    assert (await place.total(mirror), await place.total(kept)) == (-10_00, 10_00)


async def test_the_bank_s_line_is_shared_out_to_the_books_to_the_last_fen(place: Town) -> None:
    await receipts.receive(place.house, [pushed("L", 100_01, NUMBER_OF[Kind.ADVANCE])], ())
    accounts = [house_account(book, Kind.ADVANCE_PAYABLE, Asset.CNY) for book in range(place.house.books + 1)]
    assert await place.owed(*accounts) == [2, 33_33, 33_33, 33_33]
    assert await place.total(Kind.ADVANCE) == -100_01
    await place.all_books_balance()


async def test_a_message_about_an_account_that_is_not_ours_is_refused_whole(place: Town) -> None:
    with pytest.raises(BadInput, match="receipt B: 0999999999 is not an account of ours"):
        await receipts.receive(place.house, [pushed("A", 10_00), pushed("B", 10_00, "0999999999")], ())
    assert await destinations(place) == {}
    assert await place.total(Kind.SUSPENSE) == 0


def notice(*entries: Entry, account: str = RESERVE) -> bytes:
    """A camt.054 as the bank writes it."""
    return write_notification(Notification("N1", NINE, account, entries))


async def test_pushes_without_an_end_to_end_id_are_told_apart_by_the_bank_s_reference(place: Town) -> None:
    """Which is unique in the account alone."""
    told = [
        notice(Entry("R1", "", 10_00, MONDAY, "TRF"), Entry("R2", "", 20_00, MONDAY, "TRF"), Entry("R3", "", -5_00, MONDAY, "FEE")),
        notice(Entry("R1", "", 40_00, MONDAY, "TRF"), account=COLLECTION),
    ]
    for content in told * 2:
        await bank_messages.take(place.house, content)
    assert (await place.total(Kind.SUSPENSE), await place.total(Kind.CHANNEL_FUNDS)) == (30_00, 40_00)


async def test_what_the_bank_tells_of_our_own_payments_is_no_receipt(place: Town) -> None:
    """A direct debit is credited by its own answer."""
    person = await place.person("Wang", 0)
    key = named(NINE, 0, "in")
    part = (Part(person.book, 50_00, 0, person.wallet),)
    debit = Payment(key, "IN-1", Purpose.MOVE_IN, str(UUID(int=5)), RESERVE, "王芳", MONDAY, part, direct_debit=True)
    await instruct(place, debit)
    await bank_messages.take(place.house, notice(Entry("R1", "IN-1", 50_00, MONDAY, "TRF")))
    assert (await destinations(place), await place.owed(person.wallet)) == ({}, [0])
    await payments.hear(place.house, [Outcome("IN-1", True, MONDAY)])
    assert await place.owed(person.wallet) == [50_00]
