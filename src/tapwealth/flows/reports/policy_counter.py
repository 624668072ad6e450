"""What a customer's pages show of insurance: the policies that they have, one of them whole, and what can be done about it today."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.catalogue import store as catalogue
from tapwealth.catalogue.definition import ProductKind
from tapwealth.catalogue.sale import Offer
from tapwealth.catalogue.version import Version
from tapwealth.flows.catalogue.kinds import shape_of
from tapwealth.flows.frame import moment
from tapwealth.flows.insurance.policy_offer import policy_offer
from tapwealth.flows.insurance.policy_product import on_sale, product_of, products_of, versions_of
from tapwealth.flows.insurance.premium_offer import offer_by
from tapwealth.flows.insurance.renewals import renewable
from tapwealth.flows.reports import claims as claim_reports
from tapwealth.flows.reports import standing
from tapwealth.flows.reports.claims import ClaimLine
from tapwealth.flows.reports.standing import PolicyState as PolicyShown
from tapwealth.flows.reports.words import POLICY_STATES, Words
from tapwealth.insurance import application_store, claim_store, endorsement_store, insured_store, premium_store, store
from tapwealth.insurance.applicant import insures_a_person, pays_at_death
from tapwealth.insurance.application_store import ApplicationState
from tapwealth.insurance.buy import LATEST_BEGIN
from tapwealth.insurance.claim import LossKind, first_paid_day
from tapwealth.insurance.collect import payable
from tapwealth.insurance.insurer import insurer_names
from tapwealth.insurance.policy import PolicyEvent, PolicyState, next_state
from tapwealth.insurance.product import WORDS, Accident, AccountLoss, Cover, Every, Health, OccupationClass, PhoneScreen, Product
from tapwealth.insurance.questions import Question
from tapwealth.insurance.schedule import Schedule, dues, next_due, period
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.refusal import Refusal

_DAY = timedelta(days=1)
_LIVES = (PolicyState.QUOTED, PolicyState.ISSUED, PolicyState.IN_FORCE, PolicyState.SUSPENDED)
_EVERY = {Every.YEAR: Words("每年", "a year"), Every.QUARTER: Words("每季", "a quarter"), Every.MONTH: Words("每月", "a month")}
_ONCE = Words("一次缴清", "once")
_APPLICATIONS = {
    ApplicationState.REFERRED: Words("人工核保中", "an underwriter looks at it"),
    ApplicationState.ACCEPTED: Words("核保通过", "accepted"),
    ApplicationState.DECLINED: Words("未能承保", "declined"),
}


class PolicyLine(NamedTuple):
    """A policy among others; fen. `first` and `last`: days that are covered, none if `last` is before `first`. `due_on`: of the premium
    that is paid next, None where nothing more is due; `lives`: it is not over."""

    policy: UUID
    names: Words
    cover: Words
    state: str
    words: Words
    sum_insured: int
    first: date
    last: date
    due_on: date | None
    premium: int
    lives: bool


class PremiumLine(NamedTuple):
    """A premium for the days from `first` to `last`; fen."""

    first: date
    last: date
    amount: int


class Collecting(NamedTuple):
    """How a policy's premiums can be collected: under the terms of `offer`; whether it can go on as another policy at its end, and, of one
    that is paid whole, whether that is all there is to agree to."""

    offer: Offer
    goes_on: bool
    only_that: bool


class PolicyPage(NamedTuple):
    """A policy whole. `first_paid`: the first day whose losses are paid. `pay` fen can be paid by hand today, 0: nothing. `coming`: what is
    not paid, the earliest first. `loss`: what the policyholder can claim, None where others do or nothing can be. `busy`: the insurer is
    asked about it. `claimed`: something is claimed with which it would end, so that nothing is paid meanwhile. `collecting`: None where
    nothing is ever due again."""

    shown: PolicyShown
    names: Words
    cover: Words
    words: Words
    every: Words
    offer: Offer
    insurer: str
    insurer_names: Words
    last: date
    first_paid: date
    first_premium: PremiumLine
    coming: Sequence[PremiumLine]
    pay: int
    busy: bool
    claimed: bool
    being_cancelled: bool
    may_cancel: bool
    may_change: bool
    by_occupation: bool
    at_death: bool
    loss: LossKind | None
    claims: Sequence[ClaimLine]
    today: date
    collecting: Collecting | None


async def held(tx: Any, book: int, person: UUID) -> list[PolicyLine]:
    """All that they ever bought, the newest first: as many questions, however many."""
    rows = await store.policies_of(tx, book, person)
    keys = {(row.book, row.id): row for row in rows}
    products, insured = await products_of(tx, rows), await insured_store.insured(tx, list(keys))
    schedules = await premium_store.schedules(tx, keys)
    return [_line(row, products[row.product, row.version], insured[key].sum_insured, schedules[key]) for key, row in keys.items()]


def _line(row: PolicyRow, product: Product, sum_insured: int, schedule: Schedule) -> PolicyLine:
    state, lives = _state(row), row.state in _LIVES
    due = next_due(schedule) if lives else None
    return PolicyLine(
        row.id,
        Words(product.name, product.name_en),
        cover_words(product.terms.cover),
        state,
        POLICY_STATES[state],
        sum_insured,
        row.from_day,
        row.last_day,
        None if due is None else due.on,
        schedule.premium if due is None else due.amount,
        lives,
    )


def _state(row: PolicyRow) -> str:
    """`rejected`: the insurer did not take it."""
    return "rejected" if row.refused_on else row.state.value


def cover_words(cover: Cover) -> Words:
    """What is insured."""
    return Words(*WORDS[str(cover.__struct_config__.tag)])


async def shown(tx: Any, book: int, person: UUID, identifier: UUID, language: str) -> PolicyPage | Refusal:
    """One of theirs, as it stands."""
    found = await standing.policy(tx, book, person, identifier)
    if isinstance(found, Refusal):
        return found
    key, at = (book, identifier), await moment(tx)
    row = (await store.policies(tx, [key]))[key]
    version = (await versions_of(tx, [row]))[row.product, row.version]
    product, schedule = product_of(version), (await premium_store.schedules(tx, {key: row}))[key]
    asked = bool(await premium_store.under_way(tx, [key])) or bool(await endorsement_store.under_way(tx, [key]))
    asked = asked or bool(await claim_store.deducting(tx, [key]))
    busy, today, cover = asked or row.being_cancelled, at.date_of(at.now), product.terms.cover
    of_policy = await claim_store.claims_of_policy(tx, book, identifier)
    claimed = any(one.ends_policy and one.undecided for one in of_policy)
    claims = await claim_reports.lines(tx, of_policy)
    return PolicyPage(
        shown=found,
        names=Words(product.name, product.name_en),
        cover=cover_words(cover),
        words=POLICY_STATES[_state(row)],
        every=_ONCE if schedule.paid_until == row.to_day == period(schedule, 1) else _EVERY[schedule.every],
        offer=policy_offer(version, language),
        insurer=product.terms.insurer,
        insurer_names=Words(*insurer_names(product.terms.insurer)),
        last=row.last_day,
        first_paid=first_paid_day(row.policy, product.terms),
        first_premium=PremiumLine(row.from_day, period(schedule, 1) - _DAY, row.premium),
        coming=_coming(row, schedule),
        pay=0 if busy or claimed else _payable(schedule, row.state, today),
        busy=busy,
        claimed=claimed,
        being_cancelled=row.being_cancelled,
        may_cancel=not busy and isinstance(next_state(row.state, PolicyEvent.CANCEL), PolicyState),
        may_change=not busy and row.state in (PolicyState.ISSUED, PolicyState.IN_FORCE),
        by_occupation=isinstance(cover, Accident),
        at_death=pays_at_death(cover),
        loss=loss_of(cover) if row.can_be_claimed else None,
        claims=claims[::-1],
        today=today,
        collecting=_collecting(row, version, product, language),
    )


def _collecting(row: PolicyRow, version: Version, product: Product, language: str) -> Collecting | None:
    """As `let_premiums` decides it."""
    goes_on, paid_whole = renewable(product), row.paid_until == row.to_day
    if row.state not in _LIVES or product.terms.days is not None or (paid_whole and not goes_on):
        return None
    return Collecting(offer_by(version, language), goes_on, paid_whole)


def _coming(row: PolicyRow, schedule: Schedule) -> list[PremiumLine]:
    if row.state not in _LIVES:
        return []
    return [PremiumLine(one.on, one.until - _DAY, one.amount) for one in dues(schedule, schedule.to_day)]


def _payable(schedule: Schedule, state: PolicyState, today: date) -> int:
    owed = payable(schedule, state, today)
    return 0 if isinstance(owed, Refusal) else sum(one.amount for one in owed)


def loss_of(cover: Cover) -> LossKind | None:
    """What a policyholder claims by such a cover themselves; a death is claimed at the bank."""
    match cover:
        case Accident():
            return LossKind.ACCIDENT
        case PhoneScreen():
            return LossKind.SCREEN
        case AccountLoss():
            return LossKind.PAYMENT
        case Health():
            return LossKind.ILLNESS
        case _:
            return None


class PolicyOffered(NamedTuple):
    """A policy that can be bought. `occupations`: the classes that it covers, none where work does not matter; `phone`: it is bound to one;
    `of_person`: somebody is insured, and not a thing; cover begins between `first` and `latest`."""

    code: str
    names: Words
    cover: Words
    offer: Offer
    sum_insured: int
    questions: Sequence[Question]
    occupations: Sequence[OccupationClass]
    phone: bool
    of_person: bool
    at_death: bool
    first: date
    latest: date


class ApplicationLine(NamedTuple):
    """An application that is not used up. `open_to`: the last day on which the policy can be bought by it, None where it cannot."""

    application: UUID
    product: str
    names: Words
    state: str
    words: Words
    asked_on: date
    permille: int
    open_to: date | None


async def on_offer(tx: Any, language: str) -> list[PolicyOffered]:
    """What is on sale now, by code: one question, however many."""
    at = await moment(tx)
    found = await catalogue.on_sale_of_kinds(tx, [ProductKind.INSURANCE], shape_of)
    return [_offered(one, language, at.date_of(at.now)) for one in found.values() if one.definition.sale.covers(at.now)]


async def one_offered(tx: Any, code: str, language: str) -> PolicyOffered | None:
    """That product, if it is on sale now."""
    at = await moment(tx)
    version = await on_sale(tx, code, at.now)
    return None if isinstance(version, Refusal) else _offered(version, language, at.date_of(at.now))


def _offered(version: Version, language: str, today: date) -> PolicyOffered:
    said = version.definition
    cover = said.parameters.cover
    return PolicyOffered(
        version.product,
        Words(said.name.zh, said.name.en),
        cover_words(cover),
        policy_offer(version, language),
        said.parameters.sum_insured,
        said.parameters.questions,
        [one for one in OccupationClass if isinstance(cover, Accident) and one.table in said.rates],
        isinstance(cover, PhoneScreen),
        insures_a_person(cover),
        pays_at_death(cover),
        today + _DAY,
        today + LATEST_BEGIN,
    )


async def applications(tx: Any, book: int, person: UUID) -> list[ApplicationLine]:
    """Those by which no policy was bought yet, the newest first."""
    at = await moment(tx)
    rows = [row for row in await application_store.of_person(tx, book, person) if row.policy is None]
    keys = sorted({(row.product, row.version) for row in rows})
    versions = await catalogue.versions_at(tx, keys, shape_of) if keys else {}
    names = {key: Words(one.definition.name.zh, one.definition.name.en) for key, one in versions.items()}
    return [
        ApplicationLine(
            row.id,
            row.product,
            names[row.product, row.version],
            row.state.value,
            _APPLICATIONS[row.state],
            row.asked_on,
            row.permille,
            row.good_until if row.good_until is not None and row.good_until >= at.date_of(at.now) else None,
        )
        for row in rows
    ]
