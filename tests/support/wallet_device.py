"""A phone of a customer as the token service sees it: a device's key, the card it was given, and taps with it."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
from bill_town import Person
from card_town import CardTown
from device import DeviceKey

from tapwealth.card import read_key, replenished
from tapwealth.flows.frame import Caller
from tapwealth.flows.issuing import tokens
from tapwealth.flows.issuing.tokens import Provisioned, Replenished, ReplenishToken
from tapwealth.kernel.refusal import Refusal


class Device(DeviceKey):
    """A phone of a person."""

    def __init__(self, host: CardTown, person: Person, session: Caller | None = None) -> None:
        """`session`: who the phone is to the platform; without one, the person by a phone that nobody enrolled."""
        super().__init__()
        self.host, self.person, self.session, self.requests = host, person, session, 0

    def envelope(self, key: UUID | None = None) -> Any:
        envelope = self.host.place.envelope(self.person, key=key)
        return replace(envelope, caller=self.session) if self.session else envelope

    async def take_in(self, given: Any) -> "Device":
        assert isinstance(given, Provisioned), given
        self.given, self.token = given, UUID(given.token)
        self.phone = await self.host.with_card(given)
        return self

    async def provision(self) -> "Device":
        return await self.take_in(await self.get_card(self.host.place.house, self.envelope()))

    def request(self, number: int, counter: int | None = None) -> ReplenishToken:
        at = self.phone.state.atc if counter is None else counter
        return ReplenishToken(self.token, number, at, self.sign("tapwealth/replenish", self.token, number, at))

    async def ask(self, command: ReplenishToken, key: UUID | None = None) -> Replenished | Refusal:
        return await tokens.replenish(self.host.place.house, self.envelope(key), command)

    async def replenish(self) -> Replenished:
        self.requests += 1
        got = await self.ask(self.request(self.requests))
        assert isinstance(got, Replenished), got
        self.phone.state = replenished(self.phone.state, tuple(read_key(msgspec.to_builtins(one)) for one in got.keys))
        return got

    async def tap(self, amount: int = 1_00) -> str:
        return (await self.host.tap(self.phone, amount))[1]
