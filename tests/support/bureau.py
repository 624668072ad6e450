"""A town with identity channels, for people who open accounts, are verified, and act with phones of their own."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from bill_town import MONDAY, Town, town
from stdnum.cn import ric

from tapwealth.customers import store as customers
from tapwealth.customers.kyc import Channel, ChannelAnswer
from tapwealth.flows.customers import people
from tapwealth.flows.customers.people import BindCard, MoveIn, OpenAccount
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.actors import ActorKind

BEIJING = "6214 6800 1234 5672"


def identity_of(number: int) -> str:
    """A citizen's identity number with a right check character."""
    digits = f"11010519840115{number:03d}"
    return digits + ric.calc_check_digit(digits + "0")


def secret_of(number: int) -> str:
    """By which a phone is known."""
    return f"the secret of phone {number}"


@dataclass
class ScriptedIdentity:
    """Each channel gives its next answer, and a match when it has none left. It remembers what it was asked under each serial."""

    answers: dict[Channel, list[ChannelAnswer]] = field(default_factory=dict)
    asked: dict[str, tuple[str, str]] = field(default_factory=dict)
    questions: Counter[str] = field(default_factory=Counter)
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)

    async def verify(self, serial: str, channel: Channel, name: Any, identity_number: Any, phone: Any) -> ChannelAnswer:
        assert self.asked.setdefault(serial, (identity_number.reveal(), channel.value)) == (identity_number.reveal(), channel.value)
        self.questions[channel.value] += 1
        left = self.answers.get(channel)
        return left.pop(0) if left else ChannelAnswer.MATCH

    async def text(self, serial: str, phone: Any, text: str) -> None:
        assert self.texts.setdefault(serial, (phone.reveal(), text)) == (phone.reveal(), text)


@dataclass
class Bureau:
    """The town, its identity channels, and the people who open accounts."""

    place: Town
    identity: ScriptedIdentity

    def command(self, number: int, **changes: Any) -> OpenAccount:
        given = {
            "name": "王芳",
            "identity_number": identity_of(number),
            "phone": f"13800138{number:03d}",
            "device_token": secret_of(number),
        }
        return OpenAccount(**{**given, **changes})

    def anybody(self, key: UUID | None = None) -> Envelope:
        return replace(self.place.envelope(None, key=key), caller=Caller(ActorKind.CUSTOMER, "new device", "device token"))

    async def open(self, number: int, *, verified: bool = True, money: int = 0) -> Envelope:
        """Somebody with an account; what comes back is an envelope of theirs, to be given new keys."""
        house = self.place.house
        answer = await people.open_account(house, self.anybody(), self.command(number))
        assert not isinstance(answer, Refusal), answer
        envelope = await self.with_phone(secret_of(number))
        if verified:
            await self.verify()
        if money:
            await self.move_in(envelope, money)
        return envelope

    async def with_phone(self, secret: str) -> Envelope:
        """A command by who holds the phone with that secret, as the door lets it in."""
        caller = await people.caller_of_device(self.place.house, secret)
        assert caller is not None
        assert caller.person is not None
        return replace(self.anybody(), caller=caller)

    async def verify(self) -> list[str]:
        return await self.place.work("identity", people.deliver_identity)

    def next(self, envelope: Envelope, key: UUID | None = None) -> Envelope:
        """Another command of the same person."""
        return replace(self.place.envelope(None, key=key), caller=envelope.caller)

    async def level(self, envelope: Envelope) -> int:
        assert envelope.caller.person is not None
        async with self.place.house.database.read() as tx:
            rows = await customers.persons(tx, [(envelope.caller.book, envelope.caller.person)])
        return rows[envelope.caller.person].kyc_level

    async def bind(self, envelope: Envelope, number: str = BEIJING) -> UUID:
        answer = await people.bind_card(self.place.house, self.next(envelope), BindCard(number))
        assert not isinstance(answer, Refusal), answer
        return UUID(answer.card)

    async def move_in(self, envelope: Envelope, amount: int) -> None:
        answer = await people.move_in(self.place.house, self.next(envelope), MoveIn(await self.bind(envelope), amount))
        assert not isinstance(answer, Refusal), answer
        await self.place.bank_executes(MONDAY)

    async def wallet(self, envelope: Envelope) -> int:
        assert envelope.caller.person is not None
        async with self.place.house.database.transaction() as tx:
            account = await people.wallet_of(self.place.house, tx, envelope.caller.book, envelope.caller.person)
        return (await self.place.owed(account))[0]

    async def count(self, table: str) -> int:
        async with self.place.house.database.read() as tx:
            return int(await tx.fetchval(f"select count(*) from {table}"))


@asynccontextmanager
async def bureau_town(database_url: str, folder: Path) -> AsyncIterator[Bureau]:
    """A town on a fresh database whose channels know everybody, unless they are told otherwise."""
    async with town(database_url, folder) as place:
        identity = ScriptedIdentity()
        place.house = replace(place.house, rails=replace(place.house.rails, identity=identity))
        yield Bureau(place, identity)
