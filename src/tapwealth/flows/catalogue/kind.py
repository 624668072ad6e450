"""What a capability says of a kind of product that it sells."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tapwealth.catalogue.definition import Definition, Shape
from tapwealth.catalogue.version import Version
from tapwealth.flows.frame import House, Moment
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.database import Tx

Acting = Callable[[House, Tx, Moment, Version], Awaitable[Refusal | None]]
"""In the transaction of the step; a refusal undoes it."""


def nothing_more(_definition: Definition) -> None:
    """For a kind whose types say all that there is to check."""


async def nothing(_house: House, _tx: Tx, _at: Moment, _version: Version) -> Refusal | None:
    """For a kind to which nothing else has to happen."""
    return None


@dataclass(frozen=True, slots=True)
class Kind:
    """`check` raises BadInput whose `where` is the path of what is wrong (`parameters.oldest`), and gets its line from there. `wrong` says
    why a version could not be brought about: it is asked when it is drafted and each time somebody decides. `bring_about` makes it sold,
    `end` makes it sold no more; what was sold before goes on."""

    shape: Shape
    check: Callable[[Definition], None] = nothing_more
    wrong: Acting = nothing
    bring_about: Acting = nothing
    end: Acting = nothing
