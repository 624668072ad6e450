"""How much of a fund a person may still turn into money at once today, and whether what is spent from it counts.

The notice caps instant redemption by investor, fund, sales institution and day. Whether paying at the till or a bill straight from the fund
counts is disputed, so the rule set says it (`instant_redemption`/`spending_counts`).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.bills import store as bills
from tapwealth.compliance.rules import rule_set
from tapwealth.flows.funds.purchase import OWN_CHANNEL
from tapwealth.funds import orders_store
from tapwealth.issuing import tapped

Person = tuple[int, UUID]


def cap_of(rules: str) -> int | None:
    """Fen a day; None where the rule set caps nothing."""
    row = rule_set(rules).find("instant_redemption", "day_cap")
    return row.value if row else None


def spending_counts(rules: str) -> bool:
    """Whether what is spent from the fund counts against the cap, and is bound by it."""
    return bool(rule_set(rules).value("instant_redemption", "spending_counts"))


async def counted(tx: Any, rules: str, people: Sequence[Person], fund: str, day: date) -> dict[UUID, int]:
    """Fen by person that count against the day's cap. Under the lock of their books."""
    found = await orders_store.redeemed_at_once(tx, people, fund, OWN_CHANNEL, day)
    if spending_counts(rules):
        taps, paid = await tapped.spent_from_the_fund(tx, people, fund, day), await bills.spent_from_the_fund(tx, people, fund, day)
        return {person: found.get(person, 0) + taps.get(person, 0) + paid.get(person, 0) for _, person in people}
    return {person: found.get(person, 0) for _, person in people}


async def left_to_spend(tx: Any, rules: str, people: Sequence[Person], fund: str, day: date) -> dict[UUID, int]:
    """Fen by person that may be spent from the fund yet; nobody in it where nothing binds them. No statement then."""
    cap = cap_of(rules)
    if cap is None or not people or not spending_counts(rules):
        return {}
    return {person: max(cap - used, 0) for person, used in (await counted(tx, rules, people, fund, day)).items()}
