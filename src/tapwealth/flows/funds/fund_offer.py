"""What somebody is shown who buys into a fund, in both languages, and the record of their buying.

All of it follows from the version of the catalogue that stands: what a fund costs is shown as the whole table of its tiers, and the record
of a sale names the tier that was this buyer's. Versions never change, so what was made of one is kept by the process.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.catalogue import store as catalogue
from tapwealth.catalogue.definition import DatedRow, Definition, Eligibility
from tapwealth.catalogue.sale import Fact, Offer, Sale, SaleKind, Written, shown_documents, written
from tapwealth.catalogue.version import Version
from tapwealth.compliance.suitability import Standing
from tapwealth.flows.catalogue.sales import Sold, signed
from tapwealth.flows.frame import Envelope, House
from tapwealth.flows.funds.fund_shapes import SHAPES
from tapwealth.funds.conditions import CarryForward, DividendMethod, PurchaseFee, RedemptionFee
from tapwealth.funds.nav import format_nav
from tapwealth.funds.product import FundChannel, FundParameters, Parameters
from tapwealth.funds.raise_store import Raise
from tapwealth.funds.raise_terms import offering_of
from tapwealth.funds.raising import ISSUE_PRICE, Offering
from tapwealth.kernel.clock import SHANGHAI, iso
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.units import WHOLE, Unit, written_in

PLACE: Mapping[str, int] = {"zh": 0, "en": 1}
"""Of a language in a pair of words."""
AT_PAR = 10_000
"""1/10,000 yuan: what a money fund's unit costs."""

Terms = dict[str, int | str]


class Bought(NamedTuple):
    """The id of an order or an agreement, and the version of which fund it is."""

    id: UUID
    product: str
    version: int


class FundOffer(NamedTuple):
    """`offer` as it is kept; of what it says, what a buyer's own terms follow from. `remains`: millionths of the purchase rate."""

    offer: Written
    version: Version
    money_fund: bool
    fees: Sequence[PurchaseFee]
    remains: int

    def price(self, amount: int, nav: int) -> Terms:
        """The price that was known, 0 where none was, and the tier of the fee for so many fen."""
        if self.money_fund:
            return {"price": format_nav(AT_PAR)}
        tier = next((one for one in reversed(self.fees) if one.from_amount <= amount), None)
        known: Terms = {"price": "unknown", "last_price": format_nav(nav) if nav else ""}
        if tier is None:
            return known
        fee: Terms = {"fee_fixed": tier.fixed} if tier.fixed else {"fee_rate": _percent(tier.rate), "fee_remains": _percent(self.remains)}
        return {**known, "fee_from_amount": tier.from_amount, **fee}


Wanted = tuple[str, int, str]
"""Fund, version of the catalogue, language."""


async def fund_offers(
    house: House, tx: Any, kind: SaleKind, channel: str, wanted: Iterable[Wanted], raises: Mapping[str, Raise] | None = None
) -> Mapping[Wanted, FundOffer]:
    """What is shown of these, to who buys from that channel; one query for all that this process has not made yet. `raises`: by fund, what
    is being raised: it is sold as it is from its first subscription on."""
    made, of = house.offers.made, raises or {}
    keys = {one: (kind, channel, *one, *((of[one[0]].product, of[one[0]].version) if one[0] in of else ())) for one in wanted}
    fresh = [one for one, key in keys.items() if key not in made]
    missing = sorted({one[:2] for one in fresh} | {(of[one[0]].product, of[one[0]].version) for one in fresh if one[0] in of})
    versions = await catalogue.versions_at(tx, missing, SHAPES.get) if missing else {}
    for one in fresh:
        raised = of.get(one[0])
        made[keys[one]] = _made(kind, channel, versions[one[:2]], one[2], versions[raised.product, raised.version] if raised else None)
    return {one: made[key] for one, key in keys.items()}


def offering_said(version: Version) -> Offering:
    """What a version of a raise says, whether or not it was closed early since."""
    sale = version.definition.sale
    assert sale.opens is not None, "a raise has its window"
    assert sale.closes is not None, "a raise has its window"
    return offering_of(version.definition.parameters, sale.opens, sale.closes)


def _made(kind: SaleKind, channel: str, version: Version, language: str, raised: Version | None) -> FundOffer:
    said = version.definition
    fees = said.parameters.purchase_fees if isinstance(said.parameters, FundParameters) else []
    offer = written(fund_offer(kind, channel, version, language, raised))
    return FundOffer(offer, version, not isinstance(said.parameters, FundParameters), fees, said.channels[channel].remains)


def fund_offer(kind: SaleKind, channel: str, version: Version, language: str, raised: Version | None = None) -> Offer:
    """A version as it is shown; `raised`: of a raise with its fund, documents of both. Nothing of it forecasts or promises a return."""
    said, place = version.definition, PLACE[language]
    lines = _facts(said, said.channels[channel], place)
    sold, files = version, said.documents
    if raised is not None:
        sold = raised
        files = [*sold.definition.documents, *(one for one in files if one not in sold.definition.documents)]
        lines = [(name, text) for name, text in lines if name not in _OF_PURCHASES] + raise_lines(offering_said(raised), place)
        lines.append((("基金产品版本", f"第{version.version}版"), ("Version of the fund", str(version.version)))[place])
    names = sold.definition.name
    return Offer(
        kind=kind,
        product=sold.product,
        version=sold.version,
        language=language,
        title=(names.zh, names.en)[place],
        facts=[Fact(name, text) for name, text in lines],
        documents=shown_documents(files, language),
        warnings=warnings(said.parameters, place, raised=raised is not None),
        confirms=CONFIRMS[kind][place],
        definition=sold.digest.hex(),
    )


_OF_PURCHASES = {
    "价格",
    "起购金额",
    "单日限额",
    "持有限额",
    "申购费",
    "Price",
    "Least purchase",
    "Most in a day",
    "Most held",
    "Purchase fee",
}
"""What a raise has terms of its own for."""


def raise_lines(one: Offering, place: int) -> "Lines":
    """The terms of a raise."""
    until = " – ".join(f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" for at in (one.opens_at, one.closes_at))
    price, cap = format_nav(ISSUE_PRICE), format_minor(one.cap)
    if place:
        return [
            ("Price", f"{price} yuan a unit, without a fee"), ("Sold", until), ("Target", f"{format_minor(one.target)} yuan, by arrival"),
            ("Least order", f"{format_minor(one.minimum)} yuan, in steps of {format_minor(one.step)}"),
            ("Most a person", f"{cap} yuan" if one.cap else "no limit"),
            ("Formed", f"if {format_minor(one.least)} yuan are raised by all who sell it; else the money goes back"),
            ("Interest until then", f"{_percent(one.rate)} a year"),
        ]  # fmt: skip
    return [
        ("价格", f"每份{price}元，免认购费"), ("募集期", until), ("募集上限", f"{format_minor(one.target)}元，按到达先后"),
        ("最低认购金额", f"{format_minor(one.minimum)}元，递增{format_minor(one.step)}元"),
        ("每人上限", f"{cap}元" if one.cap else "无"),
        ("成立条件", f"全部渠道募集不少于{format_minor(one.least)}元，否则退款"),
        ("募集期利率", f"每年{_percent(one.rate)}"),
    ]  # fmt: skip


_READ = (
    "我已阅读上述产品文件、费用与风险提示，自愿购买",
    "I have read the documents, the fees and the warnings above, and buy of my own will",
)
CONFIRMS: Mapping[SaleKind, tuple[list[str], list[str]]] = {
    SaleKind.FUND_PURCHASE: ([_READ[0]], [_READ[1]]),
    SaleKind.SUBSCRIPTION: (
        [_READ[0], "认购申请经受理后不可撤销；募集失败时，认购款连同期间利息退还"],
        [_READ[1], "A subscription that was taken cannot be withdrawn; if the fund is not formed, the money comes back with its interest"],
    ),
    SaleKind.PLAN: (
        [_READ[0], "我授权在每期约定的交易日从余额扣款申购，直至我暂停或终止"],
        [_READ[1], "I let the amount be taken from my wallet on each planned dealing day until I pause the plan or end it"],
    ),
    SaleKind.SWEEP: (
        [_READ[0], "我授权在每个交易日将超出留存金额的部分自动申购，直至我终止"],
        [_READ[1], "I let what lies above the kept balance be put into the fund on each dealing day until I end it"],
    ),
    SaleKind.SWITCH: (
        [_READ[0], "转换将赎回原基金份额并申购本基金"],
        [_READ[1], "A switch redeems units of the other fund and buys this one"],
    ),
}
"""Chinese, English."""


_PAR = (
    "货币基金不等同于银行存款，不保证一定盈利，也不保证最低收益。",
    "A money fund is no bank deposit: neither a gain nor a least return is promised.",
)
_UNKNOWN_PRICE = (
    "基金净值会波动，您可能损失本金；申购以受理日收市后公布的净值成交，下单时净值未知。",
    "The price rises and falls, and you may lose money; you buy at the price published after the dealing day, unknown when you order.",
)
_RAISED = (
    "基金成立后净值会波动，您可能损失本金；募集失败时退还认购款与期间利息。",
    "Once formed, the price rises and falls, and you may lose money; if it is not formed, the money comes back with its interest.",
)
_EVERY = (
    "基金的过往业绩不预示其未来表现。基金有风险，投资须谨慎。",
    "What a fund has earned says nothing of what it will earn. Funds bear risk: invest with care.",
)


def warnings(parameters: Parameters, place: int, *, raised: bool) -> list[str]:
    priced = _RAISED if raised else _UNKNOWN_PRICE
    return [one[place] for one in (priced if isinstance(parameters, FundParameters) else _PAR, _EVERY)]


Lines = list[tuple[str, str]]


def _facts(said: Definition, channel: FundChannel, place: int) -> Lines:
    of = said.parameters
    own = _of_priced(of, channel) if isinstance(of, FundParameters) else _of_money(monthly=of.carry_forward is CarryForward.MONTHLY)
    return [(name[place], text[place]) for name, text in [*_of_every(said, channel), *own]] + _costs(said, place)


Pair = tuple[str, str]
"""Chinese, English."""


def _of_every(said: Definition, channel: FundChannel) -> list[tuple[Pair, Pair]]:
    of, known = said.parameters, said.eligibility
    par = f"每份{format_nav(AT_PAR)}元", f"{format_nav(AT_PAR)} yuan a unit"
    deals = f"交易日{of.cut_off_hour}:00前受理为当日申请", f"before {of.cut_off_hour}:00 of a dealing day counts for that day"
    lag = f"受理日后第{of.confirmation_days}个交易日", f"dealing days after the order: {of.confirmation_days}"
    price = ("受理日净值（下单时未知）", "the dealing day's, unknown when you order") if isinstance(of, FundParameters) else par
    return [
        (("基金代码", "Code"), (said.product, said.product)),
        (("类型", "Kind"), said.kind.words),
        (("风险等级", "Risk"), (f"R{known.risk_level}", f"R{known.risk_level}")),
        (("购买条件", "Who may buy"), (_who_may_buy(known, 0), _who_may_buy(known, 1))),
        (("登记机构", "Registrar"), (of.registrar, of.registrar)),
        (("价格", "Price"), price),
        (("起购金额", "Least purchase"), _yuan(channel.minimum_purchase)),
        (("单日限额", "Most in a day"), _yuan(channel.day_cap) if channel.day_cap else _NO_LIMIT),
        (("持有限额", "Most held"), _yuan(channel.holding_cap) if channel.holding_cap else _NO_LIMIT),
        (("截止时间", "Cut-off"), deals),
        (("确认", "Confirmed"), lag),
        (("最低赎回份额", "Least redemption"), _units(of.minimum_redemption)),
        (("最低持有份额", "Least holding"), _units(of.minimum_holding)),
    ]


_NO_LIMIT = ("无", "no limit")


def _yuan(amount: int) -> Pair:
    return f"{format_minor(amount)}元", f"{format_minor(amount)} yuan"


def _units(amount: int) -> Pair:
    return (f"{format_minor(amount)}份", f"{format_minor(amount)} units") if amount else ("无", "none")


def _of_money(*, monthly: bool) -> list[tuple[Pair, Pair]]:
    often = "每日计算，按月结转为份额" if monthly else "每日计算，每日结转为份额"
    return [
        (("申购费与赎回费", "Fees"), ("无", "none to buy, none to redeem")),
        (("收益", "Income"), (often, f"reckoned daily, paid in units every {'month' if monthly else 'day'}")),
    ]


def _of_priced(of: FundParameters, channel: FundChannel) -> list[tuple[Pair, Pair]]:
    cash = of.dividend_method is DividendMethod.CASH
    buying = [(_purchase_fee_zh(one, channel.remains), _purchase_fee_en(one, channel.remains)) for one in of.purchase_fees]
    redeeming = [(_redemption_fee_zh(one), _redemption_fee_en(one)) for one in of.redemption_fees]
    dividends = ("现金分红", "in cash unless you choose") if cash else ("红利再投资", "in units unless you choose")
    return [
        (("默认分红方式", "Dividends"), dividends),
        (("申购费", "Purchase fee"), _listed(buying)),
        (("赎回费", "Redemption fee"), _listed(redeeming)),
    ]


def _listed(fees: Sequence[Pair]) -> Pair:
    return "；".join(zh for zh, _ in fees) or "无", "; ".join(en for _, en in fees) or "none"


def _who_may_buy(one: Eligibility, place: int) -> str:
    """By class of account and age; of whom the risk suits, the level says."""
    classes = "I" * one.kyc_class
    told = [(f"{classes}类及以上账户", f"accounts of class {classes} and above")[place]] if one.kyc_class > 1 else []
    if one.youngest is not None:
        told.append((f"年满{one.youngest}周岁", f"from {one.youngest} years of age")[place])
    if one.oldest is not None:
        told.append((f"不超过{one.oldest}周岁", f"up to {one.oldest} years of age")[place])
    return ("，", ", ")[place].join(told) or ("风险等级相符者", "whoever its risk suits")[place]


def _percent(millionths: int) -> str:
    return f"{written_in(Unit.PERCENT, millionths)}%"


def _purchase_fee_zh(one: PurchaseFee, remains: int) -> str:
    begin = f"{format_minor(one.from_amount)}元起"
    if one.fixed:
        return f"{begin}每笔{format_minor(one.fixed)}元"
    return f"{begin}{_percent(one.rate)}" + ("" if remains == WHOLE else f"，本渠道收取其中的{_percent(remains)}")


def _purchase_fee_en(one: PurchaseFee, remains: int) -> str:
    begin = f"from {format_minor(one.from_amount)} yuan"
    if one.fixed:
        return f"{begin} {format_minor(one.fixed)} yuan an order"
    return f"{begin} {_percent(one.rate)}" + ("" if remains == WHOLE else f", of which {_percent(remains)} is charged here")


def _redemption_fee_zh(one: RedemptionFee) -> str:
    return f"持有不满{one.below_days}天{_percent(one.rate)}" if one.below_days is not None else f"其余{_percent(one.rate)}"


def _redemption_fee_en(one: RedemptionFee) -> str:
    return f"{_percent(one.rate)} below {one.below_days} days" if one.below_days is not None else f"{_percent(one.rate)} after that"


def _costs(said: Definition, place: int) -> Lines:
    """The dated tables, each row with its first day. `place`: 0 Chinese, 1 English."""
    words, between = SHAPES[said.kind].words, ("；", "; ")[place]
    return [(words[name][place], between.join(_cost(row, place) for row in rows)) for name, rows in said.rates.items()]


def _cost(row: DatedRow, place: int) -> str:
    rate = _percent(row.value)
    if place:
        return f"{rate} from {row.first}" + (f" to {row.last}" if row.last else "")
    return f"{row.first}起{rate}" + (f"，至{row.last}" if row.last else "")


# ---- the record


def fund_sold(envelope: Envelope, kind: SaleKind, row: Bought, offer: FundOffer, terms: Terms, standing: Standing | None = None) -> Sold:
    """What of it is this buyer's own. `standing`: their suitability, where the fund asks for it."""
    person = envelope.caller.person
    assert person is not None, "only a customer buys for themself"
    warned = standing is not None and any(code == terms.get("fund", row.product) for code, _ in standing.confirmed)
    sale = Sale(
        sale=row.id,
        kind=kind,
        product=row.product,
        version=row.version,
        person=person,
        offer=offer.offer.digest.hex(),
        at=_instant(envelope.received_at),
        terms=terms if standing is None else {**terms, "suits_up_to": f"R{standing.level}"},
        confirmed=("special_warning",) if warned else (),
        signed=signed(envelope.caller),
    )
    return Sold(envelope.caller.book, sale, offer.offer)


@lru_cache(maxsize=256)
def _instant(at: datetime) -> str:
    """As it is written; those that come together share it."""
    return iso(at)
