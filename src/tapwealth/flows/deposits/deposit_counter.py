"""What a customer's pages show of deposits: those on sale with today's rates, and what one of them would be if it were opened."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.catalogue import store
from tapwealth.catalogue.definition import ProductKind
from tapwealth.catalogue.sale import Offer
from tapwealth.catalogue.version import Version
from tapwealth.deposits.deposit import Buyer, Opening, Wish, open_deposit, percent, posted
from tapwealth.deposits.interest import Termed, earned
from tapwealth.deposits.product import WORDS, Certificate, ChartRate, DepositParameters, FixedTerm, Notice, Term, part_on
from tapwealth.flows.deposits.deposit_offer import deposit_offer
from tapwealth.flows.deposits.deposit_product import SHAPE
from tapwealth.flows.deposits.deposit_terms import charts_of, on_sale
from tapwealth.flows.frame import House, moment
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount


class Tier(NamedTuple):
    """From so many fen on (0: from the least deposit on), millionths a year, and how people write that."""

    from_amount: int
    rate: int
    percent: str


class OfTerm(NamedTuple):
    """The rates of a term by amount; `term` is empty where the product has none."""

    term: str
    words: tuple[str, str]
    tiers: Sequence[Tier]


class Offered(NamedTuple):
    """A deposit that can be opened today. Amounts in fen, `maximum` 0 for none; `notice`: its days, 0 for none."""

    code: str
    names: tuple[str, str]
    form: tuple[str, str]
    early: tuple[str, str] | None
    renews: bool
    notice: int
    minimum: int
    maximum: int
    rates: Sequence[OfTerm]


async def on_offer(tx: Any) -> list[Offered]:
    """What is on sale now and has rates today, by code: one question, however many."""
    at = await moment(tx)
    today = at.date_of(at.now)
    return [one for version in await sold(tx, at.now) if (one := offered(version, today)).rates]


async def sold(tx: Any, now: datetime) -> list[Version]:
    """What is on sale at that instant."""
    found = await store.on_sale_of_kinds(tx, [ProductKind.DEPOSIT], lambda _kind: SHAPE)
    return [one for one in found.values() if one.definition.sale.covers(now)]


def offered(version: Version, today: date) -> Offered:
    """That product as it is on that day."""
    definition = version.definition
    said: DepositParameters = definition.parameters
    form, tag = said.form, str(said.form.__struct_config__.tag)
    return Offered(
        version.product,
        (definition.name.zh, definition.name.en),
        WORDS[tag],
        WORDS[form.early] if isinstance(form, FixedTerm | Certificate) else None,
        isinstance(form, FixedTerm) and form.renews,
        form.days if isinstance(form, Notice) else 0,
        said.minimum,
        said.maximum,
        _rates(said, today),
    )


def _rates(said: DepositParameters, today: date) -> list[OfTerm]:
    part = part_on(said.chart, today)
    order = list(Term)
    rows = [] if part is None else sorted(part.rates, key=lambda one: (-1 if one.term is None else order.index(one.term), one.from_amount))
    return [_of_term(term, list(some)) for term, some in groupby(rows, key=lambda one: one.term)]


def _of_term(term: Term | None, rows: Sequence[ChartRate]) -> OfTerm:
    tiers = [Tier(one.from_amount, one.rate, percent(one.rate)) for one in rows]
    return OfTerm(term or "", WORDS[term] if term else ("", ""), tiers)


async def one_offered(tx: Any, code: str) -> Offered | None:
    """That product, if it is on sale now."""
    at = await moment(tx)
    version = await on_sale(tx, code, at.now)
    return None if isinstance(version, Refusal) else offered(version, at.date_of(at.now))


async def available(house: House, tx: Any, book: int, person: UUID) -> int:
    """Fen in the wallet that are free."""
    wallet = NewAccount(book, Kind.WALLET, person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
    (found,) = await house.ledger.find_free(tx, (await moment(tx)).now, [wallet])
    return 0 if found is None else found[1]


class Quoted(NamedTuple):
    """What would be opened today of that version, with what its owner agrees to; `interest`: fen on its due day, 0 without one; `demand`:
    millionths that a demand deposit of so much earns today."""

    opening: Opening
    version: Version
    first: date
    interest: int
    demand: int
    offer: Offer


async def quote(tx: Any, code: str, wish: Wish, free: int, language: str) -> Quoted | Refusal:
    """Or why it would not; whether it is for this person is said when it is opened. `free`: fen in the wallet."""
    at = await moment(tx)
    version, today = await on_sale(tx, code, at.now), at.date_of(at.now)
    if isinstance(version, Refusal):
        return version
    said: DepositParameters = version.definition.parameters
    made = open_deposit(wish, said, Buyer(free, None), today)
    if isinstance(made, Refusal):
        return made
    chart = (await charts_of(tx, [said.demand])).get(said.demand, said.chart) if said.demand else said.chart
    demand = posted(chart, today, wish.amount)
    interest = _when_due(said, wish, made, today)
    return Quoted(made, version, today, interest, demand, deposit_offer(version, language, today, demand))


def _when_due(said: DepositParameters, wish: Wish, made: Opening, today: date) -> int:
    if wish.term is None or made.due is None or not isinstance(said.form, FixedTerm | Certificate):
        return 0
    return earned(Termed(wish.amount, today, wish.term, made.rate, said.form.method).segments(wish.amount, made.due, 0))
