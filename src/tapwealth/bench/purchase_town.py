"""An installation to buy in: a fund on the shelf, people with money whom the registrar knows, and a client that all of them let act.

Made set by set. A person follows from the number, so that the load, in a process of its own, knows the accounts without being told.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from uuid import UUID

from tapwealth.bank import entries as bank
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bench.load import DAY, NOW
from tapwealth.customers import consents
from tapwealth.customers import store as customers
from tapwealth.customers.consents import Consent
from tapwealth.customers.store import PersonRow
from tapwealth.flows import setup
from tapwealth.flows.catalogue import products
from tapwealth.flows.customers.clients import ProposeClient, shown
from tapwealth.flows.frame import Caller, Envelope, House, moment, must_post
from tapwealth.flows.funds.purchase import OWN_CHANNEL, serial_of
from tapwealth.funds import entries, orders_store
from tapwealth.funds import store as funds
from tapwealth.funds.entries import Order
from tapwealth.funds.exchange_values import SUCCESS
from tapwealth.funds.order_state import OrderState
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.store import FundAccount
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived, named, prefixed, unprefixed
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Limit, Line, NewAccount, Op
from tapwealth.storage import operators
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.clients import Scope
from tapwealth.storage.operators import OperatorRole

FUND, SECRET = "000198", "a secret that only the benchmark's partner knows"
ASSET = Asset(2)
"""The fund's units."""
_BEFORE = DAY - timedelta(days=1)
"""When the holders were made known to the registrar."""
_TOLD_EACH = 80_000
_AT_ONCE, _FUNDED, _ENTRY_KIND, _EARLIER = 8_000, 10**9, 1, 100
_ONE, _OTHER = "bench.one", "bench.other"


def person_of(number: int, books: int) -> UUID:
    """Everybody is somebody in a book in turn."""
    book = 1 + number % books
    return named(NOW, book, f"person {number}")


async def found(house: House, people: int, on_progress: Callable[[str], None], earlier: int = 0) -> str:
    """Fill a fresh house with people who have each bought so often before, once a day; the client's id."""
    await shelve(house, own_channel())
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    await decided(house, ProposeClient("bench", list(Scope), digest, DAY + timedelta(days=365)))
    async with house.database.read() as tx:
        (client,) = await shown(tx)
    done = Counter[str]()

    def on_more(what: str, all_: int, more: int) -> None:
        done[what] += more
        if all_ > _TOLD_EACH and done[what] % _TOLD_EACH < more:
            on_progress(f"{done[what]:,} of {all_:,} {what}")

    async def half(numbers: Sequence[int]) -> None:
        """Of the books: while the database writes the one, the other is made."""
        slices = [numbers[first : first + _AT_ONCE] for first in range(0, len(numbers), _AT_ONCE)]
        for some in slices:
            await _settle(house, some, client.client)
            on_more("holders", people, len(some))
        for before in range(earlier, 0, -1):
            for some in slices:
                await _bought(house, some, before)
                on_more("earlier orders", people * earlier, len(some))

    await asyncio.gather(*(half(range(parity, people, 2)) for parity in range(2)))
    return client.client


def _books_of(house: House, numbers: Sequence[int]) -> list[int]:
    return sorted({1 + number % house.books for number in numbers})


async def _bought(house: House, numbers: Sequence[int], before: int) -> None:
    """What these people bought so many days ago, confirmed and paid for."""
    people = [(1 + number % house.books, person_of(number, house.books)) for number in numbers]
    day = DAY - timedelta(days=before)
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, _books_of(house, numbers))
        at = await moment(tx)
        wanted = [NewAccount(book, Kind.WALLET, one, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for book, one in people]
        wanted += [NewAccount(book, Kind.HOLDING, one, ASSET, Limit.DEBITS_WITHIN_CREDITS) for book, one in people]
        accounts = await house.ledger.open_accounts(tx, wanted)
        pairs = zip(accounts[: len(people)], accounts[len(people) :], strict=True)
        rows = [_order(*who, *pair, day) for who, pair in zip(people, pairs, strict=True)]
        views = [Order(row.book, row.id, row.funding, row.holding, row.amount, own=True, units_asset=ASSET) for row in rows]
        made = [entries.purchase_placed(view, DAY, 0) for view in views]
        made += [entry for book in _books_of(house, numbers) for entry in _moved(book, [row for row in rows if row.book == book], day)]
        made += [entries.purchase_confirmed(view, view.amount, DAY, 0) for view in views]
        await must_post(house, tx, at, made)
        await orders_store.add_orders(tx, rows)


def _order(book: int, person: UUID, wallet: int, holding: int, day: date) -> OrderRow:
    identifier = named(shanghai(day), book, f"earlier {person}")
    return OrderRow(
        book=book, id=identifier, serial=serial_of(day, identifier), channel=OWN_CHANNEL, fund=FUND, fund_account=person, funding=wallet,
        holding=holding, business_code="022", amount=_EARLIER, units=0, received_at=shanghai(day), dealing_date=day, business_date=day,
        state=OrderState.CONFIRMED, sent_on=day, confirmed_on=day, confirmed_amount=_EARLIER, confirmed_units=_EARLIER, return_code=SUCCESS,
    )  # fmt: skip


def _moved(book: int, rows: Sequence[OrderRow], day: date) -> list[JournalEntry]:
    """A book's money of a day: from the reserve to the collection account, and from there to the registrar."""
    if not rows:
        return []
    amount, reserve, collection = sum(row.amount for row in rows), NUMBER_OF[Kind.CUSTOMER_RESERVE], NUMBER_OF[Kind.FUND_COLLECTION]
    waiting, collected = (house_account(book, kind, Asset.CNY) for kind in (Kind.FUND_PURCHASE_IN_TRANSIT, Kind.FUND_PURCHASE_COLLECTED))
    sweep, payment = (named(shanghai(day), book, f"{what} {rows[0].id}") for what in ("swept", "paid"))
    swept, paid = Part(book, amount, waiting, collected), Part(book, amount, collected)
    return [
        bank.instructed(swept, 0, reserve, DAY, 0, sweep),
        bank.executed(swept, 0, reserve, collection, DAY, 0, sweep),
        bank.executed(paid, 0, collection, "", DAY, 0, payment),
    ]


def own_channel() -> str:
    """As a definition's file has it."""
    return f"{OWN_CHANNEL}: {{own: true, minimum_purchase: 1.00}}"


async def shelve(house: House, *channels: str) -> None:
    """Two operators, and the fund on the shelf of these channels."""
    await operators_of(house)
    await put_on_sale(house, FUND, *channels)


async def operators_of(house: House) -> None:
    """Two of them, who may both do what the other one may."""
    async with house.database.transaction() as tx:
        for login in (_ONE, _OTHER):
            roles = [OperatorRole.OPERATIONS, OperatorRole.PRODUCT_MANAGER]
            await operators.create(tx, house.random64, login, login, roles, "nobody signs in here", NOW)


async def put_on_sale(house: House, code: str, *channels: str) -> None:
    """A money fund of that code."""
    file = (
        f"product: {code}\nkind: money_fund\nname: {{zh: 基金, en: Fund}}\nparameters: {{registrar: H0, custody_account: 0200000001}}\n"
        f"channels: {{{', '.join(channels)}}}\neligibility: {{risk_level: 1}}\n"
    )
    await put_file_on_sale(house, code, file)


async def put_file_on_sale(house: House, code: str, file: str) -> None:
    """A product, drafted by the one, reviewed and put on sale by the other."""
    drafted = await products.draft(house, _by(_ONE, f"draft {code}"), products.DraftProduct(file))
    reviewed = await products.review(house, _by(_OTHER, f"review {code}"), products.ReviewProduct(code, 1))
    approved = await products.approve(house, _by(_OTHER, f"approve {code}"), products.ApproveProduct(code, 1))
    for answer in (drafted, reviewed, approved):
        assert not isinstance(answer, Refusal), answer


async def decided(house: House, command: setup.Proposal) -> None:
    """Proposed by one, approved by the other."""
    proposed = await setup.propose(house, _by(_ONE, repr(command)), command)
    assert not isinstance(proposed, Refusal), proposed
    approved = await setup.approve(house, _by(_OTHER, repr(command)), setup.Approve(proposed.proposal))
    assert not isinstance(approved, Refusal), approved


def _by(login: str, what: str) -> Envelope:
    return Envelope(named(NOW, 0, f"{login} {what}"), Caller(ActorKind.OPERATOR, f"operator:{login}", "password"), NOW)


async def _settle(house: House, numbers: Sequence[int], client: str) -> None:
    """These people, in one transaction."""
    rows = [_person(house, number) for number in numbers]
    acting = unprefixed("cli", client)
    assert acting is not None, "it was shown so"
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, _books_of(house, numbers))
        await customers.add_persons(tx, rows)
        await funds.add_accounts(tx, [_holder(row, number) for row, number in zip(rows, numbers, strict=True)])
        await consents.put(tx, [Consent(row.book, row.id, acting, (Scope.ORDERS_WRITE,), "given", NOW) for row in rows])
        wanted = [NewAccount(row.book, Kind.WALLET, row.id, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for row in rows]
        wallets = await house.ledger.open_accounts(tx, wanted)
        await must_post(house, tx, await moment(tx), [_funding(row, wallet) for row, wallet in zip(rows, wallets, strict=True)])


def _person(house: House, number: int) -> PersonRow:
    book, identifier = 1 + number % house.books, person_of(number, house.books)
    return PersonRow(book, identifier, identifier.bytes, house.keys.seal("people", b"{}", identifier.bytes), "*", 3, NOW)


def _holder(row: PersonRow, number: int) -> FundAccount:
    return FundAccount(
        book=row.book, id=row.id, channel=OWN_CHANNEL, trading_account=f"{number:017d}", ta_account=f"{number:012d}",
        application_serial=f"{DAY:%Y%m%d}{number:016d}", business_code="001", sealed=b"", shown_name="*", state="open", reason="",
        business_date=_BEFORE, sent_on=_BEFORE, applied_at=NOW,
    )  # fmt: skip


def _funding(row: PersonRow, wallet: int) -> JournalEntry:
    line = Line(Op.POST, house_account(row.book, Kind.CUSTOMER_RESERVE, Asset.CNY), wallet, Asset.CNY, _FUNDED)
    return JournalEntry(row.book, derived(row.id, "funded"), _ENTRY_KIND, DAY, 0, None, (line,))


def account_of(number: int, books: int) -> str:
    """The account's id as a client knows it."""
    return prefixed("acc", person_of(number, books))
