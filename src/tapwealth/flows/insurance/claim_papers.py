"""Files that show a loss: taken sealed, asked for once, handed out as they came, erased when their time is over.

A file is judged by its own bytes (`insurance.evidence`) and opened by nobody here. It is sealed piece by piece, each bound to its file, its
place and to whether it is the last, so that none can be changed, left out or exchanged unseen. When nothing is missing the claim is looked
at: from that day on the law counts.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

import msgspec

from tapwealth.flows.frame import HOUSE_BOOK, Caller, Envelope, House, Moment, barred, moment, once
from tapwealth.flows.insurance import claim_notices
from tapwealth.flows.insurance.claim_notices import Telling, Told
from tapwealth.flows.insurance.claims import ClaimStands, moved, own_claim, policy_of, stands
from tapwealth.insurance import claim_store
from tapwealth.insurance.claim import Claim, ClaimEvent, ClaimRefusal, ClaimState, Paper, complete, next_state
from tapwealth.insurance.claim_store import Look, PaperRow
from tapwealth.insurance.evidence import MOST_FILES, check_file
from tapwealth.kernel.ids import book_of, named
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.database import Tx

_PIECE = 1 << 20


class GivePaper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that shows something of a claim's loss, by its hash: the bytes come beside."""

    claim: UUID
    paper: Paper
    media_type: str
    sha256: str


class AskPapers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask the claimant, once, for everything that is still needed."""

    claim: UUID
    papers: list[Paper]


class PaperKept(msgspec.Struct, frozen=True):
    """`missing`: the papers that are still needed; none, and the claim is looked at."""

    paper: str
    sha256: str
    state: str
    missing: list[str]


class PaperFile(NamedTuple):
    """A file as it came, of so many bytes; its pieces are opened as they are asked for, once."""

    media_type: str
    size: int
    pieces: AsyncIterator[bytes]


_TAKEN = (ClaimState.NOTIFIED, ClaimState.PAPERS_ASKED, ClaimState.ASSESSING, ClaimState.APPEALED)


async def give(house: House, envelope: Envelope, claim: UUID, paper: Paper, media_type: str, content: bytes) -> PaperKept | Refusal:
    """Keep a file of one's own claim, or, by operations, of anybody's; the same bytes once more are the same file, unless they are
    to show something else. Raises BadInput for what is not taken."""
    kind = await asyncio.to_thread(check_file, media_type, content)
    digest = hashlib.sha256(content).digest()
    book, person = book_of(claim), envelope.caller.person
    if book not in house.all_books or (person is not None and book != envelope.caller.book):
        return Refusal(ClaimRefusal.UNKNOWN_CLAIM, "this is no claim of yours; look at your list")
    command = GivePaper(claim, paper, kind.value, digest.hex())

    async def act(tx: Tx, at: Moment, _actor: int) -> PaperKept | Refusal:
        found = await any_claim(tx, claim) if person is None else await own_claim(tx, book, person, claim)
        if isinstance(found, Refusal):
            return found
        if found.state not in _TAKEN:
            return Refusal(ClaimRefusal.NOT_POSSIBLE_NOW, f"the claim is {found.state}; no more papers are taken")
        row = PaperRow(
            book=book,
            id=named(envelope.received_at, book, f"paper:{claim}:{paper}:{digest.hex()}"),
            claim=claim,
            paper=paper,
            media_type=kind.value,
            size=len(content),
            digest=digest,
            given_at=envelope.received_at,
            given_by=envelope.caller.who,
        )
        return await _keep(house, tx, at, found, row, content)

    return await once(house, [book], envelope, command, act, PaperKept)


async def _keep(house: House, tx: Tx, at: Moment, claim: Claim, row: PaperRow, content: bytes) -> PaperKept | Refusal:
    there = (await claim_store.papers_of(tx, [(claim.book, claim.id)]))[claim.book, claim.id]
    same = next((one for one in there if (one.digest, one.paper) == (row.digest, row.paper)), None)
    if same is None:
        if len(there) >= MOST_FILES:
            text = f"{MOST_FILES} files are there already; put several pages into one PDF"
            return Refusal(ClaimRefusal.TOO_MANY_FILES, text)
        await claim_store.add_paper(tx, row, _sealed(house, row.id, content))
        there = [*there, row]
    missing = complete(claim, [one.paper for one in there])
    after = claim if same else replace(claim, heard_at=at.now)
    if not missing and claim.state in (ClaimState.NOTIFIED, ClaimState.PAPERS_ASKED):
        state = next_state(claim, ClaimEvent.COMPLETE)
        assert isinstance(state, ClaimState)
        after = replace(after, state=state, complete_on=at.date_of(row.given_at))
    after = await moved(tx, after)
    kept = same or row
    return PaperKept(str(kept.id), kept.digest.hex(), after.state.value, [one.value for one in missing])


def _place(paper: UUID, number: int, *, last: bool) -> bytes:
    return b"paper" + paper.bytes + number.to_bytes(2, "big") + bytes([last])


def _sealed(house: House, paper: UUID, content: bytes) -> list[bytes]:
    cut = [content[at : at + _PIECE] for at in range(0, len(content), _PIECE)]
    return [house.keys.seal("papers", piece, _place(paper, number, last=number == len(cut) - 1)) for number, piece in enumerate(cut)]


async def _opened(house: House, row: PaperRow, sealed: bytes) -> AsyncIterator[bytes]:
    """From the first sealed piece on. None is handed on that was altered, nor the last one of a file that is not what its hash says: raises
    BadInput for it."""
    last, digest = (row.size - 1) // _PIECE, hashlib.sha256()
    for number in range(last + 1):
        if number:
            sealed = await _next(house, row, number)
        piece = house.keys.open_sealed("papers", sealed, _place(row.id, number, last=number == last))
        digest.update(piece)
        if number == last and digest.digest() != row.digest:
            raise BadInput("the file is not what its hash says", where=f"paper {row.id}", hint="restore it from a backup")
        yield piece


async def _next(house: House, row: PaperRow, number: int) -> bytes:
    """In a transaction of its own: none waits for who takes the file."""
    async with house.database.read() as tx:
        sealed = await claim_store.piece(tx, row.book, row.id, number)
    if sealed is None:
        raise BadInput(f"piece {number} is gone: altered, or erased meanwhile", where=f"paper {row.id}", hint="ask for it again")
    return sealed


async def _begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same, its first piece opened already: what was altered there is told instead of a file."""
    first = await anext(pieces)

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return whole()


async def read(house: House, caller: Caller, identifier: UUID) -> PaperFile | Refusal:
    """The file, for the claimant, for a client that the claimant lets ask, and for operators; of both of these it is kept that they had it.
    Raises BadInput where its beginning was altered."""
    book = book_of(identifier)
    unknown = Refusal(ClaimRefusal.UNKNOWN_CLAIM, "there is no such file of a claim of yours; look at the claim")
    if book not in house.all_books:
        return unknown
    async with house.database.transaction() as tx:
        if (stopped := await barred(tx, caller)) is not None:
            return stopped
        row = await claim_store.paper(tx, book, identifier)
        claim = None if row is None else (await claim_store.claims(tx, [(book, row.claim)]))[book, row.claim]
        if row is None or claim is None or (caller.kind is not ActorKind.OPERATOR and caller.person != claim.person):
            return unknown
        first = await claim_store.piece(tx, book, identifier, 0)
        if first is not None and caller.kind is not ActorKind.CUSTOMER:
            await claim_store.add_look(tx, book, Look(identifier, (await moment(tx)).now, caller.who))
    if first is None:
        return Refusal(ClaimRefusal.ERASED, f"the file was erased on {claim.erased_on}; its hash is {row.digest.hex()}")
    return PaperFile(row.media_type, row.size, await _begun(_opened(house, row, first)))


async def ask(house: House, envelope: Envelope, command: AskPapers) -> ClaimStands | Refusal:
    """By operations: everything that is missing, once (article 22)."""
    if not command.papers:
        raise BadInput("nothing is asked for", where="papers", hint=f"name some of {', '.join(Paper)}")
    book = book_of(command.claim)
    books = [HOUSE_BOOK, book] if book in house.all_books else [HOUSE_BOOK]

    async def act(tx: Tx, at: Moment, _actor: int) -> ClaimStands | Refusal:
        claim = await any_claim(tx, command.claim)
        if isinstance(claim, Refusal):
            return claim
        state = next_state(claim, ClaimEvent.ASK_PAPERS)
        if isinstance(state, Refusal):
            return state
        asked = " ".join(dict.fromkeys(command.papers))
        key = (claim.book, claim.id)
        there = (await claim_store.papers_of(tx, [key]))[key]
        after = replace(claim, state=state, asked=asked, asked_on=at.date_of(envelope.received_at), complete_on=None)
        missing = complete(after, [one.paper for one in there])
        if not missing:
            return Refusal(ClaimRefusal.NOT_POSSIBLE_NOW, "all of that is there; look at the claim's papers")
        after = await moved(tx, after)
        await claim_notices.tell(tx, at, [Telling(after, (await policy_of(tx, after)).product, Told.ASKED)])
        return stands(after, [one.value for one in missing])

    return await once(house, books, envelope, command, act, ClaimStands)


async def any_claim(tx: Tx, identifier: UUID) -> Claim | Refusal:
    """A claim, whosever it is."""
    key = (book_of(identifier), identifier)
    found = (await claim_store.claims(tx, [key])).get(key)
    return found or Refusal(ClaimRefusal.UNKNOWN_CLAIM, "there is no such claim; /view/claims lists those that are open")
