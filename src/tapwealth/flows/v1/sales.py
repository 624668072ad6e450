"""Records of sales over /v1: what a customer was shown, confirmed and signed, to the program that acts for them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tapwealth.flows.catalogue import sales
from tapwealth.flows.catalogue.sales import SaleRefusal, SaleShown
from tapwealth.flows.customers.consents import ACCOUNT
from tapwealth.flows.frame import Caller, House
from tapwealth.flows.v1.autopays import AUTOPAY
from tapwealth.flows.v1.reading import ORDER, PLAN, allowed, unknown
from tapwealth.flows.v1.shapes import Identifier
from tapwealth.flows.v1.translation import PREFIXES
from tapwealth.flows.v1.wealth import WEALTH
from tapwealth.kernel.ids import prefixed, unprefixed
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.database import Tx

_PREFIXES = (ORDER, PLAN, AUTOPAY, WEALTH, PREFIXES["deposit"])
_NOBODY = UUID(int=0)


class ShownFact(msgspec.Struct, frozen=True):
    """A line of what was shown: what it is, and how it read."""

    name: str
    text: str


class ShownFile(msgspec.Struct, frozen=True):
    """A document that could be opened; its bytes are at `/view/document/{sha256}`."""

    title: str
    sha256: str


class ShownOffer(msgspec.Struct, frozen=True):
    """What was shown, in that language. `definition_sha256`: of the version's definition, null where there is none."""

    title: str
    language: Literal["zh", "en"]
    version: int
    definition_sha256: str | None
    facts: list[ShownFact]
    documents: list[ShownFile]
    warnings: list[str]
    confirms: list[str]


class Signature(msgspec.Struct, frozen=True):
    """Who signed: `customer`, `partner` (a client, under that scope) or `platform` (under an agreement)."""

    kind: str
    by: str
    scope: str


class Sale(msgspec.Struct, frozen=True):
    """`terms`: the buyer's own, amounts in fen. `shown` is null where it cannot be shown any more. `proved`: hashes and the ledger say
    that nothing was changed since; `doubt`: what does not hold."""

    id: Identifier
    account: Identifier
    kind: str
    product: str
    sold_at: datetime
    terms: dict[str, int | str]
    confirmed: list[str]
    signed: Signature
    shown: ShownOffer | None
    sha256: str
    offer_sha256: str
    proved: bool
    doubt: str


async def sale(house: House, caller: Caller, identifier: str) -> Sale | Refusal:
    """By the id of an order, a plan, or whatever else was agreed to."""
    wanted = next((found for prefix in _PREFIXES if (found := unprefixed(prefix, identifier))), _NOBODY)

    async def read(tx: Tx, book: int, person: UUID) -> Sale | Refusal:
        found = await sales.shown(house, tx, [book], wanted, person)
        if isinstance(found, Refusal):
            return unknown("sale") if found.code is SaleRefusal.UNKNOWN_SALE else found
        return _sale(identifier, person, found) if "signed" in found.record else unknown("sale")

    return await allowed(house, caller, read)


def _sale(identifier: str, person: UUID, one: SaleShown) -> Sale:
    record: dict[str, Any] = one.record
    signed = Signature(*(record["signed"][name] for name in ("kind", "by", "scope")))
    return Sale(
        identifier, prefixed(ACCOUNT, person), record["kind"], record["product"], datetime.fromisoformat(record["at"]), record["terms"],
        record["confirmed"], signed, _offer(one), one.digest, one.offer_digest, one.proved, one.doubt,
    )  # fmt: skip


def _offer(one: SaleShown) -> ShownOffer | None:
    return None if one.shown is None else shown_offer(one.shown)


def shown_offer(said: Any) -> ShownOffer:
    """What is shown before something is sold."""
    facts = [ShownFact(of.name, of.text) for of in said.facts]
    files = [ShownFile(of.title, of.sha256) for of in said.documents]
    return ShownOffer(said.title, said.language, said.version, said.definition or None, facts, files, said.warnings, said.confirms)
