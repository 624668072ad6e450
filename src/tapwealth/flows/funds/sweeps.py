"""Sweeps: a customer agrees that what lies above a kept balance goes into a fund, and the worker does it each dealing day.

Each day's sweep is one purchase, under a key that follows from agreement and day: run again, by whatever worker, it is the same one. The
wallet's is decided under the lock of its book. A bank card's asks the bank first for the balance, outside any transaction, then tells it to
debit under the agreement's mandate; the purchase follows when the bank has booked it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bank.mandate import MandateState
from tapwealth.bank.store import Instruction
from tapwealth.compliance import limits
from tapwealth.customers import store as customers
from tapwealth.customers.store import BankCardRow, PersonRow
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.card_mandates import CONFIRM, REVOKE, CardMandate, bank_told
from tapwealth.flows.bank.payments import Payment, Purpose, end_to_end
from tapwealth.flows.catalogue import sales
from tapwealth.flows.customers.people import own_key, who
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, Caller, Envelope, House, Moment, actor_number, moment, once
from tapwealth.flows.funds import pocket, purchase
from tapwealth.flows.funds.agreement_offer import sweep_sold
from tapwealth.flows.funds.eligible import identities, ineligible
from tapwealth.flows.funds.fund_pockets import POCKET
from tapwealth.flows.funds.purchase import OWN_CHANNEL, Placing, PurchaseFund, PurchasePlaced, Spread
from tapwealth.funds import store as funds
from tapwealth.funds import sweep_store as store
from tapwealth.funds.store import Fund
from tapwealth.funds.sweep import RunState, Sweep, SweepAgreement, SweepRefusal, SweepState, may_agree
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset, checked, format_minor
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage import outbox
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

SWEEPS = "sweeps"
"""The outbox destination."""
_AT_ONCE = 500
_ASKED_AT_ONCE = 16
SHOWN = 10
"""Newest runs of a customer's that a view shows."""


class AgreeSweep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every dealing day before `run_before` (Shanghai) what lies above `keep_balance` goes into the fund, or into the `pocket`'s in their
    order, in whole lots, at most `daily_cap` fen. `card`: the bound bank card whose account is swept; without one it is the wallet."""

    fund: str
    keep_balance: int
    minimum_lot: int
    daily_cap: int
    run_before: time
    card: UUID | None = None


class EndSweep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No further sweep; one whose debit is under way is still bought."""

    agreement: UUID


class SweepRun(msgspec.Struct, frozen=True):
    """A day's sweep."""

    day: date
    amount: int
    state: str
    state_zh: str
    state_en: str
    reason: str


class SweepView(msgspec.Struct, frozen=True):
    """`card` and `masked` are empty for the wallet's; `reason` is the bank's, where it refused, or why it was ended here. `runs`: newest
    first."""

    agreement: str
    card: str
    masked: str
    fund: str
    keep_balance: int
    minimum_lot: int
    daily_cap: int
    run_before: str
    state: str
    state_zh: str
    state_en: str
    reason: str
    runs: list[SweepRun] = msgspec.field(default_factory=list)


_STATES = {
    SweepState.ASKED: ("待银行确认", "waits for the bank"),
    SweepState.ACTIVE: ("已生效", "in force"),
    SweepState.REFUSED: ("银行未同意", "refused by the bank"),
    SweepState.ENDED: ("已终止", "ended"),
}
_RUNS = {
    RunState.NOTHING: ("未达起点，未转入", "nothing above what is kept"),
    RunState.MISSED: ("错过截止时间，未转入", "not before the cut-off"),
    RunState.COLLECTING: ("银行扣款中", "being collected from the card"),
    RunState.PLACED: ("已转入", "swept into the fund"),
    RunState.REFUSED: ("未转入", "refused"),
}


async def agree(house: House, envelope: Envelope, command: AgreeSweep) -> SweepView | Refusal:
    """The wallet's is in force at once, a card's when its bank has confirmed it."""
    checked(command.keep_balance, where="keep_balance", positive=False)
    checked(command.minimum_lot, where="minimum_lot")
    checked(command.daily_cap, where="daily_cap")
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> SweepView | Refusal:
        row = (await customers.persons(tx, [(book, person)]))[person]
        card = await customers.bank_card(tx, book, command.card) if command.card else None
        state = SweepState.ASKED if command.card else SweepState.ACTIVE
        made = SweepAgreement(
            book, own_key(envelope, "sweep", row), person, command.card, command.fund, command.keep_balance, command.minimum_lot,
            max(command.daily_cap, command.minimum_lot), command.run_before, state, "", at.now,
        )  # fmt: skip
        refusal = await _refused(house, tx, made, row, card)
        if refusal is not None:
            return refusal
        await store.add_agreement(tx, made)
        shelf, behind = await funds.funds(tx), (await _behind(house, tx, [made]))[made.id]
        sold = await sweep_sold(house, tx, envelope, made, [shelf[code] for code in behind], card.masked_pan if card else "")
        await sales.keep(house, tx, at, [sold])
        await outbox.put(tx, [_message(made, CONFIRM)] if made.card else [])
        return _view(made, {card.id: card} if card else {}, [])

    return await once(house, [book], envelope, command, act, SweepView)


async def _refused(house: House, tx: Tx, made: SweepAgreement, row: PersonRow, card: BankCardRow | None) -> Refusal | None:
    codes: Sequence[str] = [made.fund]
    if made.fund == POCKET:
        codes = (await _behind(house, tx, [made]))[made.id]
        if not codes:
            return Refusal(SweepRefusal.UNKNOWN_FUND, "no fund stands behind your pocket; give its funds an order first")
    refusal = await _of_funds(house, tx, made, row, codes)
    if made.card and (card is None or card.person != made.person):
        unknown = Refusal(SweepRefusal.UNKNOWN_CARD, "this card is not bound to your account; bind it first")
        refusal = refusal if refusal and refusal.code in (SweepRefusal.NOT_VERIFIED, SweepRefusal.UNKNOWN_FUND) else unknown
    if refusal is not None:
        return refusal
    standing = [one for one in await store.agreements_of(tx, made.book, made.person) if one.state in _STANDING]
    if made.card in [one.card for one in standing]:
        return Refusal(SweepRefusal.AGREEMENT_STANDS, "this money is swept by an agreement already; end that first")
    return None if (await _behind(house, tx, [made]))[made.id] else _other_card(made)


async def _of_funds(house: House, tx: Tx, made: SweepAgreement, row: PersonRow, codes: Sequence[str]) -> Refusal | None:
    """The first that stands against one of these funds."""
    barred = limits.barred_from_wealth(house.rule_set, row.kyc_level)
    shelf, channels, today = await funds.funds(tx), await funds.channels(tx), business_date_of(made.agreed_at)
    known = await identities(house, tx, [(made.book, made.person)], [shelf.get(code) for code in codes])
    refusals = (
        may_agree(
            made, shelf.get(code), channels.get((OWN_CHANNEL, code)), barred,
            ineligible(shelf.get(code), row.kyc_level, known, made.person, today),
        )
        for code in codes
    )  # fmt: skip
    return next((one for one in refusals if one is not None), None)


def _other_card(one: SweepAgreement) -> Refusal:
    text = f"another card of yours is swept into {one.fund}, and what is redeemed of it goes to that one; choose another fund"
    return Refusal(SweepRefusal.OTHER_SAFE_CARD, text)


_STANDING = (SweepState.ASKED, SweepState.ACTIVE)


async def end(house: House, envelope: Envelope, command: EndSweep) -> SweepView | Refusal:
    """From now on nothing more is swept by it."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> SweepView | Refusal:
        found = (await store.agreements(tx, [(book, command.agreement)])).get(command.agreement)
        if found is None or found.person != person or found.state not in _STANDING:
            return Refusal(SweepRefusal.UNKNOWN_AGREEMENT, "no such agreement of yours stands; /view/sweeps lists them")
        await store.set_state(tx, (book, found.id), _STANDING, SweepState.ENDED, at.now)
        await outbox.put(tx, [_message(found, REVOKE)] if found.card else [])
        ended = replace(found, state=SweepState.ENDED, ended_at=at.now)
        return _view(ended, {one.id: one for one in await customers.bank_cards_of(tx, book, person)}, [])

    return await once(house, [book], envelope, command, act, SweepView)


def _message(one: SweepAgreement, kind: str) -> OutboxMessage:
    return OutboxMessage(one.book, derived(one.id, kind), SWEEPS, kind, {"agreement": str(one.id)})


async def deliver(house: House, message: OutboxMessage) -> None:
    """Have the bank confirm the mandate of an agreement, or tell it that it is over. Raises Outage while it has not answered."""
    key = (message.book, UUID(message.payload["agreement"]))
    async with house.database.read() as tx:
        one = (await store.agreements(tx, [key]))[key[1]]
    assert one.card is not None, "the wallet's is no bank's business"
    mandate = CardMandate(one.book, one.person, one.card, one.name, one.daily_cap, one.daily_cap, business_date_of(one.agreed_at))
    answer = await bank_told(house, message.kind, mandate)
    if answer is None:
        return
    card, said = answer
    state = SweepState.ACTIVE if said.state is MandateState.CONFIRMED else SweepState.REFUSED
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [one.book])
        at = await moment(tx)
        taken = state is SweepState.ACTIVE and one.fund != POCKET and not (await _behind(house, tx, [one]))[one.id]
        state, reason = (SweepState.ENDED, _other_card(one).text) if taken else (state, said.reason)
        if await store.set_state(tx, key, [SweepState.ASKED], state, at.now, reason):
            await outbox.put(tx, [_message(one, REVOKE)] if taken else [])
            zh, en = _STATES[state]
            zh, en = (f"{zh}，您的另一张银行卡已自动转入该基金，请另选基金", f"{en}; {reason}") if taken else (zh, en)
            text = f"银行卡 {card.masked_pan} 的自动转入：{zh}。", f"The sweep of your card {card.masked_pan}: {en}."
            await notices.tell(
                tx, [Notice(one.book, derived(one.id, f"told {state}"), one.person, at.now, *text, NoticeKind.FUND, "sweeps")]
            )


# ---- each day's sweep


async def run_due(house: House) -> list[str]:
    """Do what has come due, and buy for what the bank has collected. Returns what became of each, in a word."""
    async with house.database.read() as tx:
        at = await moment(tx)
        day = business_date_of(at.now)
        due = await store.due(tx, day, at.now, _AT_ONCE) if house.calendar.is_dealing_day(day) else []
        waiting = await store.collecting(tx, _AT_ONCE)
    done = await _run(house, day, [one for one in due if not one.card], {})  # no wallet waits for a bank
    done += await _collected(house, waiting) if waiting else []
    cards = [one for one in due if one.card]
    balances = await _ask_banks(house, cards)
    return done + await _run(house, day, [one for one in cards if one.id in balances], balances)


async def _run(house: House, day: date, told: Sequence[SweepAgreement], balances: Mapping[UUID, int]) -> list[str]:
    """`balances`: what lies on the account of each that sweeps one."""
    if not told:
        return []
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, sorted({one.book for one in told}))
        at = await moment(tx)
        still = {one.id for one in await store.due(tx, day, at.now, _AT_ONCE)}
        shelf = await funds.funds(tx)
        runs = await _runs(house, tx, at, day, [one for one in told if one.id in still], balances, shelf)
        runs = await _what_may_be_collected(house, tx, at, runs)
        await _debit(house, tx, at, day, [run for run in runs if run[1].state is RunState.COLLECTING])
        placed = await _place(house, tx, at, [run for run in runs if run[1].state is RunState.PLACED])
        kept = [placed.get(one.id, sweep) for one, sweep in runs]
        await store.add_sweeps(tx, kept)
        await notices.tell(tx, [news for (one, _), sweep in zip(runs, kept, strict=True) if (news := _notice(at, one, sweep))])
    return [one.state.value for one in kept]


Run = tuple[SweepAgreement, Sweep]


async def _ask_banks(house: House, agreements: Sequence[SweepAgreement]) -> dict[UUID, int]:
    """What lies on the accounts, some asked at once; of a bank that does not answer nothing is known, and it is asked again while there is
    time."""
    places = asyncio.Semaphore(_ASKED_AT_ONCE)

    async def ask(one: SweepAgreement) -> int | None:
        async with places:
            try:
                return await house.rails.mandates.balance(one.name)
            except Outage:
                return None

    answers = await asyncio.gather(*(ask(one) for one in agreements))
    return {one.id: answer for one, answer in zip(agreements, answers, strict=True) if answer is not None}


async def _what_may_be_collected(house: House, tx: Tx, at: Moment, runs: Sequence[Run]) -> list[Run]:
    """No card is debited for what the fund would refuse: caps, the registrar's word, the holder's class; nor for more than the funds behind
    a pocket would take together, which are that card's from now on; nor for a fund that is another card's."""
    collecting = [run for run in runs if run[1].state is RunState.COLLECTING]
    behind = await _behind(house, tx, [one for one, _ in collecting]) if collecting else {}
    refused, named = _named(collecting, behind)
    against = await purchase.objections(house, tx, at, [_placing(at, *run) for run in named])
    refused |= {one.id: refusal for (one, _), refusal in zip(named, against, strict=True) if refusal is not None}
    whole = [run for run in collecting if run[0].fund == POCKET]
    parts = await purchase.spread(house, tx, at, _spreads(at, whole, behind), coming=True)
    chosen = [(one.book, one.id, part.command.fund) for (one, _), of in zip(whole, parts, strict=True) for part in of]
    if chosen:
        await store.note_funds(tx, chosen)
    taken = {one.id: sum(part.command.amount for part in of) for (one, _), of in zip(whole, parts, strict=True)}
    refused |= {one: _TAKEN_BY_NONE for one, amount in taken.items() if not amount}
    wanted = [(one, replace(sweep, amount=taken.get(one.id) or sweep.amount)) for one, sweep in runs]
    return [(one, replace(_no(sweep, refused[one.id]), payment="") if one.id in refused else sweep) for one, sweep in wanted]


Behind = Mapping[UUID, Sequence[str]]
"""The funds that agreements sweep into, as `_behind` gives them."""


def _named(runs: Sequence[Run], behind: Behind) -> tuple[dict[UUID, Refusal], list[Run]]:
    """Of those that name a fund: why some are refused, the fund being another card's by now, and the others."""
    named = [run for run in runs if run[0].fund != POCKET]
    return {one.id: _other_card(one) for one, _ in named if not behind[one.id]}, [run for run in named if behind[run[0].id]]


def _spreads(at: Moment, runs: Sequence[Run], behind: Behind) -> list[Spread]:
    """What each asks of the funds behind its customer's pocket."""
    return [
        Spread(_placing(at, *run).envelope, behind[run[0].id], run[1].amount, run[0].minimum_lot, run[0].card, run[0].id) for run in runs
    ]


def _placing(at: Moment, one: SweepAgreement, sweep: Sweep) -> Placing:
    return Placing(Envelope(one.key(sweep.day), _caller(one), at.now), PurchaseFund(one.fund, sweep.amount), agreement=one.id)


async def _runs(
    house: House, tx: Tx, at: Moment, day: date, due: Sequence[SweepAgreement], balances: Mapping[UUID, int], shelf: Mapping[str, Fund]
) -> list[Run]:
    """What each comes to: nothing, too late, a debit, or a purchase."""
    wanted = [NewAccount(one.book, Kind.WALLET, one.person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for one in due]
    wallets = await house.ledger.open_accounts(tx, wanted)
    free = await house.ledger.free(tx, at.now, wallets)
    runs, behind = [], await _behind(house, tx, due)
    for one, wallet in zip(due, wallets, strict=True):
        late = at.now >= shanghai(day, min((shelf[code].cut_off_hour for code in behind[one.id]), default=24))
        amount = 0 if late else one.amount(balances[one.id] if one.card else free[wallet])
        state = RunState.MISSED if late else RunState.NOTHING if not amount else RunState.COLLECTING if one.card else RunState.PLACED
        payment = end_to_end("SWI", one.key(day)) if state is RunState.COLLECTING else ""
        runs.append((one, Sweep(one.book, one.id, day, amount, state, "", at.now, payment)))
    return runs


async def _behind(house: House, tx: Tx, agreements: Sequence[SweepAgreement]) -> dict[UUID, list[str]]:
    """Into which funds each sweeps, in their order: the one it names, or those behind its customer's pocket. A card's passes over a fund
    that another card has claimed, the one it names as well: what is redeemed goes back to where it came from."""
    whole = [(one.book, one.person) for one in agreements if one.fund == POCKET]
    payers = await customers.payers(tx, whole) if whole else {}
    behind = await pocket.behind(house, tx, {one: payers[one[1]].pocket for one in whole}) if whole else {}
    codes = defaultdict[tuple[int, UUID], list[str]](list)
    for book, person, code in behind:
        codes[book, person].append(code)
    wanted = {one.id: codes[one.book, one.person] if one.fund == POCKET else [one.fund] for one in agreements}
    held = {(one.book, one.person, code) for one in agreements if one.card for code in wanted[one.id]}
    claimed = await store.safe_cards(tx, sorted(held), _STANDING) if held else {}
    return {
        one.id: [code for code in wanted[one.id] if not one.card or claimed.get((one.person, code), one.card) == one.card]
        for one in agreements
    }


async def _debit(house: House, tx: Tx, at: Moment, day: date, runs: Sequence[Run]) -> None:
    """The bank collects from the cards into the wallets."""
    if not runs:
        return
    people = await customers.persons(tx, sorted({(one.book, one.person) for one, _ in runs}))
    wanted = [NewAccount(one.book, Kind.WALLET, one.person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for one, _ in runs]
    wallets = await house.ledger.open_accounts(tx, wanted)
    made = [
        Payment(
            one.key(day),
            sweep.payment,
            Purpose.SWEEP_IN,
            str(one.card),
            NUMBER_OF[Kind.CUSTOMER_RESERVE],
            people[one.person].shown_name,
            day,
            (Part(one.book, sweep.amount, 0, wallet),),
            direct_debit=True,
        )
        for (one, sweep), wallet in zip(runs, wallets, strict=True)
    ]
    await payments.instruct(house, tx, at, at.open_date(day), await actor_number(tx, HOUSE_BOOK, PLATFORM), made)


async def mandate_of(tx: Tx, book: int, payment: str) -> tuple[str, date]:
    """Under which mandate a sweep's debit is collected, and when that was given."""
    one = await store.agreement_behind(tx, book, payment)
    assert one is not None, f"{payment} sweeps under no agreement"
    return one.name, business_date_of(one.agreed_at)


async def _place(house: House, tx: Tx, at: Moment, runs: Sequence[Run]) -> dict[UUID, Sweep]:
    """One purchase each, under the key of agreement and day; what became of it by agreement."""
    if not runs:
        return {}
    behind = await _behind(house, tx, [one for one, _ in runs])
    refused, named = _named(runs, behind)
    answers = await purchase.purchase(house, tx, [_placing(at, *run) for run in named]) if named else []
    placed = {
        one.id: replace(sweep, state=RunState.PLACED) if isinstance(answer, PurchasePlaced) else _no(sweep, answer)
        for (one, sweep), answer in zip(named, answers, strict=True)
    }
    placed |= {one.id: _no(sweep, refused[one.id]) for one, sweep in runs if one.id in refused}
    return placed | await _fill(house, tx, at, [run for run in runs if run[0].fund == POCKET], behind)


async def _fill(house: House, tx: Tx, at: Moment, runs: Sequence[Run], behind: Behind) -> dict[UUID, Sweep]:
    """A purchase of each fund behind the pocket, in their order, as far as its caps reach; what no fund takes stays in the wallet."""
    if not runs:
        return {}
    parts = await purchase.spread(house, tx, at, _spreads(at, runs, behind))
    every = [part for of in parts for part in of]
    answers = iter(await purchase.purchase(house, tx, every) if every else [])
    filled, swept = {}, list[tuple[int, UUID, str]]()
    for (one, sweep), of in zip(runs, parts, strict=True):
        placed = [part for part, answer in zip(of, answers, strict=False) if isinstance(answer, PurchasePlaced)]
        took = sum(part.command.amount for part in placed)
        filled[one.id] = _filled(one, sweep, took) if took else _no(sweep, _TAKEN_BY_NONE)
        swept += [(one.book, one.id, part.command.fund) for part in placed if one.card]
    if swept:
        await store.note_funds(tx, swept)
    return filled


def _filled(one: SweepAgreement, sweep: Sweep, took: int) -> Sweep:
    """A card's keeps the amount that its bank has debited."""
    if not one.card:
        return replace(sweep, amount=took, state=RunState.PLACED)
    left = sweep.amount - took
    return replace(sweep, state=RunState.PLACED, reason=f"{format_minor(left)} yuan that no fund took are in the wallet" if left else "")


_TAKEN_BY_NONE = Refusal(SweepRefusal.UNKNOWN_FUND, "no fund behind the pocket takes it today; look at their order and their caps")


def _no(sweep: Sweep, refusal: Refusal) -> Sweep:
    return replace(sweep, state=RunState.REFUSED, reason=refusal.text)


def _caller(one: SweepAgreement) -> Caller:
    return Caller(ActorKind.PLATFORM, "sweep agreement", "agreement", one.person, one.book)


async def _collected(house: House, waiting: Sequence[Sweep]) -> list[str]:
    """Buy for what the bank has booked; what it has rejected is over."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, sorted({one.book for one in waiting}))
        at = await moment(tx)
        known = await store.agreements(tx, sorted({(one.book, one.agreement) for one in waiting}))
        names = {one.payment: one for one in waiting}
        answered = [(names[name], one) for name, one in (await bank.by_end_to_end(tx, list(names))).items() if one.state != "instructed"]
        ended = [_rejected(sweep, one) for sweep, one in answered if one.state == "rejected"]
        booked = [(known[sweep.agreement], sweep) for sweep, one in answered if one.state == "executed"]
        bought = list((await _place(house, tx, at, booked)).values())
        await store.end_sweeps(tx, ended + bought)
        told = [_notice(at, known[one.agreement], one) for one in ended]
        told += [_notice(at, known[one.agreement], one, came=True) for one in bought]
        await notices.tell(tx, [one for one in told if one])
    return [one.state.value for one in ended + bought]


def _rejected(sweep: Sweep, said: Instruction) -> Sweep:
    return replace(sweep, state=RunState.REFUSED, reason=f"the bank did not collect it ({said.reason or 'no reason given'})")


def _notice(at: Moment, one: SweepAgreement, sweep: Sweep, *, came: bool = False) -> Notice | None:
    """Of what moved, and of what should have and did not. `came`: from the card, into the wallet."""
    amount = format_minor(sweep.amount)
    match sweep.state:
        case RunState.PLACED if sweep.reason:
            zh = f"已按约定从银行卡自动转入 {amount} 元，其中一部分未能买入基金，留在余额，可随时转出。"
            en = f"{amount} yuan were swept from your card, as agreed; {sweep.reason}."
        case RunState.PLACED:
            zh, en = f"已按约定自动转入 {amount} 元。", f"{amount} yuan were swept into the fund, as agreed."
        case RunState.REFUSED if came:
            zh = f"今日自动转入的 {amount} 元已到余额，但未能买入基金，可随时转出。"
            en = f"{amount} yuan came from your card and are in the wallet; the fund did not take them: {sweep.reason}."
        case RunState.REFUSED:
            zh, en = f"今日自动转入 {amount} 元未成功，资金未动用。", f"Today's sweep of {amount} yuan did not come about: {sweep.reason}."
        case RunState.MISSED:
            zh, en = "今日自动转入错过截止时间，明日继续。", "Today's sweep missed the cut-off; it goes on the next dealing day."
        case _:
            return None
    key, failed = derived(one.key(sweep.day), f"told {sweep.state}"), sweep.state is RunState.REFUSED
    return Notice(one.book, key, one.person, at.now, zh, en, NoticeKind.FUND, "sweeps", obligatory=failed)


# ---- what the customer sees


async def held(tx: Any, book: int, person: UUID) -> list[SweepView]:
    """A person's agreements, oldest first, those that are over as well, with the newest runs."""
    cards = {one.id: one for one in await customers.bank_cards_of(tx, book, person)}
    runs = await store.newest_sweeps(tx, book, person, SHOWN)
    return [_view(one, cards, runs) for one in await store.agreements_of(tx, book, person)]


def _view(one: SweepAgreement, cards: Mapping[UUID, BankCardRow], runs: Sequence[Sweep]) -> SweepView:
    card = cards[one.card] if one.card else None
    return SweepView(
        str(one.id),
        str(card.id) if card else "",
        card.masked_pan if card else "",
        one.fund,
        one.keep_balance,
        one.minimum_lot,
        one.daily_cap,
        f"{one.run_before:%H:%M}",
        one.state.value,
        *_STATES[one.state],
        one.reason,
        [SweepRun(run.day, run.amount, run.state.value, *_RUNS[run.state], run.reason) for run in runs if run.agreement == one.id],
    )
