"""Where something stands: small reads for a customer's phone, for operators, and for whoever waits for a partner's answer."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.bank import store as bank
from tapwealth.bills import store as bills
from tapwealth.customers import store as customers
from tapwealth.flows.acquiring.merchants import kept_fields
from tapwealth.flows.bills.paying import STATE_WORDS
from tapwealth.flows.frame import HOUSE_BOOK, House, moment
from tapwealth.flows.funds.pocket import pocket_of
from tapwealth.flows.insurance.premium_views import PremiumsShown, premiums_shown
from tapwealth.flows.reports import store
from tapwealth.flows.reports.customers import PolicyView, policy_views
from tapwealth.flows.reports.holdings import HoldingShown, other_holdings
from tapwealth.flows.reports.refusals import ReportRefusal
from tapwealth.flows.sensitive_proposals import SENSITIVE, content_of
from tapwealth.insurance import beneficiary_store, endorsement_store, insured_store
from tapwealth.insurance import store as insurance
from tapwealth.issuing import store as issuing
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import prefixed
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Balance, Limit, NewAccount
from tapwealth.notices import store as notices
from tapwealth.storage import approvals, operators


class BoundCard(msgspec.Struct, frozen=True):
    """A bank card that money can be moved in from and out to."""

    card: UUID
    bank: str
    masked: str


class Me(msgspec.Struct, frozen=True):
    """Who the bearer is here. Money in fen, units in 1/100; `wallet` can be spent, `wallet_held` waits for clearing. `holding` is that of
    the first fund, `funds` are the others."""

    person: str
    shown_name: str
    level: int
    wallet: int
    wallet_held: int
    holding: int
    holding_held: int
    funds: list[HoldingShown]
    cards: list[BoundCard]
    phone_card: str
    unread: int
    """Notices that were not opened yet."""


class PaymentView(msgspec.Struct, frozen=True):
    """A payment through the bank: instructed, executed or rejected (with the bank's reason)."""

    payment: str
    purpose: str
    amount: int
    state: str
    reason: str


class BillState(msgspec.Struct, frozen=True):
    """A payment of a bill, as its payer sees it."""

    payment: UUID
    biller: str
    account: str
    period: str
    amount: int
    state: str
    state_zh: str
    state_en: str
    biller_reference: str


class BeneficiaryView(msgspec.Struct, frozen=True):
    """Who receives what is paid at death; `share` in hundredths of a percent, None: equal to the others of the rank."""

    name: str
    relation: str
    rank: int
    share: int | None


class PolicyChangeView(msgspec.Struct, frozen=True):
    """A change of a policy: fen that were taken, with a minus to come back; `reason`: the insurer's, where it did not accept."""

    kind: str
    state: str
    amount: int
    effective: date
    reason: str


class InsuredView(msgspec.Struct, frozen=True):
    """Whom and what a policy insures as it stands; `phone`: the last four digits of its number, empty without one."""

    name: str
    relation: str
    occupation: int
    sum_insured: int
    loading_permille: int
    phone: str
    beneficiaries: list[BeneficiaryView]


class PolicyState(msgspec.Struct, frozen=True):
    """A policy with the insurer's number."""

    policy: UUID
    policy_number: str
    reason: str
    state: str
    refund: int
    refund_received: bool
    shown: PolicyView
    insured: InsuredView
    premiums: PremiumsShown
    changes: list[PolicyChangeView] = []


class FileView(msgspec.Struct, frozen=True):
    """A file exchanged with the registrar or taken from a channel."""

    date: date
    name: str
    outgoing: bool
    records: int


def _unknown(what: str) -> Refusal:
    return Refusal(ReportRefusal.UNKNOWN, f"there is no such {what} of yours; check its id")


async def _shown_card(tx: Any, book: int, person: UUID) -> issuing.Token | None:
    """The newest card that is not deleted."""
    standing = [one for one in await issuing.device_tokens(tx, book, person) if one.state != "deleted"]
    return standing[-1] if standing else None


async def me(house: House, tx: Any, book: int, person: UUID) -> Me:
    row = (await customers.persons(tx, [(book, person)]))[person]
    pocket = await pocket_of(house, tx)
    wanted = [NewAccount(book, Kind.WALLET, person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)]
    wanted += [NewAccount(book, Kind.HOLDING, person, pocket.units, Limit.DEBITS_WITHIN_CREDITS)] if pocket else []
    accounts = [*await house.ledger.find_accounts(tx, wanted), None][:2]
    balances = await house.ledger.balances(tx, [one for one in accounts if one is not None])
    wallet, holding = (_standing(balances.get(one) if one is not None else None) for one in accounts)
    bound = [BoundCard(one.id, one.bank_name, one.masked_pan) for one in await customers.bank_cards_of(tx, book, person)]
    token = await _shown_card(tx, book, person)
    masked = token.masked_token if token else ""
    others, unread = await other_holdings(house, tx, row), await notices.unread(tx, book, person)
    return Me(prefixed("cus", person), row.shown_name, row.kyc_level, *wallet, *holding, others, bound, masked, unread)


def _standing(balance: Balance | None) -> tuple[int, int]:
    """(available, held)."""
    return (balance.available, balance.debits_pending) if balance else (0, 0)


async def payment(tx: Any, person: UUID | None, identifier: UUID) -> PaymentView | Refusal:
    """Of that person; None: of anybody."""
    found = await bank.instruction(tx, identifier)
    if found is None or (person is not None and await store.instruction_owner(tx, identifier, Kind.WALLET) != person):
        return _unknown("payment")
    return PaymentView(prefixed("pay", found.id), found.purpose, found.amount, found.state, found.reason)


async def bill(tx: Any, book: int, person: UUID, identifier: UUID) -> BillState | Refusal:
    """A payment of a bill by its id."""
    row = (await bills.payments(tx, [(book, identifier)])).get((book, identifier))
    if row is None or row.person != person:
        return _unknown("payment of a bill")
    presented = (await bills.bills(tx, [(book, row.bill)]))[book, row.bill]
    biller = (await bills.billers(tx))[row.biller].biller
    return BillState(
        row.id,
        biller.name,
        presented.shown_account,
        presented.period,
        row.amount,
        row.state.value,
        *STATE_WORDS[row.state],
        row.biller_reference,
    )


async def policy(tx: Any, book: int, person: UUID, identifier: UUID) -> PolicyState | Refusal:
    row = (await insurance.policies(tx, [(book, identifier)])).get((book, identifier))
    if row is None or row.person != person:
        return _unknown("policy")
    (shown,) = await policy_views(tx, [row])
    one = (await insured_store.insured(tx, [(book, identifier)]))[book, identifier]
    premiums = await premiums_shown(tx, row, business_date_of((await moment(tx)).now))
    named = (await beneficiary_store.beneficiaries(tx, [(book, identifier)]))[book, identifier]
    receive = [BeneficiaryView(each.shown_name, each.relation, each.rank, each.share) for each in named]
    insured = InsuredView(
        one.shown_name, one.relation.value, one.occupation, one.sum_insured, one.loading_permille, one.imei_last4, receive
    )
    made = (await endorsement_store.of_policies(tx, [(book, identifier)]))[book, identifier]
    changes = [PolicyChangeView(each.kind.value, each.state.value, each.amount, each.effective, each.reason) for each in made]
    return PolicyState(
        row.id, row.policy_number, row.reason, shown.state, shown.refund, shown.refund_received, shown, insured, premiums, changes
    )


class ProposalView(msgspec.Struct, frozen=True):
    """What an operator has proposed and another one is to decide; `content` as it was given, empty where it is about somebody's health and
    the reader does not decide it; `proposed_by` a login."""

    proposal: UUID
    kind: str
    content: Mapping[str, Any]
    proposed_by: str


async def proposals(house: House, tx: Any, *, sensitive: bool = False) -> list[ProposalView]:
    """Those that wait, oldest first; with what is `sensitive`, or without."""
    waiting = await approvals.waiting(tx, HOUSE_BOOK)
    logins = await operators.logins(tx, [one.proposer for one in waiting])
    said = [content_of(house, one) if sensitive or one.kind not in SENSITIVE else {} for one in waiting]
    return [ProposalView(one.id, one.kind, kept_fields(content), logins[one.proposer]) for one, content in zip(waiting, said, strict=True)]


async def receipt(tx: Any, identifier: str) -> dict[str, bool]:
    """Whether money that was pushed under that end-to-end id has come."""
    return {"found": bool(await bank.receipts(tx, [identifier]))}


async def transit(tx: Any) -> dict[str, int]:
    """How many transfers between books are on their way."""
    return {"undelivered": len(await bank.undelivered(tx))}


async def files(tx: Any, day: date | None) -> list[FileView]:
    return [FileView(*one) for one in await store.files(tx, day)]
