"""A policy goes on after a claim with which it would have ended, and what it owes is asked for again.

While a death is looked at, or an illness for which all premiums come back, no premium is taken or demanded, and cover is not suspended.
Once nothing comes of it there are 30 days at least for what fell due meanwhile.
"""

from datetime import date

from tapwealth.flows.insurance.premium_taking import plan_of
from tapwealth.insurance import premium_store, store
from tapwealth.insurance.claim import Claim
from tapwealth.insurance.looks import next_look
from tapwealth.insurance.policy import PolicyState
from tapwealth.storage.database import Tx


async def goes_on(tx: Tx, claim: Claim, day: date) -> None:
    """Its claim was refused or withdrawn on that day. What was suspended before it was claimed stays so."""
    key = (claim.book, claim.policy)
    if not claim.ends_policy:
        return
    row = (await store.policies(tx, [key]))[key]
    if row.state not in (PolicyState.ISSUED, PolicyState.IN_FORCE):
        return
    await premium_store.hold(tx, key, day)
    schedule = (await premium_store.schedules(tx, {key: row}))[key]
    await premium_store.save_plans(tx, [plan_of(key, schedule, next_look(schedule, row.state, day))])
