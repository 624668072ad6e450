"""Which flow stands behind the commands about claims, and behind their files."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.routing import BaseRoute

from tapwealth.api.claim_files import claim_files
from tapwealth.api.commands import CommandSpec, Gate
from tapwealth.flows import setup
from tapwealth.flows.frame import Envelope, House
from tapwealth.flows.insurance import claim_assessment, claim_notification, claim_papers, claim_recoveries, claims, guardians
from tapwealth.flows.issuing import disputes
from tapwealth.storage.operators import OperatorRole

Plain = Callable[[Callable[[House, Envelope, Any], Awaitable[Any]]], Callable[[Envelope, Any], Awaitable[Any]]]


def claim_commands(plain: Plain) -> dict[str, CommandSpec]:
    """By name."""
    customer, operations = "customer", OperatorRole.OPERATIONS.value
    return {
        "dispute_tap": CommandSpec(disputes.DisputeTap, customer, plain(disputes.dispute)),
        "notify_claim": CommandSpec(claim_notification.NotifyClaim, customer, plain(claim_notification.notify)),
        "notify_death": CommandSpec(claim_notification.NotifyDeath, operations, plain(claim_notification.notify_death)),
        "withdraw_claim": CommandSpec(claims.WithdrawClaim, customer, plain(claims.withdraw)),
        "appeal_claim": CommandSpec(claims.AppealClaim, customer, plain(claims.appeal)),
        "give_claim_back": CommandSpec(claim_recoveries.GiveClaimBack, customer, plain(claim_recoveries.give_back)),
        "ask_claim_papers": CommandSpec(claim_papers.AskPapers, operations, plain(claim_papers.ask)),
        "assess_claim": CommandSpec(claim_assessment.AssessClaim, operations, plain(claim_assessment.assess)),
        "propose_guardian": CommandSpec(guardians.ProposeGuardian, operations, plain(setup.propose)),
        "propose_assessment": CommandSpec(claim_assessment.ProposeAssessment, operations, plain(setup.propose)),
        "expect_recovery": CommandSpec(claim_recoveries.ExpectRecovery, operations, plain(claim_recoveries.expect)),
        "withdraw_recovery": CommandSpec(claim_recoveries.WithdrawRecovery, operations, plain(claim_recoveries.withdraw)),
    }


def files_of_claims(house: House, gate: Gate) -> list[BaseRoute]:
    """The routes by which files are sent and handed out."""
    return claim_files(
        gate,
        lambda envelope, claim, paper, media_type, content: claim_papers.give(house, envelope, claim, paper, media_type, content),
        lambda caller, identifier: claim_papers.read(house, caller, identifier),
    )
