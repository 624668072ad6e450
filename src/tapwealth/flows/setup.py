"""What the bank's people propose and decide: merchants, funds and channels, breaks that they answer for.

Everything that will move money is proposed by one operator and approved by another; approving it is what does it.
"""

import re
from enum import Enum, auto
from typing import get_args
from uuid import UUID

import msgspec

from tapwealth.acquiring.standing import MerchantState
from tapwealth.bank.bank_number import check_account_number
from tapwealth.flows import acceptance
from tapwealth.flows.acceptance import ProposeAcceptance
from tapwealth.flows.acquiring import merchants
from tapwealth.flows.acquiring.merchants import Application, ProposeMerchant, ProposeMerchantState
from tapwealth.flows.clearing import fee_concession
from tapwealth.flows.clearing.fee_concession import ProposeFeeConcession
from tapwealth.flows.customers import clients
from tapwealth.flows.customers.clients import ProposeClient, ProposeClientSecret, ProposeClientState
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House, Moment, once
from tapwealth.flows.funds import campaigns, freeze, fund_conditions, quotation_lists, raises
from tapwealth.flows.funds.advancer import open_advancer
from tapwealth.flows.funds.campaigns import ProposeCampaign
from tapwealth.flows.funds.freeze import ProposeFreeze, ProposeUnfreeze
from tapwealth.flows.funds.fund_conditions import ProposeFundConditions
from tapwealth.flows.funds.quotation_lists import ProposeHeldQuotation, ProposeQuotations
from tapwealth.flows.funds.raises import ProposeRaise
from tapwealth.flows.issuing import token_domain
from tapwealth.flows.issuing.token_domain import ProposeTokenDomain
from tapwealth.funds import store as funds
from tapwealth.funds.store import Fund, SalesChannel
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset, checked, format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.install import house_accounts
from tapwealth.storage import approvals, operators
from tapwealth.storage.approvals import Approval, ApprovalRefusal, ApprovalState
from tapwealth.storage.database import Tx
from tapwealth.storage.operators import Operator, OperatorRole


class SetupRefusal(Enum):
    """Why a fund cannot be put on the shelf."""

    EXISTS = auto()
    OTHER_REGISTRAR = auto()
    """Holders have their accounts at one registrar."""


class ChannelTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who sells a fund (a distributor's code), and under which parameters: fen, caps of 0 mean none."""

    code: str
    own: bool
    minimum_purchase: int
    day_cap: int
    holding_cap: int


class ProposeFund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fund for the shelf and its channels. `asset` is the ledger's number of its units, `risk_level` 1 to 5 (R1 to R5)."""

    code: str
    asset: int
    name: str
    name_en: str
    registrar: str
    risk_level: int
    custody_account: str
    channels: list[ChannelTerms]
    cut_off_hour: int = 15


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
    ProposeFund: OperatorRole.PRODUCT_MANAGER,
    ProposeFundConditions: OperatorRole.PRODUCT_MANAGER,
    ProposeCampaign: OperatorRole.PRODUCT_MANAGER,
    ProposeRaise: OperatorRole.PRODUCT_MANAGER,
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
}
_Plain = (
    ProposeMerchantState
    | ProposeFund
    | ProposeFundConditions
    | ProposeCampaign
    | ProposeRaise
    | ProposeQuotations
    | ProposeHeldQuotation
    | ProposeAcceptance
    | ProposeFeeConcession
    | ProposeTokenDomain
    | ProposeFreeze
    | ProposeUnfreeze
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
        case ProposeFund():
            _check_fund(command)
        case ProposeFundConditions():
            fund_conditions.check_draft(command)
        case ProposeCampaign():
            campaigns.check(command)
        case ProposeRaise():
            raises.check(command)
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
        case _:
            clients.check(command)

    async def act(tx: Tx, at: Moment, _actor: int) -> Proposed | Refusal:
        kept = await _kept(house, tx, at, command)
        if isinstance(kept, Refusal):
            return kept
        proposer = await operator_of(tx, envelope)
        proposal, kind = derived(envelope.key, "proposal"), type(command)
        content = msgspec.to_builtins(kept)
        made = await approvals.propose(tx, HOUSE_BOOK, proposal, kind.__name__, content, proposer, _ROLE[kind], at.now)
        screening = kept.screening if isinstance(kept, Application) else ()
        notes = await quotation_lists.notes(house, tx, at, kept) if isinstance(kept, ProposeQuotations) else ()
        return made if isinstance(made, Refusal) else Proposed(proposal, screening, notes)

    return await once(house, [HOUSE_BOOK], envelope, command, act, Proposed)


def _check_fund(command: ProposeFund) -> None:
    if not re.fullmatch(r"[0-9]{6}", command.code) or not re.fullmatch(r"[0-9A-Z]{2,9}", command.registrar):
        raise BadInput("a fund has a code of 6 digits, its registrar one of 2 to 9 letters and digits", where="code, registrar")
    if not command.name.strip() or not command.name_en.strip():
        raise BadInput("a name is empty", where="name, name_en", hint="give it in both languages")
    if not Asset.CNY < command.asset <= Asset.MOST:
        hint = f"take one from {Asset.CNY + 1} to {Asset.MOST}, above those of the funds on the shelf"
        raise BadInput(f"the ledger has no units of number {command.asset}", where="asset", hint=hint)
    if not 1 <= command.risk_level <= 5 or not 0 <= command.cut_off_hour <= 24:
        raise BadInput("the risk lies outside 1 to 5, or the cut-off outside 0 to 24", where="risk_level, cut_off_hour")
    check_account_number(command.custody_account, "custody_account")
    if not command.channels or len({one.code for one in command.channels}) < len(command.channels):
        raise BadInput("no channel, or one of them twice", where="channels", hint="name each distributor once")
    for one in command.channels:
        _check_channel(one)


def _check_channel(one: ChannelTerms) -> None:
    if not re.fullmatch(r"[0-9A-Z]{3,9}", one.code):
        raise BadInput(f"{one.code[:40]!r} is no distributor's code", where="channels.code", hint="3 to 9 capital letters and digits")
    checked(one.minimum_purchase, where="channels.minimum_purchase")
    for name, cap in (("day_cap", one.day_cap), ("holding_cap", one.holding_cap)):
        checked(cap, where=f"channels.{name}", positive=False)
        if cap < 0:
            raise BadInput(f"{format_minor(cap)} is below zero", where=f"channels.{name}", hint="0 means that there is no cap")


async def _kept(house: House, tx: Tx, at: Moment, command: Proposal) -> _Kept | Refusal:
    """What is put before the others; refused where it could not be brought about."""
    match command:
        case ProposeMerchant():
            return await merchants.apply(house, tx, command)
        case ProposeMerchantState():
            merchant = await merchants.may_become(tx, command.merchant_number, MerchantState(command.state))
            return merchant if isinstance(merchant, Refusal) else command
        case ProposeFund():
            return await _fund_exists(tx, command) or command
        case ProposeFundConditions():
            return await fund_conditions.wrong(tx, command) or command
        case ProposeCampaign():
            return await campaigns.wrong(tx, at, command) or command
        case ProposeRaise():
            return await raises.wrong(tx, at, command) or command
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
        case _:
            return await clients.kept(house, tx, at, command)


async def _fund_exists(tx: Tx, command: ProposeFund) -> Refusal | None:
    """Numbers of units rise: the first fund stays the first."""
    shelf = await funds.funds(tx)
    if command.code in shelf:
        return Refusal(SetupRefusal.EXISTS, f"there is a fund {command.code} already; choose others")
    registrars = {known.registrar for known in shelf.values()} - {command.registrar}
    if registrars:
        text = f"holders have their accounts at {', '.join(registrars)}, not at {command.registrar}; name that registrar"
        return Refusal(SetupRefusal.OTHER_REGISTRAR, text)
    last = max((known.asset for known in shelf.values()), default=Asset.CNY)
    if command.asset <= last:
        return Refusal(SetupRefusal.EXISTS, f"units of number {command.asset} are taken or passed by; choose others, from {last + 1} on")
    return None


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
        return made if isinstance(made, Refusal) else Rejected(made.kind)

    return await once(house, [HOUSE_BOOK], envelope, command, act, Rejected)


def _role_of(approver: Operator) -> OperatorRole:
    """By which the operator decides."""
    return next((role for role in _APPROVERS if role in approver.roles), _APPROVERS[0])


async def _bring_about(house: House, tx: Tx, at: Moment, made: Approval, approver: Operator) -> Refusal | None:
    proposal = msgspec.convert(made.proposal, _SHAPES[made.kind])
    if not isinstance(proposal, Application) and _role_of(approver) is OperatorRole.COMPLIANCE:
        text = f"{approver.login} decides about merchants alone; ask an operator of operations"
        return Refusal(ApprovalRefusal.NOT_ALLOWED, text)
    match proposal:
        case Application():
            return await merchants.admit(house, tx, at, made, proposal, approver)
        case ProposeMerchantState():
            return await merchants.change(tx, at, made, proposal, approver)
        case ProposeFund():
            refusal = await _fund_exists(tx, proposal)
            if refusal is None:
                await _add_fund(house, tx, at, proposal)
            return refusal
        case ProposeFundConditions():
            return await fund_conditions.bring_about(tx, at, made, proposal)
        case ProposeCampaign():
            return await campaigns.bring_about(tx, at, made, proposal)
        case ProposeRaise():
            return await raises.bring_about(tx, at, made, proposal)
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
        case _:
            return await clients.bring_about(house, tx, at, made, proposal, approver)


async def _add_fund(house: House, tx: Tx, at: Moment, proposal: ProposeFund) -> None:
    fields = msgspec.to_builtins(proposal)
    channels = [SalesChannel(fund=proposal.code, **one) for one in fields.pop("channels")]
    asset = Asset(fields.pop("asset"))
    await funds.add_fund(tx, Fund(asset=asset, **fields), channels)
    await house.ledger.open_accounts(tx, house_accounts(house.books, asset))
    await open_advancer(house, tx, at)


async def operator_of(tx: Tx, envelope: Envelope) -> Operator:
    """The operator who gives a command."""
    found = await operators.stored(tx, envelope.caller.who.removeprefix("operator:"))
    assert found is not None, f"no operator {envelope.caller.who}"
    return found[0]
