"""The sandbox's bank as a process beside a `bill_town.Town`: people with an account there, a bound card, and a mandate."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from bill_town import MONDAY, Person, Town
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.bank import mandate_store
from tapwealth.bank.bank_http import BankHttp
from tapwealth.bank.mandate_http import MandateHttp
from tapwealth.bank.reservation import Reservation
from tapwealth.flows.customers import people
from tapwealth.flows.customers.people import BindCard, CardBound
from tapwealth.flows.issuing import mandates, reservations
from tapwealth.flows.issuing.mandates import GiveMandate, MandateView
from tapwealth.flows.rails import outside
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal

NAME = "王芳"
"""What everybody in a `Town` is called."""


def with_check_digit(number: str) -> str:
    """ISO/IEC 7812-1."""
    digits = [int(digit) for digit in reversed(number)]
    total = sum(sum(divmod(2 * digit, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    return f"{number}{-total % 10}"


_numbers = count(1)
"""A bank that serves several tests knows nobody twice."""


@contextmanager
def bank_process(folder: Path) -> Iterator[SandboxPartner]:
    """The bank on Monday at nine, with our accounts there."""
    with sandbox_partner("bank", folder) as partner:
        partner.clock(shanghai(MONDAY, 9).isoformat())
        partner.post("/admin/accounts", [{"number": f"010000000{number}", "name": "Tapwealth"} for number in range(1, 7)])
        yield partner


@dataclass
class BankTown:
    """`place` with a bank behind its rails."""

    place: Town
    bank: SandboxPartner

    def __post_init__(self) -> None:
        rails = self.place.house.rails
        self.place.house = replace(
            self.place.house,
            rails=replace(
                rails,
                bank=outside(BankHttp(self.bank.url, TOKEN), "bank"),
                mandates=outside(MandateHttp(self.bank.url, TOKEN), "bank"),
            ),
        )

    async def person(self, money: int = 0, level: int = 3) -> Person:
        """Somebody who has not been here before, with so many fen in the wallet."""
        return await self.place.person(f"customer {next(_numbers)}", money, level)

    async def bind(self, person: Person, balance: int, holder: str = NAME) -> tuple[CardBound, str]:
        """An account at the bank with so many fen, bound as a card; and its number."""
        number = with_check_digit(f"621468{next(_numbers):09d}")
        self.bank.post("/admin/accounts", [{"number": number, "name": holder, "balance": balance}])
        bound = await people.bind_card(self.place.house, self.place.envelope(person), BindCard(number))
        assert not isinstance(bound, Refusal), bound
        return bound, number

    async def give(self, person: Person, card: CardBound, per_tap: int = 200_00, per_day: int = 300_00) -> MandateView | Refusal:
        return await mandates.give(self.place.house, self.place.envelope(person), GiveMandate(UUID(card.card), per_tap, per_day))

    async def customer(self, wallet: int = 0, balance: int = 500_00, per_tap: int = 200_00, per_day: int = 300_00) -> tuple[Person, str]:
        """Somebody who lets an account with that balance pay; and its number."""
        person = await self.person(wallet)
        card, number = await self.bind(person, balance)
        assert isinstance(await self.give(person, card, per_tap, per_day), MandateView)
        assert await self.work() == []
        return person, number

    async def give_up(self) -> list[str]:
        """What the worker does for reservations that are wanted no longer; what failed."""
        return await self.place.work(reservations.RESERVATIONS, reservations.deliver)

    async def reservation(self, row: Authorisation) -> Reservation:
        async with self.place.house.database.read() as tx:
            return (await mandate_store.reservations(tx, [(row.book, row.id)]))[row.id]

    async def work(self) -> list[str]:
        """What the worker does for mandates; what failed."""
        return await self.place.work(mandates.MANDATES, mandates.deliver)

    async def held(self, person: Person) -> list[MandateView]:
        async with self.place.house.database.read() as tx:
            return await mandates.held(tx, person.book, person.id)

    def money(self, number: str) -> tuple[int, int]:
        """What the bank says is on the account, and what of it can be spent."""
        answer: Any = self.bank.get(f"/admin/accounts/{number}").json()
        return answer["balance"], answer["available"]
