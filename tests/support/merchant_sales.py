"""A merchant's sales, refunds and settlements in a `CardTown`, and what it is owed."""

from datetime import date

from bill_town import NINE, Person
from card_town import CardTown, Phone

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.store import Merchant, Settlement
from tapwealth.flows.acquiring import merchant_settlement
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.wire.iso8583.requests import AuthorisationRequest, TransactionKind


async def enrolled(host: CardTown, merchant: Merchant) -> Merchant:
    async with host.place.house.database.transaction() as tx:
        await acquiring.add_merchant(tx, merchant, NINE)
    host.cards.merchants[merchant.merchant_number] = merchant
    return merchant


async def buyer(host: CardTown, name: str = "Wang") -> tuple[Person, Phone]:
    person = await host.place.person(name, 100_000_00)
    return person, await host.phone(person)


async def sold(host: CardTown, merchant: Merchant, phone: Phone, *amounts: int) -> list[tuple[AuthorisationRequest, str]]:
    """Sales that are claimed; each with its reference."""
    made = []
    for amount in amounts:
        sale = host.sale(phone, amount, merchant_id=merchant.merchant_number)
        (answer,) = await host.authorise(sale)
        assert answer.response_code == "00", (await host.row(sale)).reason
        await host.upload(host.claim(sale))
        made.append((sale, answer.rrn))
    return made


async def refund(host: CardTown, sale: tuple[AuthorisationRequest, str], amount: int) -> None:
    (answer,) = await host.later(host.follow_up(TransactionKind.REFUND, *sale, amount))
    assert answer.response_code == "00"


async def settle(host: CardTown, day: date) -> Settlement:
    """Clears and settles a date: what stands of its one merchant."""
    await host.clear(day)
    first = await merchant_settlement.settle_merchants(host.place.house, day)
    assert await merchant_settlement.settle_merchants(host.place.house, day) == first, "a rerun settles nothing again"
    async with host.place.house.database.read() as tx:
        (one,) = await acquiring.settlements(tx, day)
    await host.place.all_books_balance()
    return one


async def owed(host: CardTown, merchant: Merchant, person: Person) -> int:
    async with host.place.house.database.transaction() as tx:
        wanted = NewAccount(person.book, Kind.MERCHANT, merchant.id, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
        (account,) = await host.place.house.ledger.open_accounts(tx, [wanted])
    return (await host.place.owed(account))[0]
