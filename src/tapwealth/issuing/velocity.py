"""How often and how much may be tapped in a minute, an hour, a day: rules as data, and what was tapped so far, against one tap more.

A rule looks at one card, at one person's cards, at a person's taps without verification of the holder, or at a person's taps at merchants
of one category. Minute and hour are the last 60 seconds and 60 minutes, the day is the calendar's. What counts is what was approved and
neither reversed nor voided; what is approved in a batch counts for the requests after it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from tapwealth.issuing.decline import DeclineReason
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput

VERIFIED = frozenset({0x01, 0x03, 0x04, 0x05})
"""Methods of EMV Book 3, annex C3 (first byte of 9F34, bits 1 to 6) by which card or phone itself knows its holder; a phone's own way is
told as 01. A PIN for the issuer (02) is none, since this issuer keeps no PIN, nor is a signature, which it does not see."""
_METHOD, _SUCCESSFUL = 0x3F, 2
_RESULT_BYTES = 3


class Span(StrEnum):
    """Over which time a rule counts."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class Scope(StrEnum):
    """Whose taps a rule counts."""

    TOKEN = "token"  # noqa: S105
    PERSON = "person"
    UNVERIFIED = "unverified"
    CATEGORY = "category"


class Measure(StrEnum):
    """What a rule counts: taps, or fen."""

    TAPS = "taps"
    AMOUNT = "amount"


class VelocityRule(NamedTuple):
    """At most `most` taps or fen within the span. `category` is the merchants' code, for that scope alone."""

    scope: Scope
    span: Span
    measure: Measure
    most: int
    category: str = ""


_PLACES = {(span, measure): place for place, (span, measure) in enumerate((span, measure) for span in Span for measure in Measure)}
_TOKEN, _PERSON, _UNVERIFIED, _CATEGORY = (scope.value for scope in Scope)
_SPANS = len(Span)
_NOTHING = (0,) * len(_PLACES)
"""What is counted, by its place: taps and fen of the minute, taps and fen of the hour, taps and fen of the day."""


@dataclass(frozen=True)
class Velocity:
    """The rules in force, and up to how many fen one tap may be without verification of the holder (None: not regulated)."""

    rules: tuple[VelocityRule, ...] = ()
    unverified_tap: int | None = None

    @cached_property
    def steps(self) -> "tuple[tuple[VelocityRule, str, int, bool, int], ...]":
        """Each rule with what a tap is held against: scope, place, whether taps are counted, most."""
        return tuple(
            (rule, rule.scope.value, _PLACES[rule.span, rule.measure], rule.measure is Measure.TAPS, rule.most) for rule in self.rules
        )


NO_RULES = Velocity()


class Taps(NamedTuple):
    """What was tapped by one card at merchants of one category, verified or not: taps and fen by span."""

    person: UUID
    token: UUID
    category: str
    verified: bool
    counts: tuple[int, ...]
    """Taps and fen of the minute, taps and fen of the hour, taps and fen of the day."""


@dataclass(slots=True)
class Usage:
    """What the people of a batch have tapped so far: by card, by person, of a person without verification, of a person at a category."""

    cards: dict[UUID, Sequence[int]] = field(default_factory=dict)
    people: dict[UUID, Sequence[int]] = field(default_factory=dict)
    unverified: dict[UUID, Sequence[int]] = field(default_factory=dict)
    categories: dict[tuple[UUID, str], Sequence[int]] = field(default_factory=dict)

    def add(self, taps: Taps) -> None:
        """One statement's row, or one tap that was approved just now."""
        person, token, category, verified, counts = taps
        _count(self.cards, token, counts)
        _count(self.people, person, counts)
        _count(self.categories, (person, category), counts)
        if not verified:
            _count(self.unverified, person, counts)

    def by_scope(self, token: UUID, person: UUID, category: str, *, verified: bool) -> dict[str, Sequence[int]]:
        """What was counted for such a tap; a scope that does not concern it is left out."""
        found = {
            _TOKEN: self.cards.get(token, _NOTHING),
            _PERSON: self.people.get(person, _NOTHING),
            _CATEGORY: self.categories.get((person, category), _NOTHING),
        }
        if not verified:
            found[_UNVERIFIED] = self.unverified.get(person, _NOTHING)
        return found


def _count(into: dict[Any, Sequence[int]], key: Any, counts: Sequence[int]) -> None:
    before = into.get(key)
    into[key] = counts if before is None else [one + more for one, more in zip(before, counts, strict=True)]


def used(rows: Iterable[Taps]) -> Usage:
    """Usage made of the rows of a statement."""
    usage = Usage()
    for row in rows:
        usage.add(row)
    return usage


def one_tap(person: UUID, token: UUID, category: str, amount: int, *, verified: bool) -> Taps:
    """A tap of this moment: it lies in every span."""
    return Taps(person, token, category, verified, (1, amount) * _SPANS)


class TapFacts(Struct, frozen=True):
    """One tap more. `day_limit` is what the customer set for the card's day, in fen."""

    person: UUID
    token: UUID
    category: str
    amount: int
    verified: bool
    day_limit: int | None = None


def objection(velocity: Velocity, usage: Usage, tap: TapFacts) -> tuple[DeclineReason, str] | None:
    """The first rule that the tap breaks, with a line for operations; the customer's own limit is the last."""
    most = velocity.unverified_tap
    if not tap.verified and most is not None and tap.amount > most:
        text = f"{format_minor(tap.amount)} yuan without verification of the holder; at most {format_minor(most)}"
        return DeclineReason.NOT_VERIFIED, text
    counted = usage.by_scope(tap.token, tap.person, tap.category, verified=tap.verified)
    for rule, scope, place, of_taps, allowed in velocity.steps:
        before = counted.get(scope)
        if before is None or (rule.category and rule.category != tap.category):
            continue
        reached = before[place] + (1 if of_taps else tap.amount)
        if reached > allowed:
            return _broken(rule, reached)
    if tap.day_limit is not None:
        reached = counted[_TOKEN][_DAY_AMOUNT] + tap.amount
        if reached > tap.day_limit:
            text = f"{format_minor(reached)} yuan by this card today; the customer allows {format_minor(tap.day_limit)}"
            return DeclineReason.ABOVE_OWN_LIMIT, text
    return None


_DAY_AMOUNT = _PLACES[Span.DAY, Measure.AMOUNT]


_WHOSE = {Scope.TOKEN: "of this card", Scope.PERSON: "of this customer", Scope.UNVERIFIED: "without verification of the holder"}
_WHEN = {Span.MINUTE: "within a minute", Span.HOUR: "within an hour", Span.DAY: "today"}


def _broken(rule: VelocityRule, reached: int) -> tuple[DeclineReason, str]:
    whose = _WHOSE.get(rule.scope) or f"at merchants of category {rule.category}"
    if rule.measure is Measure.TAPS:
        return DeclineReason.TOO_MANY_TAPS, f"{_ordinal(reached)} tap {whose} {_WHEN[rule.span]}; at most {rule.most}"
    return DeclineReason.TOO_MUCH, f"{format_minor(reached)} yuan {whose} {_WHEN[rule.span]}; at most {format_minor(rule.most)}"


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def holder_verified(results: bytes | None) -> bool:
    """Whether the terminal says (tag 9F34) that the holder was verified, by such a method and with success."""
    return results is not None and len(results) == _RESULT_BYTES and results[0] & _METHOD in VERIFIED and results[2] == _SUCCESSFUL


def read_rule(key: str, most: int) -> VelocityRule:
    """A rule from its key in the rule table: `token_minute_taps`, `category_5944_day_amount`. Raises BadInput."""
    read = _KEY.fullmatch(key)
    if read is None:
        raise BadInput(f"{key[:40]!r} is no rule of taps", where="rules.csv", hint="write it like token_minute_taps")
    scope, _, category = read["scope"].partition("_")
    return VelocityRule(Scope(scope), Span(read["span"]), Measure(read["measure"]), most, category)


_KEY = re.compile(r"(?P<scope>token|person|unverified|category_[0-9]{4})_(?P<span>minute|hour|day)_(?P<measure>taps|amount)")
