"""The shapes of /v1 for policies: what is sold, asked, bought and changed. What somebody answered about their health is never told again,
nor which answer an underwriter looks at; names are masked."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tapwealth.flows.v1.deposit_shapes import Confirmed
from tapwealth.flows.v1.sales import ShownFile, ShownOffer
from tapwealth.flows.v1.shapes import Identifier, Money, SignedMoney
from tapwealth.flows.v1.translation import meta, renamed, scaled
from tapwealth.flows.v1.wealth_shapes import ProductCode
from tapwealth.insurance.applicant import Relation
from tapwealth.insurance.beneficiary import Kin
from tapwealth.insurance.product import OccupationClass

PolicyId = Annotated[str, meta("plc", "policy")]
ApplicationId = Annotated[str, meta("apl", "application")]
Percent = Annotated[str, scaled(1, description="percent, one decimal")]
Share = Annotated[str, scaled(2, description="percent, two decimals")]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
IdentityNumber = Annotated[str, Meta(pattern="^[0-9]{17}[0-9Xx]$")]
Answers = Annotated[dict[str, Annotated[str, Meta(max_length=32)]], Meta(max_length=100)]
Fund = Annotated[str, Meta(pattern="^([0-9A-Z]{6}|pocket)?$", description="a fund's code, or `pocket`: it pays what the wallet lacks")]
Cover = str
"""`accident`, `term_life`, `account_loss`, `phone_screen`, `health` and whatever else is insured."""


class AskedChoice(msgspec.Struct, frozen=True):
    """An answer that can be given."""

    answer: str
    says: str
    says_en: str


class AskedQuestion(msgspec.Struct, frozen=True):
    """What is asked of whom it insures."""

    question: str
    asks: str
    asks_en: str
    choices: list[AskedChoice]


class InsuredIllness(msgspec.Struct, frozen=True):
    """A group of illnesses, of which the first brings `share` of the sum insured."""

    group: str
    says: Annotated[str, renamed("says.zh")]
    says_en: Annotated[str, renamed("says.en")]
    share: Annotated[str, scaled(4, description="percent, four decimals")]


class Price(msgspec.Struct, frozen=True):
    """The premium today; `occupation`: of that class, null: of everybody."""

    occupation: int | None
    premium: Money


class InsuranceProduct(msgspec.Struct, frozen=True):
    """A policy that can be bought. `days`: for how many it is, null: for `years`; `limit_per_loss`: null for the sum insured; `youngest`
    and `oldest`: of the insured person on the first day of cover; `prices`: empty where the premium goes by age: ask for a quote."""

    product: str
    version: int
    name: str
    name_en: str
    insurer: str
    cover: Cover
    years: int
    days: int | None
    sum_insured: Money
    waiting_days: int
    free_look_days: int
    free_look_cost: Money
    excess: Money
    limit_per_loss: Money | None
    youngest: int | None
    oldest: int | None
    questions: list[AskedQuestion]
    illnesses: list[InsuredIllness]
    prices: list[Price]
    documents: list[ShownFile]


class NewInsuredPhone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The phone that a policy is bound to; its IMEI has 15 digits."""

    imei: Annotated[str, Meta(max_length=32)]
    bought_on: date


class NewInsuredPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody else who is insured. `insured_elsewhere`: by other insurers at death, asked of minors."""

    relation: Relation
    name: Name
    identity_number: IdentityNumber
    birthday: date
    insured_elsewhere: Money | None = None


class NewBeneficiary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who receives what is paid at death. `share` of what the `rank` receives; left out of all of a rank: the same for each."""

    name: Name
    identity_number: IdentityNumber
    relation: Kin
    rank: Annotated[int, Meta(ge=1, le=10)] = 1
    share: Share | None = None


class NewPolicyQuote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What would it cost? `from_day` left out: cover begins tomorrow. `phone`: of a policy that is bound to one; `answers`: by question;
    `application`: one that was accepted, whose answers stand."""

    product: ProductCode
    occupation: OccupationClass = OccupationClass.ONE
    from_day: date | None = None
    phone: NewInsuredPhone | None = None
    answers: Answers = {}
    insured: NewInsuredPerson | None = None
    application: ApplicationId | None = None


class PolicyQuote(msgspec.Struct, frozen=True):
    """The premium of the first year, or of all of a shorter policy; `loading`: what answers add, in it already. `offer`: what the customer
    has to be shown. Cover is from `from_day` to before `to_day`. `free_look_refund`: what comes back of that premium in the free look, null
    without one."""

    product: str
    version: int
    premium: Money
    loading: Annotated[str, scaled(1, "permille")]
    sum_insured: Money
    from_day: date
    to_day: date
    paid_until: date
    offer: ShownOffer
    free_look_refund: Money | None


class NewApplication(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Have an underwriter look at these answers, where buying was answered `referred`."""

    product: ProductCode
    answers: Answers = {}
    insured: NewInsuredPerson | None = None


class ApplicationMade(msgspec.Struct, frozen=True):
    """It is looked at; the customer is told the decision."""

    id: ApplicationId
    account: Identifier


class Application(msgspec.Struct, frozen=True):
    """`loading` of the premium more, if it was accepted, until `good_until`; `policy`: which was bought by it."""

    id: ApplicationId
    account: Identifier
    product: str
    version: int
    state: Literal["referred", "accepted", "declined"]
    asked_on: date
    loading: Annotated[str, scaled(1, "permille")]
    good_until: date | None
    policy: Annotated[str, meta("plc")] | None


class NewPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Buy it from the wallet. `premium`: what the customer was shown, refused if it is another one by now; `confirmed`: what the customer
    agreed to, `terms` in any case. `beneficiaries`: none, and it is the estate's. With an `application` its answers stand."""

    product: ProductCode
    confirmed: Confirmed
    premium: Money | None = None
    occupation: OccupationClass = OccupationClass.ONE
    from_day: date | None = None
    phone: NewInsuredPhone | None = None
    answers: Answers = {}
    insured: NewInsuredPerson | None = None
    beneficiaries: Annotated[list[NewBeneficiary], Meta(max_length=10)] = []
    application: ApplicationId | None = None


class PolicyTaken(msgspec.Struct, frozen=True):
    """The premium is taken and the insurer asked; look at the policy for its answer."""

    id: PolicyId
    account: Identifier
    premium: Money
    from_day: date
    to_day: date
    state: Literal["quoted"]


PolicyStanding = Literal["quoted", "rejected", "issued", "in_force", "suspended", "lapsed", "cancelled", "expired", "claimed"]


class PolicyListed(msgspec.Struct, frozen=True):
    """A policy among others. `first` and `last`: days that are covered; `due_on`: of the premium that is paid next."""

    id: PolicyId
    account: Identifier
    name: Annotated[str, renamed("names.zh")]
    name_en: Annotated[str, renamed("names.en")]
    state: PolicyStanding
    sum_insured: Money
    premium: Money
    first: date
    last: date
    due_on: date | None


class PolicyBeneficiary(msgspec.Struct, frozen=True):
    """Who receives what is paid at death; `share`: null, the same for each of the rank."""

    name: str
    relation: str
    rank: int
    share: Share | None


class PolicyInsures(msgspec.Struct, frozen=True):
    """Whom and what it insures, names masked; `phone`: the last four digits of its IMEI, empty without one."""

    name: str
    relation: Relation
    occupation: int
    phone: str
    beneficiaries: list[PolicyBeneficiary]


class PolicyPremium(msgspec.Struct, frozen=True):
    """A premium that was taken for the days from `due_on` to before `until`. `returned`: the insurer did not book it, for that `reason`;
    `deducted`: it kept it of what it paid for a claim."""

    due_on: date
    until: date
    amount: Money
    interest: Money
    taken_on: date
    state: Literal["taken", "booked", "returned", "deducted"]
    reason: str
    collected: bool


class PremiumToCome(msgspec.Struct, frozen=True):
    """A premium that is not paid yet, for these days."""

    first: date
    last: date
    amount: Money


class PolicySuspension(msgspec.Struct, frozen=True):
    """Without cover from `from_day` to before `to_day`; null while it lasts."""

    from_day: date
    to_day: date | None


class PremiumsCollected(msgspec.Struct, frozen=True):
    """Premiums are collected when due, `most` at a time; `fund` pays what the wallet lacks. `renews`: it goes on when it ends."""

    most: Money
    fund: str
    renews: bool


class PolicyChange(msgspec.Struct, frozen=True):
    """A change: `amount` was taken, below zero it comes back; `reason`: the insurer's, where it did not accept."""

    kind: Literal["occupation", "beneficiaries", "address", "age"]
    state: Literal["asked", "accepted", "refused"]
    amount: SignedMoney
    effective: date
    reason: str


class Policy(msgspec.Struct, frozen=True):
    """A policy whole. `number`: the insurer's, empty until it has issued it. `due_on`: of the first premium that is not paid;
    `grace_until`: the last day for it; `suspended_from` and `lapses_on`: what becomes of cover if it is not. `arrears`, `interest` in it:
    what is paid today to reinstate; `payable`: what can be paid today. `under_way`: the insurer has been asked about it."""

    id: Annotated[str, meta("plc", "shown.policy")]
    account: Identifier
    number: Annotated[str, renamed("shown.policy_number")]
    product: Annotated[str, renamed("shown.shown.code")]
    version: Annotated[int, renamed("shown.shown.version")]
    name: Annotated[str, renamed("names.zh")]
    name_en: Annotated[str, renamed("names.en")]
    insurer: str
    state: Annotated[PolicyStanding, renamed("shown.state")]
    reason: Annotated[str, renamed("shown.reason")]
    bought_on: Annotated[date, renamed("shown.shown.bought_on")]
    sum_insured: Annotated[Money, renamed("shown.insured.sum_insured")]
    from_day: Annotated[date, renamed("shown.shown.from_day")]
    to_day: Annotated[date, renamed("shown.shown.to_day")]
    first_paid: date
    free_look_until: Annotated[date | None, renamed("shown.shown.free_look_until")]
    refund: Annotated[Money, renamed("shown.refund")]
    refund_received: Annotated[bool, renamed("shown.refund_received")]
    insured: Annotated[PolicyInsures, renamed("shown.insured")]
    every: Annotated[Literal["year", "quarter", "month"], renamed("shown.premiums.every")]
    premium: Annotated[Money, renamed("shown.premiums.premium")]
    paid_until: Annotated[date, renamed("shown.premiums.paid_until")]
    due_on: Annotated[date | None, renamed("shown.premiums.due_on")]
    grace_until: Annotated[date | None, renamed("shown.premiums.grace_until")]
    suspended_from: Annotated[date | None, renamed("shown.premiums.suspended_from")]
    lapses_on: Annotated[date | None, renamed("shown.premiums.lapses_on")]
    arrears: Annotated[Money, renamed("shown.premiums.arrears")]
    interest: Annotated[Money, renamed("shown.premiums.interest")]
    payable: Annotated[Money, renamed("pay")]
    collected: Annotated[PremiumsCollected | None, renamed("shown.premiums.agreed")]
    premiums: Annotated[list[PolicyPremium], renamed("shown.premiums.paid")]
    to_come: Annotated[list[PremiumToCome], renamed("coming")]
    suspensions: Annotated[list[PolicySuspension], renamed("shown.premiums.suspensions")]
    cash_value: Annotated[Money, renamed("shown.premiums.cash_value")]
    changes: Annotated[list[PolicyChange], renamed("shown.changes")]
    under_way: Annotated[bool, renamed("busy")]
    being_cancelled: bool


class RefundQuote(msgspec.Struct, frozen=True):
    """What cancelling it on that date would bring back."""

    id: PolicyId
    date: Annotated[date, renamed("day")]
    refund: Money
    free_look: bool


class NewCancellation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End it; the insurer is told the reason. `refund`: what comes back as the customer was shown."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)] = "the policyholder's wish"
    refund: Money | None = None


class PolicyCancelling(msgspec.Struct, frozen=True):
    """The insurer is asked; `refund` comes to the wallet once it has cancelled."""

    id: PolicyId
    account: Identifier
    refund: Money
    free_look: bool


class NewPremium(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pay what is due, or the next premium up to 30 days before. `premium`: what the customer was shown."""

    premium: Money | None = None
    fund: Fund = ""


class NewReinstatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pay all that is owed with its interest and have cover again. `amount`: what the customer was shown."""

    amount: Money | None = None
    fund: Fund = ""


class PremiumTaken(msgspec.Struct, frozen=True):
    """So much was taken, `interest` in it and `from_funds` of it; once the insurer agrees it is paid for to before `paid_until`."""

    id: PolicyId
    account: Identifier
    amount: Money
    interest: Money
    from_funds: Money
    paid_until: date


class NewPremiumsCollected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Collect premiums when they are due, `most` at a time; takes the place of what was agreed before."""

    most: Money
    fund: Fund = ""
    renews: bool = False


class PremiumMandate(msgspec.Struct, frozen=True):
    """What is agreed about the premiums of a policy, or, when it does not stand any more, was."""

    id: PolicyId
    account: Identifier
    most: Money
    fund: str
    renews: bool
    stands: bool


class NewOccupation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The insured person has other work. `amount`: what the customer was shown to pay more, below zero: to get back."""

    occupation: OccupationClass
    amount: SignedMoney | None = None


class NewBeneficiaries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These receive what is paid at death, none named before does; nobody: the estate. `confirmed`: `consent` of an insured grown-up who is
    somebody else."""

    beneficiaries: Annotated[list[NewBeneficiary], Meta(max_length=10)]
    confirmed: Confirmed = []


class NewAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the insurer writes to."""

    address: Annotated[str, Meta(min_length=1, max_length=200)]


class PolicyChanging(msgspec.Struct, frozen=True):
    """The insurer is asked for what counts from `effective` on. `amount` was taken, below zero it comes back; `ends`: that work is not
    covered, and the policy is cancelled for that refund."""

    id: PolicyId
    account: Identifier
    effective: date
    amount: SignedMoney
    ends: bool
