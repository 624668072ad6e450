"""A product's versions and the states they pass: draft, reviewed, on sale, and replaced or closed at the end.

Who drafts does not review and does not put on sale; what nobody wants any more they alone withdraw. A version is never changed: what is
wrong with it is put right in the next one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto

from tapwealth.catalogue.definition import Definition
from tapwealth.kernel.refusal import Refusal


class State(StrEnum):
    """The text is stored."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    ON_SALE = "on_sale"
    REPLACED = "replaced"
    CLOSED = "closed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def words(self) -> tuple[str, str]:
        """Chinese, English."""
        return _WORDS[self]


_WORDS: Mapping[State, tuple[str, str]] = {
    State.DRAFT: ("草稿", "draft"),
    State.REVIEWED: ("已复核", "reviewed"),
    State.ON_SALE: ("在售", "on sale"),
    State.REPLACED: ("已被新版本取代", "replaced by a later version"),
    State.CLOSED: ("已停售", "closed"),
    State.REJECTED: ("已退回", "rejected"),
    State.WITHDRAWN: ("已撤回", "withdrawn"),
}

AFTER: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.REVIEWED, State.REJECTED, State.WITHDRAWN}),
    State.REVIEWED: frozenset({State.ON_SALE, State.REJECTED, State.WITHDRAWN}),
    State.ON_SALE: frozenset({State.REPLACED, State.CLOSED}),
    State.REPLACED: frozenset(),
    State.CLOSED: frozenset(),
    State.REJECTED: frozenset(),
    State.WITHDRAWN: frozenset(),
}
"""What may follow."""
WAITING = frozenset({State.DRAFT, State.REVIEWED})
"""For a second person."""
ABANDONED_AFTER = timedelta(days=30)
"""What has waited longer is shown as abandoned: somebody should decide it or withdraw it."""


class ProductRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN = auto()
    NOT_ALLOWED = auto()
    OTHER_KIND = auto()
    NOTHING_NEW = auto()
    SAME_PERSON = auto()
    NOT_YOURS = auto()
    NOT_NOW = auto()
    EXISTS = auto()
    LATER_VERSION = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a version, when, by which operator's number, and why."""

    state: State
    by: int
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a product; `digest` is the SHA-256 of its canonical form. A sale names it by `product` and `version`. `since`: when it
    came to its state, None for one that was just made."""

    product: str
    version: int
    definition: Definition
    digest: bytes
    state: State = State.DRAFT
    since: datetime | None = None

    def waits(self, now: datetime) -> timedelta:
        """How long for a second person; nothing where it waits for none."""
        return now - self.since if self.since and self.state in WAITING else timedelta(0)

    @property
    def name(self) -> str:
        """For texts."""
        return f"{self.product} version {self.version}"


def may_follow(version: Version, state: State) -> Refusal | None:
    """Why a version cannot pass to that state."""
    if state in AFTER[version.state]:
        return None
    now = version.state.words[1]
    hint = {
        State.REVIEWED: "only a draft is reviewed",
        State.ON_SALE: "have it reviewed first" if version.state is State.DRAFT else "draft a new version",
        State.CLOSED: "only what is on sale is closed",
        State.WITHDRAWN: "close it instead" if version.state is State.ON_SALE else "there is nothing left to withdraw",
    }.get(state, "look at its versions")
    return Refusal(ProductRefusal.NOT_NOW, f"{version.name} is {now}; {hint}")
