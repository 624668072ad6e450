"""Deposits over /v1: what can be opened and would pay, what a withdrawal would pay, and everything owned on a date; commands need their
shapes alone.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.catalogue.version import Version
from tapwealth.customers import store as customers
from tapwealth.deposits.deposit import TERMS, AtMaturity, Wish
from tapwealth.deposits.product import Certificate, DepositParameters, EarlyWithdrawal, FixedTerm, Notice, Term
from tapwealth.flows.deposits import deposit_counter, opening, withdrawal_quote, worth
from tapwealth.flows.deposits.deposit_counter import OfTerm, Quoted
from tapwealth.flows.frame import Caller, House, moment
from tapwealth.flows.reports.assets import MONEY, AssetLine, AssetsView, owned_on
from tapwealth.flows.v1.deposit_shapes import (
    AssetOwned,
    Assets,
    BankInsurance,
    DepositInsurance,
    DepositProduct,
    DepositQuote,
    DepositRates,
    DepositTier,
    WithdrawalQuote,
)
from tapwealth.flows.v1.reading import allowed
from tapwealth.flows.v1.shapes import SignedMoney, decimals, yuan
from tapwealth.flows.v1.translation import found, told
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx

_RATE_PLACES, _UNIT_PLACES, _NAV_PLACES = 4, 2, 4


def day_of(filters: Mapping[str, str]) -> date | None:
    """The date that is asked about. Raises BadInput."""
    try:
        return date.fromisoformat(filters["date"]) if "date" in filters else None
    except ValueError:
        raise BadInput(f"{filters['date']!r} is no date", where="date", hint="write it like 2014-02-24") from None


async def products(tx: Tx, filters: Mapping[str, str]) -> list[DepositProduct]:
    """What is on sale now with the rates of a date, by code."""
    at = await moment(tx)
    day = day_of(filters) or at.date_of(at.now)
    sold = await deposit_counter.sold(tx, at.now)
    return [_product(one, day) for one in sorted(sold, key=lambda one: one.product)]


def _product(version: Version, day: date) -> DepositProduct:
    said: DepositParameters = version.definition.parameters
    form, name, shown = said.form, version.definition.name, deposit_counter.offered(version, day)
    tag: Any = form.__struct_config__.tag
    early = form.early if isinstance(form, FixedTerm | Certificate) else EarlyWithdrawal.IN_PART
    withdrawal, balance = (form.least_withdrawal, form.least_balance) if isinstance(form, Notice) else (0, said.minimum)
    return DepositProduct(
        version.product, version.version, name.zh, name.en, said.bank, tag, yuan(said.minimum),
        yuan(said.maximum) if said.maximum else None, early.value, shown.renews, shown.notice, yuan(withdrawal), yuan(balance),
        [_rates(one, said.minimum) for one in shown.rates],
    )  # fmt: skip


def _rates(one: OfTerm, minimum: int) -> DepositRates:
    term: Any = one.term or None
    tiers = [DepositTier(yuan(max(of.from_amount, minimum)), decimals(of.rate, _RATE_PLACES)) for of in one.tiers]
    return DepositRates(term, tiers)


async def opened(house: House, caller: Caller, account: str, filters: Mapping[str, str]) -> DepositQuote | Refusal:
    """What a deposit would be that is opened today, and whether it is for them; the money need not be there yet."""
    amount, term = int(filters["amount"]), Term(filters["term"]) if "term" in filters else None

    async def read(tx: Tx, book: int, person: UUID) -> DepositQuote | Refusal:
        wish = Wish(amount, term, AtMaturity.PAY, None, [TERMS])
        quoted = await deposit_counter.quote(tx, filters["product"], wish, amount, "zh")
        if isinstance(quoted, Refusal):
            return quoted
        row = (await customers.persons(tx, [(book, person)]))[person]
        return opening.not_for(house, quoted.version, row, quoted.first) or _quoted(account, wish, quoted)

    return await allowed(house, caller, read)


def _quoted(account: str, wish: Wish, one: Quoted) -> DepositQuote:
    (rate, due), dated = one.opening, one.opening.due is not None
    return DepositQuote(
        account, one.version.product, one.version.version, yuan(wish.amount), wish.term, decimals(rate, _RATE_PLACES), one.first, due,
        yuan(one.interest) if dated else None, yuan(wish.amount + one.interest) if dated else None, decimals(one.demand, _RATE_PLACES),
    )  # fmt: skip


async def withdrawal(house: House, caller: Caller, deposit: UUID, filters: Mapping[str, str]) -> WithdrawalQuote | Refusal:
    """What a withdrawal would pay. Raises BadInput."""
    day, amount = day_of(filters), int(filters["amount"]) if "amount" in filters else None

    async def read(tx: Tx, book: int, person: UUID) -> Any:
        return await withdrawal_quote.would_pay(tx, book, person, deposit, amount, day)

    return await found(house, caller, read, WithdrawalQuote, "deposit")


async def insurance(house: House, caller: Caller, account: str) -> DepositInsurance | Refusal:
    """What deposit insurance covers."""

    async def read(tx: Tx, book: int, person: UUID) -> DepositInsurance:
        return DepositInsurance(account, [told(BankInsurance, one) for one in await worth.insured(tx, book, person)])

    return await allowed(house, caller, read)


async def assets(house: House, caller: Caller, account: str, filters: Mapping[str, str]) -> Assets | Refusal:
    """Everything owned at the end of a date. Raises BadInput for one that has not come."""

    async def read(tx: Tx, book: int, person: UUID) -> Assets:
        row = (await customers.persons(tx, [(book, person)]))[person]
        return _assets(account, await owned_on(house, tx, row, day_of(filters)))

    return await allowed(house, caller, read)


def _assets(account: str, view: AssetsView) -> Assets:
    return Assets(account, view.date, view.closed, SignedMoney(view.worth, "CNY"), [_asset(one) for one in view.assets])


def _asset(one: AssetLine) -> AssetOwned:
    units = None if one.asset == MONEY else decimals(one.amount, _UNIT_PLACES)
    nav = decimals(one.nav, _NAV_PLACES) if one.nav_date else None
    return told(AssetOwned, one, units=units, nav=nav)
