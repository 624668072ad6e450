"""A phone of a customer as the token service sees it: a device's key, the card it was given, and taps with it."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from bill_town import Person
from card_town import CardTown, Phone
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tapwealth.card import personalise, read_key, replenished
from tapwealth.flows import cards, tokens
from tapwealth.flows.frame import Caller
from tapwealth.flows.tokens import Provisioned, ProvisionToken, Replenished, ReplenishToken
from tapwealth.issuing import store as issuing
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import Refusal


def members(key: Any) -> dict[str, Any]:
    return {"number": key.number, "key": key.key, "first_atc": key.first_atc, "last_atc": key.last_atc}


class Device:
    """A phone of a person, with the key that never leaves it."""

    def __init__(self, host: CardTown, person: Person, session: Caller | None = None) -> None:
        """`session`: who the phone is to the platform; without one, the person by a phone that nobody enrolled."""
        self.host, self.person, self.session = host, person, session
        self.key: EllipticCurvePrivateKey = generate_private_key(SECP256R1())
        self.point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()
        self.requests = 0

    def sign(self, *lines: object) -> str:
        """As docs/how-to/provision-a-phone.md says it, not as the product writes it."""
        return self.key.sign("\n".join(map(str, lines)).encode(), ECDSA(SHA256())).hex()

    def envelope(self, key: UUID | None = None) -> Any:
        envelope = self.host.place.envelope(self.person, key=key)
        return replace(envelope, caller=self.session) if self.session else envelope

    async def take_in(self, given: Any) -> "Device":
        assert isinstance(given, Provisioned), given
        house, self.token = self.host.place.house, UUID(given.token)
        self.given = given
        until = date(2000 + int(given.expiry[:2]), int(given.expiry[2:]), 1)
        keys = tuple(read_key(members(one)) for one in given.keys)
        self.phone = Phone(personalise(Pan(given.pan), given.psn, until, keys, key_index=given.key_index))
        async with house.database.read() as tx:
            (self.host.routes[given.pan],) = (await issuing.routes(tx, [cards.token_lookup(house, Pan(given.pan))])).values()
        return self

    async def provision(self) -> "Device":
        command = ProvisionToken(self.point, self.sign("tapwealth/provision", self.point))
        return await self.take_in(await tokens.provision(self.host.place.house, self.envelope(), command))

    def request(self, number: int, counter: int | None = None) -> ReplenishToken:
        at = self.phone.state.atc if counter is None else counter
        return ReplenishToken(self.token, number, at, self.sign("tapwealth/replenish", self.token, number, at))

    async def ask(self, command: ReplenishToken, key: UUID | None = None) -> Replenished | Refusal:
        return await tokens.replenish(self.host.place.house, self.envelope(key), command)

    async def replenish(self) -> Replenished:
        self.requests += 1
        got = await self.ask(self.request(self.requests))
        assert isinstance(got, Replenished), got
        self.phone.state = replenished(self.phone.state, tuple(read_key(members(one)) for one in got.keys))
        return got

    async def tap(self, amount: int = 1_00) -> str:
        return (await self.host.tap(self.phone, amount))[1]
