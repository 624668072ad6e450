"""What a buyer was shown and what they signed, as records that can be shown years later and proved by their hashes. Pure.

A record is written as canonical JSON: UTF-8, keys in order, no spaces. What was shown is one `Offer` for all who saw the same, and is kept
once under its SHA-256; a `Sale` names it by that hash. The sales of a book that a transaction brings are sealed together: the SHA-256 over
their digests, in the order of their ids, whose first half becomes the reference of an entry in the ledger.
"""

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.catalogue.definition import Document
from tapwealth.catalogue.version import Version
from tapwealth.kernel.ids import id_of

_HALF = 16
_ENCODE = msgspec.json.Encoder(order="sorted").encode


class SaleKind(StrEnum):
    """What was sold; the text is stored."""

    FUND_PURCHASE = "fund_purchase"
    SUBSCRIPTION = "subscription"
    PLAN = "plan"
    SWEEP = "sweep"
    SWITCH = "switch"
    POLICY = "policy"
    WEALTH = "wealth"
    DEPOSIT = "deposit"
    AUTOPAY = "autopay"
    PREMIUMS = "premiums"


class Fact(msgspec.Struct, frozen=True):
    """A line of what is shown: what it is, and how it reads."""

    name: str
    text: str


class ShownDocument(msgspec.Struct, frozen=True):
    """A disclosure document that could be opened; `sha256` in hex, of its bytes."""

    title: str
    sha256: str


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer is shown of a version of a product, in one language: price and fees among the facts, what it warns of, and what the
    buyer confirms by buying. `definition`: SHA-256 of the catalogue's definition of that version, in hex; left out where there is none."""

    kind: SaleKind
    product: str
    version: int
    language: str
    title: str
    facts: list[Fact]
    documents: list[ShownDocument] = []
    warnings: list[str] = []
    confirms: list[str] = []
    definition: str | msgspec.UnsetType = msgspec.UNSET


class Signed(msgspec.Struct, frozen=True):
    """Who gave the command and how they were authenticated; `device`: the keyed hash of the phone's secret, `client`: who acted for them.
    Never a name or a number of a person's."""

    kind: str
    who: str
    by: str
    device: str = ""
    client: str = ""
    scope: str = ""


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """One sale. `offer`: SHA-256 of the offer, in hex; `at`: when the request was read; `terms`: what is this buyer's own, amounts in fen;
    `confirmed`: what they confirmed by name."""

    sale: UUID
    kind: SaleKind
    product: str
    version: int
    person: UUID
    offer: str
    at: str
    terms: Mapping[str, int | str]
    confirmed: Sequence[str] = ()
    signed: Signed


class Written(NamedTuple):
    """A record as it is kept, and the SHA-256 of it."""

    text: str
    digest: bytes


def shown_documents(files: Sequence[Document], language: str) -> list[ShownDocument]:
    """A definition's documents, under their titles in that language; where two have the same one, that of the other language says so."""
    titles = [one.title.zh if language == "zh" else one.title.en for one in files]
    other = "（英文）" if language == "zh" else " (Chinese)"
    return [
        ShownDocument(title + other if one.language != language and titles.count(title) > 1 else title, one.sha256)
        for one, title in zip(files, titles, strict=True)
    ]


def shown_offer(
    kind: SaleKind, version: Version, language: str, facts: Iterable[Fact], warnings: Sequence[str], confirms: Sequence[str]
) -> Offer:
    """What is shown of a version, under its name and with its documents."""
    said = version.definition
    return Offer(
        kind=kind,
        product=version.product,
        version=version.version,
        language=language,
        title=said.name.zh if language == "zh" else said.name.en,
        facts=list(facts),
        documents=shown_documents(said.documents, language),
        warnings=list(warnings),
        confirms=list(confirms),
        definition=version.digest.hex(),
    )


@dataclass(slots=True)
class OfferCache:
    """What a process has made and kept of offers: versions never change. `made`: by what each was made of; `kept`: digests of those that
    are in the database for good."""

    made: dict[Hashable, Any] = field(default_factory=dict)
    kept: set[bytes] = field(default_factory=set)


def written(record: Offer | Sale) -> Written:
    """Canonical: the same record gives the same bytes."""
    content = _ENCODE(record)
    return Written(content.decode(), hashlib.sha256(content).digest())


def offer_id(digest: bytes) -> int:
    """The number under which an offer is kept: the beginning of its hash, as a positive number of 63 bits."""
    return int.from_bytes(digest[:8], "big") >> 1


def seal_of(digests: Sequence[bytes]) -> UUID:
    """Of the digests of the sales that are sealed together, in the order of their ids: half of a SHA-256 over them."""
    return id_of(int.from_bytes(hashlib.sha256(b"".join(digests)).digest()[:_HALF], "big"))
