"""Merchant settlement, a step of the day's end: each merchant gets the day's receipts less the fee."""

from collections import defaultdict
from datetime import date
from uuid import UUID

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.fee import merchant_fee
from tapwealth.acquiring.fee_share import shares
from tapwealth.acquiring.store import Merchant, Settlement
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.flows import payments
from tapwealth.flows.card_fees import tariff
from tapwealth.flows.end_of_day import StepReport
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, moment, must_post, step_key
from tapwealth.flows.payments import Payment, Purpose
from tapwealth.issuing import entries, store
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.money import Asset, apportion, format_minor
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.database import Tx

_RESERVE = NUMBER_OF[Kind.CUSTOMER_RESERVE]


async def settle_merchants(house: House, day: date) -> StepReport:
    """Receipts less fee, one payment per merchant, to be executed on the banks' next working day."""
    async with house.database.transaction() as tx:
        sales = [*await store.captured_on(tx, day), *await store.credited_on(tx, day)]
        merchants = {one.id: one for one in (await acquiring.merchants(tx)).values()}
        await house.ledger.lock_books(tx, sorted({row.book for row in sales}))
        at = await moment(tx)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        by_merchant: dict[UUID, list[Authorisation]] = defaultdict(list)
        for row in sales:
            by_merchant[row.merchant].append(row)
        settled = [_settlement(house, merchants[merchant], day, rows) for merchant, rows in sorted(by_merchant.items())]
        for one in settled:
            await _pay_out(house, tx, at, merchants[one.merchant], one, by_merchant[one.merchant], actor)
        await acquiring.add_settlements(tx, settled)
    gross, fee = sum(one.gross for one in settled), sum(one.fee for one in settled)
    text = f"{len(settled)} merchants: receipts {format_minor(gross)}, fee {format_minor(fee)}, paid out {format_minor(gross - fee)}"
    return StepReport(text, {"merchants": len(settled), "gross": gross, "fee": fee, "net": gross - fee})


def _settlement(house: House, merchant: Merchant, day: date, rows: list[Authorisation]) -> Settlement:
    amounts = [_received(row) for row in rows]
    gross = sum(amounts)
    fee = merchant_fee(gross, merchant.fee_bp, merchant.fee_cap)
    whose = shares(fee, amounts, tariff(house.rule_set, merchant.category_code))
    sales = sum(row.captured_amount > 0 for row in rows)
    return Settlement(merchant.id, day, sales, gross, fee, gross - fee, whose.issuer, whose.network, whose.acquirer)


def _received(row: Authorisation) -> int:
    """What the merchant has of it, in fen; a refund takes some away. Fees are on what is left."""
    return row.captured_amount - row.credit


async def _pay_out(house: House, tx: Tx, at: Moment, merchant: Merchant, one: Settlement, rows: list[Authorisation], actor: int) -> None:
    """The fee is taken from the books in proportion to their receipts (what rounding leaves, from the first one)."""
    gross: dict[int, int] = defaultdict(int)
    for row in rows:
        gross[row.book] += _received(row)
    if not any(gross.values()):
        return
    fees = apportion(one.fee, gross)
    books = sorted(gross)
    accounts = await house.ledger.open_accounts(
        tx, [NewAccount(book, Kind.MERCHANT, merchant.id, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for book in books]
    )
    account = dict(zip(books, accounts, strict=True))
    reference = step_key(one.business_date, "settlement", HOUSE_BOOK, merchant.merchant_number)
    await must_post(
        house,
        tx,
        at,
        [
            entries.merchant_fee(
                book,
                step_key(one.business_date, "fee", book, merchant.merchant_number),
                account[book],
                fees[book],
                one.business_date,
                actor,
                reference,
            )
            for book in books
            if fees[book]
        ],
    )
    parts = tuple(Part(book, gross[book] - fees[book], account[book]) for book in books if gross[book] > fees[book])
    await payments.instruct(
        house,
        tx,
        at,
        one.business_date,
        actor,
        [
            Payment(
                reference,
                f"MER-{merchant.merchant_number}-{one.business_date:%Y%m%d}",
                Purpose.MERCHANT_PAYOUT,
                _RESERVE,
                merchant.settlement_account,
                merchant.name,
                house.calendar.next_working_day(one.business_date),
                parts,
            )
        ],
    )
