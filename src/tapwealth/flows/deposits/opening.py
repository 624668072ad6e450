"""Opening a deposit from the wallet: a sale of the catalogue, at the rate of the day on which the request arrived."""

from datetime import date
from typing import NamedTuple

import msgspec

from tapwealth.bank import deposit_event_store as events
from tapwealth.bank.deposit_list import ListEvent
from tapwealth.catalogue.definition import Eligibility
from tapwealth.catalogue.eligible import asks_age, not_eligible
from tapwealth.catalogue.version import Version
from tapwealth.compliance.limits import barred_from_wealth
from tapwealth.customers import store as customers
from tapwealth.customers.identity_number import read_identity_number
from tapwealth.customers.store import PersonRow
from tapwealth.deposits import entries, forms_store, store
from tapwealth.deposits.deposit import (
    AtMaturity,
    Buyer,
    Deposit,
    DepositRefusal,
    FormKind,
    Opening,
    Wish,
    open_deposit,
    posted,
)
from tapwealth.deposits.entries import DepositEntry, Held
from tapwealth.deposits.product import Demand, DepositParameters, Term
from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.catalogue import sales
from tapwealth.flows.customers.people import open_person, own_key, wallet_of, who
from tapwealth.flows.deposits.demand import begun
from tapwealth.flows.deposits.deposit_events import event_of
from tapwealth.flows.deposits.deposit_offer import deposit_sold
from tapwealth.flows.deposits.deposit_terms import charts_of, on_sale
from tapwealth.flows.frame import Envelope, House, Moment, once, post
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset, checked
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.database import Tx


class OpenDeposit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put `amount` fen into a deposit. `term`: like 3m or 1y, left out where it has none; `at_maturity`: what becomes of it when it is due;
    `rate`: millionths a year that the depositor was shown; `confirmed` names what they agreed to, "terms" in any case."""

    product: str
    amount: int
    confirmed: list[str]
    term: Term | None = None
    at_maturity: AtMaturity = AtMaturity.PAY
    rate: int | None = None


class DepositOpened(msgspec.Struct, frozen=True):
    """`rate`: millionths a year, from `first` to before `due`."""

    deposit: str
    amount: int
    rate: int
    first: date
    due: date | None


class _Sale(NamedTuple):
    """What is being sold to whom, and when."""

    version: Version
    row: PersonRow
    wallet: int
    day: date

    @property
    def said(self) -> DepositParameters:
        terms: DepositParameters = self.version.definition.parameters
        return terms


async def open_(house: House, envelope: Envelope, command: OpenDeposit) -> DepositOpened | Refusal:
    """Decide, take the money from the wallet, keep a record of the sale."""
    checked(command.amount)
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, actor: int) -> DepositOpened | Refusal:
        version = await on_sale(tx, command.product, envelope.received_at)
        if isinstance(version, Refusal):
            return version
        row = (await customers.persons(tx, [(book, person)]))[person]
        sale = _Sale(version, row, await wallet_of(house, tx, book, person), at.date_of(envelope.received_at))
        wish = Wish(command.amount, command.term, command.at_maturity, command.rate, command.confirmed)
        available = (await house.ledger.free(tx, at.now, [sale.wallet]))[sale.wallet]
        made = open_deposit(wish, sale.said, Buyer(available, not_for(house, version, row, sale.day)), sale.day)
        if isinstance(made, Refusal):
            return made
        return await _open(house, tx, at, envelope, sale, wish, made, actor)

    return await once(house, [book], envelope, command, act, DepositOpened)


def not_for(house: House, version: Version, row: PersonRow, day: date) -> Refusal | None:
    """Why it is not for them: by the class of their account, and by what the product says of its buyers."""
    barred = barred_from_wealth(house.rule_set, row.kyc_level)
    if barred is not None:
        return Refusal(DepositRefusal.NOT_ALLOWED, barred)
    said: Eligibility = version.definition.eligibility
    age = None
    if asks_age(said):
        age = read_identity_number(open_person(house, row).identity_number.reveal()).age_on(day)
    return not_eligible(said, version.definition.name.zh, row.kyc_level, age)


async def _open(
    house: House, tx: Tx, at: Moment, envelope: Envelope, sale: _Sale, wish: Wish, made: Opening, actor: int
) -> DepositOpened | Refusal:
    row = await _row(house, tx, envelope, sale, wish, made)
    held = Held(row.book, row.id, row.account, sale.wallet)
    (answer,) = await post(house, tx, at, [entries.paid_in(held, row.id, row.balance, DepositEntry.OPENED, sale.day, actor)])
    if not answer.posted:
        return Refusal(DepositRefusal.NO_MONEY, "the wallet does not hold that much; move money in first")
    await store.add(tx, [row])
    if isinstance(sale.said.form, Demand):
        await forms_store.put_running(tx, [begun(row, sale.said.form)])
    await events.add(tx, [event_of(row, row.id, ListEvent.OPENED, sale.day, row.balance, 0)])
    chart = (await charts_of(tx, [sale.said.demand])).get(sale.said.demand, sale.said.chart) if sale.said.demand else sale.said.chart
    await sales.keep(house, tx, at, [deposit_sold(envelope, row, wish, sale.version, posted(chart, sale.day, row.balance))])
    return DepositOpened(str(row.id), row.balance, row.rate, row.first, row.due)


async def _row(house: House, tx: Tx, envelope: Envelope, sale: _Sale, wish: Wish, made: Opening) -> Deposit:
    """With an account of the ledger of its own."""
    book = sale.row.book
    identifier = named(envelope.received_at, book, f"open_deposit:{sale.row.id}:{envelope.key}")
    wanted = NewAccount(book, Kind.DEPOSIT, identifier, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
    (account,) = await house.ledger.open_accounts(tx, [wanted])
    return Deposit(
        book=book,
        id=identifier,
        person=sale.row.id,
        number=end_to_end("DEP", own_key(envelope, "open_deposit", sale.row)),
        product=sale.version.product,
        version=sale.version.version,
        form=FormKind(str(sale.said.form.__struct_config__.tag)),
        account=account,
        balance=wish.amount,
        rate=made.rate,
        first=sale.day,
        opened_on=sale.day,
        opened_at=envelope.received_at,
        term=wish.term,
        due=made.due,
        at_maturity=None if wish.term is None else wish.at_maturity,
    )
