"""SQL of the catalogue: products, their versions and steps, and the documents. Lists in, lists out."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tapwealth.catalogue.definition import Definition, ProductKind, Shape, canonical, digest, restored
from tapwealth.catalogue.version import State, Step, Version

ShapeOf = Callable[[ProductKind], Shape | None]
"""How the parameters of a kind are read."""

_VERSIONS = """
select p.kind, v.product, v.version, v.definition, v.digest, s.state, s.recorded_at from product_version v
join product p on p.book = 0 and p.code = v.product
join lateral (select state, recorded_at from product_step s where s.book = 0 and s.product = v.product and s.version = v.version
              order by step desc limit 1) s on true
where v.book = 0
"""


_MOST_VERSIONS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """`digest`: SHA-256 of `content`."""

    digest: bytes
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a version stands: `since` when, brought there `by` whom, drafted by its `maker` (operators' numbers). `sold`: it is on sale, or
    was."""

    product: str
    version: int
    state: State
    since: datetime
    by: int
    maker: int
    sold: bool


async def kind_of(tx: Any, product: str) -> ProductKind | None:
    """None where there is no such product."""
    found = await tx.fetchval("select kind from product where book = 0 and code = $1", product)
    return None if found is None else ProductKind(found)


async def add_version(tx: Any, definition: Definition, by: int, now: datetime) -> Version:
    """The next version of its product, as a draft. The house's book is locked."""
    await tx.execute(
        "insert into product (book, code, kind) values (0, $1, $2) on conflict do nothing", definition.product, definition.kind
    )
    number = await tx.fetchval(
        "insert into product_version (book, product, version, definition, digest) select 0, $1, coalesce(max(version), 0) + 1, $2, $3"
        " from product_version where book = 0 and product = $1 returning version",
        definition.product,
        canonical(definition).decode(),
        digest(definition),
    )
    version = Version(definition.product, number, definition, digest(definition))
    await add_step(tx, version, Step(State.DRAFT, by, now))
    return version


async def add_step(tx: Any, version: Version, step: Step) -> None:
    """What became of a version."""
    await tx.execute(
        "insert into product_step (book, product, version, step, state, by, reason, recorded_at)"
        " select 0, $1, $2, coalesce(max(step), 0) + 1, $3, $4, $5, $6 from product_step where book = 0 and product = $1 and version = $2",
        version.product,
        version.version,
        step.state,
        step.by,
        step.reason,
        step.at,
    )


async def versions_of(tx: Any, products: Sequence[str], shape_of: ShapeOf) -> dict[str, list[Version]]:
    """Every version of these products, oldest first."""
    rows = await tx.fetch(f"{_VERSIONS} and v.product = any($1) order by v.product, v.version", list(products))
    found: dict[str, list[Version]] = {product: [] for product in products}
    for row in rows:
        found[row["product"]].append(_version(row, shape_of))
    return found


async def version_of(tx: Any, product: str, version: int, shape_of: ShapeOf) -> Version | None:
    """That one, whatever became of it; None where there is none, as of a number that no column holds."""
    if version > _MOST_VERSIONS:
        return None
    row = await tx.fetchrow(f"{_VERSIONS} and v.product = $1 and v.version = $2", product, version)
    return None if row is None else _version(row, shape_of)


async def chosen(tx: Any, versions: Sequence[tuple[str, int]], shape_of: ShapeOf) -> list[Version]:
    """These (product, version), by product."""
    rows = await tx.fetch(
        f"{_VERSIONS} and (v.product, v.version) in (select * from unnest($1::text[], $2::int[])) order by v.product, v.version",
        [product for product, _ in versions],
        [version for _, version in versions],
    )
    return [_version(row, shape_of) for row in rows]


async def standings(tx: Any, product: str | None = None) -> list[Standing]:
    """Where every version stands, of one product or of all; by product and version."""
    rows = await tx.fetch(
        "select distinct on (product, version) product, version, state, recorded_at as since, by,"
        " bool_or(state = 'on_sale') over whole as sold, first_value(by) over (partition by product, version order by step) as maker"
        " from product_step where book = 0 and ($1::text is null or product = $1)"
        " window whole as (partition by product, version) order by product, version, step desc",
        product,
    )
    return [
        Standing(row["product"], row["version"], State(row["state"]), row["since"], row["by"], row["maker"], row["sold"]) for row in rows
    ]


async def newest(tx: Any, shape_of: ShapeOf) -> list[Version]:
    """Of each product the version that is on sale, or else the last one; by product."""
    rows = await tx.fetch(f"select distinct on (product) * from ({_VERSIONS}) x order by product, (state = 'on_sale') desc, version desc")
    return [_version(row, shape_of) for row in rows]


async def open_drafts(tx: Any, shape_of: ShapeOf) -> list[Version]:
    """What waits for a second person: drafts and reviewed versions, by product."""
    rows = await tx.fetch(f"select * from ({_VERSIONS}) x where state in ('draft', 'reviewed') order by product, version")
    return [_version(row, shape_of) for row in rows]


async def on_sale(tx: Any) -> dict[str, int]:
    """The version on sale of each product; whether its window is open is its definition's to say."""
    rows = await tx.fetch(f"select product, version from ({_VERSIONS}) x where state = 'on_sale'")
    return {row["product"]: row["version"] for row in rows}


async def on_sale_of(tx: Any, products: Sequence[str], shape_of: ShapeOf) -> dict[str, Version]:
    """Of these products the versions on sale."""
    rows = await tx.fetch(f"select * from ({_VERSIONS} and v.product = any($1)) x where state = 'on_sale'", list(products))
    return {row["product"]: _version(row, shape_of) for row in rows}


async def sold_as(tx: Any, kind: ProductKind, product: str, shape: Shape) -> Version | None:
    """The version on sale of that product, if it is of that kind."""
    row = await tx.fetchrow(f"select * from ({_VERSIONS} and v.product = $1 and p.kind = $2) x where state = 'on_sale'", product, kind)
    return None if row is None else _version(row, lambda _kind: shape)


async def versions_at(tx: Any, keys: Sequence[tuple[str, int]], shape_of: ShapeOf) -> dict[tuple[str, int], Version]:
    """These, by product and number, whatever became of them."""
    rows = await tx.fetch(
        f"{_VERSIONS} and (v.product, v.version) in (select * from unnest($1::text[], $2::int[]))",
        [product for product, _ in keys],
        [number for _, number in keys],
    )
    return {(row["product"], row["version"]): _version(row, shape_of) for row in rows}


async def on_sale_of_kinds(tx: Any, kinds: Sequence[ProductKind], shape_of: ShapeOf) -> dict[str, Version]:
    """Of these kinds the versions on sale, by product."""
    rows = await tx.fetch(f"select * from ({_VERSIONS} and p.kind = any($1)) x where state = 'on_sale' order by product", list(kinds))
    return {row["product"]: _version(row, shape_of) for row in rows}


async def steps_of(tx: Any, product: str) -> dict[int, list[Step]]:
    """By version what became of it, oldest first."""
    rows = await tx.fetch(
        "select version, state, by, recorded_at, reason from product_step where book = 0 and product = $1 order by version, step", product
    )
    found: dict[int, list[Step]] = {}
    for row in rows:
        found.setdefault(row["version"], []).append(Step(State(row["state"]), row["by"], row["recorded_at"], row["reason"]))
    return found


async def add_document(tx: Any, media_type: str, content: bytes, now: datetime) -> bytes:
    """Keep a document; its digest. One that is there already stays as it came first."""
    found = hashlib.sha256(content).digest()
    await tx.execute(
        "insert into product_document (book, digest, media_type, content, recorded_at) values (0, $1, $2, $3, $4) on conflict do nothing",
        found,
        media_type,
        content,
        now,
    )
    return found


async def known_documents(tx: Any, digests: Sequence[bytes]) -> set[bytes]:
    """Which of these are kept."""
    rows = await tx.fetch("select digest from product_document where book = 0 and digest = any($1)", list(digests))
    return {row["digest"] for row in rows}


async def documents(tx: Any, wanted: Sequence[bytes]) -> dict[str, DocumentFile]:
    """Of these those that are kept, by their digests in hex."""
    rows = await tx.fetch("select digest, media_type, content from product_document where book = 0 and digest = any($1)", list(wanted))
    return {row["digest"].hex(): DocumentFile(row["digest"], row["media_type"], row["content"]) for row in rows}


async def document(tx: Any, wanted: bytes) -> DocumentFile | None:
    row = await tx.fetchrow("select digest, media_type, content from product_document where book = 0 and digest = $1", wanted)
    return None if row is None else DocumentFile(row["digest"], row["media_type"], row["content"])


def _version(row: Any, shape_of: ShapeOf) -> Version:
    shape = shape_of(ProductKind(row["kind"]))
    assert shape is not None, f"nobody knows how {row['kind']} is sold"
    definition = restored(row["definition"], shape)
    return Version(row["product"], row["version"], definition, row["digest"], State(row["state"]), row["recorded_at"])
