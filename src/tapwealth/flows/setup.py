"""What the bank's people propose and decide: merchants, campaigns, breaks that they answer for.

Everything that will move money is proposed by one operator and approved by another; approving it is what does it.
"""

from typing import get_args
from uuid import UUID

import msgspec

from tapwealth.acquiring.standing import MerchantState
from tapwealth.flows import acceptance, sensitive_proposals
from tapwealth.flows.acceptance import ProposeAcceptance
from tapwealth.flows.acquiring import merchants
from tapwealth.flows.acquiring.merchants import Application, ProposeMerchant, ProposeMerchantState
from tapwealth.flows.clearing import fee_concession
from tapwealth.flows.clearing.fee_concession import ProposeFeeConcession
from tapwealth.flows.customers import clients
from tapwealth.flows.customers.clients import ProposeClient, ProposeClientSecret, ProposeClientState
from tapwealth.flows.deposits import raise_proposals
from tapwealth.flows.deposits.raise_proposals import ProposeWealthClose, ProposeWealthYield
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House, Moment, once
from tapwealth.flows.funds import campaigns, freeze, quotation_lists
from tapwealth.flows.funds.campaigns import ProposeCampaign
from tapwealth.flows.funds.freeze import ProposeFreeze, ProposeUnfreeze
from tapwealth.flows.funds.quotation_lists import ProposeHeldQuotation, ProposeQuotations
from tapwealth.flows.insurance import applications, claim_assessment, discoveries, guardians
from tapwealth.flows.insurance.applications import ProposeUnderwriting
from tapwealth.flows.insurance.claim_assessment import ProposeAssessment
from tapwealth.flows.insurance.discoveries import ProposeRescission, ProposeTrueAge
from tapwealth.flows.insurance.guardians import ProposeGuardian
from tapwealth.flows.issuing import token_domain
from tapwealth.flows.issuing.token_domain import ProposeTokenDomain
from tapwealth.kernel.ids import derived
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import approvals, operators
from tapwealth.storage.approvals import Approval, ApprovalRefusal, ApprovalState
from tapwealth.storage.database import Tx
from tapwealth.storage.operators import Operator, OperatorRole


class Reject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say no to another operator's proposal, with the reason."""

    proposal: UUID
    reason: str


class Approve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say yes to another operator's proposal."""

    proposal: UUID


class Proposed(msgspec.Struct, frozen=True):
    """`screening` names whom of a merchant compliance must look at before it is approved, `notes` what whoever approves should look at."""

    proposal: UUID
    screening: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Approved(msgspec.Struct, frozen=True):
    kind: str


class Rejected(msgspec.Struct, frozen=True):
    kind: str


_ROLE = {
    ProposeMerchant: OperatorRole.OPERATIONS,
    ProposeMerchantState: OperatorRole.OPERATIONS,
    ProposeCampaign: OperatorRole.PRODUCT_MANAGER,
    ProposeQuotations: OperatorRole.OPERATIONS,
    ProposeHeldQuotation: OperatorRole.OPERATIONS,
    ProposeAcceptance: OperatorRole.OPERATIONS,
    ProposeFeeConcession: OperatorRole.OPERATIONS,
    ProposeTokenDomain: OperatorRole.OPERATIONS,
    ProposeClient: OperatorRole.OPERATIONS,
    ProposeClientSecret: OperatorRole.OPERATIONS,
    ProposeClientState: OperatorRole.OPERATIONS,
    ProposeFreeze: OperatorRole.OPERATIONS,
    ProposeUnfreeze: OperatorRole.OPERATIONS,
    ProposeWealthClose: OperatorRole.PRODUCT_MANAGER,
    ProposeWealthYield: OperatorRole.PRODUCT_MANAGER,
    ProposeAssessment: OperatorRole.OPERATIONS,
    ProposeGuardian: OperatorRole.OPERATIONS,
    ProposeRescission: OperatorRole.OPERATIONS,
    ProposeTrueAge: OperatorRole.OPERATIONS,
    ProposeUnderwriting: OperatorRole.OPERATIONS,
}
_Plain = (
    ProposeMerchantState
    | ProposeCampaign
    | ProposeQuotations
    | ProposeHeldQuotation
    | ProposeAcceptance
    | ProposeFeeConcession
    | ProposeTokenDomain
    | ProposeFreeze
    | ProposeUnfreeze
    | ProposeWealthClose
    | ProposeWealthYield
    | ProposeAssessment
    | ProposeGuardian
    | ProposeRescission
    | ProposeTrueAge
    | ProposeUnderwriting
)
Proposal = ProposeMerchant | _Plain | clients.Proposal
_Kept = Application | _Plain | clients.Kept
_SHAPES: dict[str, type[_Kept]] = {
    ProposeMerchant.__name__: Application,
    ProposeClient.__name__: clients.KeptClient,
    ProposeClientSecret.__name__: clients.KeptSecret,
    **{shape.__name__: shape for shape in (*get_args(_Plain), ProposeClientState)},
}
"""What is kept of each."""
_APPROVERS = (OperatorRole.OPERATIONS, OperatorRole.PRODUCT_MANAGER, OperatorRole.COMPLIANCE)


async def propose(house: House, envelope: Envelope, command: Proposal) -> Proposed | Refusal:
    """Put it before the others."""
    match command:
        case ProposeMerchant():
            merchants.check(house, command)
        case ProposeMerchantState():
            merchants.check_state(command)
        case ProposeCampaign():
            campaigns.check(command)
        case ProposeQuotations() | ProposeHeldQuotation():
            quotation_lists.check(command)
        case ProposeAcceptance():
            acceptance.check(command)
        case ProposeFeeConcession():
            fee_concession.check(command)
        case ProposeTokenDomain():
            token_domain.check(command)
        case ProposeFreeze() | ProposeUnfreeze():
            freeze.check(command)
        case ProposeWealthClose() | ProposeWealthYield():
            raise_proposals.check(command)
        case ProposeAssessment():
            claim_assessment.check(command)
        case ProposeGuardian():
            guardians.check(command)
        case ProposeRescission() | ProposeTrueAge():
            discoveries.check(command)
        case ProposeUnderwriting():
            applications.check(command)
        case _:
            clients.check(command)

    async def act(tx: Tx, at: Moment, _actor: int) -> Proposed | Refusal:
        kept = await _kept(house, tx, at, command)
        if isinstance(kept, Refusal):
            return kept
        proposer = await operator_of(tx, envelope)
        proposal, kind = derived(envelope.key, "proposal"), type(command)
        content = sensitive_proposals.kept(house, proposal, kind.__name__, msgspec.to_builtins(kept))
        made = await approvals.propose(tx, HOUSE_BOOK, proposal, kind.__name__, content, proposer, _ROLE[kind], at.now)
        screening = kept.screening if isinstance(kept, Application) else ()
        notes = await quotation_lists.notes(house, tx, at, kept) if isinstance(kept, ProposeQuotations) else ()
        return made if isinstance(made, Refusal) else Proposed(proposal, screening, notes)

    return await once(house, [HOUSE_BOOK], envelope, command, act, Proposed)


async def _kept(house: House, tx: Tx, at: Moment, command: Proposal) -> _Kept | Refusal:
    """What is put before the others; refused where it could not be brought about."""
    match command:
        case ProposeMerchant():
            return await merchants.apply(house, tx, command)
        case ProposeMerchantState():
            merchant = await merchants.may_become(tx, command.merchant_number, MerchantState(command.state))
            return merchant if isinstance(merchant, Refusal) else command
        case ProposeCampaign():
            return await campaigns.wrong(tx, at, command) or command
        case ProposeQuotations() | ProposeHeldQuotation():
            return await quotation_lists.wrong(house, tx, at, command) or command
        case ProposeAcceptance():
            return command
        case ProposeFeeConcession():
            return await fee_concession.not_disputed(tx, command) or command
        case ProposeTokenDomain():
            return await token_domain.unknown_token(house, tx, command) or command
        case ProposeFreeze() | ProposeUnfreeze():
            return await freeze.may_be(house, tx, at, command) or command
        case ProposeWealthClose() | ProposeWealthYield():
            return await raise_proposals.wrong(tx, at, command) or command
        case ProposeAssessment():
            return await claim_assessment.may_be(house, tx, at, command) or command
        case ProposeGuardian():
            return await guardians.may_be(house, tx, at, command) or command
        case ProposeRescission() | ProposeTrueAge():
            return await discoveries.may_be(house, tx, at, command) or command
        case ProposeUnderwriting():
            return await applications.may_be(house, tx, command) or command
        case _:
            return await clients.kept(house, tx, at, command)


async def approve(house: House, envelope: Envelope, command: Approve) -> Approved | Refusal:
    """The second person's yes, and what it brings about, in one transaction."""

    async def act(tx: Tx, at: Moment, _actor: int) -> Approved | Refusal:
        approver = await operator_of(tx, envelope)
        role = _role_of(approver)
        made = await approvals.decide(tx, HOUSE_BOOK, command.proposal, ApprovalState.APPROVED, approver, role, "", at.now)
        if isinstance(made, Refusal):
            return made
        refusal = await _bring_about(house, tx, at, made, approver)
        return Approved(made.kind) if refusal is None else refusal

    return await once(house, [HOUSE_BOOK], envelope, command, act, Approved)


async def reject(house: House, envelope: Envelope, command: Reject) -> Rejected | Refusal:
    """The second person's no: it is kept with its reason, and nothing comes of it."""
    merchants.check_reason(command.reason)

    async def act(tx: Tx, at: Moment, _actor: int) -> Rejected | Refusal:
        approver = await operator_of(tx, envelope)
        role, reason = _role_of(approver), command.reason
        made = await approvals.decide(tx, HOUSE_BOOK, command.proposal, ApprovalState.REJECTED, approver, role, reason, at.now)
        if isinstance(made, Refusal):
            return made
        await sensitive_proposals.keep_reason(house, tx, made)
        return Rejected(made.kind)

    return await once(house, [HOUSE_BOOK], envelope, command, act, Rejected)


def _role_of(approver: Operator) -> OperatorRole:
    """By which the operator decides."""
    return next((role for role in _APPROVERS if role in approver.roles), _APPROVERS[0])


async def _bring_about(house: House, tx: Tx, at: Moment, made: Approval, approver: Operator) -> Refusal | None:
    if made.kind not in _SHAPES:
        text = f"a {made.kind} is not proposed any more; reject it, and define the product in the catalogue"
        return Refusal(ApprovalRefusal.UNKNOWN, text)
    content = sensitive_proposals.content_of(house, made)
    if not content:
        return Refusal(ApprovalRefusal.UNKNOWN, "what it says is erased with the answers or the claim that it is about; reject it")
    proposal = msgspec.convert(content, _SHAPES[made.kind])
    if not isinstance(proposal, Application) and _role_of(approver) is OperatorRole.COMPLIANCE:
        text = f"{approver.login} decides about merchants alone; ask an operator of operations"
        return Refusal(ApprovalRefusal.NOT_ALLOWED, text)
    match proposal:
        case Application():
            return await merchants.admit(house, tx, at, made, proposal, approver)
        case ProposeMerchantState():
            return await merchants.change(tx, at, made, proposal, approver)
        case ProposeCampaign():
            return await campaigns.bring_about(tx, at, made, proposal)
        case ProposeQuotations() | ProposeHeldQuotation():
            return await quotation_lists.bring_about(house, tx, at, made, proposal)
        case ProposeAcceptance():
            return await acceptance.accept(tx, proposal)
        case ProposeFeeConcession():
            return await fee_concession.concede(house, tx, at, proposal)
        case ProposeTokenDomain():
            return await token_domain.bring_about(house, tx, at, proposal)
        case ProposeFreeze() | ProposeUnfreeze():
            return await freeze.bring_about(house, tx, at, made, proposal)
        case ProposeWealthClose() | ProposeWealthYield():
            return await raise_proposals.bring_about(tx, at, proposal)
        case ProposeAssessment():
            return await claim_assessment.bring_about(house, tx, at, made, proposal)
        case ProposeGuardian():
            return await guardians.bring_about(house, tx, at, made, proposal)
        case ProposeRescission() | ProposeTrueAge():
            return await discoveries.bring_about(house, tx, at, made, proposal)
        case ProposeUnderwriting():
            return await applications.bring_about(house, tx, at, made, proposal)
        case _:
            return await clients.bring_about(house, tx, at, made, proposal, approver)


async def operator_of(tx: Tx, envelope: Envelope) -> Operator:
    """The operator who gives a command."""
    found = await operators.stored(tx, envelope.caller.who.removeprefix("operator:"))
    assert found is not None, f"no operator {envelope.caller.who}"
    return found[0]
