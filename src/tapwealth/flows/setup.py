"""What the bank's people set up and decide: merchants and their terminals, funds and channels, breaks that they answer for.

Everything that will move money is proposed by one operator and approved by another; approving it is what does it.
"""

import re
from enum import Enum, auto
from uuid import UUID

import msgspec
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.store import Merchant, Terminal
from tapwealth.flows import acceptance
from tapwealth.flows.acceptance import ProposeAcceptance
from tapwealth.flows.exchange_out import ADVANCER, ADVANCER_TRADING_ACCOUNT, seal_holder
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House, Moment, once
from tapwealth.flows.purchase import OWN_CHANNEL
from tapwealth.flows.sign_on import MASTER
from tapwealth.funds import store as funds
from tapwealth.funds.store import Fund, FundAccount, SalesChannel
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import Asset, checked, format_minor
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


class Approve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say yes to another operator's proposal."""

    proposal: UUID


class Proposed(msgspec.Struct, frozen=True):
    proposal: UUID


class Approved(msgspec.Struct, frozen=True):
    kind: str


class RegisterTerminal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`terminal_number` is field 41 (8 characters); `mac_key` 8 or 16 bytes in hex, injected into the terminal by its maker; so is
    `master_key` (16 bytes in hex, or empty), under which it is given working keys when it signs on."""

    merchant_number: str
    terminal_number: str
    mac_key: str
    master_key: str = ""


class TerminalRegistered(msgspec.Struct, frozen=True):
    terminal_number: str


_ROLE = {
    ProposeMerchant: OperatorRole.OPERATIONS,
    ProposeFund: OperatorRole.PRODUCT_MANAGER,
    ProposeAcceptance: OperatorRole.OPERATIONS,
}
Proposal = ProposeMerchant | ProposeFund | ProposeAcceptance
_SHAPES = {shape.__name__: shape for shape in _ROLE}
_UNITS = [asset for asset in Asset if asset is not Asset.CNY]


async def propose(house: House, envelope: Envelope, command: Proposal) -> Proposed | Refusal:
    """Put it before the others."""
    match command:
        case ProposeMerchant():
            _check_merchant(command)
        case ProposeFund():
            _check_fund(command)
        case ProposeAcceptance():
            acceptance.check(command)

    async def act(tx: Tx, at: Moment, _actor: int) -> Proposed | Refusal:
        already = await _already(tx, command)
        if already is not None:
            return already
        proposer = await operator_of(tx, envelope)
        proposal = derived(envelope.key, "proposal")
        content = msgspec.to_builtins(command)
        made = await approvals.propose(tx, HOUSE_BOOK, proposal, type(command).__name__, content, proposer, _ROLE[type(command)], at.now)
        return made if isinstance(made, Refusal) else Proposed(proposal)

    return await once(house, [HOUSE_BOOK], envelope, command, act, Proposed)


def _check_merchant(command: ProposeMerchant) -> None:
    if not re.fullmatch(r"[0-9A-Za-z]{15}", command.merchant_number):
        raise BadInput(f"{command.merchant_number[:40]!r} is no merchant number", where="merchant_number", hint="15 letters and digits")
    if not command.name.strip() or not re.fullmatch(r"[0-9]{4}", command.category_code):
        raise BadInput("the name is empty, or the category is none", where="name, category_code", hint="a category has 4 digits: 5812")
    _check_bank_account(command.settlement_account, "settlement_account")
    if not 0 <= command.fee_bp <= 1000 or command.fee_cap < 0:
        raise BadInput("the fee lies outside 0 to 10 percent", where="fee_bp", hint="give it in 1/100 percent: 0.78 % is 78")
    checked(command.fee_cap, where="fee_cap", positive=False)
    try:
        uscc.validate(command.credit_code)
    except ValidationError:
        raise BadInput("the unified social credit code does not hold", where="credit_code", hint="18 characters; check them") from None


def _check_fund(command: ProposeFund) -> None:
    if not re.fullmatch(r"[0-9]{6}", command.code) or not re.fullmatch(r"[0-9A-Z]{2,9}", command.registrar):
        raise BadInput("a fund has a code of 6 digits, its registrar one of 2 to 9 letters and digits", where="code, registrar")
    if not command.name.strip() or not command.name_en.strip():
        raise BadInput("a name is empty", where="name, name_en", hint="give it in both languages")
    if command.asset not in _UNITS:
        hint = f"there are {', '.join(str(int(asset)) for asset in _UNITS)}"
        raise BadInput(f"the ledger knows no units of number {command.asset}", where="asset", hint=hint)
    if not 1 <= command.risk_level <= 5 or not 0 <= command.cut_off_hour <= 24:
        raise BadInput("the risk lies outside 1 to 5, or the cut-off outside 0 to 24", where="risk_level, cut_off_hour")
    _check_bank_account(command.custody_account, "custody_account")
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


def _check_bank_account(number: str, where: str) -> None:
    if not re.fullmatch(r"[0-9]{10,19}", number):
        raise BadInput("it is no bank account number", where=where, hint="10 to 19 digits")


async def _already(tx: Tx, command: Proposal) -> Refusal | None:
    """Why it cannot be brought about: what it would make is there already."""
    match command:
        case ProposeMerchant():
            there = command.merchant_number in await acquiring.merchants(tx)
            text = f"there is a merchant {command.merchant_number} already; choose another number"
        case ProposeFund():
            there = any(command.code == known.code or command.asset == known.asset for known in (await funds.funds(tx)).values())
            text = f"there is a fund {command.code}, or one with units of number {command.asset}, already; choose others"
        case ProposeAcceptance():
            return None
    return Refusal(SetupRefusal.EXISTS, text) if there else None


async def approve(house: House, envelope: Envelope, command: Approve) -> Approved | Refusal:
    """The second person's yes, and what it brings about, in one transaction."""

    async def act(tx: Tx, at: Moment, _actor: int) -> Approved | Refusal:
        approver = await operator_of(tx, envelope)
        role = OperatorRole.OPERATIONS if OperatorRole.OPERATIONS in approver.roles else OperatorRole.PRODUCT_MANAGER
        made = await approvals.decide(tx, HOUSE_BOOK, command.proposal, ApprovalState.APPROVED, approver, role, "", at.now)
        if isinstance(made, Refusal):
            return made
        proposal = msgspec.convert(made.proposal, _SHAPES[made.kind])
        refusal = await _already(tx, proposal) or await _bring_about(house, tx, at, proposal)
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
                sealed=seal_holder(house, ADVANCER, "北京银行垫资专户", "911100001011259330", "0100000005"),
                shown_name="advance facility",
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
        key, master = bytes.fromhex(command.mac_key), bytes.fromhex(command.master_key)
    except ValueError:
        key = master = b""
    if len(key) not in (8, 16) or len(master) not in (0, 16) or not re.fullmatch(r"[0-9A-Za-z]{8}", command.terminal_number):
        raise BadInput("a terminal has 8 letters and digits, and a key of 8 or 16 bytes in hex", where="terminal_number, mac_key")

    async def act(tx: Tx, at: Moment, _actor: int) -> TerminalRegistered | Refusal:
        merchant = (await acquiring.merchants(tx)).get(command.merchant_number)
        if merchant is None:
            return Refusal(SetupRefusal.UNKNOWN_MERCHANT, f"there is no merchant {command.merchant_number[:20]}; enrol it first")
        if command.terminal_number in await acquiring.terminals(tx):
            return Refusal(SetupRefusal.EXISTS, f"terminal {command.terminal_number} is enrolled already")
        name = command.terminal_number.encode()
        sealed = house.keys.seal("terminal", key, b"terminal" + name)
        sealed_master = house.keys.seal("terminal", master, MASTER + name) if master else None
        await acquiring.add_terminal(tx, Terminal(command.terminal_number, merchant.id, sealed, sealed_master), at.now)
        return TerminalRegistered(command.terminal_number)

    return await once(house, [HOUSE_BOOK], envelope, command, act, TerminalRegistered)


async def operator_of(tx: Tx, envelope: Envelope) -> Operator:
    """The operator who gives a command."""
    found = await operators.stored(tx, envelope.caller.who.removeprefix("operator:"))
    assert found is not None, f"no operator {envelope.caller.who}"
    return found[0]
