"""The bound bank card as the third source of a tap, with the real bank of the sandbox: asked, answered, silent, reversed in every order."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from bank_town import BankTown, bank_process
from bill_town import MONDAY, Person, town
from card_town import CardTown, Phone, card_town
from counting import Counting
from sandbox_partner import SandboxPartner

from tapwealth.bank.reservation import ReservationSaid, ReservationState
from tapwealth.flows.clearing import captures as clearing
from tapwealth.flows.issuing import bank_answers, mandates, reservations, tap
from tapwealth.flows.issuing.mandates import RevokeMandate
from tapwealth.flows.issuing.reservations import AskBank, BankAnswer
from tapwealth.flows.issuing.tap import HELD_FOR
from tapwealth.issuing import tapped
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.ids import seeded_random
from tapwealth.notices import store as notices
from tapwealth.wire.iso8583.requests import AuthorisationRequest, AuthorisationResponse, TransactionKind


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPartner]:
    with bank_process(tmp_path_factory.mktemp("bank")) as partner:
        yield partner


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine makes an honest bank slow; who wants it impatient says so."""
    monkeypatch.setattr(reservations, "PATIENCE_MS", 600_000)


@dataclass
class Shop:
    """A shop that takes taps, a bank behind it, and a customer: 30.00 in the wallet, 500.00 at the bank, of which a tap may take 200.00."""

    host: CardTown
    counter: BankTown
    wang: Person
    account: str
    phone: Phone

    async def answers(self, *given: BankAnswer) -> list[AuthorisationResponse]:
        """The bank's words, recorded as the writer does."""
        house = self.counter.place.house
        async with house.database.transaction() as tx:
            await house.ledger.lock_books(tx, sorted({one.book for one in given}))
            return await bank_answers.record(self.host.cards, tx, given)

    async def ask(self, sale: AuthorisationRequest) -> AskBank:
        (asked,) = await self.host.authorise(sale)
        assert isinstance(asked, AskBank)
        return asked

    async def settle(self, asked: AskBank) -> AuthorisationResponse:
        """Asks the bank, and records its answer."""
        (answer,) = await self.answers(await reservations.ask(self.counter.place.house, asked))
        return answer

    async def tap(self, amount: int) -> tuple[AuthorisationRequest, AuthorisationResponse]:
        """A tap that the bank is asked about."""
        sale = self.host.sale(self.phone, amount)
        return sale, await self.settle(await self.ask(sale))

    async def state(self, sale: AuthorisationRequest) -> tuple[str, ReservationState]:
        row = await self.host.row(sale)
        return row.state, (await self.counter.reservation(row)).state

    async def untouched(self) -> None:
        """Nothing is held anywhere and nothing counts."""
        assert await self.counter.give_up() == []
        assert self.counter.money(self.account) == (500_00, 500_00)
        assert await self.host.free(self.wang.wallet) == [30_00]
        assert await self.host.used(self.wang) == 0
        await self.counter.place.all_books_balance()


@pytest.fixture
async def shop(new_database: Callable[[], str], tmp_path: Path, bank: SandboxPartner) -> AsyncIterator[Shop]:
    async with town(new_database(), tmp_path) as place:
        counter = BankTown(place, bank)
        host = await card_town(place)
        wang, account = await counter.customer(30_00)
        yield Shop(host, counter, wang, account, await host.phone(wang))


async def test_what_wallet_and_fund_do_not_cover_is_held_at_the_bank(shop: Shop) -> None:
    await shop.host.open_line(300_00)
    holding = await shop.host.give_units(shop.wang, 20_00)
    sale = shop.host.sale(shop.phone, 100_00)
    asked = await shop.ask(sale)
    assert asked.order.amount == 50_00
    assert await shop.state(sale) == ("asking_bank", ReservationState.ASKING)
    answer = await shop.settle(asked)
    row = await shop.host.row(sale)
    assert (answer.response_code, answer.authorisation_code, answer.icc_data) == ("00", row.authorisation_code, row.icc_answer)
    assert answer.authorisation_code
    assert answer.icc_data
    assert (row.wallet_amount, row.fund_units, row.card_amount) == (30_00, 20_00, 50_00)
    assert await shop.state(sale) == ("approved", ReservationState.HELD)
    assert shop.counter.money(shop.account) == (500_00, 450_00)
    assert (await shop.host.free(shop.wang.wallet, holding), await shop.host.used(shop.wang)) == ([0, 0], 100_00)
    async with shop.counter.place.house.database.read() as tx:
        told = (await notices.notices_of(tx, shop.wang.book, shop.wang.id))[0].text_zh
    assert told == "余额和基金不够，50.00 元由您绑定的银行卡支付 · 早点铺。"


async def test_what_wallet_and_fund_cover_asks_no_bank(shop: Shop) -> None:
    _, code = await shop.host.tap(shop.phone, 30_00)
    assert code == "00"
    assert shop.counter.money(shop.account) == (500_00, 500_00)


async def test_who_can_pay_without_a_card_costs_no_look_at_mandates(shop: Shop) -> None:
    asked: list[str] = []
    for amount in (30_00, 30_01):
        sale = shop.host.sale(shop.phone, amount)
        async with shop.counter.place.house.database.transaction() as tx:
            tx.add_query_logger(lambda record: asked.append(record.query))  # type: ignore[attr-defined]  # asyncpg's own
            await tap.authorise(shop.host.cards, tx, [shop.host.routed(sale)])
        looked = [query for query in asked if "mandate" in query or "reservation" in query]
        assert bool(looked) == (amount > 30_00), "the amount that is not covered shows that a look would be seen"


async def test_a_bank_that_refuses_declines_the_tap_and_leaves_everything_as_it_was(shop: Shop) -> None:
    shop.counter.bank.post(
        "/admin/transfer", {"from": shop.account, "to": "0100000004", "amount": 490_00, "end_to_end_id": f"X-{shop.wang.id.hex[:20]}"}
    )
    sale, answer = await shop.tap(60_00)
    assert (answer.response_code, answer.authorisation_code, answer.icc_data) == ("51", "", b"")
    assert (await shop.host.row(sale)).reason == "bank_refused: AM04 the account has 10.00 to spend"
    assert await shop.state(sale) == ("declined", ReservationState.REFUSED)
    assert (await shop.host.free(shop.wang.wallet), await shop.host.used(shop.wang)) == ([30_00], 0)
    assert (await shop.tap(40_00))[1].response_code == "00", "what was refused counts in no ceiling"


@pytest.mark.parametrize("fault", ["silent", "silent_unprocessed", "error"])
async def test_a_bank_that_does_not_answer_declines_the_tap_and_is_told_to_give_up_until_it_has_answered(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(reservations, "PATIENCE_MS", 200)
    plan = [{"message": "reservation", "nth": 1, "fault": fault}, {"message": "cancellation", "nth": 1, "fault": "error"}]
    shop.counter.bank.faults(*plan, serial=f"{fault} {shop.wang.id}")
    sale, answer = await shop.tap(60_00)
    assert answer.response_code == "91"
    assert (await shop.host.row(sale)).reason.startswith("bank_silent: the bank ")
    assert await shop.state(sale) == ("declined", ReservationState.UNKNOWN)
    assert (await shop.host.authorise(sale))[0] == answer
    (failure,) = await shop.counter.give_up()
    assert "(500)" in failure
    async with shop.counter.place.house.database.read() as tx:
        (shown,) = await reservations.still_open(tx)
    assert (shown.amount, shown.state, shown.name) == (30_00, "unknown", (await shop.counter.reservation(await shop.host.row(sale))).name)
    assert shown.reason.startswith("the bank ")
    assert await shop.state(sale) == ("declined", ReservationState.UNKNOWN)
    await shop.untouched()
    assert await shop.state(sale) == ("declined", ReservationState.RELEASED)
    async with shop.counter.place.house.database.read() as tx:
        assert await reservations.still_open(tx) == []


async def test_the_same_request_while_the_bank_is_asked_is_the_same_reservation_and_gets_the_same_answer(shop: Shop) -> None:
    sale = shop.host.sale(shop.phone, 60_00)
    first, second = await shop.ask(sale), await shop.ask(sale)
    assert first == second
    assert (await shop.host.authorise(shop.host.sale(shop.phone, 60_00, stan=sale.stan)))[0].response_code == "94"
    answer = await shop.settle(first)
    assert await shop.settle(second) == answer
    assert (await shop.host.authorise(sale))[0] == answer
    assert shop.counter.money(shop.account) == (500_00, 470_00)


async def test_the_same_request_twice_in_a_batch_asks_for_one_reservation(shop: Shop) -> None:
    sale = shop.host.sale(shop.phone, 60_00)
    first, second = await shop.host.authorise(sale, sale)
    assert isinstance(first, AskBank)
    assert first == second
    said = await reservations.ask(shop.counter.place.house, first)
    one, two = await shop.answers(said, said)
    assert (one, one.response_code) == (two, "00")


async def test_two_cards_under_the_same_numbers_of_a_terminal_are_two_reservations(shop: Shop) -> None:
    """In books of their own: a terminal that begins to count anew uses its numbers again."""
    li, account = await shop.counter.customer()
    while li.book == shop.wang.book:
        li, account = await shop.counter.customer()
    sale, _ = await shop.tap(50_00)
    again = await shop.ask(shop.host.sale(await shop.host.phone(li), 50_00, stan=sale.stan))
    assert (await shop.settle(again)).response_code == "00"
    assert (shop.counter.money(shop.account)[1], shop.counter.money(account)[1]) == (480_00, 450_00)


async def test_a_tap_whose_bank_is_asked_counts_for_the_rules_on_how_much_is_tapped(shop: Shop) -> None:
    await shop.ask(shop.host.sale(shop.phone, 60_00))
    now = shop.counter.place.biller.now
    async with shop.counter.place.house.database.read() as tx:
        people = [(shop.wang.book, shop.wang.id, shanghai(MONDAY))]
        (counted,) = await tapped.taps_since(tx, people, lambda _: "", now + timedelta(seconds=1))
    assert counted.counts[-2:] == (1, 60_00)


async def test_the_answers_of_many_banks_are_recorded_in_as_many_statements_as_those_of_few(shop: Shop) -> None:
    taken = {}
    for count in (3, 9):
        phones = [await shop.host.phone((await shop.counter.customer())[0]) for _ in range(count)]
        said = []
        for number, phone in enumerate(phones):
            (asked,) = await shop.host.authorise(shop.host.sale(phone, 40_00))
            assert isinstance(asked, AskBank)
            state = (ReservationState.HELD, ReservationState.REFUSED, ReservationState.UNKNOWN)[number % 3]
            said.append(BankAnswer(asked.book, asked.id, ReservationSaid(state, "as it may be")))
        house = shop.counter.place.house
        async with house.database.transaction() as tx:
            await house.ledger.lock_books(tx, house.all_books)
            counting = Counting(tx)
            answers = await bank_answers.record(shop.host.cards, counting, said)
            taken[count] = counting.statements
        assert [one.response_code for one in answers[:3]] == ["00", "51", "91"]
    assert taken[9] <= taken[3]


# reversals


async def test_a_reversal_before_the_tap_asks_no_bank(shop: Shop) -> None:
    sale = shop.host.sale(shop.phone, 60_00)
    await shop.host.reverse(shop.host.reversal(sale))
    (answer,) = await shop.host.authorise(sale)
    assert answer.response_code == "12"
    await shop.untouched()


@pytest.mark.parametrize("given_up_first", [True, False])
async def test_a_reversal_while_the_bank_is_asked_undoes_it_whatever_the_bank_says(shop: Shop, given_up_first: bool) -> None:
    sale = shop.host.sale(shop.phone, 60_00)
    asked = await shop.ask(sale)
    for _ in range(2):
        assert [one.response_code for one in await shop.host.reverse(shop.host.reversal(sale))] == ["00"]
    if given_up_first:
        assert await shop.counter.give_up() == []
    answer = await shop.settle(asked)
    assert (answer.response_code, answer.authorisation_code, answer.icc_data) == ("91", "", b"")
    assert (await shop.host.row(sale)).state == "reversed"
    await shop.untouched()
    assert await shop.state(sale) == ("reversed", ReservationState.RELEASED)


async def test_a_reversal_after_the_answer_gives_the_reservation_up_once(shop: Shop) -> None:
    sale, _ = await shop.tap(60_00)
    for _ in range(2):
        assert [one.response_code for one in await shop.host.reverse(shop.host.reversal(sale))] == ["00"]
    assert await shop.state(sale) == ("reversed", ReservationState.RELEASING)
    await shop.untouched()
    assert await shop.state(sale) == ("reversed", ReservationState.RELEASED)
    async with shop.counter.place.house.database.transaction() as tx:  # the worker died before it noted that it had told the bank
        await tx.execute("update outbox set sent_at = null where destination = $1", reservations.RESERVATIONS)
    await shop.untouched()
    assert await shop.state(sale) == ("reversed", ReservationState.RELEASED)
    assert (await shop.tap(200_00))[1].response_code == "00", "what was given up counts in no ceiling"


async def test_a_void_gives_the_reservation_up(shop: Shop) -> None:
    sale, answer = await shop.tap(60_00)
    (voided,) = await shop.host.later(shop.host.follow_up(TransactionKind.VOID, sale, answer.rrn))
    assert voided.response_code == "00"
    await shop.untouched()


async def test_a_tap_whose_bank_is_asked_cannot_be_voided_or_claimed_yet(shop: Shop) -> None:
    sale = shop.host.sale(shop.phone, 60_00)
    asked = await shop.ask(sale)
    (voided,) = await shop.host.later(shop.host.follow_up(TransactionKind.VOID, sale, (await shop.host.row(sale)).rrn))
    assert voided.response_code == "12"
    assert [one.response_code for one in await shop.host.upload(shop.host.claim(sale))] == ["25"]
    assert (await shop.settle(asked)).response_code == "00"
    assert [one.response_code for one in await shop.host.upload(shop.host.claim(sale))] == ["00"]


async def test_a_tap_that_nobody_presents_gives_its_reservation_up(shop: Shop) -> None:
    sale, _ = await shop.tap(60_00)
    await shop.host.after(days=HELD_FOR.days)
    assert (await clearing.expire_holds(shop.counter.place.house, MONDAY + HELD_FOR)).figures == {"expired": 1}
    await shop.untouched()
    assert await shop.state(sale) == ("expired", ReservationState.RELEASED)


# ceilings


async def test_the_ceilings_hold_for_a_tap_and_for_a_day_also_within_a_batch(shop: Shop) -> None:
    _, code = await shop.host.tap(shop.phone, 230_01)
    assert code == "51"
    sales = [shop.host.sale(shop.phone, amount) for amount in (230_00, 100_01, 100_00)]
    first, second, third = await shop.host.authorise(*sales)
    assert (isinstance(first, AskBank), second.response_code, isinstance(third, AskBank)) == (True, "51", True)
    assert (await shop.host.row(sales[1])).reason.startswith("above_mandate: ")
    assert [(await shop.settle(one)).response_code for one in (first, third)] == ["00", "00"]
    assert (await shop.host.tap(shop.phone, 1))[1] == "51"
    assert shop.counter.money(shop.account) == (500_00, 200_00)
    shop.counter.bank.clock((shop.counter.place.biller.now + timedelta(days=1)).isoformat())
    await shop.host.after(days=1)
    assert (await shop.tap(1))[1].response_code == "00", "another day has another ceiling"


async def test_a_tap_of_just_before_midnight_has_the_ceiling_of_its_own_date(shop: Shop) -> None:
    """330.00 a day: what was held on Monday is not free again for a tap of Monday that is decided on Tuesday."""
    sales = [shop.host.sale(shop.phone, amount) for amount in (230_00, 100_00)]
    assert [(await shop.settle(one)).response_code for one in await shop.host.authorise(*sales)] == ["00", "00"]
    midnight = shanghai(business_date_of(shop.counter.place.biller.now) + timedelta(days=1))
    await shop.host.place.clock(midnight + timedelta(seconds=30))
    late, fresh = shop.host.sale(shop.phone, 1, received_at=midnight - timedelta(seconds=1)), shop.host.sale(shop.phone, 1)
    first, second = [(await shop.host.authorise(one))[0] for one in (late, fresh)]
    assert ((await shop.host.row(late)).reason.split(":")[0], isinstance(second, AskBank)) == ("above_mandate", True)
    assert first.response_code == "51"


async def test_a_mandate_taken_back_pays_nothing_more(shop: Shop) -> None:
    (held,) = await shop.counter.held(shop.wang)
    place = shop.counter.place
    await mandates.revoke(place.house, place.envelope(shop.wang), RevokeMandate(UUID(held.mandate)))
    sale, code = await shop.host.tap(shop.phone, 30_01)
    assert (code, (await shop.host.row(sale)).reason) == ("51", "no_money: wallet and fund do not suffice")


async def test_a_pre_authorisation_is_not_paid_by_the_bank_card(shop: Shop) -> None:
    _, code = await shop.host.tap(shop.phone, 30_01, kind=TransactionKind.PREAUTHORISATION)
    assert code == "51"


# a process that dies


async def test_what_hangs_until_its_hold_has_expired_is_declined_all_the_same(shop: Shop) -> None:
    sale = shop.host.sale(shop.phone, 60_00)
    asked = await shop.ask(sale)
    await shop.host.after(days=HELD_FOR.days)
    assert (await shop.host.tap(shop.phone, 30_00))[1] == "00", "the ledger has set it free, for the money was wanted"
    said = BankAnswer(asked.book, asked.id, reservations.unknown("nobody has heard"))
    assert [one.response_code for one in await shop.answers(said)] == ["91"]
    assert (await shop.host.free(shop.wang.wallet), await shop.host.used(shop.wang)) == ([0], 30_00)
    await shop.counter.place.all_books_balance()


@pytest.mark.parametrize("reserved", [True, False])
async def test_what_hangs_because_the_asking_process_died_is_declined_and_given_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, reserved: bool
) -> None:
    """Whether it died before the bank was asked, or after the bank had answered. Its late word changes nothing."""
    sale = shop.host.sale(shop.phone, 60_00)
    asked = await shop.ask(sale)
    assert await bank_answers.resolve(shop.host.cards) == 0, "somebody may still be asking"
    said = await reservations.ask(shop.counter.place.house, asked) if reserved else None
    async with shop.counter.place.house.database.transaction() as tx:
        await tx.execute("update reservation set ask_until = ask_until - interval '1 minute'")
    assert [await bank_answers.resolve(shop.host.cards) for _ in range(2)] == [1, 0]
    assert await shop.state(sale) == ("declined", ReservationState.UNKNOWN)
    if said is not None:
        assert [one.response_code for one in await shop.answers(said)] == ["91"]
    await shop.untouched()
    assert await shop.state(sale) == ("declined", ReservationState.RELEASED)
    assert (await shop.host.authorise(sale))[0].response_code == "91"


# any order


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_order_the_bank_holds_in_the_end_what_stands_approved_and_nothing_else(shop: Shop, seed: int) -> None:
    """Taps, repetitions, questions, answers recorded late, twice or never, reversals, deaths and givings up, as chance has it."""
    draw, place = seeded_random(seed), shop.counter.place
    sales: list[AuthorisationRequest] = []
    asks: list[AskBank] = []
    said: list[BankAnswer] = []
    answers: dict[str, set[str]] = {}

    async def authorise() -> None:
        again = sales and draw.random() < 0.4
        sale = draw.choice(sales) if again else shop.host.sale(shop.phone, draw.choice([10_00, 40_00, 70_00]))
        if not again:
            sales.append(sale)
        (answer,) = await shop.host.authorise(sale)
        if isinstance(answer, AskBank):
            asks.append(answer)
        else:
            answers.setdefault(sale.stan, set()).add(answer.response_code)

    async def ask() -> None:
        if asks:
            said.append(await reservations.ask(place.house, draw.choice(asks)))

    async def record() -> None:
        if said:
            await shop.answers(*[draw.choice(said) for _ in range(draw.randint(1, 3))])

    async def reverse() -> None:
        if sales:
            await shop.host.reverse(shop.host.reversal(draw.choice(sales)))

    async def give_up() -> None:
        assert await shop.counter.give_up() == []

    async def die() -> None:
        async with place.house.database.transaction() as tx:
            await tx.execute("update reservation set ask_until = ask_until - interval '1 minute'")
        await bank_answers.resolve(shop.host.cards)

    for _ in range(40):
        await draw.choice([authorise, authorise, authorise, ask, ask, ask, record, record, reverse, give_up, die])()
    await die()
    await give_up()
    rows = [await shop.host.row(sale) for sale in sales]
    standing = [row for row in rows if row.state == "approved"]
    assert {row.state for row in rows} <= {"approved", "declined", "reversed"}
    assert shop.counter.money(shop.account) == (500_00, 500_00 - sum(row.card_amount for row in standing))
    assert await shop.host.free(shop.wang.wallet) == [30_00 - sum(row.wallet_amount for row in standing)]
    assert await shop.host.used(shop.wang) == sum(row.amount for row in standing)
    assert all(len(codes) == 1 for codes in answers.values()), "whatever comes again gets what it got before"
    await place.all_books_balance()
