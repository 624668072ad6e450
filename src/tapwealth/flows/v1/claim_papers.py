"""Files that show a loss, over /v1: of the claim and of what they show by the path, of the type that the head declares."""

from collections.abc import Mapping
from typing import NamedTuple

from tapwealth.flows.frame import Envelope, House
from tapwealth.flows.insurance import claim_papers
from tapwealth.flows.v1.claim_shapes import PaperKept
from tapwealth.flows.v1.translation import identified, told
from tapwealth.insurance.claim import Paper
from tapwealth.insurance.evidence import MOST_BYTES, MediaType
from tapwealth.kernel.refusal import BadInput, Refusal

TYPES, MOST = tuple(MediaType), MOST_BYTES
"""What is taken, and how many bytes of one file."""


class File(NamedTuple):
    """As it came, and what it is said to be."""

    media_type: str
    content: bytes


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
