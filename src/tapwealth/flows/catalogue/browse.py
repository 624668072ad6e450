"""The catalogue as people look through it: every product, one version as it is read, two versions side by side.

Anybody sees what is on sale or was. Drafts, who did what, reasons and numbers of accounts are the house's: its operators see them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from tapwealth.catalogue import outline, store
from tapwealth.catalogue.compare import Pair, Words, side_by_side, word_of
from tapwealth.catalogue.definition import Definition, Document, Names, ProductKind, SaleWindow
from tapwealth.catalogue.outline import Entry, Fact, Group, Rates, Table
from tapwealth.catalogue.reading import write_definition
from tapwealth.catalogue.store import Standing
from tapwealth.catalogue.version import ABANDONED_AFTER, State, Step, Version
from tapwealth.flows.catalogue.kinds import KINDS, shape_of
from tapwealth.flows.frame import moment
from tapwealth.storage import operators
from tapwealth.storage.operators import Operator

OPEN = (State.DRAFT, State.REVIEWED)
"""What waits for a second person."""
_HOUSE = "Tapwealth"


class Waiting(NamedTuple):
    """A version that waits for a second person; `maker`: who drafted it. `abandoned`: it has waited too long."""

    version: int
    state: State
    since: datetime
    maker: str
    abandoned: bool


class Line(NamedTuple):
    """A product by the version on sale, or else by its last one that may be seen. `versions`: how many there are to see."""

    product: str
    version: int
    name: Names
    state: State
    since: datetime
    sale: SaleWindow
    versions: int
    waiting: list[Waiting]

    @property
    def states(self) -> set[str]:
        """What it is found under: where it stands, and whether something of it waits."""
        return {self.state.value, *(("waiting",) if self.waiting else ())}


class Shelf(NamedTuple):
    """The products of one kind."""

    kind: ProductKind
    lines: list[Line]


class Listed(NamedTuple):
    """`now`: the platform's clock; a window is open or not by it."""

    now: datetime
    shelves: list[Shelf]


class Done(NamedTuple):
    """A step of a version's life. `by` and `reason` are empty for who is not of the house."""

    state: State
    at: datetime
    by: str
    reason: str


class Other(NamedTuple):
    """A version of the same product."""

    version: int
    state: State
    since: datetime


class Read(NamedTuple):
    """A version as a person reads it."""

    now: datetime
    product: str
    version: int
    kind: ProductKind
    name: Names
    state: State
    sha256: str
    parameters: list[Entry]
    channels: Entry
    rates: list[Rates]
    eligibility: list[Fact]
    documents: list[Document]
    sale: SaleWindow
    steps: list[Done]
    others: list[Other]
    """All versions that may be seen, newest first, this one among them."""
    drafted_by: int
    """The operator's number."""

    @property
    def before(self) -> int | None:
        """What it is to be compared with: the version that it would replace, or else the one before it."""
        standing = [one.version for one in self.others if one.state is State.ON_SALE and self.state in OPEN]
        return next((one for one in [*standing, *(one.version for one in self.others)] if one < self.version), None)


class Section(NamedTuple):
    """A field of a definition, and what two versions say there; code and kind never differ, and are left out."""

    name: Words
    pairs: list[Pair]


class Compared(NamedTuple):
    """Two versions; `versions`: all that there are to see, oldest first."""

    product: str
    kind: ProductKind
    name: Names
    former: int
    later: int
    versions: list[int]
    sections: list[Section]

    @property
    def differing(self) -> int:
        return sum(pair.differs for section in self.sections for pair in section.pairs)


async def listed(tx: Any, *, house: bool) -> Listed:
    """Every product, by kind; `house`: for an operator."""
    now = (await moment(tx)).now
    seen = [one for one in await store.standings(tx) if house or one.sold]
    by_product = {product: list(of) for product, of in groupby(seen, key=lambda one: one.product)}
    shown = {product: _shown(of) for product, of in by_product.items()}
    versions = await store.chosen(tx, [(product, one.version) for product, one in shown.items()], shape_of)
    people = await operators.found(tx, sorted({one.maker for one in seen if one.state in OPEN}))  # who is not of the house sees none open
    lines: dict[ProductKind, list[Line]] = {kind: [] for kind in KINDS}
    for one in versions:
        lines[one.definition.kind].append(_line(one, shown[one.product], by_product[one.product], people, now))
    return Listed(now, [Shelf(kind, of) for kind, of in lines.items() if of])


def _shown(of: Sequence[Standing]) -> Standing:
    """The version by which a product is told: the one on sale, or else the last one."""
    return next((one for one in of if one.state is State.ON_SALE), of[-1])


def _line(one: Version, shown: Standing, of: Sequence[Standing], people: Mapping[int, Operator], now: datetime) -> Line:
    waiting = [
        Waiting(each.version, each.state, each.since, _who(each.maker, people), now - each.since > ABANDONED_AFTER)
        for each in of
        if each.state in OPEN
    ]
    said = one.definition
    return Line(one.product, one.version, said.name, one.state, shown.since, said.sale, len(of), waiting)


def _who(number: int, people: Mapping[int, Operator]) -> str:
    return people[number].display_name if number in people else _HOUSE


async def read(tx: Any, product: str, version: int | None, *, house: bool) -> Read | None:
    """That version, or the one by which the product is told; None where there is none that may be seen."""
    seen = [one for one in await store.standings(tx, product) if house or one.sold]
    wanted = [one for one in seen if one.version == version] if version is not None else seen
    if not wanted:
        return None
    found = await store.version_of(tx, product, _shown(wanted).version, shape_of)
    assert found is not None, "what stands somewhere is there"
    steps = (await store.steps_of(tx, product))[found.version]
    people = await operators.found(tx, sorted({step.by for step in steps}))
    others = [Other(one.version, one.state, one.since) for one in reversed(seen)]
    done = [_done(step, people, house=house) for step in steps]
    return _read((await moment(tx)).now, found, done, others, steps[0].by, house=house)


def _done(step: Step, people: Mapping[int, Operator], *, house: bool) -> Done:
    return Done(step.state, step.at, _who(step.by, people), step.reason) if house else Done(step.state, step.at, "", "")


def _read(now: datetime, one: Version, steps: list[Done], others: list[Other], drafted_by: int, *, house: bool) -> Read:
    said, shape = one.definition, KINDS[one.definition.kind].shape
    return Read(
        now,
        one.product,
        one.version,
        said.kind,
        said.name,
        one.state,
        one.digest.hex(),
        [masked(entry, house=house) for entry in outline.parameters(said, shape)],
        masked(outline.channels(said, shape), house=house),
        outline.rates(said, shape),
        outline.eligibility(said.eligibility, shape),
        said.documents,
        said.sale,
        steps if house else [step for step in steps if step.state not in OPEN],
        others,
        drafted_by,
    )


def masked(entry: Entry, *, house: bool) -> Entry:
    """The same, without the numbers of accounts for who is not of the house."""
    if house:
        return entry
    match entry:
        case Fact():
            return Fact(entry.name, _last_digits(entry.field, entry.value), entry.field)
        case Table():
            rows = [[_last_digits(field, cell) for field, cell in zip(entry.fields, row, strict=True)] for row in entry.rows]
            return Table(entry.name, entry.columns, rows, entry.fields)
        case Group():
            return Group(entry.name, [masked(one, house=house) for one in entry.entries])


def _last_digits(field: str, value: Words) -> Words:
    return (f"******{value[0][-4:]}",) * 2 if field.endswith("account") and len(value[0]) > 4 else value


async def compared(tx: Any, product: str, former: int, later: int, *, house: bool) -> Compared | None:
    """None where one of them is not there, or may not be seen."""
    seen = [one.version for one in await store.standings(tx, product) if house or one.sold]
    if former not in seen or later not in seen:
        return None
    found = {one.version: one.definition for one in await store.chosen(tx, [(product, former), (product, later)], shape_of)}
    said = found[later]
    pairs = side_by_side(found[former], said, KINDS[said.kind].shape)
    return Compared(product, said.kind, said.name, former, later, seen, _sections(said, pairs, house=house))


def _sections(said: Definition, pairs: Sequence[Pair], *, house: bool) -> list[Section]:
    shape = KINDS[said.kind].shape
    shown = pairs if house else [_masked_pair(one) for one in pairs]
    by_field = groupby(shown, key=lambda one: one.section)
    return [Section(word_of(field, shape), list(of)) for field, of in by_field if field not in ("product", "kind")]


def _masked_pair(one: Pair) -> Pair:
    """An account that has changed is two accounts, whatever their last digits are."""
    sides = [value and _last_digits(one.field, value) for value in (one.former, one.later)]
    return one._replace(former=sides[0], later=sides[1])


async def file(tx: Any, product: str, version: int) -> bytes | None:
    """The definition's file of that version: for the house alone."""
    found = await store.version_of(tx, product, version, shape_of)
    return None if found is None else write_definition(found.definition, KINDS[found.definition.kind].shape)


async def document(tx: Any, digest: bytes) -> store.DocumentFile | None:
    """A document by the SHA-256 of its bytes."""
    return await store.document(tx, digest)
