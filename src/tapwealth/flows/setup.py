"""What the bank's people set up and decide: merchants and their terminals, funds and channels, breaks that they answer for.

Everything that will move money is proposed by one operator and approved by another; approving it is what does it.
"""

from enum import Enum, auto
from typing import Any
from uuid import UUID

import msgspec
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.store import Merchant, Terminal
from tapwealth.flows import acceptance
from tapwealth.flows.acceptance import ProposeAcceptance
from tapwealth.flows.exchange_out import ADVANCER, ADVANCER_TRADING_ACCOUNT
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House, Moment, once
from tapwealth.flows.purchase import OWN_CHANNEL
from tapwealth.funds import store as funds
from tapwealth.funds.store import Fund, FundAccount, SalesChannel
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import approvals, operators
from tapwealth.storage.approvals import ApprovalState
from tapwealth.storage.database import Tx
from tapwealth.storage.operators import Operator, OperatorRole


class SetupRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_MERCHANT = auto()
    EXISTS = auto()


class ProposeMerchant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`merchant_number` is field 42 (15 characters), `fee_bp` in 1/100 percent, `fee_cap` in fen (0: none)."""

    merchant_number: str
    name: str
    category_code: str
    credit_code: str
    settlement_account: str
    fee_bp: int
    fee_cap: int = 0


class ProposeFund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fund for the shelf, and who sells it under which parameters (amounts in fen, caps of 0 mean none)."""

    code: str
    asset: int
    name: str
    name_en: str
    registrar: str
    risk_level: int
    custody_account: str
    channels: list[dict[str, Any]]
    cut_off_hour: int = 15


class Approve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say yes to another operator's proposal."""

    proposal: UUID


class Proposed(msgspec.Struct, frozen=True):
    proposal: UUID


class Approved(msgspec.Struct, frozen=True):
    kind: str


class RegisterTerminal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`terminal_number` is field 41 (8 characters); `mac_key` 8 or 16 bytes in hex, injected into the terminal by its maker."""

    merchant_number: str
    terminal_number: str
    mac_key: str


class TerminalRegistered(msgspec.Struct, frozen=True):
    terminal_number: str


_ROLE = {
    ProposeMerchant: OperatorRole.OPERATIONS,
    ProposeFund: OperatorRole.PRODUCT_MANAGER,
    ProposeAcceptance: OperatorRole.OPERATIONS,
}
Proposal = ProposeMerchant | ProposeFund | ProposeAcceptance
_SHAPES = {shape.__name__: shape for shape in _ROLE}


async def propose(house: House, envelope: Envelope, command: Proposal) -> Proposed | Refusal:
    """Put it before the others."""
    if isinstance(command, ProposeMerchant):
        _check_merchant(command)
    if isinstance(command, ProposeAcceptance):
        acceptance.check(command)

    async def act(tx: Tx, at: Moment, _actor: int) -> Proposed | Refusal:
        proposer = await operator_of(tx, envelope)
        proposal = derived(envelope.key, "proposal")
        content = msgspec.to_builtins(command)
        made = await approvals.propose(tx, HOUSE_BOOK, proposal, type(command).__name__, content, proposer, _ROLE[type(command)], at.now)
        return made if isinstance(made, Refusal) else Proposed(proposal)

    return await once(house, [HOUSE_BOOK], envelope, command, act, Proposed)


def _check_merchant(command: ProposeMerchant) -> None:
    if len(command.merchant_number) != 15 or not command.merchant_number.isalnum():
        raise BadInput(f"{command.merchant_number!r} is not 15 letters and digits", where="merchant_number")
    if not 0 <= command.fee_bp <= 1000 or command.fee_cap < 0:
        raise BadInput("the fee lies outside 0 to 10 percent", where="fee_bp", hint="give it in 1/100 percent: 0.78 % is 78")
    try:
        uscc.validate(command.credit_code)
    except ValidationError:
        raise BadInput("the unified social credit code does not hold", where="credit_code", hint="18 characters; check them") from None


async def approve(house: House, envelope: Envelope, command: Approve) -> Approved | Refusal:
    """The second person's yes, and what it brings about, in one transaction."""

    async def act(tx: Tx, at: Moment, _actor: int) -> Approved | Refusal:
        approver = await operator_of(tx, envelope)
        role = OperatorRole.OPERATIONS if OperatorRole.OPERATIONS in approver.roles else OperatorRole.PRODUCT_MANAGER
        made = await approvals.decide(tx, HOUSE_BOOK, command.proposal, ApprovalState.APPROVED, approver, role, "", at.now)
        if isinstance(made, Refusal):
            return made
        proposal = msgspec.convert(made.proposal, _SHAPES[made.kind])
        refusal = await _bring_about(house, tx, at, proposal)
        return Approved(made.kind) if refusal is None else refusal

    return await once(house, [HOUSE_BOOK], envelope, command, act, Approved)


async def _bring_about(house: House, tx: Tx, at: Moment, proposal: Proposal) -> Refusal | None:
    match proposal:
        case ProposeMerchant():
            await acquiring.add_merchant(
                tx,
                Merchant(
                    id=named(shanghai(at.now.date()), HOUSE_BOOK, f"merchant:{proposal.merchant_number}"), **msgspec.to_builtins(proposal)
                ),
                at.now,
            )
        case ProposeFund():
            fields = msgspec.to_builtins(proposal)
            channels = [SalesChannel(fund=proposal.code, **one) for one in fields.pop("channels")]
            await funds.add_fund(tx, Fund(**fields), channels)
            await _open_advancer(house, tx, at, proposal)
        case ProposeAcceptance():
            return await acceptance.accept(tx, proposal)
    return None


async def _open_advancer(house: House, tx: Tx, at: Moment, proposal: ProposeFund) -> None:
    """The bank's advance facility is a holder like any other: it applies for an account at the registrar."""
    day = at.date_of(at.now)
    await funds.add_accounts(
        tx,
        [
            FundAccount(
                book=HOUSE_BOOK,
                id=ADVANCER,
                channel=OWN_CHANNEL,
                trading_account=ADVANCER_TRADING_ACCOUNT,
                ta_account="",
                application_serial=f"{day:%Y%m%d}{0:016d}",
                business_code="001",
                sealed=house.keys.seal("people", "北京银行垫资专户\n911100001011259330".encode(), b"fund_account" + ADVANCER.bytes),
                shown_name="advance facility",
                payout_account="0100000005",
                state="applied",
                reason="",
                business_date=day,
                sent_on=None,
                applied_at=at.now,
            )
        ],
    )  # fmt: skip


async def register_terminal(house: House, envelope: Envelope, command: RegisterTerminal) -> TerminalRegistered | Refusal:
    """A terminal of a merchant, with the key that was put into it. The key is kept sealed."""
    try:
        key = bytes.fromhex(command.mac_key)
    except ValueError:
        key = b""
    if len(key) not in (8, 16) or len(command.terminal_number) != 8:
        raise BadInput("a terminal has 8 characters and a key of 8 or 16 bytes in hex", where="terminal")

    async def act(tx: Tx, at: Moment, _actor: int) -> TerminalRegistered | Refusal:
        merchant = (await acquiring.merchants(tx)).get(command.merchant_number)
        if merchant is None:
            return Refusal(SetupRefusal.UNKNOWN_MERCHANT, f"there is no merchant {command.merchant_number}; enrol it first")
        if command.terminal_number in await acquiring.terminals(tx):
            return Refusal(SetupRefusal.EXISTS, f"terminal {command.terminal_number} is enrolled already")
        sealed = house.keys.seal("terminal", key, b"terminal" + command.terminal_number.encode())
        await acquiring.add_terminal(tx, Terminal(command.terminal_number, merchant.id, sealed), at.now)
        return TerminalRegistered(command.terminal_number)

    return await once(house, [HOUSE_BOOK], envelope, command, act, TerminalRegistered)


async def operator_of(tx: Tx, envelope: Envelope) -> Operator:
    """The operator who gives a command."""
    found = await operators.stored(tx, envelope.caller.who.removeprefix("operator:"))
    assert found is not None, f"no operator {envelope.caller.who}"
    return found[0]
