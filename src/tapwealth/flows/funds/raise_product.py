"""Raises of the catalogue: what a version of one must be, and how it comes before the others.

From its approval on the fund is being issued: it can be subscribed (`subscription`) and not bought. With the registrar's word that it is
formed it is closed until the registrar says otherwise; one that has failed is ended (`raise_outcomes`). Closed in the catalogue, it takes
no more subscriptions from then on.
"""

from tapwealth.catalogue.definition import Definition, Eligibility, ProductKind
from tapwealth.catalogue.version import Version
from tapwealth.flows.catalogue.kind import Kind
from tapwealth.flows.frame import House, Moment
from tapwealth.flows.funds.fund_offer import offering_said
from tapwealth.flows.funds.fund_shapes import SHAPES
from tapwealth.flows.funds.purchase import OWN_CHANNEL
from tapwealth.funds import conditions_store, raise_store, raising, store
from tapwealth.funds.conditions import FundStatus
from tapwealth.funds.raise_terms import FIELD_OF, offering_of
from tapwealth.funds.raising import OfferingRefusal
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx


def check_raise(definition: Definition) -> None:
    """Raises BadInput whose `where` is the path of what is wrong."""
    sale = definition.sale
    for code in definition.channels:
        if code != OWN_CHANNEL:
            raise BadInput(f"a raise is not sold by {code[:20]!r}", where=f"channels.{code}", hint=f"write `{OWN_CHANNEL}: {{}}`")
    if definition.eligibility != Eligibility():
        raise BadInput("who may subscribe is said by its fund", where="eligibility", hint="leave it out")
    if sale.opens is None or sale.closes is None:
        raise BadInput("a raise has its window", where="sale", hint="give `opens` and `closes`")
    try:
        raising.check(offering_of(definition.parameters, sale.opens, sale.closes))
    except BadInput as error:
        raise BadInput(error.what, where=FIELD_OF.get(error.where, f"parameters.{error.where}"), hint=error.hint) from None


async def wrong(_house: House, tx: Tx, at: Moment, version: Version) -> Refusal | None:
    """Why it cannot be brought about as things stand."""
    offering = offering_said(version)
    code = offering.fund
    if code not in await store.funds(tx) or (OWN_CHANNEL, code) not in await store.channels(tx):
        return Refusal(OfferingRefusal.UNKNOWN_FUND, f"no fund {code} is on the shelf and sold by {OWN_CHANNEL}; /view/funds lists them")
    raises = await raise_store.raises(tx)
    elsewhere = next((fund for fund, one in raises.items() if one.product == version.product and fund != code), None)
    if elsewhere is not None:
        text = f"{version.product} raises {elsewhere}, and stays with it; choose another code for a raise of {code}"
        return Refusal(OfferingRefusal.RAISE_EXISTS, text)
    standing = raises.get(code)
    if standing is not None and standing.product != version.product:
        text = f"{code} is raised by {standing.product}, and a fund is raised once; choose another fund"
        return Refusal(OfferingRefusal.RAISE_EXISTS, text)
    if standing is not None and standing.begun(at.now):
        text = f"{standing.product} has begun, and is sold to its end as it is; it can only be closed"
        return Refusal(OfferingRefusal.RAISE_EXISTS, text)
    if await conditions_store.was_ordered(tx, code):
        return Refusal(OfferingRefusal.SOLD_ALREADY, f"{code} has been ordered, so it cannot be raised any more; choose another fund")
    if offering.opens_at <= at.now:
        return Refusal(OfferingRefusal.HAS_BEGUN, "it would have opened before it is approved; let it open later")
    return None


async def bring_about(_house: House, tx: Tx, at: Moment, version: Version) -> Refusal | None:
    offering = offering_said(version)
    new = offering.fund not in await raise_store.raises(tx)
    await raise_store.put_offering(tx, offering, version.product, version.version, at.now)
    if new:
        await conditions_store.add_statuses(tx, business_date_of(at.now), {offering.fund: FundStatus.ISSUING}, at.now)
    return None


async def end(_house: House, tx: Tx, at: Moment, version: Version) -> Refusal | None:
    """It takes no more; what was subscribed waits for the registrar."""
    await raise_store.close_offering(tx, version.product, at.now)
    return None


RAISE = Kind(SHAPES[ProductKind.RAISE_PRODUCT], check_raise, wrong, bring_about, end)
