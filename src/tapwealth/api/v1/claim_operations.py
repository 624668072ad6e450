"""What /v1 can be asked of payments that are disputed, and of claims."""

from typing import Any

from tapwealth.api.v1.operation import Asked, Operation, who
from tapwealth.flows.customers.people import PeopleRefusal
from tapwealth.flows.frame import House
from tapwealth.flows.insurance import claim_notification, claim_recoveries, claims
from tapwealth.flows.insurance.claim_recoveries import GiveClaimBack
from tapwealth.flows.issuing import disputes
from tapwealth.flows.issuing.disputes import DisputeRefusal
from tapwealth.flows.reports import claims as shown
from tapwealth.flows.v1 import claim_papers
from tapwealth.flows.v1.claim_shapes import (
    CardPayment,
    Claim,
    ClaimGivenBack,
    ClaimListed,
    ClaimPaper,
    ClaimStands,
    Disputed,
    NewAppeal,
    NewClaim,
    NewDispute,
    NewGivenBack,
    PaperKept,
)
from tapwealth.flows.v1.deposit_shapes import Nothing
from tapwealth.flows.v1.shapes import Page
from tapwealth.flows.v1.translation import found, identified, listed, part_of, performs
from tapwealth.insurance.claim import ClaimRefusal
from tapwealth.storage.clients import Scope

_C = ClaimRefusal
NOTIFYING = (
    _C.UNKNOWN_POLICY, *DisputeRefusal, _C.NEVER_ISSUED, _C.RESCINDED, _C.OTHER_LOSS, _C.LOSS_AHEAD, _C.BEFORE_COVER, _C.AFTER_COVER,
    _C.NOT_COVERED_THEN, _C.WITHIN_WAITING, _C.TOO_LATE, _C.BY_OWN_HAND, _C.OTHER_DEVICE, _C.ALL_REPLACED, _C.NOT_DISPUTED, _C.NOT_CLEARED,
    _C.BEFORE_LOOK_BACK, _C.TAP_CLAIMED, _C.LIMIT_USED, _C.ILLNESS_CLAIMED, _C.NOT_POSSIBLE_NOW,
)  # fmt: skip
_POLICY, _TAP = f"plc_{'0' * 32}", f"tap_{'0' * 32}"
_YUAN = {"amount": 800_00, "currency": "CNY"}


def claim_operations(house: House) -> list[Operation]:
    """All of them."""
    account = "/v1/accounts/{account}"
    one, read, write = f"{account}/claims/{{claim}}", Scope.CLAIMS_READ, Scope.CLAIMS_WRITE

    async def claim(asked: Asked) -> Any:
        named = identified(asked.path, "claim")
        return await found(house, who(asked), lambda tx, _book, person: shown.claim_view(house, tx, person, named), Claim, "claim")

    return [
        Operation(
            "list_card_payments", "GET", f"{account}/card-payments", read, "Payments by card that can be disputed, newest first",
            Page[CardPayment], listed=True, read=lambda asked: part_of(house, who(asked), asked.wanted, disputes.disputable, CardPayment),
        ),
        Operation(
            "dispute_payment", "POST", f"{account}/disputes", write, "Say that a payment by card was made by somebody else", Disputed,
            act=performs(house, disputes.dispute, disputes.DisputeTap, Disputed), takes=NewDispute, makes=False,
            refusals=tuple(DisputeRefusal), example={"payment": _TAP},
        ),
        Operation(
            "create_claim", "POST", f"{account}/claims", write, "Claim a loss of a policy", ClaimStands, takes=NewClaim,
            act=performs(house, claim_notification.notify, claim_notification.NotifyClaim, ClaimStands), refusals=NOTIFYING,
            example={
                "policy": _POLICY, "kind": "screen", "said": "it fell on the stairs", "loss_day": "2014-03-03", "loss": _YUAN,
                "imei": "490154203237518",
            },
        ),
        Operation(
            "list_claims", "GET", f"{account}/claims", read, "An account's claims, newest first", Page[ClaimListed], listed=True,
            read=lambda asked: listed(house, who(asked), asked.wanted, shown.own, ClaimListed),
        ),
        Operation("get_claim", "GET", one, read, "A claim, its papers and what was paid", Claim, read=claim),
        Operation(
            "list_claim_papers", "GET", f"{one}/papers", read, "The files of a claim, newest first", Page[ClaimPaper], listed=True,
            read=lambda asked: claim_papers.papers(house, who(asked), identified(asked.path, "claim"), asked.wanted),
        ),
        Operation(
            "download_claim_paper", "GET", f"{account}/claim-papers/{{file}}", read, "A file of a claim, as it came", bytes,
            read=lambda asked: claim_papers.hand_out(house, who(asked), identified(asked.path, "file")), refusals=(_C.ERASED,),
        ),
        Operation(
            "give_claim_paper", "POST", f"{one}/papers/{{paper}}", write, "Give a file that shows the loss", PaperKept, takes=bytes,
            act=lambda envelope, file, path: claim_papers.give(house, envelope, file, path), makes=False,
            refusals=(_C.UNKNOWN_CLAIM, _C.NOT_POSSIBLE_NOW, _C.TOO_MANY_FILES),
        ),
        Operation(
            "withdraw_claim", "POST", f"{one}/withdraw", write, "Let a claim be, before it is decided", ClaimStands,
            act=performs(house, claims.withdraw, claims.WithdrawClaim, ClaimStands), takes=Nothing, makes=False, example={},
            refusals=(_C.UNKNOWN_CLAIM, _C.OVER, _C.NOT_POSSIBLE_NOW),
        ),
        Operation(
            "appeal_claim", "POST", f"{one}/appeal", write, "Have a decision looked at once more", ClaimStands,
            act=performs(house, claims.appeal, claims.AppealClaim, ClaimStands), takes=NewAppeal, makes=False,
            refusals=(_C.UNKNOWN_CLAIM, _C.APPEALED_BEFORE, _C.OVER, _C.NOT_POSSIBLE_NOW, _C.APPEAL_OVER),
            example={"reason": "the invoice names the screen"},
        ),
        Operation(
            "give_claim_back", "POST", f"{one}/give-back", write, "Give back what was got elsewhere", ClaimGivenBack,
            act=performs(house, claim_recoveries.give_back, GiveClaimBack, ClaimGivenBack), takes=NewGivenBack, makes=False,
            refusals=(_C.UNKNOWN_CLAIM, _C.MORE_THAN_PAID, PeopleRefusal.NO_MONEY), example={"amount": _YUAN},
        ),
    ]  # fmt: skip
