"""What comes later to a tap: voids, cancellations, completions, refunds, and reversals of all of them, as lists (see `tap`).

Before clearing, undoing sets a hold free; after it, it is a credit that clearing pays out of what the merchant receives next. Undoing what
undid something brings the hold back, or, where the money has gone meanwhile, the claim without a hold: state `expired`, which clearing
honours as it does a late presentment. Requests of one list that name the same transaction, as their own or as what they follow, are decided
one after the other, in rounds.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import structs

from tapwealth.acquiring import store as acquiring
from tapwealth.clearing import store as clearing
from tapwealth.compliance import store as compliance
from tapwealth.customers import store as customers
from tapwealth.flows.frame import House, Moment, moment, must_post, post
from tapwealth.flows.funds import instant_cap, pocket
from tapwealth.flows.issuing import reservations
from tapwealth.flows.issuing.tap import (
    CLAIMABLE,
    HELD_FOR,
    HOLDING,
    NO_SUCH_SALE,
    NOBODY,
    NOT_POSSIBLE,
    NUMBERS_USED,
    OTHER_AMOUNT,
    CardHouse,
    Routed,
    TapAccounts,
    accounts_of,
    door,
    is_about,
    row_of,
    sale_key,
    standing_holds,
    tap_of,
    terminal_actors,
    told,
)
from tapwealth.issuing import entries, store
from tapwealth.issuing.authorise import Funding, Purse
from tapwealth.issuing.decline import DeclineReason
from tapwealth.issuing.store import Authorisation, BookedKey
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.kernel.parts import pack
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry
from tapwealth.wire.iso8583.requests import (
    APPROVED,
    AuthorisationResponse,
    FollowUpRequest,
    ReversalResponse,
    TransactionKind,
)

_K = TransactionKind
_FOLLOWS = {
    _K.VOID: (_K.SALE,),
    _K.CANCELLATION: (_K.PREAUTHORISATION,),
    _K.COMPLETION: (_K.PREAUTHORISATION,),
    _K.COMPLETION_VOID: (_K.COMPLETION,),
    _K.REFUND: CLAIMABLE,
}
"""What each kind may follow."""
_MOST_COMPLETED = 115
"""Percent of a pre-authorisation that its completion may take (UnionPay's rule for pre-authorisations)."""
_ABOVE, _NO_MONEY = "61", DeclineReason.NO_MONEY.response_code
_STANDS = ("approved", "expired")


@dataclass(slots=True)
class _Work:
    """What a round does to the ledger and to the rows it touches. `changed` are rows that were there before, by id.

    `may` is what the ledger is asked: the entry, the row that then stands, and the pre-authorisation that is completed by it.
    """

    at: Moment
    accounts: TapAccounts
    standing: dict[UUID, datetime]
    actors: dict[UUID, int]
    must: list[JournalEntry] = field(default_factory=list)
    may: list[tuple[JournalEntry, Authorisation, Authorisation | None]] = field(default_factory=list)
    changed: dict[UUID, Authorisation] = field(default_factory=dict)
    used: list[tuple[Authorisation, int]] = field(default_factory=list)
    gone: list[Authorisation] = field(default_factory=list)
    restored: list[Authorisation] = field(default_factory=list)

    def release(self, row: Authorisation, by: UUID, state: str) -> None:
        """Set its holds free, if they stand."""
        if row.holder in self.standing:
            day = self.at.open_date(row.business_date)
            self.must.append(entries.reversed_(tap_of(self.accounts, row), day, self.actors[by]))
        if row.state in HOLDING:
            self.used.append((row, -row.amount))
        self.gone.append(row)
        self.changed[row.id] = structs.replace(row, state=state)

    def restore(self, row: Authorisation, by: Authorisation) -> None:
        """Hold it again as at first, under a name of its own; `expired` until the ledger has agreed. What a customer's bank had reserved
        stays given up: it is debited without a reservation when the claim comes."""
        self.changed[row.id] = structs.replace(row, state="expired")
        self.restored.append(row)
        if row.held_until is not None and row.held_until > self.at.now:
            again = structs.replace(row, state="approved", held_by=derived(by.id, f"restored:{row.kind}"))
            tap, day = tap_of(self.accounts, again), self.at.open_date(row.business_date)
            self.may.append((entries.restored(tap, day, self.actors[by.id], row.held_until, by.id), again, None))

    async def settle(self, house: House, tx: Any) -> dict[UUID, tuple[DeclineReason, str]]:
        """Post it all and keep it; why some may not be, by their ids: the ledger did not let them hold, or their customer's class not pay
        so much."""
        await must_post(house, tx, self.at, self.must)
        capped = await self._beyond_the_caps(house, tx)
        beyond = await self._beyond_the_limits(house, tx, capped)
        refused = {row: (DeclineReason.ABOVE_LIMIT, text) for row, text in beyond.items()}
        self.may = [one for one in self.may if one[1].id not in capped and one[1].id not in beyond]
        answers = await post(house, tx, self.at, [entry for entry, _, _ in self.may])
        for (_, row, completed), answer in zip(self.may, answers, strict=True):
            if answer.refusal is not None:
                refused[row.id] = DeclineReason.NO_MONEY, "the ledger says there is not enough for more than was pre-authorised"
                continue
            self.changed[row.id] = row
            self.used.append((row, row.amount))
            if completed is not None:
                self.changed[completed.id] = structs.replace(completed, state="completed")
                self.used.append((completed, -completed.amount))
        await reservations.give_up(tx, self.gone, "the tap was undone")
        await store.follow(tx, list(self.changed.values()))
        if self.restored:
            await acquiring.claim_again(tx, [(row.book, *row.key) for row in self.restored])
        await compliance.add_usage(tx, [(row.book, row.person, row.business_date, amount) for row, amount in self.used])
        return refused

    async def _beyond_the_caps(self, house: House, tx: Any) -> set[UUID]:
        """What is not held again because others of its date have used what a fund may give that day: as if the money had gone meanwhile."""
        again, beyond = self._again(), set[UUID]()
        for code, day in sorted({(code, row.business_date) for row in again for code, _ in row.by_funds}):
            people = sorted({(row.book, row.person) for row in again if row.business_date == day})
            left = await instant_cap.left_to_spend(tx, house.rule_set, people, code, day)
            for row in self.gone:
                if row.person in left and row.business_date == day and row.state in HOLDING:
                    left[row.person] += dict(row.by_funds).get(code, 0)
            for row in again:
                units = dict(row.by_funds).get(code, 0) if row.business_date == day else 0
                if units > left.get(row.person, units):
                    beyond.add(row.id)
                elif row.person in left:
                    left[row.person] -= units
        return beyond

    async def _beyond_the_limits(self, house: House, tx: Any, lost: Set[UUID]) -> dict[UUID, str]:
        """Why what is held again, or completed with more than was held, may not be: others have used meanwhile what its customer's class
        may pay in its year. What was held counts already, so that a completion with no more than that is not asked."""
        known = {row.id for row in self._again()} - lost
        asked = [(row, of) for _, row, of in self.may if row.id in known or (of is not None and row.amount > of.amount)]
        if not asked:
            return {}
        beyond = dict[UUID, str]()
        people = sorted({(row.book, row.person) for row, _ in asked})
        payers = await customers.payers(tx, people)
        days = {one.business_date for row, of in asked for one in (row, of) if one is not None}
        used = await compliance.usage(tx, [(*one, payers[one[1]].level) for one in people], days)
        for row, amount in self.used:
            if row.person in payers:
                used.add(row.person, row.business_date, amount)
        for row, of in asked:
            held = 0 if of is None else of.amount
            used.add(row.person, (of or row).business_date, -held)
            above = used.above(house.rule_set, row.person, row.business_date, row.amount)
            if above is not None:
                beyond[row.id] = above
                used.add(row.person, (of or row).business_date, held)
            else:
                used.add(row.person, row.business_date, row.amount)
        return beyond

    def _again(self) -> list[Authorisation]:
        """What would be held again."""
        known = {row.id for row in self.restored}
        return [row for _, row, _ in self.may if row.id in known]


async def follow_up(cards: CardHouse, tx: Any, routed: Sequence[Routed]) -> list[AuthorisationResponse]:
    """0100 cancellation, 0200 void, completion and its void, 0220 refund: one answer per request, in order."""
    answers: dict[int, AuthorisationResponse] = {}
    left = list(enumerate(routed))
    while left:
        touched: set[BookedKey] = set()
        round_ = []
        for number, one in left:
            names = {(one.book, sale_key(one.request.original_key)), (one.book, sale_key(one.request.key))}
            if not names & touched:
                round_.append((number, one))
            touched |= names
        for (number, _), answer in zip(round_, await _round(cards, tx, [one for _, one in round_]), strict=True):
            answers[number] = answer
        left = [(number, one) for number, one in left if number not in answers]
    return [answers[number] for number in range(len(routed))]


async def _round(cards: CardHouse, tx: Any, routed: Sequence[Routed]) -> list[AuthorisationResponse]:
    at = await moment(tx)
    keyed = [(one.book, sale_key(one.request.key)) for one in routed]
    decided = await store.by_sale(tx, keyed)
    fresh = {key: one for key, one in zip(keyed, routed, strict=True) if key not in decided}
    meant = [(one.book, sale_key(one.request.original_key)) for one in routed]
    found = await store.by_sale(tx, meant)
    rows = {key: _row(at, one, found.get(of)) for key, of, one in zip(keyed, meant, routed, strict=True) if key in fresh}
    followed = [found[of] for key, of in zip(keyed, meant, strict=True) if key in fresh and of in found]
    decided.update(await _decide(cards, tx, at, fresh, rows, {row.id: row for row in followed}))
    return [_answer(decided[key], one, found.get(of)) for key, of, one in zip(keyed, meant, routed, strict=True)]


def _row(at: Moment, one: Routed, original: Authorisation | None) -> Authorisation:
    """The request as a row, approved for the time being."""
    meant = original if original is not None and is_about(original, one) else None
    return row_of(
        at,
        one,
        token=one.token or NOBODY,
        person=meant.person if meant else NOBODY,
        merchant=meant.merchant if meant else NOBODY,
        taken=True,
        atc=0,
        state="done",
        response_code=APPROVED,
        reason="",
        wallet_amount=0,
        fund_units=0,
        icc_answer=b"",
        original=meant.id if meant else None,
    )


def _answer(row: Authorisation, one: Routed, original: Authorisation | None) -> AuthorisationResponse:
    """What was said of the same request; `original` is what it names now. What had named nothing on record was declined, and stays so."""
    request: FollowUpRequest = one.request
    same = is_about(row, one) and (row.kind, row.amount) == (request.kind, request.amount)
    if not same or (row.original is not None and (original is None or row.original != original.id)):
        return AuthorisationResponse(response_code=NUMBERS_USED)
    return told(row)


async def _decide(
    cards: CardHouse,
    tx: Any,
    at: Moment,
    fresh: dict[BookedKey, Routed],
    rows: dict[BookedKey, Authorisation],
    originals: dict[UUID, Authorisation],
) -> dict[BookedKey, Authorisation]:
    """Judge the rows, move the money, keep them."""
    parents = await store.by_id(tx, [(row.book, row.original) for row in originals.values() if row.original])
    given = await store.given_back(tx, [(row.book, row.id) for row in originals.values()])
    reversed_before = await store.reversals(tx, list(fresh))
    work = await _work(cards.house, tx, at, list(rows.values()), [*originals.values(), *parents.values()])
    completing = [row for row in rows.values() if row.original and row.kind == TransactionKind.COMPLETION]
    days = {(row.book, row.person): {of.business_date for of in completing if of.person == row.person} for row in completing}
    purses = await _purses(cards.house, tx, at, work, [originals[row.original] for row in completing if row.original], days)
    for key, one in fresh.items():
        row = rows[key]
        original = originals.get(row.original) if row.original else None
        shut = door(cards, row.merchant_number, row.terminal_number)
        refusal = _refusal(one.request, original, given, key in reversed_before)
        if shut is not None:
            refusal = shut.response_code, f"{shut.name.lower()}: {shut.text}"
        if refusal is None and original is not None:
            rows[key] = _follow(work, row, original, parents, purses)
        elif refusal is not None:
            rows[key] = _declined(row, *refusal)
    refused = await work.settle(cards.house, tx)
    for key, row in rows.items():
        if row.id in refused:
            reason, text = refused[row.id]
            rows[key] = _declined(row, reason.response_code, f"{reason.name.lower()}: {text}")
    await store.add_authorisations(tx, list(rows.values()))
    return rows


async def _work(house: House, tx: Any, at: Moment, by: Sequence[Authorisation], rows: Sequence[Authorisation]) -> _Work:
    """`by` are the rows of those who act, `rows` those that are acted upon."""
    actors = dict(zip((row.id for row in by), await terminal_actors(tx, by), strict=True))
    return _Work(at, await accounts_of(house, tx, rows), await standing_holds(house, tx, rows), actors)


async def _purses(
    house: House, tx: Any, at: Moment, work: _Work, originals: Sequence[Authorisation], days: pocket.Days
) -> dict[UUID, Purse]:
    """By person, what can be taken now for more than was pre-authorised, the holds in question not counted."""
    if not originals:
        return {}
    lines = {row.book: house_account(row.book, Kind.ADVANCE_PAYABLE, Asset.CNY) for row in originals}
    wallets = {row.person: work.accounts.of[row.book, Kind.WALLET, row.person] for row in originals}
    free = await house.ledger.free(tx, at.now, [*wallets.values(), *lines.values()])
    found = await pocket.filled(house, tx, at, days)
    work.accounts.holdings.update(found.accounts)
    work.accounts.units.update(found.units)
    return {row.person: Purse(free.get(wallets[row.person], 0), found.free[row.person], free.get(lines[row.book], 0)) for row in originals}


def _refusal(
    request: FollowUpRequest, original: Authorisation | None, given: dict[UUID, int], reversed_before: bool
) -> tuple[str, str] | None:
    """Response code and one line for operations; None: it may be done."""
    if reversed_before:
        return NOT_POSSIBLE, "reversed_before: its reversal came before it"
    if original is None or original.kind not in _FOLLOWS[request.kind] or original.state == "declined":
        return NO_SUCH_SALE, "no_original: nothing on record that it could follow"
    if request.rrn != original.rrn:
        return NO_SUCH_SALE, f"no_original: the reference is {original.rrn}"
    taken = original.captured_amount - given.get(original.id, 0)
    match request.kind:
        case TransactionKind.REFUND:
            if original.state != "captured":
                return NOT_POSSIBLE, f"not_cleared: the transaction is {original.state}; void it instead"
            return (_ABOVE, f"above_original: {taken} fen are left to give back") if request.amount > taken else None
        case TransactionKind.COMPLETION:
            if original.state != "approved":
                return NOT_POSSIBLE, f"not_open: the pre-authorisation is {original.state}"
            too_much = request.amount * 100 > original.amount * _MOST_COMPLETED
            return (_ABOVE, f"above_original: more than {_MOST_COMPLETED} % of {original.amount} fen") if too_much else None
        case _:
            if request.amount != original.amount:
                return OTHER_AMOUNT, f"other_amount: the transaction is of {original.amount} fen"
            whole = original.state == "captured" and taken == original.captured_amount
            return None if whole or original.state in _STANDS else (NOT_POSSIBLE, f"not_open: the transaction is {original.state}")


def _declined(row: Authorisation, code: str, reason: str) -> Authorisation:
    return structs.replace(
        row, state="declined", response_code=code, reason=reason, authorisation_code="", wallet_amount=0, fund_units=0, fund_parts=""
    )


def _follow(
    work: _Work, row: Authorisation, original: Authorisation, parents: dict[UUID, Authorisation], purses: dict[UUID, Purse]
) -> Authorisation:
    if row.kind == TransactionKind.REFUND:
        return structs.replace(row, credit=row.amount)
    if row.kind == TransactionKind.COMPLETION:
        return _complete(work, row, original, purses[original.person])
    if original.state == "captured":
        return structs.replace(row, credit=original.captured_amount)
    work.release(original, row.id, "voided")
    if original.original is not None:
        work.restore(parents[original.original], row)
    return row


def _complete(work: _Work, row: Authorisation, original: Authorisation, purse: Purse) -> Authorisation:
    """Wallet first, then the funds in their order, out of what was held and what else there is; last of a fund that is held and would not
    pay any more."""
    if work.standing.get(original.holder, work.at.now) <= work.at.now:
        return _declined(row, NOT_POSSIBLE, "not_open: the hold of the pre-authorisation has expired")
    funds = dict(purse.funds)
    for fund, units in original.by_funds:
        funds[fund] = funds.get(fund, 0) + units
    at_hand = Purse(purse.wallet + original.wallet_amount, funds, purse.line + original.fund_units)
    funding = at_hand.draw(row.amount)
    if not isinstance(funding, Funding):
        return _declined(row, _NO_MONEY, f"no_money: {funding.text}")
    purse.wallet, purse.funds, purse.line = at_hand.wallet, at_hand.funds, at_hand.line
    made = structs.replace(
        row, state="approved", wallet_amount=funding.wallet, fund_units=funding.units, fund_parts=pack(funding.funds),
        held_until=row.received_at + HELD_FOR,
    )  # fmt: skip
    before, tap = tap_of(work.accounts, original), tap_of(work.accounts, made)
    entry = entries.completed(before, tap, row.business_date, work.actors[row.id], row.received_at + HELD_FOR)
    work.may.append((entry, made, original))
    return made


# reversals


async def reverse(cards: CardHouse, tx: Any, routed: Sequence[Routed]) -> list[ReversalResponse]:
    """0400: the transaction is undone, once. Before it has come: remembered, and it will be declined.

    What clearing has taken or given back already, or the network has cleared to be given back, cannot be reversed any more, nor the void
    of a completion whose pre-authorisation has been ended otherwise since: response code 12, and nothing is kept of it. What names the
    transaction of another card or kind (25) or another amount (64) leaves it as it is.
    """
    answers: dict[int, ReversalResponse] = {}
    left = list(enumerate(routed))
    while left:
        answers.update(await _reverse_some(cards, tx, left))
        left = [(number, one) for number, one in left if number not in answers]
    return [answers[number] for number in range(len(routed))]


async def _reverse_some(cards: CardHouse, tx: Any, left: Sequence[tuple[int, Routed]]) -> dict[int, ReversalResponse]:
    """Of all that began with one tap the first: it decides what the next one finds. The answers by their numbers."""
    at = await moment(tx)
    keyed = {number: (one.book, sale_key(one.request.reversed_key)) for number, one in left}
    found = await store.by_sale(tx, list(keyed.values()))
    originals = await store.by_id(tx, [(row.book, row.original) for row in found.values() if row.original])
    parents = await store.by_id(tx, [(row.book, row.original) for row in originals.values() if row.original])
    gone = await store.reversals(tx, [(row.book, row.key) for row in originals.values()])
    final = await _final(tx, list(found.values()))
    firsts: dict[UUID | BookedKey, tuple[int, Routed]] = {}
    for number, one in left:
        firsts.setdefault(_began_with(keyed[number], found, originals), (number, one))
    answers: dict[int, ReversalResponse] = {}
    remembered: list[tuple[int, store.SaleKey, int, datetime]] = []
    undone: list[tuple[Authorisation, Authorisation | None]] = []
    for number, one in firsts.values():
        row = found.get(keyed[number])
        answers[number] = _reversal_answer(row, one, final)
        if not _agrees(row, one) or (row is not None and row.id in final):
            continue
        if row is not None and _can_be_undone(row):
            ended = _ended_by(row, originals, gone)
            if ended is not None and _was_replaced(ended, parents):
                answers[number] = ReversalResponse(response_code=NOT_POSSIBLE, rrn=row.rrn)
                continue
            undone.append((row, ended))
        remembered.append((*keyed[number], one.request.amount, one.request.received_at))
    await store.add_reversals(tx, remembered)
    rows = [row for row, _ in undone]
    work = await _work(cards.house, tx, at, rows, [*rows, *originals.values(), *parents.values()])
    for row, ended in undone:
        _undo(work, row, ended, parents)
    await work.settle(cards.house, tx)
    return answers


def _began_with(key: BookedKey, found: dict[BookedKey, Authorisation], originals: dict[UUID, Authorisation]) -> UUID | BookedKey:
    """The tap that this one follows, over a completion too; its numbers, if it has not come."""
    row = found.get(key)
    if row is None:
        return key
    original = originals.get(row.original) if row.original else None
    return row.id if original is None else original.original or original.id


async def _final(tx: Any, rows: Sequence[Authorisation]) -> set[UUID]:
    """Those that nothing can undo any more: captured, completed, given back, or a refund that the network has cleared and that only waits
    for the merchant's receipts."""
    waiting = await clearing.items_of(tx, [(row.book, row.id) for row in rows if row.credit and row.credited_on is None])
    cleared = {identifier for identifier, item in waiting.items() if item.cleared_on is not None}
    return cleared | {row.id for row in rows if row.state in ("captured", "completed") or row.credited_on is not None}


def _can_be_undone(row: Authorisation) -> bool:
    return row.state in (*_STANDS, "asking_bank", "done")


def _ended_by(row: Authorisation, originals: dict[UUID, Authorisation], gone: set[BookedKey]) -> Authorisation | None:
    """What comes back when `row` is undone: what it had ended, unless that was reversed itself."""
    original = originals.get(row.original) if row.original else None
    if original is None or row.credit or (original.book, original.key) in gone:
        return None
    return original if original.state == "completed" or (original.state == "voided" and row.state == "done") else None


def _was_replaced(ended: Authorisation, parents: dict[UUID, Authorisation]) -> bool:
    """Whether it is a completion whose pre-authorisation was completed anew, cancelled or reversed since: both would be paid for one."""
    parent = parents.get(ended.original) if ended.original else None
    return parent is not None and parent.state not in _STANDS


def _undo(work: _Work, row: Authorisation, ended: Authorisation | None, parents: dict[UUID, Authorisation]) -> None:
    """Set free what it holds, and bring back what it had ended."""
    work.release(row, row.id, "reversed")
    if ended is None:
        return
    if ended.original is not None:
        work.release(parents[ended.original], row.id, "completed")
    work.restore(ended, row)


def _agrees(row: Authorisation | None, one: Routed) -> bool:
    """Whether a reversal is of that very transaction, or of one that has not come."""
    return row is None or (is_about(row, one) and (row.kind, row.amount) == (one.request.kind, one.request.amount))


def _reversal_answer(row: Authorisation | None, one: Routed, final: set[UUID]) -> ReversalResponse:
    if row is None or not is_about(row, one) or row.kind != one.request.kind:
        return ReversalResponse(response_code=NO_SUCH_SALE)
    if row.amount != one.request.amount:
        return ReversalResponse(response_code=OTHER_AMOUNT)
    return ReversalResponse(response_code=NOT_POSSIBLE if row.id in final else APPROVED, rrn=row.rrn)
