"""A counter with one sale claimed, and the card network before its answer."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from bill_town import MONDAY, Person
from card_town import CardTown, Phone
from clearing_network import MemoryNetwork, clear

from tapwealth.bank import store as bank
from tapwealth.clearing import store
from tapwealth.issuing.store import Authorisation
from tapwealth.ledger.chart import Kind
from tapwealth.wire.clearing_file import Item
from tapwealth.wire.iso8583.requests import AuthorisationRequest

TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
Makes = Callable[[list[Item]], Sequence[Item]]


def network_of(host: CardTown) -> MemoryNetwork:
    found: Any = host.place.house.rails.network
    assert isinstance(found, MemoryNetwork)
    return found


class Shop:
    """A person with a phone, one sale claimed, and the network before its answer."""

    def __init__(self, host: CardTown, person: Person, phone: Phone, sale: AuthorisationRequest) -> None:
        self.host, self.person, self.phone, self.sale, self.network = host, person, phone, sale, network_of(host)

    async def end(self, day: date, makes: Makes | None = None) -> dict[str, Any]:
        """The day's clearing; what it reports."""
        self.network.makes = makes
        report = await clear(self.host.place.house, day)
        assert report.wrong == []
        await self.sound()
        return report.figures

    async def sound(self) -> None:
        """The audit: each book sums to zero, and every mirror is what it backs."""
        await self.host.place.all_books_balance()
        own = [Kind.OWN_MONEY, Kind.OWN_MONEY_OUT, Kind.FEES_OWN, Kind.CARD_NETWORK, Kind.NETWORK_DISPUTED, Kind.OWN_CAPITAL]
        assert sum([await self.host.place.total(kind) for kind in own]) == 0

    async def row(self) -> Authorisation:
        return await self.host.row(self.sale)

    async def money(self) -> tuple[int, int, int, int]:
        """Wallet, what is free of it, the merchant's, what the customer owes."""
        wallet, merchant = await self.host.place.owed(self.person.wallet, await self.host.merchant(self.person.book))
        (free,) = await self.host.free(self.person.wallet)
        return wallet, free, merchant, -await self.host.place.total(Kind.CUSTOMER_RECEIVABLE)

    async def owed(self) -> tuple[int, int]:
        """To the network, and of it disputed."""
        return await self.host.place.total(Kind.CARD_NETWORK), -await self.host.place.total(Kind.NETWORK_DISPUTED)

    async def breaks(self, day: date) -> list[tuple[str, int, bool]]:
        async with self.host.place.house.database.read() as tx:
            return [(one.kind, one.amount, one.accounted) for one in await bank.breaks(tx, day)]

    async def disputes(self) -> list[tuple[str, int]]:
        async with self.host.place.house.database.read() as tx:
            return [(one.why, one.due) for one in await store.open_disputes(tx)]


async def sold(host: CardTown, money: int = 100_00, amount: int = 30_00) -> Shop:
    person = await host.place.person("Wang", money)
    phone = await host.phone(person)
    sale, code = await host.tap(phone, amount)
    assert code == "00"
    assert [one.response_code for one in await host.upload(host.claim(sale))] == ["00"]
    return Shop(host, person, phone, sale)
