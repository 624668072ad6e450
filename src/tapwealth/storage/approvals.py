"""Four eyes: one operator proposes, another one decides, and both stay on record.

What a proposal means is the business of the capability that made it: it acts on `Approval.proposal` in the transaction that approves it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto
from typing import Any
from uuid import UUID

from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import operators
from tapwealth.storage.database import Tx
from tapwealth.storage.operators import Operator, OperatorRole


class ApprovalState(StrEnum):
    """The text is stored."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


class ApprovalRefusal(Enum):
    """In order of precedence."""

    NOT_ALLOWED = auto()
    UNKNOWN = auto()
    SAME_PERSON = auto()
    ALREADY_DECIDED = auto()


@dataclass(frozen=True, slots=True)
class Approval:
    """`proposer` and `approver` are operators' numbers; `approver` is None until it is decided."""

    book: int
    id: UUID
    kind: str
    proposal: Mapping[str, Any]
    proposer: int
    state: ApprovalState = ApprovalState.PROPOSED
    approver: int | None = None
    reason: str = ""
    proposed_at: datetime | None = None


async def propose(
    tx: Tx, book: int, approval_id: UUID, kind: str, proposal: Mapping[str, Any], proposer: Operator, role: OperatorRole, now: datetime
) -> Approval | Refusal:
    """Put something before the others; `role` is what the proposer must have. `now` is the platform clock."""
    if not proposer.may(role):
        return _not_allowed(proposer, role)
    await tx.execute(
        "insert into approval (book, id, kind, proposal, proposer, proposed_at, state) values ($1, $2, $3, $4, $5, $6, 'proposed')",
        book,
        approval_id,
        kind,
        json.dumps(proposal, ensure_ascii=False),
        proposer.id,
        now,
    )
    return Approval(book, approval_id, kind, proposal, proposer.id, proposed_at=now)


async def decide(
    tx: Tx, book: int, approval_id: UUID, state: ApprovalState, approver: Operator, role: OperatorRole, reason: str, now: datetime
) -> Approval | Refusal:
    """Approve or reject, once, by somebody else than the proposer. The row is locked until the transaction ends."""
    assert state is not ApprovalState.PROPOSED, "a decision is a yes or a no"
    if not approver.may(role):
        return _not_allowed(approver, role)
    row = await tx.fetchrow("select * from approval where book = $1 and id = $2 for update", book, approval_id)
    if row is None:
        return Refusal(ApprovalRefusal.UNKNOWN, "there is no such proposal; /view/proposals lists those that wait")
    proposer = await operators.find(tx, row["proposer"])
    assert proposer is not None, f"no operator {row['proposer']}"
    if proposer.person == approver.person:
        return Refusal(ApprovalRefusal.SAME_PERSON, same_person(proposer, approver, "proposed this; a second person must decide it"))
    if row["state"] != ApprovalState.PROPOSED:
        return Refusal(ApprovalRefusal.ALREADY_DECIDED, f"this was {row['state']} before; make a new proposal")
    await tx.execute(
        "update approval set state = $3, approver = $4, decided_at = $5, reason = $6 where book = $1 and id = $2 and state = 'proposed'",
        book,
        approval_id,
        state,
        approver.id,
        now,
        reason,
    )
    return _approval({**row, "state": state, "approver": approver.id, "reason": reason})


async def waiting(tx: Tx, book: int) -> list[Approval]:
    """What has been proposed and not decided, oldest first."""
    rows = await tx.fetch("select * from approval where book = $1 and state = 'proposed' order by proposed_at, id", book)
    return [_approval(row) for row in rows]


async def open_of(tx: Tx, book: int, kinds: Sequence[str], mark: str) -> list[Approval]:
    """Of these kinds, decided or not, whose content lacks the field `mark`."""
    rows = await tx.fetch(
        "select * from approval where book = $1 and kind = any($2) and not proposal ? $3 for update", book, list(kinds), mark
    )
    return [_approval(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Kept:
    """A content and the reason why it was rejected, as they are kept."""

    id: UUID
    content: Mapping[str, Any]
    reason: str


async def keep_as(tx: Tx, book: int, kept: Sequence[Kept]) -> None:
    """The same in another form."""
    await tx.execute(
        "update approval a set proposal = x.content, reason = x.reason from unnest($2::uuid[], $3::jsonb[], $4::text[])"
        " x(id, content, reason) where a.book = $1 and a.id = x.id",
        book,
        [one.id for one in kept],
        [json.dumps(one.content) for one in kept],
        [one.reason for one in kept],
    )


async def erase_about(tx: Tx, book: int, things: Sequence[UUID]) -> None:
    """What proposals say that lie sealed and are about these, or that decide these claims, and why they were rejected."""
    await tx.execute(
        "update approval set reason = '', proposal = proposal || case when proposal ? 'sealed' then '{\"sealed\": \"\"}'::jsonb"
        " else '{\"reason\": \"\"}'::jsonb end where book = $1 and (proposal ? 'about' or proposal ? 'claim')"
        " and coalesce(proposal ->> 'about', proposal ->> 'claim') = any($2) and (proposal ? 'sealed' or kind = 'ProposeAssessment')",
        book,
        [str(one) for one in things],
    )


def _approval(row: Mapping[str, Any]) -> Approval:
    return Approval(
        row["book"],
        row["id"],
        row["kind"],
        json.loads(row["proposal"]),
        row["proposer"],
        ApprovalState(row["state"]),
        row["approver"],
        row["reason"],
        row["proposed_at"],
    )


def same_person(maker: Operator, checker: Operator, what: str) -> str:
    """How somebody is told that they did it themselves, under this login or under another one."""
    if maker.id == checker.id:
        return f"{checker.login} {what}"
    return f"{maker.login} {what}: {checker.login} is the same person (staff number {checker.staff_number})"


def _not_allowed(operator: Operator, role: OperatorRole) -> Refusal:
    return Refusal(ApprovalRefusal.NOT_ALLOWED, f"{operator.login} is not {role.replace('_', ' ')}; ask somebody who is")
