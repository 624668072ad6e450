"""The key that never leaves a customer's phone, what the phone signs with it, and the card that it makes of what it is given.

It signs as docs/how-to/provision-a-phone.md says it, not as the product writes it.
"""

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tapwealth.card import personalise, read_key
from tapwealth.card.state import CardState
from tapwealth.card.store import read_files
from tapwealth.flows.frame import Envelope, House
from tapwealth.flows.issuing import tokens
from tapwealth.flows.issuing.tokens import MoveToken, Provisioned, ProvisionToken
from tapwealth.kernel.masked import Pan


class DeviceKey:
    """Each is another one, so that each is given a card of its own."""

    def __init__(self) -> None:
        self.key = generate_private_key(SECP256R1())
        self.point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()

    def sign(self, *lines: object) -> str:
        return self.key.sign("\n".join(map(str, lines)).encode(), ECDSA(SHA256())).hex()

    def asks(self) -> ProvisionToken:
        return ProvisionToken(self.point, self.sign("tapwealth/provision", self.point))

    def takes_over(self, token: Any) -> MoveToken:
        return MoveToken(token, self.point, self.sign("tapwealth/provision", self.point))

    async def get_card(self, house: House, envelope: Envelope) -> Provisioned:
        given = await tokens.provision(house, envelope, self.asks())
        assert isinstance(given, Provisioned), given
        return given


def card_of(given: Provisioned, *, genuine: bool = False) -> CardState:
    """The card that a phone makes of what it is given; `genuine`: with the records and the key by which a terminal tells that it is."""
    until = date(2000 + int(given.expiry[:2]), int(given.expiry[2:]), 1)
    keys = tuple(read_key(msgspec.to_builtins(one)) for one in given.keys)
    plain = personalise(Pan(given.pan), given.psn, until, keys, key_index=given.key_index)
    return replace(plain, files=read_files(msgspec.to_builtins(given.files))) if genuine else plain
