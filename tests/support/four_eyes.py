"""Two operators: what one proposes the other one approves."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from bill_town import Town

from tapwealth.flows import setup
from tapwealth.flows.frame import Caller, Envelope, moment
from tapwealth.flows.setup import Approve, Approved, Proposed
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import operators
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.operators import OperatorRole


async def operator(place: Town, login: str, role: OperatorRole = OperatorRole.OPERATIONS, password: str = "") -> Envelope:
    """A command of an operator, who is taken on first if need be. No password fits unless its hash is given."""
    house = place.house
    async with house.database.transaction() as tx:
        if await operators.stored(tx, login) is None:
            at = await moment(tx)
            await operators.create(tx, house.random64, login, login, [role], password or "no password fits", at.now)
    return replace(place.envelope(None), caller=Caller(ActorKind.OPERATOR, f"operator:{login}", "password"))


async def propose(place: Town, proposal: Any) -> UUID:
    made = await setup.propose(place.house, await operator(place, "ops.chen"), proposal)
    assert isinstance(made, Proposed), made
    return made.proposal


async def decided(place: Town, proposal: UUID) -> Approved | Refusal:
    """The other one's yes."""
    return await setup.approve(place.house, await operator(place, "ops.wu"), Approve(proposal))
