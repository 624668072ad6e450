"""An installation whose dates end: people who each have a policy, a deposit for a term, and a demand deposit.

Made set by set, as a person follows from the number. Of policies and of deposits for a term three in a hundred are due on each of some
dates, which is two in a hundred of all products; the others lie there.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from uuid import UUID

from tapwealth.bank import deposit_event_store
from tapwealth.bank.deposit_event_store import EventRow
from tapwealth.bank.deposit_list import ListEvent
from tapwealth.bench.load import DAY, NOW
from tapwealth.bench.purchase_town import operators_of, person_of, put_file_on_sale
from tapwealth.customers import store as customers
from tapwealth.customers.store import PersonRow
from tapwealth.deposits import entries as deposit_entries
from tapwealth.deposits import forms_store
from tapwealth.deposits import store as deposits
from tapwealth.deposits.deposit import AtMaturity, Deposit, FormKind
from tapwealth.deposits.entries import DepositEntry, Held
from tapwealth.deposits.interest import months_later
from tapwealth.deposits.product import Demand, Term
from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.deposits.demand import begun
from tapwealth.flows.deposits.deposit_events import event_of
from tapwealth.flows.frame import House, moment, must_post, together
from tapwealth.insurance import premium_store, store
from tapwealth.insurance.policy import PolicyState
from tapwealth.insurance.premium_store import Mandate, Plan
from tapwealth.insurance.product import Every
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Limit, Line, NewAccount, Op

PRODUCTS = 3
"""Of each person."""
PREMIUM, TERMED, DEMAND = 168_75, 10_000_00, 1_234_56
"""Fen."""
_RATE, _DEMAND_RATE, _IN_MONEY, _ENTRY_KIND = 28_500, 3_500, 10**7, 1
_AT_ONCE, _TOLD_EACH, _DUE_IN_A_HUNDRED = 4_000, 80_000, 3
_LIFE = """\
product: LIFE
kind: insurance
name: {zh: 定期寿险, en: Term life}
parameters: {insurer: TPINS, cover: {of: term_life, years: 20}, sum_insured: 100000.00, loading: 25, free_look_days: 15}
channels: {app: {}}
rates: {interest: [{from: 2014-01-01, value: 2.5}]}
eligibility: {youngest: 18, oldest: 55}
"""
_DEMANDED = """\
product: DEMAND
kind: deposit
name: {zh: 活期存款, en: Demand deposit}
parameters: {bank: 313100000013, form: {of: demand}, minimum: 1.00, chart: [{from: 2012-07-06, rates: [{rate: 0.35}]}]}
channels: {app: {}}
"""
_FIXED = """\
product: FIXED
kind: deposit
name: {zh: 整存整取, en: Fixed term}
parameters:
  bank: 313100000013
  form: {of: fixed_term, terms: [3m], method: matched_dates, early: in_part, renews: true}
  minimum: 50.00
  demand: DEMAND
  chart: [{from: 2012-07-06, rates: [{term: 3m, rate: 2.85}]}]
channels: {app: {}}
"""
_FAR = timedelta(days=200)
_FORMS = FormKind.FIXED_TERM, FormKind.DEMAND


def due_days(first: date, every: int, rounds: int) -> list[date]:
    """The dates at whose ends something is due."""
    return [first + timedelta(days=every * number) for number in range(1, rounds + 1)]


def premium_of(number: int) -> int:
    """Fen; not the same for everybody."""
    return PREMIUM + number % 1_000


def due_on(number: int, days: Sequence[date]) -> date:
    """When a person's premium is due and their deposit matures: on one of these dates, or long after them."""
    place = number % 100 // _DUE_IN_A_HUNDRED
    return days[place] if place < len(days) else days[-1] + _FAR


async def found(house: House, people: int, days: Sequence[date], on_progress: Callable[[str], None]) -> None:
    """Fill a fresh house with people and what they have."""
    await operators_of(house)
    for code, file in (("LIFE", _LIFE), ("DEMAND", _DEMANDED), ("FIXED", _FIXED)):
        await put_file_on_sale(house, code, file)
    done = 0

    async def half(numbers: Sequence[int]) -> None:
        """Of the books: while the database writes the one, the other is made."""
        nonlocal done
        for first in range(0, len(numbers), _AT_ONCE):
            some = numbers[first : first + _AT_ONCE]
            await _settle(house, some, days)
            done += len(some)
            if people > _TOLD_EACH and done % _TOLD_EACH < len(some):
                on_progress(f"{done:,} of {people:,} people with {PRODUCTS} products each")

    await together(*(half(range(parity, people, 2)) for parity in range(2)))


async def _settle(house: House, numbers: Sequence[int], days: Sequence[date]) -> None:
    """These people, in one transaction."""
    rows = [_person(house, number) for number in numbers]
    due = [due_on(number, days) for number in numbers]
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, sorted({row.book for row in rows}))
        await customers.add_persons(tx, rows)
        wanted = [_account(Kind.WALLET, row.book, row.id) for row in rows]
        wanted += [_account(Kind.DEPOSIT, row.book, derived(row.id, form)) for form in _FORMS for row in rows]
        accounts = await house.ledger.open_accounts(tx, wanted)
        wallets, termed, demand = (accounts[len(rows) * part : len(rows) * (part + 1)] for part in range(PRODUCTS))
        held = [_termed(*of) for of in zip(rows, termed, due, strict=True)] + [_demand(*of) for of in zip(rows, demand, strict=True)]
        made = [_in_money(row, wallet) for row, wallet in zip(rows, wallets, strict=True)]
        made += [_opened(one, wallet) for one, wallet in zip(held, wallets * 2, strict=True)]
        await must_post(house, tx, await moment(tx), made)
        await deposits.add(tx, held)
        await forms_store.put_running(tx, [begun(one, Demand()) for one in held if one.form is FormKind.DEMAND])
        await deposit_event_store.add(tx, [_told(one) for one in held])
        policies = [_policy(*of) for of in zip(rows, numbers, due, strict=True)]
        await store.add_policies(tx, policies)
        await premium_store.begin(tx, [Plan(one.book, one.id, Every.YEAR, one.premium, None, one.paid_until) for one in policies])
        await premium_store.add_mandates(
            tx, [Mandate(one.book, derived(one.id, "mandate"), one.id, one.person, "", one.premium, False, NOW, None) for one in policies]
        )


def _person(house: House, number: int) -> PersonRow:
    book, identifier = 1 + number % house.books, person_of(number, house.books)
    return PersonRow(book, identifier, identifier.bytes, house.keys.seal("people", b"{}", identifier.bytes), "*", 3, NOW)


def _account(kind: Kind, book: int, owner: UUID) -> NewAccount:
    return NewAccount(book, kind, owner, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)


def _in_money(row: PersonRow, wallet: int) -> JournalEntry:
    line = Line(Op.POST, house_account(row.book, Kind.CUSTOMER_RESERVE, Asset.CNY), wallet, Asset.CNY, _IN_MONEY)
    return JournalEntry(row.book, derived(row.id, "funded"), _ENTRY_KIND, DAY, 0, None, (line,))


def _termed(row: PersonRow, account: int, due: date) -> Deposit:
    """Three months before it is due it began, so that it has earned its interest."""
    identifier, number = derived(row.id, FormKind.FIXED_TERM), row.id.int % 1_000
    return Deposit(
        row.book, identifier, row.id, end_to_end("DEP", identifier), "FIXED", 1, FormKind.FIXED_TERM, account, TERMED + number, _RATE,
        months_later(due, -3), DAY, NOW, term=Term.MONTHS_3, due=due, at_maturity=AtMaturity.PAY,
    )  # fmt: skip


def _demand(row: PersonRow, account: int) -> Deposit:
    identifier = derived(row.id, FormKind.DEMAND)
    return Deposit(
        row.book, identifier, row.id, end_to_end("DEP", identifier), "DEMAND", 1, FormKind.DEMAND, account, DEMAND, _DEMAND_RATE, DAY, DAY,
        NOW,
    )  # fmt: skip


def _opened(one: Deposit, wallet: int) -> JournalEntry:
    held = Held(one.book, one.id, one.account, wallet)
    return deposit_entries.paid_in(held, one.id, one.balance, DepositEntry.OPENED, DAY, 0)


def _told(one: Deposit) -> EventRow:
    return event_of(one, one.id, ListEvent.OPENED, DAY, one.balance, 0)


def _policy(row: PersonRow, number: int, due: date) -> PolicyRow:
    """Paid for to before its due day, and long on its way."""
    identifier = derived(row.id, "policy")
    began = due.replace(year=due.year - 2)
    return PolicyRow(
        row.book, identifier, row.id, "LIFE", 1, end_to_end("POL", identifier), premium_of(number), 100_000_00, began,
        began.replace(year=began.year + 20), due, PolicyState.IN_FORCE, began, NOW,
        policy_number=f"PL{identifier.hex[-14:]}", issued_on=began, issued_at=NOW, received_on=began,
    )  # fmt: skip
