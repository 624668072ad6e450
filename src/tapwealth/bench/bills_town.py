"""An installation to pay bills in: people with money, billers, and as many presented bills as are asked for. Made set by set."""

from collections.abc import Sequence
from uuid import UUID

from tapwealth.bench.load import DAY, NOW
from tapwealth.bench.purchase_town import operators_of, person_of, put_file_on_sale
from tapwealth.bills import store
from tapwealth.bills.bill import Bill
from tapwealth.bills.payment import PaymentEvent
from tapwealth.bills.store import BillRow
from tapwealth.customers import store as customers
from tapwealth.customers.store import PersonRow
from tapwealth.flows.bills import bill_lanes, paying
from tapwealth.flows.bills.bill_lanes import Wanted
from tapwealth.flows.bills.bill_outcomes import Told, hear
from tapwealth.flows.bills.bill_sealing import seal_bill
from tapwealth.flows.bills.paying import PayBill, Placing
from tapwealth.flows.frame import Caller, Envelope, House, moment, must_post
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Limit, Line, NewAccount, Op
from tapwealth.storage.actors import ActorKind

_FILE = """\
product: {code}
kind: biller_service
name: {{zh: 电力, en: Power}}
parameters:
  connection: {code}
  bank_account: 02000000{place:02d}
  items:
  - code: electricity
    name: {{zh: 电费, en: Electricity}}
    category: electricity
    fields:
    - name: account_number
      title: {{zh: 户号, en: Account number}}
      hint: {{zh: 10位数字, en: 10 digits}}
      schema: {{pattern: '^[0-9]{{10}}$'}}
    amount: {{maximum: 10000.00}}
channels:
  T01: {{}}
"""
PRICE, _ACCOUNT, _FUNDED, _ENTRY_KIND, _AT_ONCE = 100, "1234567890", 10**9, 1, 4_000


async def found(house: House, people: int, billers: Sequence[str]) -> dict[str, UUID]:
    """Fill a fresh house with people and billers, each reached by the connection of its code; the billers' ids."""
    await operators_of(house)
    for place, code in enumerate(billers):
        await put_file_on_sale(house, code, _FILE.format(code=code, place=place))
    for first in range(0, people, _AT_ONCE):
        await _settle(house, range(first, min(first + _AT_ONCE, people)))
    async with house.database.read() as tx:
        return {row.biller.code: identifier for identifier, row in (await store.billers(tx)).items()}


async def _settle(house: House, numbers: Sequence[int]) -> None:
    rows = [_person(house, number) for number in numbers]
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        await customers.add_persons(tx, rows)
        wanted = [NewAccount(row.book, Kind.WALLET, row.id, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for row in rows]
        wallets = await house.ledger.open_accounts(tx, wanted)
        await must_post(house, tx, await moment(tx), [_funding(row, wallet) for row, wallet in zip(rows, wallets, strict=True)])


def _person(house: House, number: int) -> PersonRow:
    book, identifier = 1 + number % house.books, person_of(number, house.books)
    return PersonRow(book, identifier, identifier.bytes, house.keys.seal("people", b"{}", identifier.bytes), "*", 3, NOW)


def _funding(row: PersonRow, wallet: int) -> JournalEntry:
    line = Line(Op.POST, house_account(row.book, Kind.CUSTOMER_RESERVE, Asset.CNY), wallet, Asset.CNY, _FUNDED)
    return JournalEntry(row.book, derived(row.id, "funded"), _ENTRY_KIND, DAY, 0, None, (line,))


async def presented(house: House, people: int, biller: UUID, numbers: range) -> list[Placing]:
    """Bills with these numbers, shown to people in turn, and the commands that pay them."""
    made = []
    for first in range(numbers.start, numbers.stop, _AT_ONCE):
        rows = [_bill(house, number, people, biller) for number in range(first, min(first + _AT_ONCE, numbers.stop))]
        async with house.database.transaction() as tx:
            await store.present(tx, rows)
        made += [_placing(row) for row in rows]
    return made


def _bill(house: House, number: int, people: int, biller: UUID) -> BillRow:
    person, book = person_of(number % people, house.books), 1 + number % people % house.books
    identifier = derived(person, f"bill:{biller}:{number}")
    bill = Bill(f"B{number}", _ACCOUNT, "2014-02", PRICE, 0, PRICE, "*", "*")
    return BillRow(
        book=book, id=identifier, person=person, biller=biller, bill_number=bill.bill_id, sealed=seal_bill(house, identifier.bytes, bill),
        shown_account="*", period=bill.period, amount=PRICE, penalty=0, balance=PRICE, presented_at=NOW,
    )  # fmt: skip


def _placing(row: BillRow) -> Placing:
    caller = Caller(ActorKind.CUSTOMER, f"customer:{row.person}", "device token", row.person, row.book)
    return Placing(Envelope(derived(row.id, "pay"), caller, NOW), PayBill(row.id, PRICE))


async def left_in_doubt(house: House, people: int, biller: UUID, numbers: range) -> int:
    """Pay bills of these numbers while the biller answers nothing: each is sent, and its outcome is not known. How many these are."""
    done = 0
    for first in range(numbers.start, numbers.stop, _AT_ONCE):
        orders = await presented(house, people, biller, range(first, min(first + _AT_ONCE, numbers.stop)))
        async with house.database.transaction() as tx:
            await house.ledger.lock_books(tx, house.all_books)
            answers = await paying.pay(house, tx, orders)
        assert not any(isinstance(one, Refusal) for one in answers), answers
        taken = await bill_lanes.take(house, [Wanted(biller, False, _AT_ONCE)], machine_now())
        await hear(house, [Told(one.key, PaymentEvent.NO_ANSWER, "silence", silent=True) for one in taken])
        done += len(taken)
    return done
