"""The one place to which the worker hands what is asked of the insurer: by its kind it goes to who sends it and hears the answer."""

from tapwealth.flows.frame import House
from tapwealth.flows.insurance import endorsement_outcomes, policy_outcomes, premium_outcomes
from tapwealth.storage.outbox import OutboxMessage


async def deliver(house: House, message: OutboxMessage) -> None:
    """Make one request. Raises Outage while the insurer's answer is not known."""
    if message.kind in premium_outcomes.KINDS:
        await premium_outcomes.deliver(house, message)
    elif message.kind in endorsement_outcomes.KINDS:
        await endorsement_outcomes.deliver(house, message)
    else:
        await policy_outcomes.deliver(house, message)
