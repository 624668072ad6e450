"""The address of a policy, under the seal of people's data, for who asks for the change and for who tells the insurer."""

import json
from uuid import UUID

from tapwealth.flows.frame import House

ENDORSE = "endorse"
"""Kind of the messages by which the insurer is told of a change."""


def seal_address(house: House, address: str, policy: UUID) -> bytes:
    """To be opened for that policy alone."""
    return house.keys.seal("people", json.dumps(address).encode(), b"policy_address" + policy.bytes)


def open_address(house: House, sealed: bytes, policy: UUID) -> str:
    """What `seal_address` has sealed."""
    address: str = json.loads(house.keys.open_sealed("people", sealed, b"policy_address" + policy.bytes))
    return address
