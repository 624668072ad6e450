"""0220: a terminal tells of sales that cards approved by themselves, as a list (see `tap`).

The money has left the card; here it is held on the card's electronic cash and never on the wallet, until clearing takes it. A terminal
sends its advice until it is answered: the same one again gets the same answer. There is no reversal of it, and the hold does not run out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from tapwealth.compliance import store as compliance
from tapwealth.flows.frame import Moment, moment, must_post
from tapwealth.flows.issuing import issuer_keys
from tapwealth.flows.issuing.tap import (
    EXPLAINED,
    NOBODY,
    CardHouse,
    Routed,
    accounts_of,
    repeated,
    row_of,
    sale_key,
    tap_of,
    terminal_actors,
)
from tapwealth.issuing import entries, store
from tapwealth.issuing.authorise import Declined
from tapwealth.issuing.chip_data import ChipData, read_chip_data
from tapwealth.issuing.decline import DeclineReason
from tapwealth.issuing.limited_use import KeyRange
from tapwealth.issuing.offline_sale import Accepted, OfflineFacts, decide_offline
from tapwealth.issuing.store import Authorisation, BookedKey, Token
from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.chart import Kind
from tapwealth.wire.iso8583.requests import APPROVED, AuthorisationRequest, AuthorisationResponse

HELD_FOR = timedelta(days=3650)
"""The money is off the card for good: its hold waits for the terminal's batch, however late that comes."""


@dataclass(slots=True)
class _Loaded:
    """Facts of a whole batch. `claimed` grows as the decisions fall."""

    tokens: dict[UUID, Token]
    chips: list[ChipData | BadInput]
    keys: dict[tuple[UUID, int], KeyRange]
    claimed: set[tuple[UUID, int]]
    explanations: int = EXPLAINED

    def decide(self, cards: CardHouse, one: Routed, chip: ChipData | BadInput) -> Accepted | Declined:
        request: AuthorisationRequest = one.request
        at = (one.token or NOBODY, chip.atc if isinstance(chip, ChipData) else 0)
        token = self.tokens.get(at[0])
        facts = OfflineFacts(
            request.merchant_id in cards.merchants, token, chip, self.keys.get(at), at in self.claimed, self.explanations > 0
        )
        result = decide_offline(facts, request, cards.issuer)
        if isinstance(result, Accepted):
            self.claimed.add(at)
        elif result.reason is DeclineReason.WRONG_CRYPTOGRAM:
            self.explanations -= 1
        return result


async def advise(cards: CardHouse, tx: Any, routed: Sequence[Routed]) -> list[AuthorisationResponse]:
    """One answer per request, in order."""
    at = await moment(tx)
    keyed = [(one.book, sale_key(one.request.key)) for one in routed]
    decided = await store.by_sale(tx, keyed)
    fresh: dict[BookedKey, Routed] = {}
    for one, key in zip(routed, keyed, strict=True):
        if key not in decided:
            fresh.setdefault(key, one)
    decided.update(await _decide(cards, tx, at, fresh))
    return [repeated(decided[key], one) for key, one in zip(keyed, routed, strict=True)]


async def _decide(cards: CardHouse, tx: Any, at: Moment, fresh: dict[BookedKey, Routed]) -> dict[BookedKey, Authorisation]:
    if not fresh:
        return {}
    cards = replace(cards, issuer=await issuer_keys.known(cards.issuer, tx))
    facts = await _facts(tx, list(fresh.values()))
    rows = {}
    for (key, one), chip in zip(fresh.items(), facts.chips, strict=True):
        rows[key] = _row(cards, facts, at, one, facts.decide(cards, one, chip))
    await _save(cards, tx, at, list(rows.values()))
    return rows


async def _facts(tx: Any, fresh: Sequence[Routed]) -> _Loaded:
    tokens = await store.tokens(tx, [(one.book, one.token) for one in fresh if one.token])
    chips = [_chip(one.request) for one in fresh]
    counters = [(one.book, one.token, chip.atc) for one, chip in zip(fresh, chips, strict=True) if one.token and isinstance(chip, ChipData)]
    return _Loaded(tokens, chips, await store.keys_at(tx, counters), await store.claimed_offline(tx, counters))


def _chip(request: AuthorisationRequest) -> ChipData | BadInput:
    try:
        return read_chip_data(request.icc_data)
    except BadInput as torn:
        return torn


def _row(cards: CardHouse, facts: _Loaded, at: Moment, one: Routed, result: Accepted | Declined) -> Authorisation:
    request: AuthorisationRequest = one.request
    token, merchant = facts.tokens.get(one.token or NOBODY), cards.merchants.get(request.merchant_id)
    taken = isinstance(result, Accepted)
    return row_of(
        at,
        one,
        token=token.id if token else NOBODY,
        person=token.person if token else NOBODY,
        merchant=merchant.id if merchant else NOBODY,
        taken=taken,
        atc=result.atc,
        state="approved" if taken else "declined",
        response_code=APPROVED if isinstance(result, Accepted) else result.reason.response_code,
        reason="" if isinstance(result, Accepted) else f"{result.reason.name.lower()}: {result.text}",
        wallet_amount=0,
        fund_units=0,
        icc_answer=b"",
        held_until=request.received_at + HELD_FOR,
        cash_amount=request.amount if taken else 0,
    )


async def _save(cards: CardHouse, tx: Any, at: Moment, rows: Sequence[Authorisation]) -> None:
    """Hold what is there; what went back to the customer meanwhile becomes the customer's debt."""
    house = cards.house
    taken = [row for row in rows if row.state == "approved"]
    accounts = await accounts_of(house, tx, taken)
    free = await house.ledger.free(tx, at.now, [accounts.of[row.book, Kind.ELECTRONIC_CASH, row.token] for row in taken])
    made = []
    for row, actor in zip(taken, await terminal_actors(tx, taken), strict=True):
        tap = tap_of(accounts, row)
        missing = max(row.amount - free[tap.cash], 0)
        free[tap.cash] -= row.amount - missing
        made.append(entries.offline_sale(tap, missing, row.business_date, actor, row.received_at + HELD_FOR))
    await must_post(house, tx, at, made)
    await store.add_authorisations(tx, rows)
    await store.add_offline_sales(tx, taken)
    await store.raise_counters(tx, [(row.book, row.token, row.atc) for row in taken])
    await compliance.add_usage(tx, [(row.book, row.person, row.business_date, row.amount) for row in taken])
