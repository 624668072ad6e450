"""How merchants stand with the house: who they are, what they pay, their terminals, and who brought them there. For operators."""

from datetime import datetime
from typing import Any

import msgspec

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.fee_category import fee_category
from tapwealth.acquiring.standing import Change, MerchantState
from tapwealth.acquiring.store import Merchant, Terminal
from tapwealth.flows.acquiring.merchants import Application, ProposeMerchant, unknown_merchant
from tapwealth.flows.frame import HOUSE_BOOK
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import approvals, operators


class StandingChange(msgspec.Struct, frozen=True):
    """`terminal` is empty where the merchant itself is meant; `by` and `approved_by` are logins (empty: the house, or nobody)."""

    at: datetime
    terminal: str
    state: str
    by: str
    approved_by: str
    reason: str


class TerminalView(msgspec.Struct, frozen=True):
    """`has_master_key`: it can sign on. `replaced_by` another terminal's number."""

    number: str
    state: str
    has_master_key: bool
    replaced_by: str


class MerchantLine(msgspec.Struct, frozen=True):
    """`category` is the MCC, `fee_class` what it is for the card fees. The fee of a sale in 1/100 percent and fen (0: none)."""

    number: str
    name: str
    state: str
    category: str
    fee_class: str
    credit_code: str
    fee_bp: int
    fee_cap: int
    fee_minimum: int


class MerchantFile(msgspec.Struct, frozen=True):
    """A merchant with its papers. `settlement_account` by its last digits, `representative` masked; `transport_key` its check value."""

    merchant: MerchantLine
    settlement_bank: str
    settlement_account: str
    representative: str
    transport_key: str
    terminals: list[TerminalView]
    history: list[StandingChange]


async def merchant_lines(tx: Any) -> list[MerchantLine]:
    """Every merchant by number, and behind them those that are applied for."""
    enrolled = [_line(one, one.state) for one in (await acquiring.merchants(tx)).values()]
    waiting = [one for one in await approvals.waiting(tx, HOUSE_BOOK) if one.kind == ProposeMerchant.__name__]
    return enrolled + [_line(msgspec.convert(one.proposal, Application), MerchantState.APPLIED) for one in waiting]


def _line(one: Merchant | Application, state: str) -> MerchantLine:
    return MerchantLine(
        one.merchant_number,
        one.name,
        state,
        one.category_code,
        fee_category(one.category_code),
        one.credit_code,
        one.fee_bp,
        one.fee_cap,
        one.fee_minimum,
    )


async def merchant_file(tx: Any, number: str) -> MerchantFile | Refusal:
    """One merchant, by the number of field 42."""
    merchant = (await acquiring.merchants(tx)).get(number)
    if merchant is None:
        return unknown_merchant(number)
    terminals = [one for one in (await acquiring.terminals(tx)).values() if one.merchant == merchant.id]
    changes = await acquiring.changes(tx, merchant.id)
    logins = await operators.logins(tx, [who for one in changes for who in (one.by, one.approved_by) if who])
    key = await acquiring.transport_key(tx, merchant.id, whole=True)
    return MerchantFile(
        _line(merchant, merchant.state),
        merchant.settlement_bank,
        f"****{merchant.settlement_account[-4:]}",
        merchant.representative,
        key.check_value if key else "",
        [_terminal(one) for one in terminals],
        [_change(one, logins) for one in changes],
    )


def _terminal(one: Terminal) -> TerminalView:
    return TerminalView(one.terminal_number, one.state, one.sealed_master_key is not None, one.replaced_by)


def _change(one: Change, logins: dict[int, str]) -> StandingChange:
    approved_by = logins.get(one.approved_by, "") if one.approved_by else ""
    return StandingChange(one.changed_at, one.terminal_number, one.state, logins.get(one.by, ""), approved_by, one.reason)
