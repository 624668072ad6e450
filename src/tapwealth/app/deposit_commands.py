"""Which flow stands behind the commands about deposits and the bank's products that are raised."""

from collections.abc import Awaitable, Callable
from typing import Any

from tapwealth.api.commands import CommandSpec
from tapwealth.flows import setup
from tapwealth.flows.deposits import at_notice, demand, opening, raise_proposals, raise_sale, withdrawing
from tapwealth.flows.frame import Envelope, House
from tapwealth.storage.operators import OperatorRole

Plain = Callable[[Callable[[House, Envelope, Any], Awaitable[Any]]], Callable[[Envelope, Any], Awaitable[Any]]]


def deposit_commands(plain: Plain) -> dict[str, CommandSpec]:
    """By name."""
    customer, product = "customer", OperatorRole.PRODUCT_MANAGER.value
    return {
        "open_deposit": CommandSpec(opening.OpenDeposit, customer, plain(opening.open_)),
        "pay_into_deposit": CommandSpec(demand.PayIntoDeposit, customer, plain(demand.pay_in)),
        "give_deposit_notice": CommandSpec(at_notice.GiveDepositNotice, customer, plain(at_notice.give_)),
        "cancel_deposit_notice": CommandSpec(at_notice.CancelDepositNotice, customer, plain(at_notice.cancel)),
        "withdraw_deposit": CommandSpec(withdrawing.WithdrawDeposit, customer, plain(withdrawing.withdraw_)),
        "instruct_deposit": CommandSpec(withdrawing.InstructDeposit, customer, plain(withdrawing.instruct)),
        "subscribe_wealth": CommandSpec(raise_sale.SubscribeWealth, customer, plain(raise_sale.subscribe)),
        "cancel_wealth": CommandSpec(raise_sale.CancelWealth, customer, plain(raise_sale.cancel)),
        "propose_wealth_close": CommandSpec(raise_proposals.ProposeWealthClose, product, plain(setup.propose)),
        "propose_wealth_yield": CommandSpec(raise_proposals.ProposeWealthYield, product, plain(setup.propose)),
    }
