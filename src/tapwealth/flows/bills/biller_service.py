"""Billers of the catalogue: what a version of one must be, and how it comes into the directory.

Who agreed to something goes on: what is under way is paid and settled whatever a later version says, and an item stays in every later
version of its biller, offered or not.
"""

import re
from collections.abc import Sequence

from tapwealth.bank.bank_number import check_account_number
from tapwealth.bills import store
from tapwealth.bills.biller import Biller
from tapwealth.bills.biller_terms import WORDS, BillerParameters, check
from tapwealth.bills.region import read_region
from tapwealth.bills.store import BillerRow
from tapwealth.catalogue.definition import Definition, Eligibility, Shape
from tapwealth.catalogue.version import ProductRefusal, Version
from tapwealth.flows.catalogue.kind import Kind
from tapwealth.flows.frame import HOUSE_BOOK, House, Moment
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx


def check_biller(definition: Definition) -> None:
    """Raises BadInput whose `where` is the path of what is wrong."""
    if not re.fullmatch(r"[A-Z0-9]{2,12}", definition.product, re.ASCII):
        raise BadInput(f"{definition.product!r} is no biller's code", where="product", hint="2 to 12 capital letters and digits")
    if definition.eligibility != Eligibility():
        raise BadInput("a bill is paid by whoever owes it", where="eligibility", hint="leave it out; the place is parameters.region")
    parameters = definition.parameters
    check_account_number(parameters.bank_account, "parameters.bank_account")
    try:
        check(parameters)
    except BadInput as error:
        raise BadInput(error.what, where=f"parameters.{error.where}", hint=error.hint) from None


async def wrong(house: House, tx: Tx, at: Moment, version: Version) -> Refusal | None:
    """Why that biller cannot be in the directory as this version has it."""
    said = version.definition.parameters
    if said.connection not in house.rails.billers.ports:
        there = ", ".join(sorted(house.rails.billers.ports)) or "none yet"
        text = f"the platform has no connection {said.connection[:20]!r}; name one of {there}, or start it with --biller-url NAME=URL"
        return Refusal(ProductRefusal.UNKNOWN, text)
    standing = list((await store.billers(tx)).values())
    before = next((row for row in standing if row.biller.code == version.product), None)
    left_out = {one.code for one in before.biller.items} - {one.code for one in said.items} if before else set()
    if left_out:
        text = f"people may have agreed to pay {', '.join(sorted(left_out))}; keep every item, with `offered: false` for one that is over"
        return Refusal(ProductRefusal.EXISTS, text)
    return _taken(said, [row for row in standing if row is not before and not row.over(at.now)])


def _taken(said: BillerParameters, others: Sequence[BillerRow]) -> Refusal | None:
    """Why it is no carrier of its numbers: another one, of whatever region, has the same prefix. A longer one within it is another."""
    whose = {prefix: row for row in others for item in row.biller.items if item.offered for prefix in item.prefixes}
    wanted = [prefix for item in said.items if item.offered for prefix in item.prefixes if prefix in whose]
    if not wanted:
        return None
    row = whose[wanted[0]]
    theirs = ", ".join(sorted({prefix for prefix in wanted if whose[prefix] is row}))
    what = f"{row.biller.name} ({row.biller.code}) version {row.version} has the prefix {theirs} already"
    return Refusal(ProductRefusal.EXISTS, f"{what}, and a number is of one carrier; leave it out here, or have it left out there first")


async def bring_about(house: House, tx: Tx, at: Moment, version: Version) -> Refusal | None:
    """It can be paid as the version says from now on."""
    before = await _standing(tx, version.product)
    identifier = before.id if before else house.new_id(at.now, HOUSE_BOOK)
    one = version.definition
    said: BillerParameters = one.parameters
    biller = Biller(one.product, one.name.zh, said.bank_account, tuple(said.items), said.connection, said.cycle, said.fee_kept)
    window = (version.version, False, one.sale.opens, one.sale.closes)
    await store.put_biller(tx, BillerRow(identifier, biller, one.name.en, read_region(said.region), *window), at.now)
    return None


async def end(_house: House, tx: Tx, _at: Moment, version: Version) -> Refusal | None:
    """Nobody begins to pay there; what is under way or agreed to goes on."""
    await store.close_biller(tx, version.product)
    return None


async def _standing(tx: Tx, code: str) -> BillerRow | None:
    return next((row for row in (await store.billers(tx)).values() if row.biller.code == code), None)


BILLER_SERVICE = Kind(Shape(BillerParameters, words=WORDS), check_biller, wrong, bring_about, end)
