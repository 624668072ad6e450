"""Merchant settlement, a step of the day's end: each merchant is paid the day's receipts less the fee, and what stood over.

The fee is reckoned for each sale (`acquiring.fee`). What a merchant is owed stands on its account in the customers' books, and all of it is
paid out: so what the bank has rejected goes with the next settlement. A fee that the receipts do not cover, where refunds have taken them,
waits for the next ones; until then the acquirer goes without. What a suspended merchant is owed is kept where it stands, and paid with the
first settlement after the suspension, or when the merchant is closed.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.fee import Change
from tapwealth.acquiring.fee_share import shares
from tapwealth.acquiring.standing import MerchantState
from tapwealth.acquiring.store import Merchant, Settlement
from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.flows.acquiring.card_fees import price, tariff
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.end_of_day import StepReport
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, actor_number, moment, must_post, step_key
from tapwealth.issuing import entries, store
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import JournalEntry, Limit, NewAccount
from tapwealth.storage.database import Tx

_RESERVE = NUMBER_OF[Kind.CUSTOMER_RESERVE]


async def settle_merchants(house: House, day: date) -> StepReport:
    """One payment per merchant, to be executed on the banks' next working day."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        at = await moment(tx)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        due = await _due(house, tx, day)
        free = await house.ledger.free(tx, at.now, [account for one in due for account in one.accounts.values()])
        for one in due:
            one.take_fees({book: free[account] for book, account in one.accounts.items()})
        due = [one for one in due if one.moves or one.before or any(one.left.values())]
        await must_post(house, tx, at, [entry for one in due for entry in one.fee_entries(day, actor)])
        settled = {one.merchant.id: one.settlement(house, day) for one in due}
        payable = [one.payment(house, day) for one in due if settled[one.merchant.id].paid]
        await payments.instruct(house, tx, at, day, actor, payable)
        await acquiring.add_settlements(tx, list(settled.values()))
        return _report(await acquiring.settlements(tx, day))


def _report(settled: Sequence[Settlement]) -> StepReport:
    gross, fee, paid, kept = (sum(getattr(one, name) for one in settled) for name in ("gross", "fee", "paid", "kept"))
    text = f"{counted(len(settled), 'merchant')}: receipts {format_minor(gross)}, fee {format_minor(fee)}, paid out {format_minor(paid)}"
    figures = {"merchants": len(settled), "gross": gross, "fee": fee, "net": gross - fee}
    return StepReport(f"{text}; {format_minor(kept)} kept back", figures | {"kept": kept}) if kept else StepReport(text, figures)


@dataclass(slots=True)
class _Due:
    """A merchant to be settled. `moves` are the day's sales and refunds: (book, change). By book: its accounts, fees, and what is left."""

    merchant: Merchant
    before: Settlement | None
    moves: list[tuple[int, Change]] = field(default_factory=list)
    accounts: dict[int, int] = field(default_factory=dict)
    fees: dict[int, int] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)
    fee_due: int = 0

    def take_fees(self, free: Mapping[int, int]) -> None:
        """Each book's own fee out of what stands there; what that does not cover, and is due from before, from the others in order."""
        rate = price(self.merchant)
        self.fee_due = self.before.fee_due if self.before else 0
        for book in sorted(self.accounts):
            fee = sum(rate.by(change) for of, change in self.moves if of == book)
            self.fees[book] = min(fee, free[book])
            self.fee_due += fee - self.fees[book]
        for book in sorted(self.accounts):
            more = min(self.fee_due, free[book] - self.fees[book])
            self.fees[book] += more
            self.fee_due -= more
            self.left[book] = free[book] - self.fees[book]

    def fee_entries(self, day: date, actor: int) -> list[JournalEntry]:
        number, reference = self.merchant.merchant_number, _reference(self.merchant, day)
        return [
            entries.merchant_fee(book, step_key(day, "fee", book, number), self.accounts[book], fee, day, actor, reference)
            for book, fee in sorted(self.fees.items())
            if fee
        ]

    def settlement(self, house: House, day: date) -> Settlement:
        changes = [change for _, change in self.moves]
        whose = shares(changes, price(self.merchant), tariff(house.rule_set, self.merchant.category_code))
        fee, left = sum(self.fees.values()), sum(self.left.values())
        taken = [change.after - change.before for change in changes]
        refunds = [-amount for amount in taken if amount < 0]
        kept = left if self.merchant.state == MerchantState.SUSPENDED else 0
        return Settlement(
            merchant=self.merchant.id,
            business_date=day,
            sales=len(taken) - len(refunds),
            gross=sum(taken),
            fee=fee,
            net=sum(taken) - fee,
            issuer_share=whose.issuer,
            network_share=whose.network,
            acquirer_share=fee - whose.issuer - whose.network,
            refunds=len(refunds),
            refunded=sum(refunds),
            paid=left - kept,
            kept=kept,
            fee_due=self.fee_due,
        )

    def payment(self, house: House, day: date) -> Payment:
        return Payment(
            _reference(self.merchant, day),
            payout_name(self.merchant.merchant_number, day),
            Purpose.MERCHANT_PAYOUT,
            _RESERVE,
            self.merchant.settlement_account,
            self.merchant.name,
            house.calendar.next_working_day(day),
            tuple(Part(book, left, self.accounts[book]) for book, left in sorted(self.left.items()) if left),
        )


def payout_name(merchant_number: str, day: date) -> str:
    """The payout of a date, as the bank's statement names it."""
    return f"MER-{merchant_number}-{day:%Y%m%d}"


def _reference(merchant: Merchant, day: date) -> UUID:
    return step_key(day, "settlement", HOUSE_BOOK, merchant.merchant_number)


async def _due(house: House, tx: Tx, day: date) -> list[_Due]:
    """Whoever sold or refunded something, or is owed something from before, and is not settled yet. Their accounts: of those books where
    something happened; of all of them where something was left, or has come back from the bank."""
    merchants = {one.id: one for one in (await acquiring.merchants(tx)).values()}
    number = {one.merchant_number: one.id for one in merchants.values()}
    before = await acquiring.left_standing(tx, day)
    rejected = await bank.rejected(tx, (Purpose.MERCHANT_PAYOUT,), day - payments.AGAIN_WITHIN)
    returned = {number[parts[1]] for one in rejected if len(parts := one.end_to_end_id.split("-")) == 3 and parts[1] in number}
    due: dict[UUID, _Due] = {one: _Due(merchants[one], before.get(one)) for one in {*before, *returned}}
    books: dict[UUID, set[int]] = defaultdict(set, {one: set(house.all_books) for one in due})
    for row, change in await moves(tx, day):
        due.setdefault(row.merchant, _Due(merchants[row.merchant], None)).moves.append((row.book, change))
        books[row.merchant].add(row.book)
    settled = {one.merchant for one in await acquiring.settlements(tx, day)}
    wanted = [(one, book) for one in sorted(due.keys() - settled) for book in sorted(books[one])]
    owned = [NewAccount(book, Kind.MERCHANT, one, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for one, book in wanted]
    for (one, book), account in zip(wanted, await house.ledger.find_accounts(tx, owned), strict=True):
        if account is not None:
            due[one].accounts[book] = account
    return [due[one] for one in sorted(due.keys() - settled) if due[one].accounts]


class Move(NamedTuple):
    """What a row did to a sale under a date: captured it, or gave some of it back."""

    row: Authorisation
    change: Change


async def moves(tx: Tx, day: date) -> list[Move]:
    """Everything that was captured and given back on that date."""
    sales, refunds = await store.captured_on(tx, day), await store.credited_on(tx, day)
    keys = [(row.book, row.original) for row in refunds if row.original]
    captured = {identifier: row.captured_amount for identifier, row in (await store.by_id(tx, keys)).items()}
    given = await store.credited_before(tx, keys, day)
    left = {identifier: amount - given.get(identifier, 0) for identifier, amount in captured.items()}
    return [Move(row, Change(0, row.captured_amount)) for row in sales] + [_refund(row, left) for row in refunds]


def _refund(row: Authorisation, left: dict[UUID, int]) -> Move:
    """Several refunds of one sale come one after the other."""
    before = left.get(row.original, row.credit) if row.original else row.credit
    after = before - row.credit
    if row.original:
        left[row.original] = after
    return Move(row, Change(before, after))
