"""Proposals that say something about somebody's health, or name people: they lie sealed among the others, and are read by those who decide
them.

An answer that was untrue, why an underwriter takes answers on or not, and who is a child's guardian. Whoever else looks at what waits sees
the kind and its proposer. They are erased with the answers, or with the claim, that they are about.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tapwealth.flows.frame import HOUSE_BOOK, House
from tapwealth.flows.insurance.applications import ProposeUnderwriting
from tapwealth.flows.insurance.discoveries import ProposeRescission
from tapwealth.flows.insurance.guardians import ProposeGuardian
from tapwealth.insurance import application_store
from tapwealth.storage import approvals
from tapwealth.storage.approvals import Approval, Kept
from tapwealth.storage.database import Tx

_ABOUT = {ProposeUnderwriting.__name__: "application", ProposeRescission.__name__: "policy", ProposeGuardian.__name__: "claim"}
"""What names the thing that each kind is about; with what is kept of that it is erased."""
SENSITIVE = tuple(_ABOUT)
"""Kinds."""
_PURPOSE, _PLACE, _WHY, _SEALED, _MARK = "answers", b"approval", b"approval reason", "sealed", "about"


def kept(house: House, proposal: UUID, kind: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is kept of a proposal's content: ciphertext, bound to the proposal, where it is sensitive."""
    if kind not in SENSITIVE:
        return content
    secret = json.dumps(content, ensure_ascii=False).encode()
    return {_SEALED: house.keys.seal(_PURPOSE, secret, _PLACE + proposal.bytes).hex(), _MARK: str(content[_ABOUT[kind]])}


def content_of(house: House, made: Approval) -> Mapping[str, Any]:
    """As it was proposed; nothing, once it is erased."""
    if made.kind not in SENSITIVE:
        return made.proposal
    if not made.proposal[_SEALED]:
        return {}
    content: Mapping[str, Any] = json.loads(house.keys.open_sealed(_PURPOSE, bytes.fromhex(made.proposal[_SEALED]), _PLACE + made.id.bytes))
    return content


async def keep_reason(house: House, tx: Tx, made: Approval) -> None:
    """Why it was rejected lies sealed as what was proposed does."""
    if made.kind in SENSITIVE:
        await approvals.keep_as(tx, HOUSE_BOOK, [Kept(made.id, made.proposal, _sealed_reason(house, made))])


def _sealed_reason(house: House, made: Approval) -> str:
    return house.keys.seal(_PURPOSE, made.reason.encode(), _WHY + made.id.bytes).hex() if made.reason else ""


async def seal_open_proposals(house: House) -> None:
    """Seal those that lie open from before they were sealed, with why they were rejected, and say what each is about; erase them if that is
    erased already."""
    async with house.database.transaction() as tx:
        rows = await approvals.open_of(tx, HOUSE_BOOK, SENSITIVE, _MARK)
        said = [one.proposal if _SEALED not in one.proposal else content_of(house, one) for one in rows]
        sealed = [Kept(one.id, kept(house, one.id, one.kind, of), _sealed_reason(house, one)) for one, of in zip(rows, said, strict=True)]
        await approvals.keep_as(tx, HOUSE_BOOK, sealed)
        if rows:
            await approvals.erase_about(tx, HOUSE_BOOK, await application_store.gone(tx, list(house.all_books)))
