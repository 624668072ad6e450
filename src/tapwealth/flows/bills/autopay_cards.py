"""The bank card that pays what wallet and fund lack for bills that are paid by themselves.

The agreement's mandate is confirmed by the bank before anything is collected under it, and taken back when the agreement ends. A debit goes
into the wallet; the bill is paid when the bank has booked it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bank.mandate import MandateState
from tapwealth.bills import autopay_store as store
from tapwealth.bills.autopay import Autopay, CardState, DueBill
from tapwealth.bills.autopay_store import Debit
from tapwealth.customers import store as customers
from tapwealth.customers.store import BankCardRow
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.card_mandates import CONFIRM, REVOKE, CardMandate, bank_told
from tapwealth.flows.bank.payments import Payment, Purpose, end_to_end
from tapwealth.flows.bills.autopay_notices import tell
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, moment
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage import outbox
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

AUTOPAY = "autopay"
"""The outbox destination."""
STATES = {
    CardState.NONE: ("", ""),
    CardState.ASKED: ("待银行确认", "waits for the bank"),
    CardState.CONFIRMED: ("可扣款", "pays what is lacking"),
    CardState.REFUSED: ("银行未同意", "refused by the bank"),
}


async def own(tx: Tx, book: int, person: UUID, card: UUID) -> BankCardRow | None:
    """The card, if it is bound to that person."""
    found = await customers.bank_card(tx, book, card)
    return found if found is not None and found.person == person else None


async def asked(tx: Tx, one: Autopay, card: UUID | None) -> Autopay:
    """The agreement with that card, about which its bank is asked; or without any."""
    if card is None:
        return replace(one, card=None, card_state=CardState.NONE, card_reason="")
    await outbox.put(tx, [_message(one, CONFIRM)])
    return replace(one, card=card, card_state=CardState.ASKED, card_reason="")


async def over(tx: Tx, one: Autopay) -> None:
    """Nothing more is collected under it."""
    if one.card:
        await outbox.put(tx, [_message(one, REVOKE)])


def _message(one: Autopay, kind: str) -> OutboxMessage:
    return OutboxMessage(one.book, derived(one.id, kind), AUTOPAY, kind, {"autopay": str(one.id)})


async def deliver(house: House, message: OutboxMessage) -> None:
    """Have the bank confirm the mandate of an agreement, or tell it that it is over. Raises Outage while it has not answered."""
    key = (message.book, UUID(message.payload["autopay"]))
    async with house.database.read() as tx:
        one = (await store.autopays(tx, [key]))[key[1]]
    assert one.card is not None, "without a card no bank is told"
    mandate = CardMandate(one.book, one.person, one.card, one.name, one.most, one.most, business_date_of(one.agreed_at))
    answer = await bank_told(house, message.kind, mandate)
    if answer is None:
        return
    card, said = answer
    state = CardState.CONFIRMED if said.state is MandateState.CONFIRMED else CardState.REFUSED
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [one.book])
        at = await moment(tx)
        if await store.set_card_state(tx, key, state, said.reason):
            zh, en = STATES[state]
            text = f"自动缴费的银行卡 {card.masked_pan}：{zh}。", f"The card {card.masked_pan} for bills that are paid by themselves: {en}."
            news = Notice(one.book, derived(one.id, f"told {state}"), one.person, at.now, *text, NoticeKind.BILL, "autopays")
            await tell(tx, at, [(one.id, news)])


async def mandate_of(tx: Tx, book: int, payment: str) -> tuple[str, date]:
    """Under which mandate a bill's debit is collected, and when that was given."""
    one = await store.agreement_of(tx, book, payment)
    assert one is not None, f"{payment} pays under no agreement"
    return one.name, business_date_of(one.agreed_at)


async def collect(house: House, tx: Tx, at: Moment, day: date, one: Autopay, row: DueBill, missing: int) -> Debit | None:
    """Have the bank collect what a bill lacks, within the agreement for the bill and the day; None if the card may not pay it."""
    before = await store.debits(tx, (one.book, one.id), [row.bill])
    known = await bank.by_end_to_end(tx, [of.name for of in before])
    standing = [of for of in before if known[of.name].state != "rejected"]
    of_bill = sum(of.amount for of in standing if of.bill == row.bill)
    amount = one.from_card(missing, of_bill, sum(of.amount for of in standing if (of.autopay, of.day) == (one.id, day)))
    if not amount:
        return None
    person = (await customers.persons(tx, [(one.book, one.person)]))[one.person]
    wanted = NewAccount(one.book, Kind.WALLET, one.person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
    (wallet,) = await house.ledger.open_accounts(tx, [wanted])
    key = one.key(day, f"debit {row.bill}")
    debit = Debit(one.book, end_to_end("BDD", key), one.id, row.bill, day, amount)
    await store.add_debit(tx, debit)
    payment = Payment(
        key, debit.name, Purpose.BILL_DEBIT, str(one.card), NUMBER_OF[Kind.CUSTOMER_RESERVE], person.shown_name, day,
        (Part(one.book, amount, 0, wallet),), direct_debit=True,
    )  # fmt: skip
    await payments.instruct(house, tx, at, at.open_date(day), await actor_number(tx, HOUSE_BOOK, PLATFORM), [payment])
    return debit


async def collected(tx: Tx, rows: Sequence[DueBill]) -> dict[UUID, tuple[str, str]]:
    """By bill, what became of the newest debit for it: instructed, executed or rejected, and the bank's reason. No statement for none."""
    if not rows:
        return {}
    newest = await store.newest_debits(tx, [(row.book, row.bill) for row in rows])
    known = await bank.by_end_to_end(tx, list(newest.values()))
    return {bill: (known[name].state, known[name].reason) for bill, name in newest.items()}
