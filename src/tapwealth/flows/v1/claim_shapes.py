"""The shapes of /v1 for payments that are disputed, and for claims."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tapwealth.flows.v1.shapes import Identifier, Money
from tapwealth.flows.v1.translation import meta, renamed
from tapwealth.insurance.claim import LossKind, Paper

ClaimId = Annotated[str, meta("clm", "claim")]
TapId = Annotated[str, meta("tap", "tap")]
PolicyNamed = Annotated[str, meta("plc", "policy")]
Said = Annotated[str, Meta(min_length=1, max_length=1_000)]
State = Literal["notified", "papers_asked", "assessing", "with_insurer", "agreed", "refused", "paid", "appealed", "closed"]


class CardPayment(msgspec.Struct, frozen=True):
    """A payment by a card of the customer's phone that can be disputed. `disputed_on`: when it was said first not to be theirs."""

    id: TapId
    account: Identifier
    paid_at: datetime
    amount: Money
    merchant_number: str
    state: Literal["approved", "captured"]
    disputed_on: date | None


class NewDispute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The customer says that this payment was made by somebody else."""

    payment: Annotated[str, meta("tap", "tap")]


class Disputed(msgspec.Struct, frozen=True):
    """`reported_on` is the day on which it was said first: insurance looks back from it."""

    id: TapId
    account: Identifier
    amount: Money
    merchant_number: str
    reported_on: date


class NewClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Claim a loss. A `screen` is claimed with the phone's `imei`, a `payment` with the disputed `payment` (its day and amount are known),
    an `illness` with its group in the product and the day of the diagnosis (`by_accident`: an accident brought it about), all else with
    `loss_day` and `loss`. `said`: what happened."""

    policy: Annotated[str, meta("plc")]
    kind: LossKind
    said: Said
    loss_day: date | None = None
    loss: Money | None = None
    imei: Annotated[str, Meta(max_length=32)] = ""
    payment: Annotated[str, meta("tap", "tap")] | None = None
    illness: Annotated[str, Meta(max_length=32)] = ""
    by_accident: bool = False


class ClaimStands(msgspec.Struct, frozen=True):
    """Where it stands; `papers` are still needed."""

    id: ClaimId
    account: Identifier
    state: State
    papers: list[Paper]


class ClaimListed(msgspec.Struct, frozen=True):
    """A claim among others. `due_on` and `due`: what the law wants of the insurer next, and by when."""

    id: ClaimId
    account: Identifier
    policy: PolicyNamed
    kind: LossKind
    loss_day: date
    loss: Money
    state: State
    paid: Money
    due_on: date | None
    due: Literal["decide", "certain_part", "pay", "tell"] | None


class ClaimPaper(msgspec.Struct, frozen=True):
    """A file that was given; `erased`: its time is over, the hash is left."""

    id: Annotated[str, meta("ppr", "paper")]
    paper: Annotated[Paper, renamed("shows")]
    media_type: str
    size: int
    sha256: str
    erased: bool


class ClaimPayment(msgspec.Struct, frozen=True):
    """What the insurer was asked to pay; `arrears` of the premium are deducted already."""

    part: Literal["certain", "whole", "appeal"]
    amount: Money
    arrears: Money
    state: Literal["asked", "agreed", "refused", "paid"]
    paid_on: date | None


class Claim(msgspec.Struct, frozen=True):
    """A claim whole; `reason`: why it was refused, or paid in part; `recovered` came back for the insurer."""

    id: Annotated[str, meta("clm", "line.claim")]
    account: Identifier
    policy: Annotated[str, meta("plc", "line.policy")]
    kind: Annotated[LossKind, renamed("line.kind")]
    loss_day: Annotated[date, renamed("line.loss_day")]
    loss: Annotated[Money, renamed("line.loss")]
    state: Annotated[State, renamed("line.state")]
    paid: Annotated[Money, renamed("line.paid")]
    due_on: Annotated[date | None, renamed("line.due_on")]
    due: Annotated[Literal["decide", "certain_part", "pay", "tell"] | None, renamed("line.due")]
    said: str
    missing: list[Paper]
    reason: str
    papers: list[ClaimPaper]
    payments: list[ClaimPayment]
    recovered: Money


class NewAppeal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Have a decision looked at once more, and why."""

    reason: Said


class NewGivenBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give so much of what was paid back, since it was got elsewhere."""

    amount: Money


class ClaimGivenBack(msgspec.Struct, frozen=True):
    """It is on its way to the insurer."""

    id: ClaimId
    account: Identifier
    amount: Money


class PaperKept(msgspec.Struct, frozen=True):
    """`state` of the claim; `missing`: the papers that are still needed. None, and the claim is looked at."""

    id: Annotated[str, meta("ppr", "paper")]
    sha256: str
    state: State
    missing: list[Paper]
