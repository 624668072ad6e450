"""What two people of the bank decide of a raise: that it closes early, and what a product pays if that is not what was expected."""

from typing import Annotated

import msgspec

from tapwealth.deposits import raise_rules, raise_store
from tapwealth.deposits.raise_rules import WealthRefusal
from tapwealth.flows.deposits import raise_catalogue
from tapwealth.flows.frame import Moment
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.kernel.units import WHOLE
from tapwealth.storage.database import Tx

_Reason = Annotated[str, msgspec.Meta(max_length=200)]


class ProposeWealthClose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The raise of that product takes nothing more from the approval on, and is formed from the next day on if enough was sold."""

    product: str
    reason: _Reason


class ProposeWealthYield(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The product pays `rate` millionths a year, whatever was expected."""

    product: str
    rate: int
    reason: _Reason


Proposal = ProposeWealthClose | ProposeWealthYield


def check(command: Proposal) -> None:
    """Raises BadInput for what could not be."""
    if not command.reason.strip():
        raise BadInput("it is empty", where="reason", hint="say why in a sentence")
    if isinstance(command, ProposeWealthYield) and not 0 <= command.rate < WHOLE:
        raise BadInput("nobody earns that much, or that little", where="rate", hint="3.96 percent a year are 39600, 0 is the least")


async def wrong(tx: Tx, at: Moment, command: Proposal) -> Refusal | None:
    """Why it cannot be brought about as things stand; asked when it is proposed and when it is approved."""
    found = await raise_catalogue.find(tx, command.product)
    if found is None:
        return Refusal(WealthRefusal.UNKNOWN_PRODUCT, f"no raise of {command.product[:40]} is here; /view/wealth lists them")
    if isinstance(command, ProposeWealthClose):
        return raise_rules.close_early(found.one, at.now)
    return raise_rules.set_yield(found.one, paid=found.standing.credit_on is not None or found.standing.paid_on is not None)


async def bring_about(tx: Tx, at: Moment, command: Proposal) -> Refusal | None:
    """In the transaction of the approval, under the lock of the house's book."""
    refusal = await wrong(tx, at, command)
    if refusal is not None:
        return refusal
    if isinstance(command, ProposeWealthClose):
        await raise_store.close_early(tx, command.product, at.now)
    else:
        await raise_store.set_yield(tx, command.product, command.rate)
    return None
