"""A sale that the card approved by itself: is its word genuine, and was it not claimed before? A pure decision.

The card has taken the amount off its electronic cash, and the merchant has let the goods go. So neither the card's state nor limits nor
money count any more: who brings the card's TC is paid. What counts is that this card made it over this amount, and that a counter approves
one sale only, whoever brings it. A TC that ends a transaction which was approved online says so in its verification results and is none.
"""

from dataclasses import dataclass

from tapwealth.issuing.authorise import NOT_LOOKED_INTO, Declined
from tapwealth.issuing.chip_data import ChipData
from tapwealth.issuing.cryptogram import CryptogramRefusal, IssuerKeys, diagnose, verify
from tapwealth.issuing.decline import DeclineReason
from tapwealth.issuing.limited_use import KeyRange
from tapwealth.issuing.store import Token
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.wire.emv_data import CryptogramType
from tapwealth.wire.iso8583.requests import YUAN, AuthorisationRequest


@dataclass(frozen=True, slots=True)
class Accepted:
    """The card's counter that approved it."""

    atc: int


@dataclass(frozen=True, slots=True)
class OfflineFacts:
    """`chip` is what field 55 says, or why it cannot be read; `key` the one that was given for its counter, however long ago; `claimed`:
    a sale was taken under that counter."""

    merchant_known: bool
    token: Token | None
    chip: ChipData | BadInput
    key: KeyRange | None
    claimed: bool
    explain: bool = True


def decide_offline(facts: OfflineFacts, request: AuthorisationRequest, keys: IssuerKeys) -> Accepted | Declined:
    """The first reason that applies, or the acceptance."""
    early = _before_the_chip(facts, request)
    if early is not None:
        return Declined(early, early.text)
    if isinstance(facts.chip, BadInput):
        return Declined(DeclineReason.BAD_CHIP_DATA, str(facts.chip))
    chip = facts.chip
    if chip.amount != request.amount or chip.currency != int(YUAN):
        text = f"field 55 says {chip.amount} of currency {chip.currency}, field 4 says {request.amount} of {request.currency}"
        return Declined(DeclineReason.BAD_CHIP_DATA, text)
    if facts.token is not None and facts.token.device_key and facts.key is None:
        return Declined(DeclineReason.KEY_USED_UP, f"counter {chip.atc}: no key was ever given out for it")
    number = facts.key.number if facts.key else 0
    verified = verify(keys, chip, request.pan, request.psn, CryptogramType.TC, number=number)
    if isinstance(verified, Refusal):
        return _not_genuine(facts, verified, keys, chip, request, number)
    if facts.claimed:
        return Declined(DeclineReason.CLAIMED_BEFORE, f"counter {chip.atc}: {DeclineReason.CLAIMED_BEFORE.text}", chip.atc)
    return Accepted(chip.atc)


def _before_the_chip(facts: OfflineFacts, request: AuthorisationRequest) -> DeclineReason | None:
    if not facts.merchant_known:
        return DeclineReason.UNKNOWN_MERCHANT
    if facts.token is None:
        return DeclineReason.UNKNOWN_TOKEN
    if request.expiry_date != facts.token.expiry:
        return DeclineReason.WRONG_EXPIRY
    return None if request.currency == YUAN else DeclineReason.WRONG_CURRENCY


def _not_genuine(
    facts: OfflineFacts, refusal: Refusal, keys: IssuerKeys, chip: ChipData, request: AuthorisationRequest, number: int
) -> Declined:
    match refusal.code:
        case CryptogramRefusal.WRONG_TYPE:
            return Declined(DeclineReason.NOT_APPROVED_OFFLINE, refusal.text)
        case CryptogramRefusal.KEY_INDEX_RETIRED:
            return Declined(DeclineReason.KEY_INDEX_RETIRED, refusal.text)
        case CryptogramRefusal.DIFFERS:
            text = diagnose(keys, chip, request.pan, request.psn, number) if facts.explain else NOT_LOOKED_INTO
            return Declined(DeclineReason.WRONG_CRYPTOGRAM, text)
        case _:
            return Declined(DeclineReason.WRONG_CRYPTOGRAM, refusal.text)
