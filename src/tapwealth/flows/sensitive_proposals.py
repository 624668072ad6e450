"""Proposals that say something about somebody's health, or name people: they lie sealed among the others, and are read by those who decide
them.

An answer that was untrue, why an underwriter takes answers on or not, and who is a child's guardian. Whoever else looks at what waits sees
the kind and its proposer.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tapwealth.flows.frame import HOUSE_BOOK, House
from tapwealth.flows.insurance.applications import ProposeUnderwriting
from tapwealth.flows.insurance.discoveries import ProposeRescission
from tapwealth.flows.insurance.guardians import ProposeGuardian
from tapwealth.storage import approvals
from tapwealth.storage.approvals import Approval

SENSITIVE = (ProposeUnderwriting.__name__, ProposeRescission.__name__, ProposeGuardian.__name__)
"""Kinds."""
_PURPOSE, _PLACE, _SEALED = "answers", b"approval", "sealed"


def kept(house: House, proposal: UUID, kind: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is kept of a proposal's content: ciphertext, bound to the proposal, where it is sensitive."""
    if kind not in SENSITIVE:
        return content
    secret = json.dumps(content, ensure_ascii=False).encode()
    return {_SEALED: house.keys.seal(_PURPOSE, secret, _PLACE + proposal.bytes).hex()}


def content_of(house: House, made: Approval) -> Mapping[str, Any]:
    """As it was proposed."""
    if made.kind not in SENSITIVE:
        return made.proposal
    content: Mapping[str, Any] = json.loads(house.keys.open_sealed(_PURPOSE, bytes.fromhex(made.proposal[_SEALED]), _PLACE + made.id.bytes))
    return content


async def seal_open_proposals(house: House) -> None:
    """Seal those that lie open from before they were sealed."""
    async with house.database.transaction() as tx:
        rows = await approvals.open_of(tx, HOUSE_BOOK, SENSITIVE, _SEALED)
        await approvals.keep_as(tx, HOUSE_BOOK, {one.id: kept(house, one.id, one.kind, one.proposal) for one in rows})
