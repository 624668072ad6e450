"""What the registrar says (04) of subscriptions: taken or not (120), and in the end the fund is formed (130) or the raise has failed (149).

Taken money waits in the collection account until the end. Of a fund that is formed it goes to the fund's custody account, and the holder
has units at 1.0000 for it and for the interest that it has earned, which the registrar itself has put in. Of a raise that has failed it
goes back to the wallet at once, and its interest when the registrar has paid that. What is not taken goes back too. The registrar's word
is posted; interest that we compute otherwise is a break.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tapwealth.bank import store as bank_store
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bank.store import BreakRow
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.frame import HOUSE_BOOK, House, Moment, must_post, step_key
from tapwealth.flows.funds import redemption_outcomes
from tapwealth.flows.funds.purchase import OWN_CHANNEL, order_of
from tapwealth.funds import conditions_store, entries, lots_store, orders_store, raise_store
from tapwealth.funds import dues as registrar_dues
from tapwealth.funds.conditions import FundKind, FundStatus
from tapwealth.funds.dues import RegistrarDue
from tapwealth.funds.exchange_values import SUCCESS, BusinessCode, ConfirmationRecord
from tapwealth.funds.lots_store import LotRow
from tapwealth.funds.order_answers import answered_before, not_of_fund, not_of_holder, other_code
from tapwealth.funds.order_state import ANSWERED, OrderState
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.raise_store import Heard, Outcome, Raise
from tapwealth.funds.raising import ISSUE_PRICE, Ended, interest
from tapwealth.funds.store import Fund, Holder
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Limit, NewAccount
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.wire.ofd import DataFileName

SOURCE = redemption_outcomes.SOURCE
TAKEN, FORMED, FAILED = BusinessCode.SUBSCRIBE.confirmed, BusinessCode.RAISE_FORMED, BusinessCode.RAISE_FAILED
_ENDS = {FORMED: Ended.FORMED, FAILED: Ended.FAILED}
_COLLECTION = NUMBER_OF[Kind.FUND_COLLECTION]

Answer = tuple[OrderRow, ConfirmationRecord]


def interest_name(confirmed_on: date) -> str:
    """How the registrar calls its payment of the interest of raises that failed on that date."""
    return f"RIN-{OWN_CHANNEL}-{confirmed_on:%Y%m%d}-{_COLLECTION}"


@dataclass(slots=True)
class Raised:
    """What a file has said of subscriptions so far, slice by slice."""

    seen: dict[tuple[str, bool], int] = field(default_factory=dict)
    """By serial, and whether it is that the order was taken or how its raise has ended, a hash of what was said first."""
    formed: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """By fund and book, fen for the custody account."""
    back: dict[str, list[Part]] = field(default_factory=lambda: defaultdict(list))
    """By fund, what goes back to wallets."""
    ended: dict[str, Ended] = field(default_factory=dict)
    interest: bool = False
    """Whether interest has fallen due."""
    lots: int = 0


@dataclass(frozen=True, slots=True)
class _Known:
    funds: Mapping[str, Fund]
    raises: Mapping[str, Raise]
    outcomes: Mapping[UUID, Outcome]
    ended: Mapping[str, Ended]
    """By this file."""

    def ended_as(self, fund: str) -> Ended:
        return self.ended.get(fund, self.raises[fund].ended)


async def take(
    house: House,
    tx: Any,
    at: Moment,
    file: DataFileName,
    said: Sequence[Answer],
    holders: Mapping[UUID, Holder],
    funds: Mapping[str, Fund],
    raised: Raised,
    day: date,
    actor: int,
) -> list[BreakRow]:
    """Post a slice of a file's answers to subscriptions: that they are taken before how their raise has ended, which one file may say both.
    What was said before changes nothing; what does not fit is a break."""
    first = [(order, one) for order, one in said if one.business_code == TAKEN]
    breaks, taken = await _take(house, tx, at, file, first, holders, funds, raised, day, actor)
    now = {order.id: replace(order, state=_state_after(one)) for order, one in taken}
    ends = [(now.get(order.id, order), one) for order, one in said if one.business_code != TAKEN]
    return breaks + (await _take(house, tx, at, file, ends, holders, funds, raised, day, actor))[0]


async def _take(
    house: House,
    tx: Any,
    at: Moment,
    file: DataFileName,
    said: Sequence[Answer],
    holders: Mapping[UUID, Holder],
    funds: Mapping[str, Fund],
    raised: Raised,
    day: date,
    actor: int,
) -> tuple[list[BreakRow], list[Answer]]:
    """Of each order one answer at the most, besides doubled ones; what was posted stands beside the breaks."""
    if not said:
        return [], []
    outcomes = await raise_store.outcomes(tx, [(order.book, order.fund_account, order.fund, order.id) for order, _ in said])
    known = _Known(funds, await raise_store.raises(tx), outcomes, raised.ended)
    breaks, fresh, late = list[BreakRow](), list[Answer](), list[Answer]()
    for order, one in said:
        content = hash(replace(one, ta_serial=""))
        key = one.serial, one.business_code == TAKEN
        if key in raised.seen:
            breaks.append(doubled(file, one, same=raised.seen[key] == content))
        elif _is_late(order, known.outcomes[order.id], holders[order.fund_account], one):
            raised.seen[key] = content
            late.append((order, one))
            breaks += _interest_differed(file, known, order, one)
        elif _repeats(order, known.outcomes[order.id], one):
            _note_end(raised, order, one)
        else:
            wrong = _wrong(known, order, holders[order.fund_account], one)
            if wrong is not None:
                breaks.append(BreakRow(SOURCE, "confirmation_differs", one.serial, one.amount - order.amount, f"{file}: {wrong}", False))
            else:
                raised.seen[key] = content
                _note_end(raised, order, one)
                fresh.append((order, one))
                breaks += _interest_differs(file, known, order, one)
    if late:
        await raise_store.note_outcomes(tx, [_heard(order, one) for order, one in late])
    await _post(house, tx, at, known, fresh, raised, day, actor)
    return breaks, fresh


def _note_end(raised: Raised, order: OrderRow, one: ConfirmationRecord) -> None:
    """Said before, too: a long file is taken bit by bit, and who goes on with it has to know what the bits before it said."""
    if one.business_code in _ENDS:
        raised.ended[order.fund] = _ENDS[BusinessCode(one.business_code)]
        raised.interest = raised.interest or (one.business_code == FAILED and one.interest > 0)


def doubled(file: DataFileName, one: ConfirmationRecord, *, same: bool) -> BreakRow:
    """The first answer of a file stands; a second one alike is noted, another one is not explained."""
    text = f"{file} answers {one.serial} twice{'' if same else ', differently'}; the first one stands: ask the registrar"
    return BreakRow(SOURCE, "doubled" if same else "answered_twice", one.serial, 0, text, same)


def _is_late(order: OrderRow, known: Outcome, holder: Holder, one: ConfirmationRecord) -> bool:
    """Whether it is said after the end since when the registrar has had the money."""
    ended = order.state == OrderState.CONFIRMED or (order.state, order.return_code) == (OrderState.REFUSED, SUCCESS)
    taken = one.business_code == TAKEN and one.accepted and known.accepted_on is None
    return ended and taken and (not_of_holder(order, holder, one) or not_of_fund(order, one) or _not_taken_so(order, one)) is None


def _repeats(order: OrderRow, known: Outcome, one: ConfirmationRecord) -> bool:
    """Whether it was said before; that a subscription was taken is also said by its end."""
    if one.business_code == FORMED:
        was = (order.state, order.confirmed_amount, order.confirmed_units, known.interest)
        return was == (OrderState.CONFIRMED, one.amount, one.volume, one.interest)
    if one.business_code == FAILED:
        return (order.state, order.return_code, known.interest) == (OrderState.REFUSED, one.return_code, one.interest)
    if one.business_code == TAKEN and one.accepted:
        return one.amount == order.amount and known.accepted_on is not None
    return one.business_code == TAKEN and (order.state, order.return_code) == (OrderState.REFUSED, one.return_code)


def _wrong(known: _Known, order: OrderRow, holder: Holder, one: ConfirmationRecord) -> str | None:
    """Why an answer does not fit its subscription, in words."""
    other = not_of_holder(order, holder, one) or not_of_fund(order, one)
    if other is not None:
        return other
    if order.state in ANSWERED:
        return answered_before(order, one)
    if one.business_code not in (TAKEN, FORMED, FAILED):
        return other_code(order, one)
    if not one.finished:
        return f"order {one.serial} is marked as not finished, which no answer to a subscription is"
    if one.business_code == TAKEN:
        return _not_taken_so(order, one)
    ended = known.ended_as(order.fund)
    if ended not in (Ended.NOT_YET, _ENDS[BusinessCode(one.business_code)]):
        return f"order {one.serial}: the raise of {order.fund} has {ended} already, the confirmation says otherwise"
    if not one.accepted:
        return f"order {one.serial}: the end of its raise has the return code {one.return_code}, so nothing has happened"
    return _not_formed_so(order, one) if one.business_code == FORMED else _not_failed_so(order, one)


def _not_taken_so(order: OrderRow, one: ConfirmationRecord) -> str | None:
    if not one.accepted:
        return answered_before(order, one) if order.state == OrderState.ACCEPTED else None
    if one.amount != order.amount:
        return f"order {one.serial} asked for {format_minor(order.amount)}, confirmed are {format_minor(one.amount)}"
    return f"order {one.serial} has units before its fund is formed" if one.volume else None


def _not_formed_so(order: OrderRow, one: ConfirmationRecord) -> str | None:
    if one.amount != order.amount:
        return f"order {one.serial} asked for {format_minor(order.amount)}, confirmed are {format_minor(one.amount)}"
    if one.nav != ISSUE_PRICE or one.charge:
        return f"order {one.serial} is not confirmed at 1.0000 without a fee"
    if one.volume != order.amount + one.interest:
        text = f"{format_minor(order.amount)} yuan and {format_minor(one.interest)} of interest are not {format_minor(one.volume)} units"
        return f"order {one.serial}: {text}"
    return None


def _not_failed_so(order: OrderRow, one: ConfirmationRecord) -> str | None:
    if one.volume:
        return f"order {one.serial} has units of a raise that has failed"
    if one.refund != order.amount:
        return f"order {one.serial} of {format_minor(order.amount)} yuan is given back {format_minor(one.refund)}"
    return None


def _interest_differs(file: DataFileName, known: _Known, order: OrderRow, one: ConfirmationRecord) -> list[BreakRow]:
    """Ours runs from the day on which the registrar took the money; where it has not said when, from the first on which it could."""
    accepted = known.outcomes[order.id].accepted_on
    since = accepted or order.dealing_date
    if one.business_code not in _ENDS:
        return []
    ours = interest(order.amount, known.raises[order.fund].offering.rate, (one.confirmed_on - since).days)
    if one.interest == ours or (accepted is None and one.interest < ours):
        return []
    text = f"{file}: order {one.serial} of {format_minor(order.amount)} yuan has earned {format_minor(one.interest)} since {since}"
    what = f"{text}, we compute {'' if accepted else 'at most '}{format_minor(ours)}; ask the registrar"
    return [BreakRow(SOURCE, "raise_interest_differs", one.serial, one.interest - ours, what, False)]


def _interest_differed(file: DataFileName, known: _Known, order: OrderRow, one: ConfirmationRecord) -> list[BreakRow]:
    """What was posted at the end, once it is told since when the money has earned. `order.confirmed_on` stands for ends whose own date was
    not kept."""
    outcome = known.outcomes[order.id]
    ended = outcome.ended_on or order.confirmed_on
    assert ended is not None, "it is said after the end"
    ours = interest(order.amount, known.raises[order.fund].offering.rate, max((ended - one.confirmed_on).days, 0))
    if outcome.interest == ours:
        return []
    text = f"{file}: order {one.serial} of {format_minor(order.amount)} yuan was taken on {one.confirmed_on}, as is said after the end"
    what = f"{text} of {ended}: it has earned {format_minor(outcome.interest)}, we compute {format_minor(ours)}; ask the registrar"
    return [BreakRow(SOURCE, "raise_interest_differs", one.serial, outcome.interest - ours, what, False)]


async def _post(house: House, tx: Any, at: Moment, known: _Known, fresh: Sequence[Answer], raised: Raised, day: date, actor: int) -> None:
    formed = [(order, one) for order, one in fresh if one.business_code == FORMED]
    failed = [(order, one) for order, one in fresh if one.business_code == FAILED]
    back = [*failed, *((order, one) for order, one in fresh if one.business_code == TAKEN and not one.accepted)]
    made = await _formed(house, tx, known, formed, raised, day, actor)
    made += await _interest_due(tx, known, failed, day, actor)
    await must_post(house, tx, at, made)
    for order, _ in back:
        source = house_account(order.book, Kind.RAISE_COLLECTED, Asset.CNY)
        raised.back[order.fund].append(Part(order.book, order.amount, source, order.funding))
    await orders_store.settle_orders(tx, [(o.book, o.id, _state_after(c), *_got(c), c.return_code) for o, c in fresh], day)
    await raise_store.note_outcomes(tx, [_heard(order, one) for order, one in fresh])
    await notices.tell(tx, [_told(at, order, one, known.funds[order.fund]) for order, one in fresh])


async def _formed(
    house: House, tx: Any, known: _Known, formed: Sequence[Answer], raised: Raised, day: date, actor: int
) -> list[JournalEntry]:
    """Units at last: their accounts, lots where the fund has a NAV, and what goes to custody."""
    assets = [known.funds[order.fund].asset for order, _ in formed]
    wanted = [
        NewAccount(order.book, Kind.HOLDING, order.fund_account, asset, Limit.DEBITS_WITHIN_CREDITS)
        for (order, _), asset in zip(formed, assets, strict=True)
    ]
    holdings = await house.ledger.open_accounts(tx, wanted)
    priced = [(order, one) for order, one in formed if known.funds[order.fund].kind is FundKind.NAV]
    await lots_store.add_lots(tx, [_lot(order, one, raised.lots + number, day) for number, (order, one) in enumerate(priced)])
    await orders_store.price_orders(tx, [(order.book, order.id, one.nav, 0) for order, one in priced])
    raised.lots += len(priced)
    made = []
    for (order, one), holding in zip(formed, holdings, strict=True):
        raised.formed[order.fund][order.book] += order.amount
        view = order_of(replace(order, holding=holding), known.funds[order.fund], own=True)
        made.append(entries.raise_formed(view, one.volume, day, actor))
    return made


def _lot(order: OrderRow, one: ConfirmationRecord, number: int, day: date) -> LotRow:
    return LotRow(order.book, derived(order.id, "lot"), order.fund_account, order.fund, one.confirmed_on, number, one.volume, order.id, day)


async def _interest_due(tx: Any, known: _Known, failed: Sequence[Answer], day: date, actor: int) -> list[JournalEntry]:
    """What the registrar has to pay besides the money itself."""
    owed = [(order, one) for order, one in failed if one.interest]
    await registrar_dues.add_dues(
        tx,
        [
            RegistrarDue(
                order.book, derived(order.id, "interest"), order.id, interest_name(one.confirmed_on), order.funding, one.interest, day, None
            )
            for order, one in owed
        ],
    )
    return [entries.raise_interest_due(order_of(order, known.funds[order.fund], own=True), one.interest, day, actor) for order, one in owed]


def _state_after(one: ConfirmationRecord) -> OrderState:
    if one.business_code == FORMED:
        return OrderState.CONFIRMED
    return OrderState.ACCEPTED if one.business_code == TAKEN and one.accepted else OrderState.REFUSED


def _got(one: ConfirmationRecord) -> tuple[int, int]:
    """Fen and units confirmed; that money was taken confirms nothing."""
    return (one.amount, one.volume) if one.business_code == FORMED else (0, 0)


def _heard(order: OrderRow, one: ConfirmationRecord) -> Heard:
    said = Heard(order.book, order.fund_account, order.fund, order.id)
    if one.business_code in _ENDS:
        return said._replace(ended_on=one.confirmed_on, interest=one.interest)
    return said._replace(accepted_on=one.confirmed_on) if one.accepted else said


def _told(at: Moment, order: OrderRow, one: ConfirmationRecord, fund: Fund) -> Notice:
    yuan, units, more = format_minor(order.amount), format_minor(one.volume), format_minor(one.interest)
    match one.business_code, one.accepted:
        case BusinessCode.RAISE_FORMED, _:
            zh = f"{fund.name}已成立，您认购的 {yuan} 元确认为 {units} 份，其中募集期利息折 {more} 份。"
            en = f"{fund.name_en} is formed: your {yuan} yuan became {units} units, {more} of them for interest."
        case BusinessCode.RAISE_FAILED, _:
            zh = f"{fund.name}未能成立，您认购的 {yuan} 元正退回余额，利息 {more} 元到账后转入余额。"
            en = f"{fund.name_en} was not formed: your {yuan} yuan are on their way back, {more} of interest follow when they have come."
        case _, True:
            zh = f"您认购{fund.name}的 {yuan} 元已被登记机构受理，基金成立后确认份额。"
            en = f"The registrar has taken your {yuan} yuan for {fund.name_en}; you have its units when it is formed."
        case _:
            zh = f"登记机构未受理您认购{fund.name}的 {yuan} 元（{one.return_code}），款项正退回余额。"
            en = f"The registrar did not take your {yuan} yuan for {fund.name_en} ({one.return_code}); they are on their way back."
    back = one.business_code == BusinessCode.RAISE_FAILED or not one.accepted
    key = derived(order.id, f"told:{one.business_code}")
    return Notice(order.book, key, order.fund_account, at.now, zh, en, NoticeKind.FUND, "subscriptions", obligatory=back)


async def pay(
    house: House, tx: Any, at: Moment, file: DataFileName, funds: Mapping[str, Fund], raised: Raised, day: date, actor: int, part: str = ""
) -> None:
    """What was taken since it was paid for last: money to the custody accounts and back to wallets. `part` tells the payments of a file's
    parts from one another."""
    custody = [_custody(file, funds[code], of, day, part) for code, of in sorted(raised.formed.items())]
    await payments.instruct(house, tx, at, day, actor, custody, set_aside=False)
    back = [_refund(file, code, parts, day, part) for code, parts in sorted(raised.back.items())]
    await payments.instruct(house, tx, at, day, actor, back)
    raised.formed.clear()
    raised.back.clear()


async def end(
    house: House, tx: Any, at: Moment, file: DataFileName, funds: Mapping[str, Fund], raised: Raised, day: date, actor: int
) -> None:
    """When the whole file is read: what is not paid for yet, and what ended."""
    if not raised.seen and not raised.ended:
        return
    await pay(house, tx, at, file, funds, raised, day, actor)
    ended = await raise_store.end(tx, raised.ended, day)
    after = {Ended.FORMED: FundStatus.CLOSED, Ended.FAILED: FundStatus.ENDED}
    before = file.day - timedelta(days=1)  # a 07 speaks of the day before it: the next one may open the fund
    await conditions_store.add_statuses(tx, before, {fund: after[raised.ended[fund]] for fund in ended}, at.now)
    await _name_forgotten(tx, at, day)
    await redemption_outcomes.join(house, tx, at, [interest_name(file.day)] if raised.interest else [], actor)


_FORGOTTEN = "subscriptions_forgotten"


async def _name_forgotten(tx: Any, at: Moment, day: date) -> None:
    """Where a raise has ended, and the registrar has not said so of money that it took: a break for as long as that holds."""
    left = await raise_store.forgotten(tx)
    if not left:
        await bank_store.withdraw(tx, SOURCE, _FORGOTTEN, ["raises"])
        return
    of = " and ".join(f"{counted(orders, 'subscription')} of {fund} over {format_minor(fen)} yuan" for fund, orders, fen in left)
    text = f"the registrar has taken {of}, and has not said that they ended with their raise: ask it for their confirmations"
    await bank_store.complain(tx, day, BreakRow(SOURCE, _FORGOTTEN, "raises", sum(fen for *_, fen in left), text, False), at.now)


def _custody(file: DataFileName, fund: Fund, of: Mapping[int, int], day: date, part: str) -> Payment:
    return Payment(
        step_key(day, "raise custody", HOUSE_BOOK, f"{file} {fund.code}{part}"),
        f"RCU-{file.receiver}-{fund.code}-{file.day:%Y%m%d}{part}",
        Purpose.FUND_CUSTODY,
        _COLLECTION,
        fund.custody_account,
        fund.name,
        day,
        tuple(Part(book, amount, house_account(book, Kind.RAISE_COLLECTED, Asset.CNY)) for book, amount in sorted(of.items())),
    )


def _refund(file: DataFileName, code: str, parts: Sequence[Part], day: date, part: str) -> Payment:
    return Payment(
        step_key(day, "raise refund", HOUSE_BOOK, f"{file} {code}{part}"),
        f"RRF-{file.receiver}-{code}-{file.day:%Y%m%d}{part}",
        Purpose.RAISE_REFUND,
        _COLLECTION,
        NUMBER_OF[Kind.CUSTOMER_RESERVE],
        "Tapwealth customer reserve",
        day,
        tuple(parts),
    )
