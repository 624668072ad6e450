"""A claim's life: what has to be true of a loss, what follows what, and by when by law. Pure.

The articles are those of China's Insurance Law of 2015. A claim is looked at once its papers are complete; what is missing is asked for
once (22). It is decided within 30 days, paid within 10 days of the agreement (23), refused with the reasons within 3 days (24); where the
amount is not known after 60 days, what is certain is paid (25). Who waits for two years, or five where a life was insured, comes too late
(26). A last day counts whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, StrEnum, auto
from fractions import Fraction
from uuid import UUID

from tapwealth.insurance.policy import Policy, PolicyState, anniversary
from tapwealth.insurance.product import Accident, AccountLoss, Health, Illness, PhoneScreen, PolicyParameters, TermLife, WithinWaiting
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.units import WHOLE

DECIDE_WITHIN, PAY_WITHIN, TELL_WITHIN, CERTAIN_WITHIN = timedelta(30), timedelta(10), timedelta(3), timedelta(60)
CLAIM_WITHIN, CLAIM_WITHIN_OF_A_LIFE = 2, 5
"""Years after the loss; the longer time is that of life insurance, which an accident policy is none of."""
SUICIDE_YEARS = 2
"""From the beginning of cover, or from its last reinstatement: a death by one's own hand is not paid (44)."""
APPEAL_WITHIN = timedelta(60)
"""After a claim was refused or paid; the house's own rule."""
KEEP_YEARS, KEEP_YEARS_OF_LONGER = 5, 10
"""How long evidence is kept after the policy and its claim are over: of a policy for a year or less, and of a longer one (87)."""


class ClaimState(StrEnum):
    """Where a claim stands."""

    NOTIFIED = "notified"
    """Papers are still to come."""
    PAPERS_ASKED = "papers_asked"
    """Somebody has looked, and asked for what else is needed."""
    ASSESSING = "assessing"
    """The papers are complete."""
    WITH_INSURER = "with_insurer"
    """Found to be payable; the insurer has the last word."""
    AGREED = "agreed"
    """The insurer will pay it."""
    REFUSED = "refused"
    PAID = "paid"
    APPEALED = "appealed"
    """The claimant does not agree; it is looked at once more."""
    CLOSED = "closed"


class ClaimEvent(StrEnum):
    """What can happen to it."""

    ASK_PAPERS = "ask_papers"
    COMPLETE = "complete"
    FIND = "find"
    """Payable, says the house."""
    AGREE = "agree"
    """Payable, says the insurer."""
    REFUSE = "refuse"
    PAY = "pay"
    APPEAL = "appeal"
    WITHDRAW = "withdraw"
    CLOSE = "close"


class ClaimRefusal(Enum):
    """In the order in which they are checked: of what is claimed, then of what is done with a claim."""

    UNKNOWN_POLICY = auto()
    NEVER_ISSUED = auto()
    RESCINDED = auto()
    OTHER_LOSS = auto()
    LOSS_AHEAD = auto()
    BEFORE_COVER = auto()
    AFTER_COVER = auto()
    NOT_COVERED_THEN = auto()
    WITHIN_WAITING = auto()
    TOO_LATE = auto()
    BY_OWN_HAND = auto()
    OTHER_DEVICE = auto()
    ALL_REPLACED = auto()
    ILLNESS_CLAIMED = auto()
    NOT_DISPUTED = auto()
    NOT_CLEARED = auto()
    BEFORE_LOOK_BACK = auto()
    TAP_CLAIMED = auto()
    LIMIT_USED = auto()
    DEATH_CLAIMED = auto()
    UNKNOWN_CLAIM = auto()
    UNKNOWN_RECOVERY = auto()
    ASKED_BEFORE = auto()
    APPEALED_BEFORE = auto()
    APPEAL_OVER = auto()
    OVER = auto()
    NOT_POSSIBLE_NOW = auto()
    NOTHING_PAYABLE = auto()
    MORE_THAN_CLAIMED = auto()
    FOUR_EYES = auto()
    NEEDS_GUARDIAN = auto()
    UNKNOWN_RECEIVER = auto()
    NO_CHILD = auto()
    NOT_A_GUARDIAN = auto()
    NOT_SHOWN = auto()
    NO_RECOURSE = auto()
    MORE_THAN_PAID = auto()
    TOO_MANY_FILES = auto()
    ERASED = auto()


class LossKind(StrEnum):
    """What was lost."""

    SCREEN = "screen"
    PAYMENT = "payment"
    """From the account, not made by its owner."""
    ACCIDENT = "accident"
    DEATH = "death"
    ILLNESS = "illness"

    @property
    def of_a_person(self) -> bool:
        """Whether somebody's life or body was insured: the insurer then takes nothing from who caused the loss (46)."""
        return self in (LossKind.ACCIDENT, LossKind.DEATH, LossKind.ILLNESS)


class Paper(StrEnum):
    """What a file shows."""

    PHOTO = "photo"
    INVOICE = "invoice"
    STATEMENT = "statement"
    """The claimant's own, signed."""
    POLICE = "police"
    MEDICAL = "medical"
    DEATH = "death"
    DIAGNOSIS = "diagnosis"
    PATHOLOGY = "pathology"
    """What the laboratory found."""
    IDENTITY = "identity"
    GUARDIAN = "guardian"
    """That somebody is a child's."""
    OTHER = "other"


NEEDED: dict[LossKind, tuple[Paper, ...]] = {
    LossKind.SCREEN: (Paper.PHOTO, Paper.INVOICE),
    LossKind.PAYMENT: (Paper.STATEMENT,),
    LossKind.ACCIDENT: (Paper.MEDICAL, Paper.INVOICE),
    LossKind.DEATH: (Paper.DEATH,),
    LossKind.ILLNESS: (Paper.DIAGNOSIS, Paper.PATHOLOGY, Paper.IDENTITY),
}
"""Without which a claim is not looked at."""


class Clock(StrEnum):
    """What the law gives so many days for."""

    DECIDE = "decide"
    CERTAIN_PART = "certain_part"
    PAY = "pay"
    TELL = "tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim as stored; amounts in fen. `loss` is what the claimant asks for, `found` what the house took for the loss. `tap`: the payment
    that is claimed. `illness`: the keyed hash of policy and group; `early`: it was within the waiting time, and the premiums come back.
    `asked`: the papers that were asked for, parted by blanks. `due_on`: the next day by which something is due by law, `warned_on`: when
    operations were told of it. `told_on`: when the claimant was told of a refusal. `named`: of a death, the version of the
    beneficiaries that stood on that day; `died`: the numbers of those who had died before, from 1, parted by blanks.
    `heard_at`: when the claimant last gave a file or appealed."""

    book: int
    id: UUID
    policy: UUID
    person: UUID
    kind: LossKind
    loss_day: date
    loss: int
    said: bytes
    notified_at: datetime
    notified_on: date
    arrears: int = 0
    tap: UUID | None = None
    illness: bytes | None = None
    early: bool = False
    state: ClaimState = ClaimState.NOTIFIED
    asked: str = ""
    asked_on: date | None = None
    complete_on: date | None = None
    found: int = 0
    agreed_on: date | None = None
    refused_on: date | None = None
    reason: str = ""
    told_on: date | None = None
    paid_on: date | None = None
    appealed_on: date | None = None
    closed_on: date | None = None
    due_on: date | None = None
    warned_on: date | None = None
    erase_on: date | None = None
    erased_on: date | None = None
    named: int = 0
    died: str = ""
    heard_at: datetime | None = None

    @property
    def ends_policy(self) -> bool:
        """Whether the policy would be over with it, whatever is left of the sum insured."""
        return self.early or self.kind is LossKind.DEATH

    @property
    def undecided(self) -> bool:
        """Whether money may still come of it, without an appeal."""
        return self.state not in (ClaimState.REFUSED, ClaimState.PAID, ClaimState.CLOSED)


@dataclass(frozen=True, slots=True)
class Due:
    """The last day for something."""

    clock: Clock
    day: date


_S, _E = ClaimState, ClaimEvent
_OPEN = (_S.NOTIFIED, _S.PAPERS_ASKED, _S.ASSESSING)
_MOVES = {
    (_S.NOTIFIED, _E.ASK_PAPERS): _S.PAPERS_ASKED,
    (_S.ASSESSING, _E.ASK_PAPERS): _S.PAPERS_ASKED,
    (_S.NOTIFIED, _E.COMPLETE): _S.ASSESSING,
    (_S.PAPERS_ASKED, _E.COMPLETE): _S.ASSESSING,
    (_S.ASSESSING, _E.FIND): _S.WITH_INSURER,
    (_S.APPEALED, _E.FIND): _S.WITH_INSURER,
    (_S.WITH_INSURER, _E.AGREE): _S.AGREED,
    (_S.WITH_INSURER, _E.REFUSE): _S.REFUSED,
    (_S.APPEALED, _E.REFUSE): _S.REFUSED,
    (_S.AGREED, _E.PAY): _S.PAID,
    (_S.REFUSED, _E.APPEAL): _S.APPEALED,
    (_S.PAID, _E.APPEAL): _S.APPEALED,
    (_S.REFUSED, _E.CLOSE): _S.CLOSED,
    (_S.PAID, _E.CLOSE): _S.CLOSED,
    **{(state, _E.REFUSE): _S.REFUSED for state in _OPEN},
    **{(state, _E.WITHDRAW): _S.CLOSED for state in _OPEN},
}
_WORDS = {_S.PAPERS_ASKED: "waits for papers", _S.WITH_INSURER: "is with the insurer"}


def next_state(claim: Claim, event: ClaimEvent) -> ClaimState | Refusal:
    """Where the event leads; papers are asked for once, and an appeal is made once. Total over all pairs."""
    if event is _E.ASK_PAPERS and claim.asked_on is not None:
        text = f"papers were asked for on {claim.asked_on}, and are asked for once; decide by what is there"
        return Refusal(ClaimRefusal.ASKED_BEFORE, text)
    if event is _E.APPEAL and claim.appealed_on is not None:
        return Refusal(ClaimRefusal.APPEALED_BEFORE, f"an appeal was made on {claim.appealed_on}; a court decides further")
    if (claim.state, event) in _MOVES:
        return _MOVES[claim.state, event]
    if claim.state is _S.CLOSED:
        return Refusal(ClaimRefusal.OVER, f"the claim was closed on {claim.closed_on}")
    words = _WORDS.get(claim.state, f"is {claim.state}")
    return Refusal(ClaimRefusal.NOT_POSSIBLE_NOW, f"the claim {words}, so this cannot be done with it now; look at it again later")


def dues(claim: Claim, *, part_paid: bool) -> list[Due]:
    """Everything that is due by law, the earliest first. `part_paid`: what is certain is paid."""
    found: list[Due] = []
    since = claim.appealed_on or claim.complete_on
    if claim.state in (_S.ASSESSING, _S.WITH_INSURER, _S.APPEALED) and since is not None:
        found.append(Due(Clock.DECIDE, since + DECIDE_WITHIN))
    if claim.state in (_S.ASSESSING, _S.WITH_INSURER) and claim.complete_on is not None and claim.appealed_on is None and not part_paid:
        found.append(Due(Clock.CERTAIN_PART, claim.complete_on + CERTAIN_WITHIN))
    if claim.state is _S.AGREED and claim.agreed_on is not None:
        found.append(Due(Clock.PAY, claim.agreed_on + PAY_WITHIN))
    if claim.refused_on is not None and claim.told_on is None:
        found.append(Due(Clock.TELL, claim.refused_on + TELL_WITHIN))
    return sorted(found, key=lambda due: due.day)


def complete(claim: Claim, papers: Sequence[Paper]) -> tuple[Paper, ...]:
    """What is still missing of what is needed and what was asked for."""
    wanted = (*NEEDED[claim.kind], *(Paper(one) for one in claim.asked.split()))
    return tuple(dict.fromkeys(one for one in wanted if one not in papers))


def appeal_over(claim: Claim, today: date) -> Refusal | None:
    """An appeal comes within 60 days of the refusal or the payment."""
    since = max(day for day in (claim.refused_on, claim.paid_on, claim.notified_on) if day is not None)
    if today <= since + APPEAL_WITHIN:
        return None
    return Refusal(ClaimRefusal.APPEAL_OVER, f"an appeal could be made until {since + APPEAL_WITHIN}; a court decides further")


def erase_day(policy: Policy, terms: PolicyParameters, closed_on: date) -> date:
    """When what shows a closed claim's loss is erased."""
    return anniversary(max(policy.to_day, closed_on), KEEP_YEARS if terms.years == 1 else KEEP_YEARS_OF_LONGER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What is claimed. `device` is the keyed hash of the phone whose screen it is; `told_on` the day on which a payment was said not to be
    one's own; `tap_claimed`: it was claimed before, by whatever policy. `illness` names the group as a claim does; `by_accident`: an
    accident brought it about."""

    kind: LossKind
    day: date
    today: date
    own_hand: bool = False
    device: bytes = b""
    told_on: date | None = None
    tap_claimed: bool = False
    illness: bytes = b""
    by_accident: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the policy stands. `rescinded`: for what was untrue on purpose. `covered`: its premiums are paid for the day of the loss, or in
    grace. `last_day` of its cover, if it ended before its time; `since`: the beginning, or the last reinstatement. `device`: keyed hash of
    the insured phone. `paid` fen of earlier losses, promised ones included; `replaced`: screens, those included that are being looked
    at; `ill`: the groups of illnesses that are claimed, or paid; `early`: one of them was within the waiting time; `death`: it
    is claimed, or paid."""

    policy: Policy
    terms: PolicyParameters
    rescinded: bool = False
    covered: bool = True
    since: date | None = None
    last_day: date | None = None
    device: bytes = b""
    paid: int = 0
    replaced: int = 0
    ill: frozenset[bytes] = frozenset()
    early: bool = False
    death: bool = False


_LOSSES: dict[type, tuple[LossKind, ...]] = {
    Accident: (LossKind.ACCIDENT, LossKind.DEATH),
    TermLife: (LossKind.DEATH,),
    AccountLoss: (LossKind.PAYMENT,),
    PhoneScreen: (LossKind.SCREEN,),
    Health: (LossKind.ILLNESS,),
}


def wrong_loss(standing: Standing, loss: Loss) -> Refusal | None:
    """Why the policy cannot pay for that loss, as far as it can be said at once."""
    if standing.policy.issued_on is None:
        return Refusal(ClaimRefusal.NEVER_ISSUED, "the insurer has not issued this policy; nothing is covered by it")
    if standing.rescinded:
        return Refusal(ClaimRefusal.RESCINDED, "it was rescinded for an answer that was untrue on purpose; nothing is owed of it")
    if loss.kind not in _LOSSES[type(standing.terms.cover)]:
        text = f"this policy does not cover such a loss ({loss.kind}); look at what it covers"
        return Refusal(ClaimRefusal.OTHER_LOSS, text)
    return _wrong_day(standing, loss) or _wrong_thing(standing, loss)


def first_paid_day(policy: Policy, terms: PolicyParameters) -> date:
    """The first day whose losses are paid: the waiting time counts from the beginning of cover, a screen's from the day of issue."""
    counts_from = policy.issued_on if isinstance(terms.cover, PhoneScreen) and policy.issued_on else policy.from_day
    return max(counts_from + timedelta(days=terms.waiting_days), policy.from_day)


def _wrong_day(standing: Standing, loss: Loss) -> Refusal | None:
    policy, day = standing.policy, loss.day
    if day > loss.today:
        return Refusal(ClaimRefusal.LOSS_AHEAD, f"{day} has not come yet; give the day on which it happened")
    if day < policy.from_day:
        return Refusal(ClaimRefusal.BEFORE_COVER, f"cover began on {policy.from_day}; what happened before is not paid")
    last = min(policy.to_day - timedelta(days=1), standing.last_day or date.max)
    if day > last:
        return Refusal(ClaimRefusal.AFTER_COVER, f"cover ended with {last}; what happened after is not paid")
    if not standing.covered:
        words = "has lapsed" if policy.state is PolicyState.LAPSED else "was suspended"
        text = f"no premium was paid for {day}, and its days of grace were over: the policy {words}"
        return Refusal(ClaimRefusal.NOT_COVERED_THEN, text)
    first = first_paid_day(policy, standing.terms)
    if day < first and not _never_waits(standing.terms, loss) and not premiums_back(policy, standing.terms, loss):
        text = f"within the waiting time of {standing.terms.waiting_days} days nothing is paid; losses from {first} on are"
        return Refusal(ClaimRefusal.WITHIN_WAITING, text)
    years = CLAIM_WITHIN_OF_A_LIFE if isinstance(standing.terms.cover, TermLife) else CLAIM_WITHIN
    if loss.today > anniversary(day, years):
        return Refusal(ClaimRefusal.TOO_LATE, f"it had to be claimed by {anniversary(day, years)}, within {years} years of the loss")
    return None


def _never_waits(terms: PolicyParameters, loss: Loss) -> bool:
    return isinstance(terms.cover, Accident) or loss.by_accident


def premiums_back(policy: Policy, terms: PolicyParameters, loss: Loss) -> bool:
    """Whether such a loss is one within the waiting time that brings all premiums back."""
    gives = isinstance(terms.cover, Health) and terms.cover.within_waiting is WithinWaiting.PREMIUMS
    return gives and loss.day < first_paid_day(policy, terms) and not _never_waits(terms, loss)


def benefit(terms: PolicyParameters, illness: Illness) -> int:
    """Fen that the first illness of a group brings: its share of the sum insured, half-up."""
    return half_up(Fraction(terms.sum_insured * illness.share, WHOLE))


def _wrong_thing(standing: Standing, loss: Loss) -> Refusal | None:
    cover, since = standing.terms.cover, standing.since or standing.policy.from_day
    if loss.own_hand and isinstance(cover, Accident):
        return Refusal(ClaimRefusal.BY_OWN_HAND, "a death by one's own hand is no accident; this policy pays for accidents")
    if loss.own_hand and loss.day < anniversary(since, SUICIDE_YEARS):
        text = f"within {SUICIDE_YEARS} years from {since} a death by one's own hand is not paid; the cash value is given back"
        return Refusal(ClaimRefusal.BY_OWN_HAND, text)
    if isinstance(cover, PhoneScreen):
        if not standing.device or loss.device != standing.device:
            return Refusal(ClaimRefusal.OTHER_DEVICE, "the policy names another phone; give the IMEI of the phone that is insured")
        if standing.replaced >= cover.replacements:
            text = f"{cover.replacements} of {cover.replacements} screens are replaced or claimed already; the policy pays for no more"
            return Refusal(ClaimRefusal.ALL_REPLACED, text)
    if isinstance(cover, AccountLoss):
        told = loss.told_on or loss.today
        if told > loss.day + timedelta(days=cover.look_back_days):
            text = f"it was disputed on {told}; the policy looks back {cover.look_back_days} days"
            return Refusal(ClaimRefusal.BEFORE_LOOK_BACK, text)
        if loss.tap_claimed:
            return Refusal(ClaimRefusal.TAP_CLAIMED, "this payment was claimed before, and is claimed once; look at your claims")
    if standing.early:
        text = "an illness within the waiting time is claimed, for which all premiums come back and the policy ends; look at that claim"
        return Refusal(ClaimRefusal.ILLNESS_CLAIMED, text)
    if loss.illness and loss.illness in standing.ill:
        text = "an illness of this group is claimed already, and its share is paid once; look at that claim"
        return Refusal(ClaimRefusal.ILLNESS_CLAIMED, text)
    if standing.paid >= standing.terms.sum_insured:
        return Refusal(ClaimRefusal.LIMIT_USED, "the sum insured is used up by earlier losses; nothing is left to be paid")
    if standing.death and loss.kind is LossKind.DEATH:
        return Refusal(ClaimRefusal.DEATH_CLAIMED, "the death is claimed of this policy already, and is claimed once; look at that claim")
    return None


def payable(terms: PolicyParameters, found: int, *, of_claim: int, of_policy: int, arrears: int) -> int:
    """Fen that are paid now for a loss of `found`: less the excess, within the limit of one loss and what is left of the sum insured, less
    what was paid of it before (`of_claim`; `of_policy`: of all its losses, this one included), less the arrears of its premium, once."""
    of_loss = min(max(found - terms.excess, 0), terms.limit_per_loss or terms.sum_insured)
    due = min(of_loss - of_claim, terms.sum_insured - of_policy)
    return max(due - (0 if of_claim else arrears), 0)
