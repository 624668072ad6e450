"""Bills and card repayments that are paid when they are due, without being asked each time: what a customer agrees to, changes and ends.

What is done each day stands in `autopay_days`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.bills import autopay_store as store
from tapwealth.bills.autopay import MOST_NOTICE, Autopay, AutopayRefusal, AutopayRun, AutopayState, BillState, Look, PayWhen
from tapwealth.bills.autopay_store import ShownBill
from tapwealth.bills.biller import NOTHING_ELSE, AmountMode, BillerItem, Category, Inputs
from tapwealth.bills.store import BillerRow, billers
from tapwealth.customers import store as customers
from tapwealth.flows.bills import autopay_cards
from tapwealth.flows.bills.autopay_notices import tell_of_client
from tapwealth.flows.bills.autopay_offer import autopay_sold
from tapwealth.flows.bills.paying import BillsRefusal, item_of, masked, over
from tapwealth.flows.catalogue import sales
from tapwealth.flows.catalogue.sales import Sold
from tapwealth.flows.customers.people import own_key, who
from tapwealth.flows.frame import Envelope, House, Moment, once
from tapwealth.flows.funds.fund_pockets import POCKET
from tapwealth.funds import store as funds
from tapwealth.kernel.money import checked
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx

_PLACE = b"autopay"


class AgreeAutopay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this account owes to the biller is paid when it is due, each bill up to `most` fen; by the fund with that code, or
    by the `pocket`'s in their order, what the wallet does not hold. `when`: the day after its customer was told of it (`presented`), or the
    last day without a penalty (`due`). Without it a credit card is repaid when due, anything else paid when presented. `card`: the bound
    bank card that pays what wallet and fund lack. `notice`: so many days ahead the customer is told, 1 to 7. `item` and `fields`: as for an
    inquiry."""

    biller: str
    account_number: str
    most: int
    fund: str = ""
    when: PayWhen | None = None
    card: UUID | None = None
    notice: int = 1
    item: str = ""
    fields: dict[str, str] = {}


class ChangeAutopay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same account under other terms; a bill that is not paid yet is told of anew. What `when` and `notice` leave out stays."""

    autopay: UUID
    most: int
    fund: str = ""
    when: PayWhen | None = None
    card: UUID | None = None
    notice: int | None = None


class EndAutopay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No further bill is paid by it; what is on its way goes on."""

    autopay: UUID


class BillUnderway(msgspec.Struct, frozen=True):
    """A bill that is looked after: paid on `pay_on` unless its state says otherwise; `balance` in fen as of the newest inquiry."""

    period: str
    balance: int
    due_on: date | None
    pay_on: date
    state: str
    state_zh: str
    state_en: str
    reason: str


class AutopayView(msgspec.Struct, frozen=True):
    """`account` is masked; `when` is `presented` or `due`. `last_day` is the newest on which it was looked after, and how that ended; null
    before the first. `card` is the number, masked, of the bank card that pays what is lacking, and whether its bank lets it. `bills`: those
    that are not over. `replaces`: the agreement that it took the place of."""

    autopay: str
    biller: str
    biller_en: str
    account: str
    most: int
    fund: str
    when: str
    state: str
    state_zh: str
    state_en: str
    last_day: date | None = None
    last_paid: int = 0
    last_zh: str = ""
    last_en: str = ""
    reason: str = ""
    card: str = ""
    card_zh: str = ""
    card_en: str = ""
    bills: list[BillUnderway] = msgspec.field(default_factory=list)
    biller_code: str = ""
    notice: int = 1
    agreed_at: datetime | None = None
    ended_at: datetime | None = None
    replaces: str = ""
    last_state: str = ""
    card_id: str = ""
    card_state: str = ""
    card_reason: str = ""
    item: str = ""


_STATES = {AutopayState.ACTIVE: ("已生效", "in force"), AutopayState.ENDED: ("已终止", "ended")}
_RUNS = {
    AutopayRun.NOTHING: ("无需处理", "nothing to do"),
    AutopayRun.TOLD: ("已预告", "told of"),
    AutopayRun.COLLECTING: ("银行扣款中", "being collected from the card"),
    AutopayRun.PLACED: ("已缴费", "paid"),
    AutopayRun.REFUSED: ("未缴费", "not paid"),
}
_BILLS = {
    BillState.WAITING: ("待缴费", "waits for its day"),
    BillState.TOLD: ("已预告", "told of; paid on its day"),
    BillState.COLLECTING: ("银行扣款中", "being collected from the card"),
    BillState.PLACED: ("已缴费", "paid"),
    BillState.LEFT: ("请自行缴费", "left to you: pay it by hand"),
}


async def agree(house: House, envelope: Envelope, command: AgreeAutopay) -> AutopayView | Refusal:
    """In force at once."""
    _check(command.most, command.notice)
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> AutopayView | Refusal:
        found = item_of({row.biller.code: row for row in (await billers(tx)).values()}, command.biller, command.item)
        if isinstance(found, Refusal):
            return found
        biller, item = found
        if (closed := over(biller, item, at.now)) is not None:
            return closed
        if item.amount.mode is AmountMode.PRESETS:
            text = f"{biller.biller.name} sends no bills for that; top it up by hand when you want to"
            return Refusal(BillsRefusal.NOT_BILLED, text)
        if await _no_such(tx, command.fund):
            return _UNKNOWN_FUND
        account, further = item.read(command.account_number, command.fields)
        row = (await customers.persons(tx, [(book, person)]))[person]
        identifier = own_key(envelope, "autopay", row)
        made = Autopay(
            book, identifier, person, biller.id, _sealed(house, identifier, Inputs(account, further)),
            house.keys.lookup_hash("autopay", account), masked(account), command.most, command.fund,
            command.when or usual_day(item), AutopayState.ACTIVE, at.now, notice=command.notice, item=item.code,
        )  # fmt: skip
        if command.card and await autopay_cards.own(tx, book, person, command.card) is None:
            return _UNKNOWN_CARD
        if any(_same(one, made) for one in await store.autopays_of(tx, book, person)):
            return Refusal(AutopayRefusal.AUTOPAY_STANDS, "this account's bills are paid by themselves already; change or end that one")
        made = await autopay_cards.asked(tx, made, command.card)
        await store.add_autopay(tx, made)
        await sales.keep(house, tx, at, [await _sold(tx, envelope, made, biller)])
        await tell_of_client(tx, envelope, at, made, biller, "agreed")
        return await _shown(tx, made, biller)

    return await once(house, [book], envelope, command, act, AutopayView)


async def _sold(tx: Tx, envelope: Envelope, made: Autopay, biller: BillerRow) -> Sold:
    cards = await customers.bank_cards_of(tx, made.book, made.person) if made.card else []
    return await autopay_sold(tx, envelope, made, biller, next((one.masked_pan for one in cards if one.id == made.card), ""))


def _check(most: int, notice: int | None) -> None:
    checked(most, where="most")
    if notice is not None and not 1 <= notice <= MOST_NOTICE:
        raise BadInput(f"{notice} days", where="notice", hint=f"1 to {MOST_NOTICE} days ahead")


_UNKNOWN_FUND = Refusal(AutopayRefusal.UNKNOWN_FUND, "this fund is not sold here; look at the shelf for those that are")
_UNKNOWN_CARD = Refusal(AutopayRefusal.UNKNOWN_CARD, "this card is not bound to your account; bind it first")
_UNKNOWN = Refusal(AutopayRefusal.UNKNOWN_AUTOPAY, "no such agreement of yours stands; /view/autopays lists them")


async def _no_such(tx: Tx, fund: str) -> bool:
    return fund not in ("", POCKET) and fund not in await funds.funds(tx)


def usual_day(item: BillerItem) -> PayWhen:
    """When it is paid if nothing is said: a card is not repaid before it must be: until then the money earns."""
    return PayWhen.DUE if item.category is Category.CREDIT_CARD else PayWhen.PRESENTED


def _sealed(house: House, identifier: UUID, inputs: Inputs) -> bytes:
    """The account's number alone, or with what else was filled in as JSON: no number begins like that."""
    text = msgspec.json.encode([inputs.account_number, dict(inputs.further)]) if inputs.further else inputs.account_number.encode()
    return house.keys.seal("people", text, _PLACE + identifier.bytes)


def inputs_of(house: House, one: Autopay) -> Inputs:
    """The account at the biller, unsealed to ask it."""
    text = house.keys.open_sealed("people", one.sealed, _PLACE + one.id.bytes)
    if not text.startswith(b"["):
        return Inputs(text.decode(), NOTHING_ELSE)
    return Inputs(*msgspec.json.decode(text, type=tuple[str, dict[str, str]]))


def _same(one: Autopay, other: Autopay) -> bool:
    return one.state is AutopayState.ACTIVE and (one.biller, one.item, one.lookup) == (other.biller, other.item, other.lookup)


async def change(house: House, envelope: Envelope, command: ChangeAutopay) -> AutopayView | Refusal:
    """From now on the other terms hold, as an agreement of its own; what was agreed to before stays on record."""
    _check(command.most, command.notice)
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> AutopayView | Refusal:
        if await _no_such(tx, command.fund):
            return _UNKNOWN_FUND
        if command.card and await autopay_cards.own(tx, book, person, command.card) is None:
            return _UNKNOWN_CARD
        before = await _standing(tx, book, person, command.autopay)
        if before is None:
            return _UNKNOWN
        row = (await customers.persons(tx, [(book, person)]))[person]
        identifier = own_key(envelope, "autopay", row)
        sealed = _sealed(house, identifier, inputs_of(house, before))
        made = replace(
            before, id=identifier, sealed=sealed, most=command.most, fund=command.fund, pay_when=command.when or before.pay_when,
            agreed_at=at.now, notice=command.notice or before.notice, replaces=before.id,
        )  # fmt: skip
        await store.end_autopay(tx, (book, before.id), at.now)
        await autopay_cards.over(tx, before)
        made = await autopay_cards.asked(tx, made, command.card)
        await store.add_autopay(tx, made)
        biller = (await billers(tx))[made.biller]
        await sales.keep(house, tx, at, [await _sold(tx, envelope, made, biller)])
        await tell_of_client(tx, envelope, at, made, biller, "changed")
        return await _shown(tx, made, biller)

    return await once(house, [book], envelope, command, act, AutopayView)


async def _standing(tx: Tx, book: int, person: UUID, identifier: UUID) -> Autopay | None:
    own = await store.autopays_of(tx, book, person)
    return next((one for one in own if one.id == identifier and one.state is AutopayState.ACTIVE), None)


async def end(house: House, envelope: Envelope, command: EndAutopay) -> AutopayView | Refusal:
    """From now on nothing is paid by it."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> AutopayView | Refusal:
        found = await _standing(tx, book, person, command.autopay)
        if found is None:
            return _UNKNOWN
        await store.end_autopay(tx, (book, found.id), at.now)
        await autopay_cards.over(tx, found)
        biller = (await billers(tx))[found.biller]
        await tell_of_client(tx, envelope, at, found, biller, "ended")
        return await _shown(tx, replace(found, state=AutopayState.ENDED, ended_at=at.now), biller)

    return await once(house, [book], envelope, command, act, AutopayView)


async def held(tx: Any, book: int, person: UUID) -> list[AutopayView]:
    """A person's agreements, oldest first, those that are over as well, each with its newest look and the bills it looks after."""
    return await shown(tx, book, person, await store.autopays_of(tx, book, person))


async def shown(tx: Any, book: int, person: UUID, found: Sequence[Autopay]) -> list[AutopayView]:
    """These agreements of that person as they stand."""
    known, looks = await billers(tx), await store.newest_looks(tx, book, person)
    under = await store.open_bills_of(tx, book, person)
    cards = {one.id: one.masked_pan for one in await customers.bank_cards_of(tx, book, person)}
    return [_view(one, known[one.biller], looks.get(one.id), cards, under) for one in found]


async def _shown(tx: Any, one: Autopay, biller: BillerRow) -> AutopayView:
    cards = await customers.bank_cards_of(tx, one.book, one.person) if one.card else []
    return _view(one, biller, None, {of.id: of.masked_pan for of in cards})


def _view(one: Autopay, biller: BillerRow, look: Look | None, cards: Mapping[UUID, str], under: Sequence[ShownBill] = ()) -> AutopayView:
    view = AutopayView(
        str(one.id), biller.biller.name, biller.name_en, one.shown_account, one.most, one.fund, one.pay_when.value, one.state.value,
        *_STATES[one.state], card=cards[one.card] if one.card else "", card_zh=autopay_cards.STATES[one.card_state][0],
        card_en=autopay_cards.STATES[one.card_state][1], bills=[_bill_view(bill) for bill in under if bill.autopay == one.id],
        biller_code=biller.biller.code, notice=one.notice, agreed_at=one.agreed_at, ended_at=one.ended_at,
        replaces=str(one.replaces or ""), card_id=str(one.card or ""), card_state=one.card_state.value, card_reason=one.card_reason,
        item=one.item,
    )  # fmt: skip
    if look is None:
        return view
    zh, en = _RUNS[look.state]
    return msgspec.structs.replace(
        view, last_day=look.day, last_paid=look.paid, last_state=look.state.value, last_zh=zh, last_en=en, reason=look.reason
    )


def _bill_view(bill: ShownBill) -> BillUnderway:
    return BillUnderway(bill.period, bill.balance, bill.due_on, bill.pay_on, bill.state.value, *_BILLS[bill.state], bill.reason)
