"""May this card pay that much here? A pure decision over facts that were loaded for a whole batch.

The reasons are checked in the order of `DeclineReason`. Money comes last: the wallet if it suffices; else wallet and fund together, the
fund part advanced by the bank and covered by units; else, where the customer lets a bound bank card pay, the rest from that, which the
card's bank must be asked first. What an earlier request of the same batch takes is gone for a later one: `Purse` is
drawn down as the decisions fall, and the ledger judges once more when the holds are placed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct, field

from tapwealth.issuing import velocity
from tapwealth.issuing.chip_data import ChipData, read_chip_data
from tapwealth.issuing.cryptogram import CryptogramRefusal, IssuerKeys, Verified, diagnose, verify
from tapwealth.issuing.decline import DeclineReason
from tapwealth.issuing.domain import category_objection, entry_objection
from tapwealth.issuing.limited_use import KeyRange, key_for, objection
from tapwealth.issuing.store import Token
from tapwealth.issuing.velocity import NO_RULES, TapFacts, Usage, Velocity, holder_verified
from tapwealth.kernel.parts import Parts, drawn, total
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.wire.emv_data import CryptogramType
from tapwealth.wire.emv_tags import Tag
from tapwealth.wire.iso8583.requests import APPROVED, YUAN, AuthorisationRequest, TransactionKind

NOT_LOOKED_INTO = "cryptogram differs: not looked into, since many came at once"
FLAGGED_GAP, MOST_SKIPPED = 20, 1_000
"""How many counters may have been used up without our hearing of them (offline sales, torn taps) before it is shown to operations, and
before it is declined."""


@dataclass(slots=True)
class Purse:
    """What a person can pay with, in fen: wallet, units of money funds (1.0000 each) by fund in their order of use, and the book's share of
    the advance line; and what a bound bank card may pay at one tap and in what is left of the day, 0 without a mandate."""

    wallet: int
    funds: dict[str, int]
    line: int
    card_per_tap: int = 0
    card_left: int = 0

    @property
    def units(self) -> int:
        """Of all funds."""
        return sum(self.funds.values())

    def covers(self, amount: int) -> bool:
        """Whether wallet and fund suffice."""
        return amount - max(self.wallet, 0) <= min(self.units, self.line) or amount <= self.wallet

    def draw(self, amount: int, *, by_card: bool = False) -> "Funding | DeclineReason":
        """The wallet if it suffices, else what is in it and the rest from the first fund that covers it, or from several in their order;
        else from a bank card what all do not give; or why not."""
        if amount <= self.wallet:
            self.wallet -= amount
            return Funding(amount)
        rest = amount - max(self.wallet, 0)
        if by_card and self.card_per_tap and not self.covers(amount):
            return self._draw_with_card(amount, rest)
        if rest > self.units:
            return DeclineReason.NO_MONEY
        if rest > self.line:
            return DeclineReason.LINE_USED_UP
        return self._take(Funding(amount - rest, drawn(self.funds, rest)))

    def _draw_with_card(self, amount: int, rest: int) -> "Funding | DeclineReason":
        units = max(min(self.units, self.line), 0)
        if rest - units > min(self.card_per_tap, self.card_left):
            return DeclineReason.ABOVE_MANDATE
        return self._take(Funding(amount - rest, drawn(self.funds, units), rest - units))

    def _take(self, funding: "Funding") -> "Funding":
        self.wallet, self.line = self.wallet - funding.wallet, self.line - funding.units
        for fund, units in funding.funds:
            self.funds[fund] -= units
        self.card_left -= funding.card
        return funding


class Funding(Struct, frozen=True):
    """Where the money of an authorisation is held: fen of the wallet, units (fen at 1.0000) of funds, fen at a bound card's bank."""

    wallet: int
    funds: Parts = ()
    card: int = 0

    @property
    def units(self) -> int:
        """Of all funds."""
        return total(self.funds)


class Approved(Struct, frozen=True):
    """Approved, once the customer's bank holds `funding.card`. `icc_answer` goes back to the card in field 55: the issuer's authentication
    data (ARPC and its response code, tag 91); `note` is what operations should look at all the same, `verified` whether the holder was."""

    funding: Funding
    atc: int
    icc_answer: bytes
    note: str = ""
    verified: bool = False


class Declined(Struct, frozen=True):
    """The reason for the outside, and one line for operations. `atc` is 0 where no cryptogram has proved a counter: a forged one would use
    up the card's."""

    reason: DeclineReason
    text: str
    atc: int = 0


class Facts(Struct, frozen=True):
    """All that the decision needs. `door`: why nothing is sold at this merchant's terminal (None: it may sell). `category` is the
    merchant's, `last_atc` the greatest counter met, this batch included, and so is what `usage` counts; `keys` are those of the token that
    a tap can need. `explain`: whether a wrong cryptogram is looked into, at the cost of some twenty right ones."""

    door: DeclineReason | None
    token: Token | None
    last_atc: int
    keys: Sequence[KeyRange]
    now: datetime
    reversed_before: bool
    above_limit: str | None
    purse: Purse
    explain: bool = True
    category: str = ""
    velocity: Velocity = NO_RULES
    usage: Usage = field(default_factory=Usage)


def decide(facts: Facts, request: AuthorisationRequest, keys: IssuerKeys) -> Approved | Declined:
    """The first reason that applies, or the approval."""
    early = _before_the_chip(facts, request)
    if early is not None:
        return Declined(*early)
    try:
        chip = read_chip_data(request.icc_data)
    except BadInput as torn:
        return Declined(DeclineReason.BAD_CHIP_DATA, str(torn))
    verified = _authentic(facts, request, chip, keys)
    if isinstance(verified, Declined):
        return verified
    skipped = chip.atc - facts.last_atc - 1
    if skipped > MOST_SKIPPED:
        return Declined(DeclineReason.COUNTER_JUMPED, f"{skipped} counters never came; at most {MOST_SKIPPED} may be missing", chip.atc)
    verified_holder = holder_verified(chip.elements.get(Tag.CVM_RESULTS_9F34))
    against = _against_rules(facts, request, verified=verified_holder)
    if against is not None:
        return Declined(*against, chip.atc)
    if facts.above_limit is not None:
        return Declined(DeclineReason.ABOVE_LIMIT, facts.above_limit, chip.atc)
    funding = facts.purse.draw(request.amount, by_card=request.kind is TransactionKind.SALE)
    if isinstance(funding, DeclineReason):
        return Declined(funding, funding.text, chip.atc)
    note = f"counter_gap: {skipped} counters never came" if skipped >= FLAGGED_GAP else ""
    return Approved(funding, chip.atc, _issuer_authentication(verified), note, verified_holder)


def _before_the_chip(facts: Facts, request: AuthorisationRequest) -> tuple[DeclineReason, str] | None:
    if facts.door is not None:
        return _plainly(facts.door)
    if facts.token is None:
        return _plainly(DeclineReason.UNKNOWN_TOKEN)
    if facts.token.state != "active":
        return _plainly(DeclineReason.TOKEN_NOT_ACTIVE)
    if request.expiry_date != facts.token.expiry:
        return _plainly(DeclineReason.WRONG_EXPIRY)
    entry = entry_objection(facts.token.domain, request.entry_mode)
    if entry is not None:
        return entry
    if facts.reversed_before:
        return _plainly(DeclineReason.REVERSED_BEFORE)
    return None if request.currency == YUAN else _plainly(DeclineReason.WRONG_CURRENCY)


def _plainly(reason: DeclineReason) -> tuple[DeclineReason, str]:
    return reason, reason.text


def _against_rules(facts: Facts, request: AuthorisationRequest, *, verified: bool) -> tuple[DeclineReason, str] | None:
    """What a genuine card may not: pay there, that often, or that much. An inquiry pays nothing."""
    if facts.token is None or request.kind is TransactionKind.BALANCE:
        return None
    domain = facts.token.domain
    tap = TapFacts(facts.token.person, facts.token.id, facts.category, request.amount, verified, domain.day_limit)
    return category_objection(domain, facts.category) or velocity.objection(facts.velocity, facts.usage, tap)


def _authentic(facts: Facts, request: AuthorisationRequest, chip: ChipData, keys: IssuerKeys) -> Verified | Declined:
    """The card made this cryptogram, over this amount, and with a counter that is new."""
    if chip.amount != request.amount or chip.currency != int(YUAN):
        text = f"field 55 says {chip.amount} of currency {chip.currency}, field 4 says {request.amount} of {request.currency}"
        return Declined(DeclineReason.BAD_CHIP_DATA, text)
    if chip.iad.decision is CryptogramType.AAC:
        return Declined(DeclineReason.CARD_DECLINED, DeclineReason.CARD_DECLINED.text)
    if chip.iad.key_index in keys.retired:
        return Declined(DeclineReason.KEY_INDEX_RETIRED, f"key index {chip.iad.key_index} retired")
    limited = key_for(facts.keys, chip.atc)
    if limited is None:
        reason = DeclineReason.COUNTER_REPLAYED if chip.atc <= facts.last_atc else DeclineReason.KEY_USED_UP
        return Declined(reason, f"counter {chip.atc}: {reason.text}")
    verified = verify(keys, chip, request.pan, request.psn, number=limited.number)
    if isinstance(verified, Refusal):
        return Declined(DeclineReason.WRONG_CRYPTOGRAM, _why(facts, verified, keys, chip, request, limited.number))
    if chip.atc <= facts.last_atc:
        text = f"counter {chip.atc} was used before: the greatest one met is {facts.last_atc}"
        return Declined(DeclineReason.COUNTER_REPLAYED, text, chip.atc)
    against = objection(limited, request.amount, facts.now)
    return verified if against is None else Declined(against, f"key {limited.number}: {against.text}", chip.atc)


def _why(facts: Facts, refusal: Refusal, keys: IssuerKeys, chip: ChipData, request: AuthorisationRequest, number: int) -> str:
    if refusal.code is not CryptogramRefusal.DIFFERS:
        return refusal.text
    return diagnose(keys, chip, request.pan, request.psn, number) if facts.explain else NOT_LOOKED_INTO


def _issuer_authentication(verified: Verified) -> bytes:
    """Tag 91: ARPC by method 1, and the response code it covers (EMV book 2, 8.2.1)."""
    value = verified.arpc_1(APPROVED) + APPROVED.encode("ascii")
    return bytes((0x91, len(value))) + value
