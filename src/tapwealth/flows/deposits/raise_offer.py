"""What somebody is shown who subscribes to a wealth product of the bank, in both languages, and the record of it."""

from datetime import timedelta

from tapwealth.bank.partner import named
from tapwealth.catalogue.sale import Fact, Offer, Sale, SaleKind, shown_offer, written
from tapwealth.catalogue.version import Version
from tapwealth.compliance.suitability import LOWEST, Standing
from tapwealth.deposits.raise_product import Allotment, WealthParameters
from tapwealth.deposits.raise_store import SubscriptionRow
from tapwealth.flows.catalogue.sales import Sold, signed
from tapwealth.flows.frame import Envelope
from tapwealth.kernel.clock import SHANGHAI, business_date_of, iso
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.units import Unit, written_in
from tapwealth.kernel.words import counted

_INSTANT = timedelta(microseconds=1)
_WARNINGS = {
    "zh": [
        "本产品不是存款，不受存款保险保障；预期收益率不是承诺，银行可能支付其他收益率。",
        "理财非存款，产品有风险，投资须谨慎。到期日至资金入账日之间不计收益。",
    ],
    "en": [
        "This is no deposit, and no deposit insurance covers it; the expected yield is no promise, the bank may pay another one.",
        "A wealth product bears risk: invest with care. From maturity until the money is credited nothing is earned.",
    ],
}


def wealth_sold(envelope: Envelope, row: SubscriptionRow, version: Version, confirmed: list[str], standing: Standing | None) -> Sold:
    """The record: the product as it was shown, and what of it is this buyer's own."""
    offer = written(wealth_offer(version, envelope.language))
    risk = version.definition.eligibility.risk_level
    borne = {"risk_borne": standing.level} if standing is not None and risk is not None and risk > LOWEST else {}
    sale = Sale(
        sale=row.id,
        kind=SaleKind.WEALTH,
        product=row.product,
        version=version.version,
        person=row.person,
        offer=offer.digest.hex(),
        at=iso(envelope.received_at),
        terms={"asked": row.asked, "amount": row.given, "arrival": row.arrival, **borne},
        confirmed=confirmed,
        signed=signed(envelope.caller),
    )
    return Sold(row.book, sale, offer)


def wealth_offer(version: Version, language: str) -> Offer:
    """The product as it is shown."""
    zh = language == "zh"
    confirms = (
        "我已阅读产品说明书与风险揭示书，自愿认购；募集期最后一日不可撤销（terms）"
        if zh
        else "I have read the prospectus and the warnings and subscribe of my own will; on the last day nothing is cancelled (terms)"
    )
    facts = [Fact(name, text) for name, text in (_facts if zh else _facts_en)(version).items()]
    return shown_offer(SaleKind.WEALTH, version, language, facts, _WARNINGS[language], [confirms])


def _window(version: Version) -> tuple[str, str]:
    sale = version.definition.sale
    assert sale.opens is not None, "a raise has its window"
    assert sale.closes is not None, "a raise has its window"
    until = " – ".join(f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" for at in (sale.opens, sale.closes))
    return until, str(business_date_of(sale.closes - _INSTANT) + timedelta(days=1))


def _facts(version: Version) -> dict[str, str]:
    terms: WealthParameters = version.definition.parameters
    until, begins = _window(version)
    shared = terms.allotment is Allotment.PRO_RATA
    allotted = "超额认购时按比例配售，未获配款项下一工作日退回" if shared else "按到达先后，募满即止"
    return {
        "发行银行": named(terms.bank, 0),
        "风险等级": f"R{version.definition.eligibility.risk_level}",
        "募集期": f"{until}，银行可提前结束",
        "募集规模": f"{format_minor(terms.target)}元，{allotted}",
        "最低认购金额": f"{format_minor(terms.minimum)}元，递增{format_minor(terms.step)}元",
        "每人上限": f"{format_minor(terms.cap)}元" if terms.cap else "无",
        "成立条件": f"募集不少于{format_minor(terms.least)}元，否则{_within(terms.back_within)}退还本金与活期利息",
        "起息日": f"募集结束次日，预计{begins}",
        "期限": f"{terms.days}天",
        "预期收益率": f"每年{written_in(Unit.PERCENT, terms.expected)}%，收益＝本金×收益率×实际天数÷365",
        "募集期利息": "按活期存款利率计息，不计入本金",
        "资金到账": f"到期后{_within(terms.credit_within)}" if terms.credit_within else "到期当日，且不早于募集结束后的下一工作日",
    }


def _facts_en(version: Version) -> dict[str, str]:
    terms: WealthParameters = version.definition.parameters
    until, begins = _window(version)
    shared = terms.allotment is Allotment.PRO_RATA
    allotted = "shared out pro rata if more is asked, the rest back on the next working day" if shared else "by arrival, closed when full"
    back = f"within {counted(terms.back_within, 'working day')}" if terms.back_within else "the same day"
    least = f"if {format_minor(terms.least)} yuan are raised; else the money is back {back}, with interest"
    return {
        "Bank": named(terms.bank, 1),
        "Risk": f"R{version.definition.eligibility.risk_level}",
        "Raised": f"{until}; the bank may close it early",
        "Target": f"{format_minor(terms.target)} yuan, {allotted}",
        "Least order": f"{format_minor(terms.minimum)} yuan, in steps of {format_minor(terms.step)}",
        "Most a person": f"{format_minor(terms.cap)} yuan" if terms.cap else "no limit",
        "Formed": least,
        "Earns from": f"the day after the raise, {begins} as planned",
        "For": f"{terms.days} days",
        "Expected yield": f"{written_in(Unit.PERCENT, terms.expected)}% a year: principal x yield x actual days / 365",
        "Interest of the raise": "at the rate of demand deposits, not added to the principal",
        "Credited": _credited(terms.credit_within),
    }


def _within(days: int) -> str:
    return f"{days}个工作日内" if days else "当日"


def _credited(within: int) -> str:
    if not within:
        return "on the day of maturity, and not before the working day after the raise"
    return f"within {counted(within, 'working day')} of maturity"
