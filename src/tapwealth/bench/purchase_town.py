"""An installation to buy in: a fund on the shelf, people with money whom the registrar knows, and a client that all of them let act.

Made set by set. A person follows from the number, so that the load, in a process of its own, knows the accounts without being told.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from tapwealth.bench.load import DAY, NOW
from tapwealth.customers import consents
from tapwealth.customers import store as customers
from tapwealth.customers.consents import Consent
from tapwealth.customers.store import PersonRow
from tapwealth.flows import setup
from tapwealth.flows.clients import ProposeClient, shown
from tapwealth.flows.frame import Caller, Envelope, House, moment, must_post
from tapwealth.flows.purchase import OWN_CHANNEL
from tapwealth.funds import store as funds
from tapwealth.funds.store import FundAccount
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
_ASSET, _AT_ONCE, _FUNDED, _ENTRY_KIND = 2, 8_000, 10**9, 1
_ONE, _OTHER = "bench.one", "bench.other"


def person_of(number: int, books: int) -> UUID:
    """Everybody is somebody in a book in turn."""
    book = 1 + number % books
    return named(NOW, book, f"person {number}")


async def found(house: House, people: int, on_progress: Callable[[str], None]) -> str:
    """Fill a fresh house; the client's id."""
    async with house.database.transaction() as tx:
        for login in (_ONE, _OTHER):
            roles = [OperatorRole.OPERATIONS, OperatorRole.PRODUCT_MANAGER]
            await operators.create(tx, house.random64, login, login, roles, "nobody signs in here", NOW)
    terms = setup.ChannelTerms(OWN_CHANNEL, True, 100, 0, 0)
    await _decided(house, setup.ProposeFund(FUND, _ASSET, "基金", "Fund", "H0", 1, "0200000001", [terms]))
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    await _decided(house, ProposeClient("bench", list(Scope), digest, DAY + timedelta(days=365)))
    async with house.database.read() as tx:
        (client,) = await shown(tx)
    for first in range(0, people, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, people))
        await _settle(house, numbers, client.client)
        if people > 10 * _AT_ONCE and first % (10 * _AT_ONCE) == 0:
            on_progress(f"{numbers.stop:,} of {people:,} holders")
    return client.client


async def _decided(house: House, command: setup.Proposal) -> None:
    """Proposed by one, approved by the other."""
    proposed = await setup.propose(house, _by(_ONE, type(command).__name__), command)
    assert not isinstance(proposed, Refusal), proposed
    approved = await setup.approve(house, _by(_OTHER, type(command).__name__), setup.Approve(proposed.proposal))
    assert not isinstance(approved, Refusal), approved


def _by(login: str, what: str) -> Envelope:
    return Envelope(named(NOW, 0, f"{login} {what}"), Caller(ActorKind.OPERATOR, f"operator:{login}", "password"), NOW)


async def _settle(house: House, numbers: Sequence[int], client: str) -> None:
    """These people, in one transaction."""
    rows = [_person(house, number) for number in numbers]
    acting = unprefixed("cli", client)
    assert acting is not None, "it was shown so"
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
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
        business_date=DAY, sent_on=DAY, applied_at=NOW,
    )  # fmt: skip


def _funding(row: PersonRow, wallet: int) -> JournalEntry:
    line = Line(Op.POST, house_account(row.book, Kind.CUSTOMER_RESERVE, Asset.CNY), wallet, Asset.CNY, _FUNDED)
    return JournalEntry(row.book, derived(row.id, "funded"), _ENTRY_KIND, DAY, 0, None, (line,))


def account_of(number: int, books: int) -> str:
    """The account's id as a client knows it."""
    return prefixed("acc", person_of(number, books))
