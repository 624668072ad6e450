"""From a reservation to money: clearing has the real bank of the sandbox debit it, its statement settles it, and refunds go back to it."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from bank_town import BankTown, bank_process
from bill_town import MONDAY, Person, town
from card_town import CardTown, Phone, card_town
from sandbox_partner import SandboxPartner

from tapwealth.bank import store as bank_store
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bank.reservation import ReservationState
from tapwealth.bank.statement import pack_lines, read_statement
from tapwealth.flows import proof
from tapwealth.flows.bank import bank_messages, mirrors, payments
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.clearing import captures as clearing
from tapwealth.flows.frame import moment
from tapwealth.flows.issuing import bank_answers, reservations
from tapwealth.flows.issuing.reservations import AskBank
from tapwealth.flows.issuing.tap import HELD_FOR
from tapwealth.kernel.clock import shanghai
from tapwealth.ledger.chart import Kind
from tapwealth.notices import store as notices
from tapwealth.web import day_wording
from tapwealth.wire.iso8583.requests import AuthorisationRequest, AuthorisationResponse, TransactionKind

TUESDAY = MONDAY + timedelta(days=1)
RESERVE = NUMBER_OF[Kind.CUSTOMER_RESERVE]


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[SandboxPartner]:
    with bank_process(tmp_path) as partner:
        yield partner


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine makes an honest bank slow; who wants it impatient says so."""
    monkeypatch.setattr(reservations, "PATIENCE_MS", 600_000)


@dataclass
class Shop:
    """A shop, its customers' bank, and the days there."""

    host: CardTown
    counter: BankTown

    async def customer(self, wallet: int = 0) -> tuple[Person, str, Phone]:
        """500.00 at the bank, of which 200.00 at a tap."""
        person, account = await self.counter.customer(wallet)
        return person, account, await self.host.phone(person)

    async def tap(self, phone: Phone, amount: int) -> tuple[AuthorisationRequest, AuthorisationResponse]:
        house, sale = self.counter.place.house, self.host.sale(phone, amount)
        (asked,) = await self.host.authorise(sale)
        assert isinstance(asked, AskBank)
        said = await reservations.ask(house, asked)
        async with house.database.transaction() as tx:
            await house.ledger.lock_books(tx, [asked.book])
            (answer,) = await bank_answers.record(self.host.cards, tx, [said])
        assert answer.response_code == "00"
        return sale, answer

    async def cleared(self, sale: AuthorisationRequest, amount: int = 0, day: date = MONDAY) -> None:
        """Claimed, captured, and the bank told."""
        assert [one.response_code for one in await self.host.upload(self.host.claim(sale, amount=amount or sale.amount))] == ["00"]
        await self.host.clear(day)
        await self.tell_bank()

    async def tell_bank(self) -> None:
        assert await self.counter.place.work(payments.BANK, bank_messages.deliver) == []
        assert await self.counter.give_up() == []

    async def sleep(self, day: date) -> None:
        """Until an hour after that day has ended."""
        self.counter.bank.clock(shanghai(day, 25).isoformat())
        await self.counter.place.clock(shanghai(day, 25))

    async def prove(self, day: date) -> list[str]:
        """By the bank's statement; what does not agree."""
        house = self.counter.place.house
        content = await house.rails.bank.statement(RESERVE, day)
        assert content is not None
        said = read_statement(BytesIO(content))
        async with house.database.transaction() as tx:
            await bank_store.save_statement(
                tx, RESERVE, day, said.opening, said.closing, pack_lines(said.lines), b"", (await moment(tx)).now
            )
        found = await mirrors.prove_mirrors(house, day)
        return [*found.wrong, *(await proof.prove_books(house, day)).wrong]

    async def due(self) -> int:
        """What customers' banks owe us."""
        return -await self.counter.place.total(Kind.CARD_DUE)

    async def owed_by_customers(self) -> int:
        return -await self.counter.place.total(Kind.CUSTOMER_RECEIVABLE)

    async def bank_says(self, executed: bool, reason: str = "") -> None:
        """Of everything that is open."""
        house = self.counter.place.house
        async with house.database.read() as tx:
            names = [one.end_to_end_id for one in await bank_store.open_instructions(tx)]
        assert await payments.hear(house, [Outcome(name, executed, TUESDAY, reason) for name in names]) == []


@pytest.fixture
async def shop(new_database: Callable[[], str], tmp_path: Path, bank: SandboxPartner) -> AsyncIterator[Shop]:
    async with town(new_database(), tmp_path) as place:
        counter = BankTown(place, bank)
        yield Shop(await card_town(place), counter)


async def test_what_clearing_captured_is_due_from_the_bank_until_its_statement_shows_it(shop: Shop) -> None:
    person, account, phone = await shop.customer()
    sale, _ = await shop.tap(phone, 50_00)
    assert await shop.due() == 0, "a hold moves nothing"
    await shop.cleared(sale)
    assert (await shop.due(), await shop.counter.place.owed(await shop.host.merchant(person.book))) == (50_00, [50_00])
    assert (await shop.counter.reservation(await shop.host.row(sale))).state is ReservationState.DEBITED
    await shop.sleep(MONDAY)
    assert await shop.prove(MONDAY) == []
    assert shop.counter.money(account) == (450_00, 450_00)
    await shop.sleep(TUESDAY)
    assert await shop.prove(TUESDAY) == []
    assert await shop.due() == 0
    assert await shop.counter.place.total(Kind.CUSTOMER_RESERVE) == -50_00
    assert await shop.counter.place.breaks(TUESDAY) == [("bank_statement", "answer_missing", True)]


@pytest.mark.parametrize(("amount", "by_card"), [(70_00, 40_00), (30_00, 0), (20_00, 0)])
async def test_clearing_for_less_takes_the_wallet_first_and_frees_the_rest_at_the_bank(shop: Shop, amount: int, by_card: int) -> None:
    person, account, phone = await shop.customer(30_00)
    sale, _ = await shop.tap(phone, 80_00)
    await shop.cleared(sale, amount)
    assert (await shop.due(), await shop.host.free(person.wallet), await shop.host.used(person)) == (
        by_card, [30_00 - amount + by_card], amount,
    )  # fmt: skip
    row = await shop.host.row(sale)
    assert (row.wallet_amount, row.card_amount) == (amount - by_card, by_card)
    await shop.sleep(MONDAY)
    assert shop.counter.money(account) == (500_00 - by_card, 500_00 - by_card)
    await shop.counter.place.all_books_balance()


async def test_a_tap_presented_after_its_hold_expired_is_collected_all_the_same(shop: Shop) -> None:
    _, account, phone = await shop.customer()
    sale, _ = await shop.tap(phone, 50_00)
    await shop.host.after(days=HELD_FOR.days)
    day = MONDAY + HELD_FOR
    await clearing.expire_holds(shop.counter.place.house, day)
    await shop.tell_bank()
    assert shop.counter.money(account) == (500_00, 500_00)
    await shop.cleared(sale, day=day)
    assert (await shop.due(), await shop.owed_by_customers()) == (50_00, 0)
    await shop.sleep(day)
    assert shop.counter.money(account) == (450_00, 450_00)


async def test_a_void_that_was_undone_holds_the_wallet_again_and_has_the_bank_debit_without_a_reservation(shop: Shop) -> None:
    person, account, phone = await shop.customer(20_00)
    sale, answer = await shop.tap(phone, 70_00)
    void = shop.host.follow_up(TransactionKind.VOID, sale, answer.rrn)
    await shop.host.later(void)
    assert [one.response_code for one in await shop.host.reverse(shop.host.reversal(void))] == ["00"]
    assert await shop.host.free(person.wallet) == [0]
    await shop.cleared(sale)
    assert (await shop.due(), await shop.owed_by_customers()) == (50_00, 0)
    await shop.sleep(MONDAY)
    assert shop.counter.money(account) == (450_00, 450_00)


async def test_a_debit_that_the_bank_rejects_is_owed_by_the_customer_and_named(shop: Shop) -> None:
    person, account, phone = await shop.customer()
    sale, _ = await shop.tap(phone, 50_00)
    name = (await shop.counter.reservation(await shop.host.row(sale))).name
    shop.counter.bank.post("/reservations/cancel", {"id": name})
    shop.counter.bank.post("/admin/transfer", {"from": account, "to": "0100000004", "amount": 480_00, "end_to_end_id": "X1"})
    await shop.cleared(sale)
    await shop.sleep(MONDAY)
    assert shop.counter.money(account) == (20_00, 20_00), "the bank did not debit what was not there"
    await shop.bank_says(False, "AM04 the account has 20.00")
    assert (await shop.due(), await shop.owed_by_customers()) == (0, 50_00)
    assert await shop.counter.place.breaks(TUESDAY) == [("card_debit", "debit_rejected", True)]
    async with shop.counter.place.house.database.read() as tx:
        (named,) = [one.text for one in await bank_store.breaks(tx, TUESDAY)]
    assert named == f"{name}: the bank rejected 50.00 yuan of a tap (AM04 the account has 20.00); the customer owes it"
    assert day_wording.chinese(named) == f"{name}：碰一碰的 50.00 元银行未支付（AM04 the account has 20.00），待客户补还"
    async with shop.counter.place.house.database.read() as tx:
        told = (await notices.notices_of(tx, person.book, person.id))[0].text_zh
    assert told.startswith("银行没有支付您碰一碰的 50.00 元")
    await shop.sleep(TUESDAY)
    assert await shop.prove(TUESDAY) == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("one_fen", "amount_differs"), ("double", "doubled"), ("lose", "not_executed"), ("wrong_day", "not_executed")],
)
async def test_what_the_bank_does_wrong_with_a_debit_is_a_break_with_a_name(shop: Shop, fault: str, kind: str) -> None:
    _, _, phone = await shop.customer()
    sale, _ = await shop.tap(phone, 50_00)
    shop.counter.bank.faults({"message": "pain.008", "nth": 1, "fault": fault})
    await shop.cleared(sale)
    await shop.sleep(MONDAY)
    assert await shop.prove(MONDAY) == []
    await shop.sleep(TUESDAY)
    (wrong,) = await shop.prove(TUESDAY)
    name = (await shop.counter.reservation(await shop.host.row(sale))).name
    assert name in wrong
    assert ("bank", kind, False) in await shop.counter.place.breaks(TUESDAY)
    assert await shop.due() == 50_00, "what the bank owes stays in sight"


# what is given back


async def refunded(shop: Shop, sale: AuthorisationRequest, rrn: str, *amounts: int) -> None:
    """Given back on Tuesday."""
    answers = await shop.host.later(*(shop.host.follow_up(TransactionKind.REFUND, sale, rrn, amount) for amount in amounts))
    assert {one.response_code for one in answers} == {"00"}
    await shop.host.clear(TUESDAY)
    await shop.tell_bank()


async def test_what_is_given_back_goes_to_the_bank_card_up_to_what_it_paid_and_then_to_the_wallet(shop: Shop) -> None:
    person, account, phone = await shop.customer(30_00)
    sale, answer = await shop.tap(phone, 80_00)
    await shop.cleared(sale)
    await shop.sleep(MONDAY)
    await shop.bank_says(True)
    await refunded(shop, sale, answer.rrn, 40_00, 30_00)
    assert await shop.host.free(person.wallet) == [20_00]
    assert await shop.counter.place.total(Kind.CUSTOMER_RESERVE_OUT) == 50_00
    await refunded(shop, sale, answer.rrn, 10_00)
    assert await shop.host.free(person.wallet) == [30_00]
    await shop.sleep(TUESDAY)
    assert shop.counter.money(account) == (500_00, 500_00)
    assert await shop.counter.place.total(Kind.CUSTOMER_RESERVE_OUT) == 50_00
    await shop.bank_says(True)
    assert await shop.counter.place.total(Kind.CUSTOMER_RESERVE_OUT) == 0
    assert await shop.host.used(person) == 0
    await shop.counter.place.all_books_balance()


async def test_what_the_bank_does_not_take_back_stays_in_the_wallet(shop: Shop) -> None:
    person, _, phone = await shop.customer()
    sale, answer = await shop.tap(phone, 50_00)
    await shop.cleared(sale)
    await shop.sleep(MONDAY)
    await shop.bank_says(True)
    await refunded(shop, sale, answer.rrn, 50_00)
    await shop.bank_says(False, "AC01")
    assert await shop.host.free(person.wallet) == [50_00]


async def test_a_refund_of_what_the_bank_never_paid_stays_in_the_wallet(shop: Shop) -> None:
    person, _, phone = await shop.customer()
    sale, answer = await shop.tap(phone, 50_00)
    await shop.cleared(sale)
    await shop.bank_says(False, "AM04")
    await refunded(shop, sale, answer.rrn, 50_00)
    assert await shop.host.free(person.wallet) == [50_00]
    assert await shop.counter.place.total(Kind.CUSTOMER_RESERVE_OUT) == 0


async def test_a_refund_before_the_bank_has_paid_stays_in_the_wallet_whatever_the_bank_says_then(shop: Shop) -> None:
    person, _, phone = await shop.customer()
    sale, answer = await shop.tap(phone, 50_00)
    await shop.cleared(sale)
    await refunded(shop, sale, answer.rrn, 30_00)
    assert await shop.host.free(person.wallet) == [30_00]
    assert (await shop.counter.place.total(Kind.CUSTOMER_RESERVE_OUT), await shop.due()) == (0, 50_00)
    await shop.bank_says(False, "AM04")
    assert (await shop.due(), await shop.owed_by_customers(), await shop.host.free(person.wallet)) == (0, 50_00, [30_00])
    await refunded(shop, sale, answer.rrn, 20_00)
    assert await shop.host.free(person.wallet) == [50_00]
    await shop.counter.place.all_books_balance()


async def test_a_refund_after_the_bank_has_paid_takes_what_went_to_the_wallet_before_into_account(shop: Shop) -> None:
    person, _, phone = await shop.customer()
    sale, answer = await shop.tap(phone, 50_00)
    await shop.cleared(sale)
    await refunded(shop, sale, answer.rrn, 30_00)
    await shop.bank_says(True)
    await refunded(shop, sale, answer.rrn, 20_00)
    assert await shop.host.free(person.wallet) == [30_00]
    assert await shop.counter.place.total(Kind.CUSTOMER_RESERVE_OUT) == 20_00
    await shop.counter.place.all_books_balance()
