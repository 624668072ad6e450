"""What somebody is shown who opens a deposit, in both languages, and the record of their opening it."""

from datetime import date

from tapwealth.bank.partner import named
from tapwealth.catalogue.sale import Fact, Offer, Sale, SaleKind, shown_offer, written
from tapwealth.catalogue.version import Version
from tapwealth.deposits.deposit import Deposit, Wish, percent
from tapwealth.deposits.product import (
    WORDS,
    Certificate,
    ChartPart,
    Demand,
    DepositParameters,
    EarlyWithdrawal,
    FixedTerm,
    Form,
    Notice,
    Term,
    part_on,
    terms_of,
)
from tapwealth.flows.catalogue.sales import Sold, signed
from tapwealth.flows.frame import Envelope
from tapwealth.kernel.clock import iso
from tapwealth.kernel.money import format_minor

INSURED = 500_000_00
"""Fen of principal and interest of one depositor that deposit insurance pays at one bank (Deposit Insurance Regulations, art. 5)."""
_ZH, _EN = 0, 1


def deposit_sold(envelope: Envelope, row: Deposit, wish: Wish, version: Version, demand: int) -> Sold:
    """The record: the product as it was shown on that day, and what of it is this depositor's own."""
    offer = written(deposit_offer(version, envelope.language, row.first, demand))
    sale = Sale(
        sale=row.id,
        kind=SaleKind.DEPOSIT,
        product=row.product,
        version=row.version,
        person=row.person,
        offer=offer.digest.hex(),
        at=iso(envelope.received_at),
        terms={
            "amount": row.balance,
            "rate": row.rate,
            "rate_shown": -1 if wish.rate is None else wish.rate,
            "first": str(row.first),
            **({"term": row.term, "due": str(row.due), "at_maturity": wish.at_maturity.value} if row.term else {}),
        },
        confirmed=tuple(wish.confirmed),
        signed=signed(envelope.caller),
    )
    return Sold(row.book, sale, offer)


def deposit_offer(version: Version, language: str, day: date, demand: int) -> Offer:
    """The product as it is shown on that day; `demand`: the demand rate, in millionths."""
    said, place = version.definition, _ZH if language == "zh" else _EN
    terms: DepositParameters = said.parameters
    facts = [*_facts(terms, place), *_rates(terms, day, place), *_rules(terms.form, demand, place)]
    confirms = [("我已阅读并同意存款协议（terms）", "I have read the terms and agree to them (terms)")[place]]
    return shown_offer(SaleKind.DEPOSIT, version, language, facts, _warnings(terms.form, place), confirms)


def _facts(terms: DepositParameters, place: int) -> list[Fact]:
    yuan = ("元", " yuan")[place]
    kind = WORDS[str(terms.form.__struct_config__.tag)][place]
    most = [Fact(("最高存入金额", "At most")[place], f"{format_minor(terms.maximum)}{yuan}")] if terms.maximum else []
    return [
        Fact(("开户银行（联行号）", "Bank (CNAPS)")[place], named(terms.bank, place)),
        Fact(("储种", "Kind")[place], kind),
        Fact(("起存金额", "At least")[place], f"{format_minor(terms.minimum)}{yuan}"),
        *most,
        Fact(("存款保险", "Deposit insurance")[place], _insured(place)),
    ]


def _insured(place: int) -> str:
    amount = format_minor(INSURED)
    zh = f"同一存款人在同一家银行所有存款的本金和利息合并计算，最高偿付{amount}元"
    en = f"up to {amount} yuan of one depositor at one bank, principal and interest of all deposits there together"
    return (zh, en)[place]


def _rates(terms: DepositParameters, day: date, place: int) -> list[Fact]:
    part = part_on(terms.chart, day)
    return [] if part is None else [_rate(part, term, place) for term in terms_of(terms.form)]


def _rate(part: ChartPart, term: Term | None, place: int) -> Fact:
    """The rates of a term by amount, the first without saying from where."""
    rows = [one for one in part.rates if one.term is term]
    more = "，{}元起{}" if place == _ZH else "; from {} yuan {}"
    text = percent(rows[0].rate) + "".join(more.format(format_minor(one.from_amount), percent(one.rate)) for one in rows[1:])
    name = ("年利率", "Rate a year")[place]
    return Fact(f"{name}{('（', ' (')[place]}{WORDS[term][place]}{('）', ')')[place]}" if term else name, text)


def _rules(form: Form, demand: int, place: int) -> list[Fact]:
    match form:
        case FixedTerm() | Certificate():
            return _of_term(form, demand, place)
        case Demand(settles_on):
            zh, en = (
                f"每季末月{settles_on}日结息，次日入账",
                f"settled on the {settles_on}th of each quarter's last month, credited the next day",
            )
            return [Fact(("结息", "Interest")[place], (zh, en)[place])]
        case Notice(days):
            zh, en = (
                f"提前{days}天通知支取；未通知或不符的部分按活期利率计息",
                f"{days} days' notice; what is taken out otherwise earns the demand rate",
            )
            return [Fact(("支取", "Taking out")[place], (zh, en)[place])]


def _of_term(form: FixedTerm | Certificate, demand: int, place: int) -> list[Fact]:
    rate = percent(demand)
    early, method = WORDS[form.early][place], WORDS[form.method][place]
    at_demand = (
        f"{early}；提前支取的部分按支取日活期利率计息（今日{rate}）",
        f"{early}; it earns the demand rate of that day (today {rate})",
    )
    renews = isinstance(form, FixedTerm) and form.renews
    zh = "可约定自动转存（按转存日挂牌利率）、到期转入余额，或逾期按活期利率计息" if renews else "到期转入余额，或逾期按活期利率计息"
    en = "paid out, or kept at the demand rate" + (", or renewed at the rate posted that day" if renews else "")
    return [
        Fact(("计息", "Days")[place], method),
        Fact(("提前支取", "Before it is due")[place], early if form.early is EarlyWithdrawal.NOTHING else at_demand[place]),
        Fact(("到期", "When it is due")[place], (zh, en)[place]),
    ]


def _warnings(form: Form, place: int) -> list[str]:
    if not isinstance(form, FixedTerm | Certificate):
        return []
    if form.early is EarlyWithdrawal.NOTHING:
        return [("存期内利率不变。", "The rate holds for the whole term.")[place]]
    zh = "存期内利率不变；提前支取的部分不按存期利率计息。"
    en = "The rate holds for the whole term; what is taken out before it is due does not earn it."
    return [(zh, en)[place]]
