"""A tap at the host: authorise a list of sales, pre-authorisations and inquiries, take the terminals' batches.

What comes later to a tap is in `tap_later`. All of them are hot flows: they get every request of a batch at once and run as many statements
for a thousand as for ten. They run inside the writer's transaction, under the locks of the cardholders' books. The same request again
(merchant, terminal, batch, STAN) gets the same answer and places no second hold; another transaction under the same numbers is refused; a
reversal that comes before what it reverses makes that declined.

The ledger may have set a hold free before anybody here came to it, for its time had passed and the money was wanted: who ends a hold looks
first whether it stands.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import structs

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.standing import MerchantState, TerminalState
from tapwealth.acquiring.store import Merchant, Presentment, Terminal
from tapwealth.bank.reservation import Allowance
from tapwealth.compliance import store as compliance
from tapwealth.compliance.limits import Used
from tapwealth.compliance.rules import rule_set
from tapwealth.customers import store as customers
from tapwealth.flows.frame import Caller, House, Moment, actor_numbers, moment, post
from tapwealth.flows.funds import pocket
from tapwealth.flows.funds.pocket import Holding, holding_of
from tapwealth.flows.issuing import issuer_keys, reservations
from tapwealth.flows.issuing.reservations import AskBank
from tapwealth.issuing import deciding, entries, store, tapped
from tapwealth.issuing.authorise import Approved, Declined, Facts, Funding, Purse, decide
from tapwealth.issuing.chip_data import read_chip_data
from tapwealth.issuing.cryptogram import IssuerKeys
from tapwealth.issuing.decline import DeclineReason
from tapwealth.issuing.limited_use import KeyRange, key_for
from tapwealth.issuing.store import Authorisation, BookedKey, SaleKey, Token
from tapwealth.issuing.velocity import NO_RULES, Taps, Usage, Velocity, one_tap, read_rule, used
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset
from tapwealth.kernel.parts import pack
from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import HOUSE, Limit, NewAccount, Op, Share
from tapwealth.storage.actors import ActorKind
from tapwealth.wire.iso8583.requests import (
    APPROVED,
    AuthorisationRequest,
    AuthorisationResponse,
    BatchUploadRequest,
    BatchUploadResponse,
    RequestKey,
    TransactionKind,
)

HELD_FOR, PREAUTHORISED_FOR = timedelta(days=7), timedelta(days=30)
"""How long a sale holds the money when nobody presents it, and a pre-authorisation when nobody completes it, from the instant at which it
was read."""
EXPLAINED = 8
"""So many wrong cryptograms of a batch are looked into: who sends a flood of them must not take the time of those who pay."""
CLAIMABLE = (TransactionKind.SALE, TransactionKind.COMPLETION, TransactionKind.OFFLINE_SALE)
"""What a merchant presents: the rest only holds, tells or undoes."""
NOBODY = UUID(int=0)
"""Stands in a row for a card or merchant that is not ours."""
NO_SUCH_SALE, NOT_POSSIBLE, OTHER_AMOUNT, NUMBERS_USED = "25", "12", "64", "94"
"""Response codes of ISO 8583:1987: unable to locate the record, invalid transaction, original amount incorrect, duplicate transmission."""
ASKING = DeclineReason.BANK_SILENT.response_code
"""The code of a tap while its customer's bank is being asked: what it comes to if nothing is heard."""
HOLDING = ("approved", "asking_bank")
"""States in which a tap holds money and counts."""
NOTHING = Funding(0)


@dataclass(frozen=True)
class CardHouse:
    """The house, the issuer's keys, the merchants by field 42 and the terminals by fields 42 and 41 (read once by the edge, which reads
    again when one is enrolled or changed). `velocity`: how often and how much may be tapped; without any, as one likes."""

    house: House
    issuer: IssuerKeys
    merchants: dict[str, Merchant]
    terminals: dict[tuple[str, str], Terminal] = field(default_factory=dict)
    velocity: Velocity = NO_RULES


class Routed(NamedTuple):
    """A request and where its card lies: found by the edge from the token directory. `token` is None for a card that is not ours."""

    book: int
    token: UUID | None
    request: Any


_SHUT = {MerchantState.SUSPENDED: DeclineReason.MERCHANT_SUSPENDED, MerchantState.CLOSED: DeclineReason.MERCHANT_CLOSED}
_AWAY = {
    TerminalState.SUSPENDED: DeclineReason.TERMINAL_SUSPENDED,
    TerminalState.CLOSED: DeclineReason.TERMINAL_CLOSED,
    TerminalState.REPLACED: DeclineReason.TERMINAL_CLOSED,
}


def door(cards: CardHouse, merchant_number: str, terminal_number: str) -> DeclineReason | None:
    """Why nothing new is decided for a merchant's terminal; None: it may ask. What it sold before may still be reversed and claimed."""
    merchant, terminal = cards.merchants.get(merchant_number), cards.terminals.get((merchant_number, terminal_number))
    if merchant is None:
        return DeclineReason.UNKNOWN_MERCHANT
    return _SHUT.get(MerchantState(merchant.state)) or (_AWAY.get(TerminalState(terminal.state)) if terminal else None)


def velocity_of(rule_set_name: str) -> Velocity:
    """How often and how much may be tapped, by a rule set."""
    rules = rule_set(rule_set_name)
    no_pin = rules.find("no_pin", "limit")
    return Velocity(tuple(read_rule(key, most) for key, most in rules.figures("velocity").items()), no_pin.value if no_pin else None)


def sale_key(key: RequestKey) -> SaleKey:
    return SaleKey(key.merchant_id, key.terminal_id, key.batch, key.stan)


def terminal_caller(merchant_number: str, terminal_number: str) -> Caller:
    return Caller(ActorKind.TERMINAL, f"{merchant_number}/{terminal_number}", "MAC")


async def authorise(cards: CardHouse, tx: Any, routed: Sequence[Routed]) -> list[AuthorisationResponse | AskBank]:
    """0100 and 0200 by chip: one answer per request, in order; or what the customer's bank must be asked first (`reservations`)."""
    at = await moment(tx)
    keyed = [(one.book, sale_key(one.request.key)) for one in routed]
    decided, undone = await deciding.before(tx, keyed)
    fresh: dict[BookedKey, Routed] = {}
    for one, key in zip(routed, keyed, strict=True):
        if key not in decided:
            fresh.setdefault(key, one)
    made = await _decide(cards, tx, at, fresh, undone) if fresh else []
    first = {id(one.routed): told(one.row) for one in made}
    decided.update({(one.row.book, one.row.key): one.row for one in made})
    asking = await reservations.to_ask(tx, list(decided.values()))
    answers = [first.get(id(one)) or repeated(decided[key], one) for key, one in zip(keyed, routed, strict=True)]
    if not asking:
        return list(answers)
    return [
        asking.get(decided[key].id, answer) if answer.response_code == ASKING else answer
        for key, answer in zip(keyed, answers, strict=True)
    ]


async def _decide(cards: CardHouse, tx: Any, at: Moment, fresh: dict[BookedKey, Routed], undone: set[BookedKey]) -> "list[_Made]":
    """One after the other, each by what those before it have left, and written down."""
    cards = replace(cards, issuer=await issuer_keys.known(cards.issuer, tx))
    facts = await _facts(cards, tx, at, list(fresh.values()), undone)
    made: list[_Made] = []
    for key, one in fresh.items():
        result = facts.decide(cards, key, one)
        made.append(_Made(one, result, _record(cards, facts, at, one, result)))
    await _save(cards, tx, at, facts, made)
    return made


class TapAccounts(NamedTuple):
    """The ledger accounts that taps move money on, by book, kind and owner; those of units by book, person and fund, and what each fund's
    units are."""

    of: dict[tuple[int, Kind, UUID], int]
    holdings: dict[tuple[int, UUID, str], int]
    units: dict[str, Asset]


@dataclass(slots=True)
class _Made:
    """A fresh decision and the row it becomes; replaced when the ledger refuses the holds."""

    routed: Routed
    result: Approved | Declined
    row: Authorisation


@dataclass(slots=True)
class _Loaded:
    """Facts of a whole batch. Counters and purses are drawn down as the decisions fall."""

    tokens: dict[UUID, Token]
    counters: dict[UUID, int]
    keys: dict[UUID, list[KeyRange]]
    at: Moment
    reversed: set[BookedKey]
    purses: dict[UUID, Purse]
    accounts: TapAccounts
    paid: Used
    allowances: dict[UUID, Allowance]
    rule_set: str
    usage: Usage
    explanations: int = EXPLAINED

    def decide(self, cards: CardHouse, key: BookedKey, one: Routed) -> Approved | Declined:
        request: AuthorisationRequest = one.request
        day = self.at.date_of(request.received_at)
        token = self.tokens.get(one.token) if one.token else None
        person = token.person if token else None
        merchant = cards.merchants.get(request.merchant_id)
        facts = Facts(
            door=door(cards, request.merchant_id, request.terminal_id),
            token=token,
            last_atc=self.counters.get(token.id, 0) if token else 0,
            keys=self.keys.get(token.id, ()) if token else (),
            now=self.at.now,
            reversed_before=key in self.reversed,
            above_limit=self.paid.above(self.rule_set, person, day, request.amount) if person else None,
            purse=self.purses[person] if person else Purse(0, {}, 0),
            explain=self.explanations > 0,
            category=merchant.category_code if merchant else "",
            velocity=cards.velocity,
            usage=self.usage,
        )
        result = decide(facts, request, cards.issuer)
        if isinstance(result, Declined) and result.reason is DeclineReason.WRONG_CRYPTOGRAM:
            self.explanations -= 1
        if token is not None and result.atc > self.counters[token.id]:
            self.counters[token.id] = result.atc
        if token is not None and isinstance(result, Approved):
            self.paid.add(token.person, day, request.amount)
            self._spend(one.token, result.atc, request.amount)
            if request.kind is not TransactionKind.BALANCE:
                self.usage.add(one_tap(token.person, token.id, facts.category, request.amount, verified=result.verified))
        return result

    def _spend(self, token: UUID | None, atc: int, amount: int) -> None:
        """What is approved under a limited-use key counts for the next request of the batch."""
        ranges = self.keys.get(token, []) if token else []
        key = key_for(ranges, atc)
        if key is not None:
            ranges[ranges.index(key)] = structs.replace(key, spent=key.spent + amount)


async def _facts(cards: CardHouse, tx: Any, at: Moment, fresh: Sequence[Routed], undone: set[BookedKey]) -> _Loaded:
    house = cards.house
    tokens, keys = await deciding.cards(tx, [(one.book, one.token) for one in fresh if one.token])
    people = sorted({(token.book, token.person) for token in tokens.values()})
    payers = await customers.payers(tx, people)
    behind = await pocket.behind(house, tx, {(book, person): payers[person].pocket for book, person in people})
    accounts, free = await _accounts(cards, tx, at, fresh, tokens, behind)
    purses = {person: _purse(book, person, accounts.of, free) for book, person in people}
    asked = _asked(fresh, tokens)
    in_need = {person for (_, person), amount in asked.items() if amount > purses[person].wallet}
    held = {name: free[accounts.holdings[name]] for name in behind if name[1] in in_need and name in accounts.holdings}
    days = _days(at, fresh, tokens)
    for person, funds in (await pocket.spendable(house, tx, days, held)).items():
        purses[person].funds = funds
    short = [(*one, day) for one, amount in asked.items() if not purses[one[1]].covers(amount) for day in days[one]]
    allowances = await reservations.allowances(tx, short)
    for person, allowance in allowances.items():
        purses[person].card_per_tap, purses[person].card_left = allowance.per_tap, allowance.left
    return _Loaded(
        tokens,
        {token.id: token.last_atc for token in tokens.values()},
        keys,
        at,
        undone,
        purses,
        accounts,
        await compliance.usage(tx, [(book, person, payers[person].level) for book, person in people], set().union(*days.values())),
        allowances,
        house.rule_set,
        used(await _tapped(cards, tx, at, fresh, tokens)),
    )


async def _tapped(cards: CardHouse, tx: Any, at: Moment, fresh: Sequence[Routed], tokens: dict[UUID, Token]) -> list[Taps]:
    """What the rules count, of the people of these cards: of all of them if there are rules, else of those with a limit of their own. The
    day is that of their first tap here, however late it is decided."""
    came = [(one.request.received_at, tokens[one.token]) for one in fresh if one.token in tokens]
    began = {
        (one.book, one.person): shanghai(business_date_of(received_at))
        for received_at, one in sorted(came, key=lambda one: one[0], reverse=True)
        if cards.velocity.rules or one.day_limit is not None
    }

    def category_of(merchant_number: str) -> str:
        known = cards.merchants.get(merchant_number)
        return known.category_code if known else ""

    return await tapped.taps_since(tx, [(*one, day) for one, day in sorted(began.items())], category_of, at.now)


def _asked(fresh: Sequence[Routed], tokens: dict[UUID, Token]) -> dict[tuple[int, UUID], int]:
    """All that each (book, person) asks for in this batch, in fen."""
    asked: dict[tuple[int, UUID], int] = defaultdict(int)
    for one in fresh:
        token = tokens.get(one.token) if one.token else None
        if token is not None:
            asked[token.book, token.person] += one.request.amount
    return asked


def _days(at: Moment, fresh: Sequence[Routed], tokens: dict[UUID, Token]) -> dict[tuple[int, UUID], set[date]]:
    """The business dates of what each (book, person) asks for in this batch."""
    days: dict[tuple[int, UUID], set[date]] = defaultdict(set)
    for one in fresh:
        token = tokens.get(one.token) if one.token else None
        if token is not None:
            days[token.book, token.person].add(at.date_of(one.request.received_at))
    return days


async def _accounts(
    cards: CardHouse, tx: Any, at: Moment, fresh: Sequence[Routed], tokens: dict[UUID, Token], behind: Mapping[Holding, NewAccount]
) -> tuple[TapAccounts, dict[int, int]]:
    """Wallets of the people, the holdings behind them, and the merchants' accounts in their books; and what could be taken from each, and
    from the advance lines. A wallet or merchant's account is opened where it is used for the first time; a holding is, where units are
    bought."""
    wanted: dict[tuple[int, Kind, UUID], NewAccount] = {}
    for one in fresh:
        token = tokens.get(one.token) if one.token else None
        merchant = cards.merchants.get(one.request.merchant_id)
        if token is None or merchant is None:
            continue
        book = token.book
        wanted |= _of_a_tap(book, token.person, merchant.id)
        wanted[book, Kind.ADVANCE_PAYABLE, HOUSE] = NewAccount(book, Kind.ADVANCE_PAYABLE, HOUSE, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
    found = await cards.house.ledger.find_free(tx, at.now, [*wanted.values(), *behind.values()])
    accounts = {name: one[0] for name, one in zip(wanted, found, strict=False) if one is not None}
    holdings = {name: one[0] for name, one in zip(behind, found[len(wanted) :], strict=True) if one is not None}
    lacking = {name: account for name, account in wanted.items() if name not in accounts}
    accounts.update(zip(lacking, await cards.house.ledger.open_accounts(tx, list(lacking.values())), strict=True))
    units = {name[2]: Asset(account.asset) for name, account in behind.items()}
    return TapAccounts(accounts, holdings, units), dict(one for one in found if one is not None)


def _of_a_tap(book: int, person: UUID, merchant: UUID) -> dict[tuple[int, Kind, UUID], NewAccount]:
    return {
        (book, kind, owner): NewAccount(book, kind, owner, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
        for kind, owner in ((Kind.WALLET, person), (Kind.MERCHANT, merchant))
    }


def _purse(book: int, person: UUID, accounts: dict[tuple[int, Kind, UUID], int], free: dict[int, int]) -> Purse:
    """Without what funds can pay: that is asked where the wallet has too little."""
    line = house_account(book, Kind.ADVANCE_PAYABLE, Asset.CNY)
    return Purse(free.get(accounts.get((book, Kind.WALLET, person), 0), 0), {}, free.get(line, 0))


def _record(cards: CardHouse, facts: _Loaded, at: Moment, one: Routed, result: Approved | Declined) -> Authorisation:
    request: AuthorisationRequest = one.request
    merchant = cards.merchants.get(request.merchant_id)
    funding = result.funding if isinstance(result, Approved) else NOTHING
    token = facts.tokens.get(one.token) if one.token else None
    return row_of(
        at,
        one,
        token=token.id if token else NOBODY,
        person=token.person if token else NOBODY,
        merchant=merchant.id if merchant else NOBODY,
        taken=isinstance(result, Approved),
        atc=result.atc,
        state=_state(request, result),
        response_code=result.reason.response_code if isinstance(result, Declined) else ASKING if funding.card else APPROVED,
        reason=result.note if isinstance(result, Approved) else f"{result.reason.name.lower()}: {result.text}",
        wallet_amount=funding.wallet,
        fund_units=funding.units,
        fund_parts=pack(funding.funds),
        icc_answer=result.icc_answer if isinstance(result, Approved) else b"",
        held_until=request.received_at + (PREAUTHORISED_FOR if request.kind is TransactionKind.PREAUTHORISATION else HELD_FOR),
        balance=facts.purses[token.person].wallet if token and request.kind is TransactionKind.BALANCE else 0,
        verified=isinstance(result, Approved) and result.verified,
        card_amount=funding.card,
    )


def row_of(at: Moment, one: Routed, *, taken: bool, **decided: Any) -> Authorisation:
    """A request as the row it becomes: its id, reference (37) and authorisation code (38) follow from its key; the rest is `decided`."""
    request = one.request
    day = at.date_of(request.received_at)
    identifier = named(shanghai(day), one.book, f"tap:{request.key}")
    return Authorisation(
        book=one.book,
        id=identifier,
        merchant_number=request.merchant_id,
        terminal_number=request.terminal_id,
        batch=request.batch,
        stan=request.stan,
        amount=request.amount,
        authorisation_code=f"{identifier.int % 10**6:06d}" if taken else "",
        rrn=f"{identifier.int % 10**12:012d}",
        business_date=day,
        received_at=request.received_at,
        kind=request.kind,
        **decided,
    )


def _state(request: AuthorisationRequest, result: Approved | Declined) -> str:
    if isinstance(result, Declined):
        return "declined"
    if result.funding.card:
        return "asking_bank"
    return "done" if request.kind is TransactionKind.BALANCE else "approved"


async def _save(cards: CardHouse, tx: Any, at: Moment, facts: _Loaded, made: Sequence[_Made]) -> None:
    """Place the holds, then write the rows: what the ledger refuses is declined."""
    house = cards.house
    approved = [one for one in made if one.row.state in HOLDING]
    actors = await terminal_actors(tx, [one.row for one in approved])
    holds = [
        entries.authorised(tap_of(facts.accounts, one.row), one.row.business_date, actor, one.row.held_until or one.row.received_at)
        for one, actor in zip(approved, actors, strict=True)
    ]
    for one, answer in zip(approved, await post(house, tx, at, holds), strict=True):
        if answer.refusal is not None:
            one.row = without_money(one.row, answer.refusal.name.lower())
    rows = [one.row for one in made]
    await deciding.record(tx, rows, HOLDING)
    await reservations.begin(tx, [(row, facts.allowances[row.person]) for row in rows if row.state == "asking_bank"])
    await compliance.add_usage(tx, [(row.book, row.person, row.business_date, row.amount) for row in rows if row.state in HOLDING])


async def terminal_actors(tx: Any, rows: Sequence[Authorisation]) -> list[int]:
    """The terminals, as the actors of their entries."""
    return await actor_numbers(tx, [(row.book, terminal_caller(row.merchant_number, row.terminal_number)) for row in rows])


def tap_of(accounts: TapAccounts, row: Authorisation) -> entries.Tap:
    """The money side of a stored authorisation."""
    return entries.Tap(
        row.book,
        row.holder,
        accounts.of[row.book, Kind.WALLET, row.person],
        accounts.of[row.book, Kind.MERCHANT, row.merchant],
        row.wallet_amount,
        tuple(Share(accounts.holdings[row.book, row.person, fund], units, accounts.units[fund]) for fund, units in row.by_funds),
        row.id,
        accounts.of[row.book, Kind.ELECTRONIC_CASH, row.token] if row.cash_amount else 0,
        row.cash_amount,
        row.card_amount,
    )


def without_money(row: Authorisation, why: str) -> Authorisation:
    """The row of an approval that the ledger refused."""
    reason = DeclineReason.NO_MONEY
    return structs.replace(
        row,
        state="declined",
        response_code=reason.response_code,
        reason=f"{reason.name.lower()}: the ledger says {why}",
        authorisation_code="",
        wallet_amount=0,
        fund_units=0,
        fund_parts="",
        card_amount=0,
        icc_answer=b"",
    )


def repeated(row: Authorisation, one: Routed) -> AuthorisationResponse:
    """What was decided, if this is the request that it was decided of: the numbers of a sale are not enough to be approved by."""
    if (
        not is_about(row, one)
        or (row.kind, row.amount) != (one.request.kind, one.request.amount)
        or row.atc not in (0, _counter(one.request))
    ):
        return AuthorisationResponse(response_code=NUMBERS_USED)
    return told(row)


def told(row: Authorisation) -> AuthorisationResponse:
    """The answer that a row stands for; what waited for a bank, and was undone before it had answered, never became an approval."""
    asked = row.response_code == ASKING
    return AuthorisationResponse(
        response_code=row.response_code,
        authorisation_code="" if asked else row.authorisation_code,
        rrn=row.rrn,
        icc_data=b"" if asked else row.icc_answer,
        balance=row.balance if row.kind == TransactionKind.BALANCE and row.response_code == APPROVED else None,
    )


def is_about(row: Authorisation, one: Routed) -> bool:
    """Whether the sale was by the card that the request names."""
    return row.token == (one.token or NOBODY)


def _counter(request: AuthorisationRequest) -> int:
    """The card's counter in the request; 0, as in the row of a sale without one, if it cannot be read."""
    try:
        return read_chip_data(request.icc_data).atc
    except BadInput:
        return 0


async def standing_holds(house: House, tx: Any, rows: Sequence[Authorisation]) -> dict[UUID, datetime]:
    """By holder: those of the authorisations whose money is still held, and until when."""
    wanted = [(row.book, hold) for row in rows for hold in entries.holds_of(row.holder)]
    holds = (await house.ledger.holds_by_id(tx, wanted)).values()
    return {hold.link: hold.expires_at for hold in holds if hold.state is Op.HOLD}


async def accounts_of(house: House, tx: Any, rows: Sequence[Authorisation]) -> TapAccounts:
    """The accounts these authorisations hold money on."""
    wanted: dict[tuple[int, Kind, UUID], NewAccount] = {}
    held: dict[tuple[int, UUID, str], NewAccount] = {}
    funds = {(row.book, row.person, part.source) for row in rows for part in row.by_funds}
    units = await pocket.units_of(house, tx, [fund for _, _, fund in funds])
    for book, person, fund in sorted(funds):
        held[book, person, fund] = holding_of(book, person, units[fund])
    for row in rows:
        wanted |= _of_a_tap(row.book, row.person, row.merchant)
        if row.cash_amount:
            wanted[row.book, Kind.ELECTRONIC_CASH, row.token] = cash_account(row.book, row.token)
    numbers = await house.ledger.open_accounts(tx, [*wanted.values(), *held.values()])
    return TapAccounts(dict(zip(wanted, numbers[: len(wanted)], strict=True)), dict(zip(held, numbers[len(wanted) :], strict=True)), units)


def cash_account(book: int, token: UUID) -> NewAccount:
    """A card's electronic cash."""
    return NewAccount(book, Kind.ELECTRONIC_CASH, token, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)


async def take_batch(cards: CardHouse, tx: Any, routed: Sequence[Routed]) -> list[BatchUploadResponse]:
    """0320: the merchant claims these sales, each for what was authorised or less. What fits no authorisation is kept and shown to
    operations, and pays nothing."""
    at = await moment(tx)
    keyed = [(one.book, sale_key(one.request.captured_key)) for one in routed]
    found = await store.by_sale(tx, keyed)
    presented = [_presentment(at, one, key, found.get((one.book, key))) for one, (_, key) in zip(routed, keyed, strict=True)]
    await acquiring.add_presentments(tx, presented)
    stands = await acquiring.presented(tx, [one[:5] for one in presented])
    return [_claim_answer(stands[one[:5]], one, found.get(key)) for one, key in zip(presented, keyed, strict=True)]


def _claim_answer(stands: Presentment, made: Presentment, row: Authorisation | None) -> BatchUploadResponse:
    """Whether the claim is the one that stands: it may have been made before, or another one in its place."""
    taken = made.authorisation is not None and (stands.authorisation, stands.amount) == (made.authorisation, made.amount)
    return BatchUploadResponse(response_code=APPROVED if taken else NO_SUCH_SALE, rrn=row.rrn if row else "")


def _presentment(at: Moment, one: Routed, key: SaleKey, row: Authorisation | None) -> Presentment:
    request: BatchUploadRequest = one.request
    fits = (
        row is not None
        and row.kind in CLAIMABLE
        and row.state in ("approved", "captured", "expired")
        and is_about(row, one)
        and 0 < request.amount <= row.amount
        and (row.kind != TransactionKind.OFFLINE_SALE or request.amount == row.amount)
    )
    identifier = row.id if row is not None and fits else None
    return Presentment(one.book, *key, request.amount, identifier, at.date_of(request.received_at), request.received_at)
