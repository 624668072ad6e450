"""What is shown of the catalogue: the shelf to everybody; versions, steps and what a version changes to the people of the house."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tapwealth.catalogue import store
from tapwealth.catalogue.compare import Change, differences
from tapwealth.catalogue.definition import Document, Eligibility, SaleWindow
from tapwealth.catalogue.reading import write_definition
from tapwealth.catalogue.version import ABANDONED_AFTER, State, Step, Version
from tapwealth.flows.catalogue.kinds import KINDS, shape_of
from tapwealth.flows.frame import moment
from tapwealth.flows.reports.refusals import ReportRefusal
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import operators


class OnSale(msgspec.Struct, frozen=True):
    """A product that can be bought now; `sha256` is that of its definition."""

    product: str
    version: int
    kind: str
    kind_zh: str
    kind_en: str
    name_zh: str
    name_en: str
    sha256: str
    eligibility: Eligibility
    documents: list[Document]
    channels: list[str]
    sale: SaleWindow


class StepShown(msgspec.Struct, frozen=True):
    """`by`: the operator's login."""

    state: str
    at: datetime
    by: str
    reason: str


class ProductLine(msgspec.Struct, frozen=True):
    """A product by the version on sale, or else by its last one. `waiting_days`: how long it has waited for a second person, in full days;
    `abandoned`: so long that somebody should decide it or withdraw it."""

    product: str
    version: int
    kind: str
    name_zh: str
    name_en: str
    state: str
    state_zh: str
    state_en: str
    waiting_days: int
    abandoned: bool


class VersionShown(ProductLine, frozen=True):
    """One version; `changes`: in words, against the one before it."""

    sha256: str
    steps: list[StepShown]
    changes: list[Change]
    yaml: str


class DocumentShown(msgspec.Struct, frozen=True):
    """`content`: base64."""

    sha256: str
    media_type: str
    content: str


def _unknown(what: str) -> Refusal:
    return Refusal(ReportRefusal.UNKNOWN, f"there is no {what}; /view/products lists what there is")


async def shelf(tx: Any) -> list[OnSale]:
    """What is on sale and within its window, by product."""
    now = (await moment(tx)).now
    found = await store.on_sale_of_kinds(tx, list(KINDS), shape_of)
    return [_on_sale(one) for one in found.values() if one.definition.sale.covers(now)]


def _on_sale(one: Version) -> OnSale:
    said = one.definition
    names = (said.kind.value, *said.kind.words, said.name.zh, said.name.en, one.digest.hex())
    return OnSale(one.product, one.version, *names, said.eligibility, said.documents, list(said.channels), said.sale)


async def lines(tx: Any) -> list[ProductLine]:
    """Every product there ever was, and each version that waits for a second person."""
    now = (await moment(tx)).now
    waiting = {(one.product, one.version): one for one in [*await store.newest(tx, shape_of), *await store.open_drafts(tx, shape_of)]}
    return [_line(waiting[key], now) for key in sorted(waiting)]


def _line(one: Version, now: datetime) -> ProductLine:
    said, waits = one.definition, one.waits(now)
    named = (one.product, one.version, said.kind.value, said.name.zh, said.name.en, one.state.value, *one.state.words)
    return ProductLine(*named, waits.days, waits > ABANDONED_AFTER)


async def versions(tx: Any, product: str) -> list[VersionShown] | Refusal:
    """Each version of a product, newest first."""
    found = (await store.versions_of(tx, [product], shape_of))[product]
    if not found:
        return _unknown(f"product {product[:40]}")
    steps = await store.steps_of(tx, product)
    logins = await operators.logins(tx, sorted({step.by for of in steps.values() for step in of}))
    before = [None, *found]
    now = (await moment(tx)).now
    pairs = zip(reversed(found), reversed(before[:-1]), strict=True)
    return [_version(_line(one, now), one, former, steps[one.version], logins) for one, former in pairs]


def _version(line: ProductLine, one: Version, former: Version | None, steps: list[Step], logins: Mapping[int, str]) -> VersionShown:
    said, shape = one.definition, KINDS[one.definition.kind].shape
    told = [StepShown(step.state.value, step.at, logins.get(step.by, "platform"), step.reason) for step in steps]
    changes = [] if former is None else differences(former.definition, said, shape)
    yaml = write_definition(said, shape).decode()
    return VersionShown(**msgspec.structs.asdict(line), sha256=one.digest.hex(), steps=told, changes=changes, yaml=yaml)


async def compared(tx: Any, product: str, former: int, later: int) -> list[Change] | Refusal:
    """What the later version says otherwise."""
    found = {one.version: one for one in (await store.versions_of(tx, [product], shape_of))[product]}
    for number in (former, later):
        if number not in found:
            return _unknown(f"version {number} of {product[:40]}")
    one = found[former].definition
    return differences(one, found[later].definition, KINDS[one.kind].shape)


async def exported(tx: Any, product: str, version: int | None) -> str | Refusal:
    """The file of a version; None: of the one on sale, or else of the last one."""
    found = (await store.versions_of(tx, [product], shape_of))[product]
    chosen = [one for one in found if one.version == version] if version else [one for one in found if one.state is State.ON_SALE] or found
    if not chosen:
        return _unknown(f"such version of {product[:40]}" if found else f"product {product[:40]}")
    return write_definition(chosen[-1].definition, KINDS[chosen[-1].definition.kind].shape).decode()


async def document(tx: Any, sha256: str) -> DocumentShown | Refusal:
    """A document by its hash."""
    try:
        wanted = bytes.fromhex(sha256)
    except ValueError:
        return _unknown("document of that hash")
    found = await store.document(tx, wanted)
    if found is None:
        return _unknown("document of that hash")
    return DocumentShown(found.digest.hex(), found.media_type, base64.b64encode(found.content).decode())


async def documents(tx: Any, wanted: Sequence[str]) -> list[DocumentShown] | Refusal:
    """These by their hashes, in hex: all, or what is not there or is not what its hash says."""
    found = await store.documents(tx, [bytes.fromhex(one) for one in wanted])
    lost = [one for one in wanted if one not in found or hashlib.sha256(found[one].content).hexdigest() != one]
    if lost:
        return Refusal(ReportRefusal.UNKNOWN, f"{', '.join(lost)}: gone, or not what the hash says; run the audit")
    return [DocumentShown(one, found[one].media_type, base64.b64encode(found[one].content).decode()) for one in wanted]
