"""The commands of policies, as the HTTP interface takes them: bought, changed, paid for, cancelled."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tapwealth.api.commands import CommandSpec
from tapwealth.flows import setup
from tapwealth.flows.frame import Envelope, House
from tapwealth.flows.insurance import applications, discoveries, endorsements, premiums
from tapwealth.flows.insurance import policies as insurance
from tapwealth.storage.operators import OperatorRole

Flow = Callable[[House, Envelope, Any], Awaitable[Any]]


def policy_commands(plain: Callable[[Flow], Callable[[Envelope, Any], Awaitable[Any]]]) -> Mapping[str, CommandSpec]:
    """By name."""
    customer, operations = "customer", OperatorRole.OPERATIONS.value
    return {
        "apply_for_policy": CommandSpec(applications.ApplyForPolicy, customer, plain(applications.apply_for)),
        "propose_underwriting": CommandSpec(applications.ProposeUnderwriting, operations, plain(setup.propose)),
        "buy_policy": CommandSpec(insurance.BuyPolicy, customer, plain(insurance.buy)),
        "change_occupation": CommandSpec(endorsements.ChangeOccupation, customer, plain(endorsements.change_occupation)),
        "change_beneficiaries": CommandSpec(endorsements.ChangeBeneficiaries, customer, plain(endorsements.change_beneficiaries)),
        "change_policy_address": CommandSpec(endorsements.ChangePolicyAddress, customer, plain(endorsements.change_address)),
        "cancel_policy": CommandSpec(insurance.CancelPolicy, customer, plain(insurance.cancel)),
        "pay_premium": CommandSpec(premiums.PayPremium, customer, plain(premiums.pay)),
        "reinstate_policy": CommandSpec(premiums.ReinstatePolicy, customer, plain(premiums.reinstate)),
        "let_premiums": CommandSpec(premiums.LetPremiums, customer, plain(premiums.let)),
        "end_premiums": CommandSpec(premiums.EndPremiums, customer, plain(premiums.end)),
        "demand_premium": CommandSpec(premiums.DemandPremium, operations, plain(premiums.demand)),
        "propose_rescission": CommandSpec(discoveries.ProposeRescission, operations, plain(setup.propose)),
        "propose_true_age": CommandSpec(discoveries.ProposeTrueAge, operations, plain(setup.propose)),
    }
