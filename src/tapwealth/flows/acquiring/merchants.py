"""Merchants: applied for, screened, approved by a second person, suspended, resumed, closed; and the lists they are screened against.

Suspending is one person's to do at once, since it only keeps things; whatever lets money go, or ends a contract, takes two. Nobody on a
list of sanctions becomes a merchant; about who is to be watched a compliance officer decides. Of the legal representative no table holds
the name or the number in clear.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum, auto
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.acquiring import store
from tapwealth.acquiring.credit_code import read_credit_code
from tapwealth.acquiring.fee import Rate
from tapwealth.acquiring.standing import MERCHANT_NEXT, Change, MerchantState
from tapwealth.acquiring.store import Merchant
from tapwealth.bank.bank_number import CardType, bank_of_card, check_account_number, is_in_a_cards_range
from tapwealth.bank.member_number import read_member_number
from tapwealth.compliance import store as compliance
from tapwealth.compliance.screening import Hit, Listed, Screened, WatchList, hits, name_key
from tapwealth.customers.customer import read_person_name
from tapwealth.customers.identity_number import read_identity_number
from tapwealth.flows.acquiring.card_fees import price_objection
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House, Moment, once
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import checked
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import operators
from tapwealth.storage.approvals import Approval
from tapwealth.storage.database import Tx
from tapwealth.storage.operators import Operator

_NUMBER = "watched"
"""The key store's purpose for numbers that are compared."""


class MerchantRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_MERCHANT = auto()
    UNKNOWN_TERMINAL = auto()
    EXISTS = auto()
    ON_SANCTIONS_LIST = auto()
    COMPLIANCE_DECIDES = auto()
    NOT_FROM_HERE = auto()
    NO_TRANSPORT_KEY = auto()
    SAME_PERSON = auto()
    NOT_LISTED = auto()


class ProposeMerchant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`merchant_number` is field 42 (15 characters), `name` the legal one, `settlement_bank` a CNAPS number, `settlement_account` the
    number of an account or a debit card there; `representative` the legal representative's name, with the identity number. The fee of each
    sale: `fee_bp` in 1/100 percent, `fee_cap` and `fee_minimum` in fen (0: none)."""

    merchant_number: str
    name: str
    category_code: str
    credit_code: str
    settlement_bank: str
    settlement_account: str
    representative: str
    representative_id: str
    fee_bp: int
    fee_cap: int = 0
    fee_minimum: int = 0


class Application(msgspec.Struct, frozen=True):
    """What is kept of a proposed merchant: `representative` masked, `sealed` in hex; `screening` what compliance is to look at. The
    defaults are those of proposals that were made before these were asked for."""

    merchant_number: str
    name: str
    category_code: str
    credit_code: str
    settlement_account: str
    fee_bp: int
    fee_cap: int = 0
    fee_minimum: int = 0
    settlement_bank: str = ""
    representative: str = ""
    sealed: str = ""
    screening: tuple[str, ...] = ()


class ProposeMerchantState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Resume a suspended merchant (`active`: what was kept is paid with the next settlement), or close one (`closed`)."""

    merchant_number: str
    state: str
    reason: str


class SuspendMerchant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From now on its terminals are declined, and what it is owed is kept."""

    merchant_number: str
    reason: str


class MerchantStanding(msgspec.Struct, frozen=True):
    merchant_number: str
    state: str


class ListParty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put somebody on the list `sanctions` or `watch`. `number`: a credit code or identity number, if one is known."""

    list: str
    name: str
    reason: str
    number: str = ""


class PartyListed(msgspec.Struct, frozen=True):
    """`merchants` are the numbers of those whom the entry concerns: nothing is done to them by it."""

    entry: UUID
    merchants: list[str]


class DelistParty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take an entry off its list; it is kept, with the reason."""

    entry: UUID
    reason: str


class PartyDelisted(msgspec.Struct, frozen=True):
    entry: UUID


# ---- onboarding


def check(house: House, command: ProposeMerchant) -> None:
    """Raises BadInput for the first thing that cannot be."""
    if not re.fullmatch(r"[0-9A-Za-z]{15}", command.merchant_number):
        raise BadInput(f"{command.merchant_number[:40]!r} is no merchant number", where="merchant_number", hint="15 letters and digits")
    if not command.name.strip() or not re.fullmatch(r"[0-9]{4}", command.category_code):
        raise BadInput("the name is empty, or the category is none", where="name, category_code", hint="a category has 4 digits: 5812")
    read_credit_code(command.credit_code)
    read_member_number(command.settlement_bank, where="settlement_bank")
    _check_account(command.settlement_account)
    read_person_name(command.representative)
    read_identity_number(command.representative_id)
    _check_price(house, command)


def _check_account(number: str) -> None:
    where = "settlement_account"
    check_account_number(number, where)
    if is_in_a_cards_range(number):
        try:
            card = bank_of_card(number)
        except BadInput as error:
            raise BadInput(error.what, where=where, hint=error.hint) from None
        if card.card_type is not CardType.DEBIT:
            raise BadInput("it is a card, and not a debit card", where=where, hint="money is paid out to an account or a debit card")


def _check_price(house: House, command: ProposeMerchant) -> None:
    if not 0 <= command.fee_bp <= 1000:
        raise BadInput("the fee lies outside 0 to 10 percent", where="fee_bp", hint="give it in 1/100 percent: 0.78 % is 78")
    for name, amount in (("fee_cap", command.fee_cap), ("fee_minimum", command.fee_minimum)):
        if checked(amount, where=name, positive=False) < 0:
            raise BadInput("it is below zero", where=name, hint="0 means that there is none")
    if command.fee_cap and command.fee_minimum > command.fee_cap:
        raise BadInput("the minimum is above the cap", where="fee_minimum", hint="look at both")
    against = price_objection(house.rule_set, command.category_code, Rate(command.fee_bp * 100, command.fee_cap, command.fee_minimum))
    if against is not None:
        raise BadInput("the price is not one that may be asked", where="fee_bp, fee_cap, fee_minimum", hint=against)


async def apply(house: House, tx: Tx, command: ProposeMerchant) -> Application | Refusal:
    """What is put before the second person; refused where there is such a merchant, or somebody is under sanctions."""
    if command.merchant_number in await store.merchants(tx):
        return exists(command.merchant_number)
    fields = msgspec.to_builtins(command)
    person = {"name": fields.pop("representative"), "number": read_identity_number(fields.pop("representative_id")).number.reveal()}
    found = await _screened(house, tx, command.name, command.credit_code, person)
    if any(hit.list is WatchList.SANCTIONS for hit in found):
        return _sanctioned(found)
    sealed = house.keys.seal("merchant", json.dumps(person, ensure_ascii=False).encode(), _bound_to(command.merchant_number))
    masked = str(read_person_name(command.representative))
    return Application(
        **(fields | {"credit_code": read_credit_code(command.credit_code)}),
        representative=masked,
        sealed=sealed.hex(),
        screening=tuple(hit.text for hit in found),
    )


def exists(number: str) -> Refusal:
    return Refusal(MerchantRefusal.EXISTS, f"there is a merchant {number} already; choose another number")


def _sanctioned(found: Sequence[Hit]) -> Refusal:
    return Refusal(MerchantRefusal.ON_SANCTIONS_LIST, f"{found[0].text}; no contract can be made, tell compliance")


def _bound_to(number: str) -> bytes:
    return b"representative" + number.encode()


async def _screened(house: House, tx: Tx, name: str, credit_code: str, person: Mapping[str, str]) -> list[Hit]:
    subjects = _subjects(house, name, credit_code, person)
    listed = await compliance.listed(tx, [name_key(one.name) for one in subjects], [one.number_lookup for one in subjects])
    return hits(listed, subjects)


def _subjects(house: House, name: str, credit_code: str, person: Mapping[str, str]) -> list[Screened]:
    return [
        Screened("merchant", name, number_lookup(house, credit_code)),
        Screened("legal representative", person.get("name", ""), number_lookup(house, person.get("number", ""))),
    ]


def number_lookup(house: House, number: str) -> bytes:
    """The keyed hash of a credit code or identity number; empty if none is known."""
    return house.keys.lookup_hash(_NUMBER, number.strip().upper()) if number.strip() else b""


async def admit(house: House, tx: Tx, at: Moment, approval: Approval, application: Application, approver: Operator) -> Refusal | None:
    """The second person's yes to an application. The lists may have grown meanwhile: it is screened again."""
    if application.merchant_number in await store.merchants(tx):
        return exists(application.merchant_number)
    person = _representative(house, application.merchant_number, bytes.fromhex(application.sealed))
    found = await _screened(house, tx, application.name, application.credit_code, person)
    if any(hit.list is WatchList.SANCTIONS for hit in found):
        return _sanctioned(found)
    if found and not approver.may(operators.OperatorRole.COMPLIANCE):
        return Refusal(MerchantRefusal.COMPLIANCE_DECIDES, f"{found[0].text}; a compliance officer must approve it")
    merchant = _merchant(at, application)
    await store.add_merchant(tx, merchant, at.now)
    applied = Change(merchant.id, "", MerchantState.APPLIED, "", approval.proposer, None, approval.proposed_at or at.now)
    reason = "; ".join(hit.text for hit in found)
    approved = replace(applied, state=MerchantState.APPROVED, reason=reason, approved_by=approver.id, changed_at=at.now)
    await store.add_changes(tx, [applied, approved])
    return None


def _merchant(at: Moment, application: Application) -> Merchant:
    fields = msgspec.to_builtins(application)
    sealed = bytes.fromhex(fields.pop("sealed"))
    fields.pop("screening")
    identifier = named(shanghai(at.now.date()), HOUSE_BOOK, f"merchant:{application.merchant_number}")
    return Merchant(id=identifier, sealed_representative=sealed, state=MerchantState.APPROVED, **fields)


def _representative(house: House, number: str, sealed: bytes) -> Mapping[str, str]:
    if not sealed:
        return {}
    found: Mapping[str, str] = json.loads(house.keys.open_sealed("merchant", sealed, _bound_to(number)))
    return found


# ---- standing


def check_reason(reason: str) -> None:
    """Raises BadInput where none is given."""
    if not reason.strip():
        raise BadInput("a change needs its reason", where="reason", hint="say why, for whoever looks at it later")


def check_state(command: ProposeMerchantState) -> None:
    """Raises BadInput."""
    check_reason(command.reason)
    if command.state not in (MerchantState.ACTIVE, MerchantState.CLOSED):
        raise BadInput(f"{command.state[:20]!r} cannot be proposed", where="state", hint="active or closed; suspend_merchant suspends")


async def may_become(tx: Tx, number: str, state: MerchantState) -> Merchant | Refusal:
    """The merchant, if it may go there from where it stands."""
    merchant = (await store.merchants(tx)).get(number)
    if merchant is None:
        return unknown_merchant(number)
    if state not in MERCHANT_NEXT[MerchantState(merchant.state)]:
        return Refusal(MerchantRefusal.NOT_FROM_HERE, f"the merchant {number} is {merchant.state} and cannot become {state}")
    return merchant


def unknown_merchant(number: str) -> Refusal:
    return Refusal(MerchantRefusal.UNKNOWN_MERCHANT, f"there is no merchant {number[:20]}; enrol it first")


async def change(tx: Tx, at: Moment, approval: Approval, command: ProposeMerchantState, approver: Operator) -> Refusal | None:
    """The second person's yes to resuming or closing."""
    state = MerchantState(command.state)
    merchant = await may_become(tx, command.merchant_number, state)
    if isinstance(merchant, Refusal):
        return merchant
    await _become(tx, merchant, state, command.reason, approval.proposer, approver.id, at.now)
    return None


async def suspend(house: House, envelope: Envelope, command: SuspendMerchant) -> MerchantStanding | Refusal:
    """One person, at once."""
    check_reason(command.reason)

    async def act(tx: Tx, at: Moment, _actor: int) -> MerchantStanding | Refusal:
        merchant = await may_become(tx, command.merchant_number, MerchantState.SUSPENDED)
        if isinstance(merchant, Refusal):
            return merchant
        await _become(tx, merchant, MerchantState.SUSPENDED, command.reason, await operator_number(tx, envelope), None, at.now)
        return MerchantStanding(command.merchant_number, MerchantState.SUSPENDED)

    return await once(house, [HOUSE_BOOK], envelope, command, act, MerchantStanding)


async def activate(tx: Tx, merchant: Merchant, by: int, now: datetime) -> None:
    """An approved merchant's first terminal makes it active."""
    if merchant.state == MerchantState.APPROVED:
        await _become(tx, merchant, MerchantState.ACTIVE, "its first terminal was enrolled", by, None, now)


async def _become(tx: Tx, merchant: Merchant, state: MerchantState, reason: str, by: int, approved_by: int | None, now: datetime) -> None:
    await store.set_merchant_state(tx, merchant.id, state)
    await store.add_changes(tx, [Change(merchant.id, "", state, reason, by, approved_by, now)])


async def operator_number(tx: Tx, envelope: Envelope) -> int:
    """Of the operator who gives a command; 0 for the house itself."""
    found = await operators.stored(tx, envelope.caller.who.removeprefix("operator:"))
    return found[0].id if found else 0


# ---- the lists


async def list_party(house: House, envelope: Envelope, command: ListParty) -> PartyListed | Refusal:
    """An entry of a list, and which merchants it concerns."""
    check_reason(command.reason)
    if command.list not in list(WatchList):
        raise BadInput(f"there is no list {command.list[:20]!r}", where="list", hint=f"choose one of {', '.join(WatchList)}")
    if not name_key(command.name):
        raise BadInput("the name is empty", where="name", hint="as it stands in the published list")

    async def act(tx: Tx, at: Moment, _actor: int) -> PartyListed | Refusal:
        entry = Listed(
            derived(envelope.key, "watch entry"),
            WatchList(command.list),
            command.name,
            name_key(command.name),
            number_lookup(house, command.number),
            command.reason,
        )
        await compliance.add_listed(tx, entry, await operator_number(tx, envelope), at.now)
        return PartyListed(entry.id, [one.merchant_number for one in await _concerned(house, tx, entry)])

    return await once(house, [HOUSE_BOOK], envelope, command, act, PartyListed)


async def _concerned(house: House, tx: Tx, entry: Listed) -> list[Merchant]:
    return [one for one in (await store.merchants(tx)).values() if hits([entry], _subjects_of(house, one))]


def _subjects_of(house: House, one: Merchant) -> list[Screened]:
    return _subjects(house, one.name, one.credit_code, _representative(house, one.merchant_number, one.sealed_representative))


async def delist_party(house: House, envelope: Envelope, command: DelistParty) -> PartyDelisted | Refusal:
    """From now on the entry is not looked at."""
    check_reason(command.reason)

    async def act(tx: Tx, at: Moment, _actor: int) -> PartyDelisted | Refusal:
        if not await compliance.delist(tx, command.entry, await operator_number(tx, envelope), command.reason, at.now):
            return Refusal(MerchantRefusal.NOT_LISTED, "there is no such entry on a list; look at its id")
        return PartyDelisted(command.entry)

    return await once(house, [HOUSE_BOOK], envelope, command, act, PartyDelisted)


def kept_fields(application: Mapping[str, Any]) -> Mapping[str, Any]:
    """A proposal as operators are shown it."""
    return {name: value for name, value in application.items() if name not in ("sealed", "secret_lookup")}
