"""Files that show a loss, over /v1: taken by the path, which says of what claim and what they show, and of the type that the head declares;
listed, and handed out as they came.
"""

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple
from uuid import UUID

from tapwealth.flows.frame import Caller, Envelope, House
from tapwealth.flows.insurance import claim_papers
from tapwealth.flows.reports import claims
from tapwealth.flows.v1.claim_shapes import ClaimPaper, PaperKept
from tapwealth.flows.v1.reading import Part, Wanted, allowed, unknown
from tapwealth.flows.v1.translation import PREFIXES, behind, identified, told
from tapwealth.insurance.claim import ClaimRefusal, Paper
from tapwealth.insurance.evidence import MOST_BYTES, MediaType
from tapwealth.kernel.ids import prefixed
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx

TYPES, MOST = tuple(MediaType), MOST_BYTES
"""What is taken, and how many bytes of one file."""


class File(NamedTuple):
    """As it came, and what it is said to be."""

    media_type: str
    content: bytes


class Handed(NamedTuple):
    """A file to be saved under that name, of so many bytes, which come in pieces."""

    name: str
    media_type: str
    size: int
    pieces: AsyncIterator[bytes]


async def papers(house: House, caller: Caller, claim: UUID, wanted: Wanted) -> Part | Refusal:
    """Of one's claim, the newest first; those that are erased as well."""

    async def read(tx: Tx, book: int, person: UUID) -> Part | Refusal:
        found = await claims.claim_view(house, tx, person, claim)
        if isinstance(found, Refusal):
            return unknown("claim")
        shown = [told(ClaimPaper, one) for one in reversed(found.papers)]
        return behind(shown, [one.id.partition("_")[2] for one in shown], wanted)

    return await allowed(house, caller, read)


async def hand_out(house: House, caller: Caller, file: UUID) -> Handed | Refusal:
    """The file, of which it is kept that this client had it."""
    found = await claim_papers.read(house, caller, file)
    if isinstance(found, Refusal):
        return unknown("file") if found.code is ClaimRefusal.UNKNOWN_CLAIM else found
    name = f"{prefixed(PREFIXES['file'], file)}.{found.media_type.rpartition('/')[2]}"
    return Handed(name, found.media_type, found.size, found.pieces)


async def give(house: House, envelope: Envelope, file: File, path: Mapping[str, str]) -> PaperKept | Refusal:
    """Raises BadInput for what is no such file, and for what nothing of that kind shows."""
    if path["paper"] not in [one.value for one in Paper]:
        raise BadInput(f"{path['paper'][:40]!r} is no kind of paper", where="body", hint=f"choose one of {', '.join(Paper)}")
    claim, paper = identified(path, "claim"), Paper(path["paper"])
    try:
        answer = await claim_papers.give(house, envelope, claim, paper, file.media_type, file.content)
    except BadInput as error:
        raise BadInput(error.what, where="body", hint=error.hint) from None
    return answer if isinstance(answer, Refusal) else told(PaperKept, answer)
