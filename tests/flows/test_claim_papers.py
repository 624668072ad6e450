"""Files that show a loss: sealed, handed out as they came to whom they concern, by pieces, and to nobody what was altered."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from bill_town import MONDAY, Person, Town
from claim_town import NEXT_MONDAY, crack, give, insured
from evidence_files import jpeg
from four_eyes import operator
from policy_files import SCREEN_FILE, sell_policies

from tapwealth.flows import reports
from tapwealth.flows.frame import Caller, House
from tapwealth.flows.insurance import claim_papers, insurers
from tapwealth.insurance import claim_store
from tapwealth.insurance.claim import Paper
from tapwealth.insurance.evidence import MOST_FILES
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.operators import OperatorRole


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def cracked(place: Town) -> tuple[Person, UUID]:
    """A screen that is claimed."""
    await sell_policies(place.house, SCREEN_FILE)
    wang = await place.person("Wang", 100_000)
    policy = await insured(place, wang)
    await insurers.sweep_premiums(place.house, MONDAY)
    await place.clock(shanghai(NEXT_MONDAY, 9))
    await insurers.begin_cover(place.house, NEXT_MONDAY)
    return wang, UUID((await crack(place, wang, policy)).claim)


async def had(house: House, caller: Caller, paper: UUID) -> tuple[str, int, bytes]:
    """A file to its end."""
    found = await claim_papers.read(house, caller, paper)
    assert not isinstance(found, Refusal), found
    return found.media_type, found.size, b"".join([piece async for piece in found.pieces])


async def turn_a_bit(place: Town, number: int) -> None:
    """Of a piece; a second time it is as it was."""
    async with place.house.database.transaction() as tx:
        (row,) = await tx.fetch("delete from claim_paper_piece where number = $1 returning *", number)
        sealed = bytes([*row["sealed"][:99], row["sealed"][99] ^ 1, *row["sealed"][100:]])
        await tx.execute("insert into claim_paper_piece (book, paper, number, sealed) values ($1, $2, $3, $4)", *list(row)[:3], sealed)


async def test_one_file_may_show_two_things(place: Town) -> None:
    """One PDF has the picture and the invoice; or it was said to show the wrong thing, and is sent again as what it is."""
    wang, claim = await cracked(place)
    first = await give(place, wang, claim, Paper.PHOTO, jpeg())
    second = await give(place, wang, claim, Paper.INVOICE, jpeg())
    assert (first.missing, second.missing, second.state) == (["invoice"], [], "assessing")
    assert second.paper != first.paper
    assert (await give(place, wang, claim, Paper.INVOICE, jpeg())).paper == second.paper, "the same of both is there once"
    async with place.house.database.read() as tx:
        (kept,) = (await claim_store.papers_of(tx, [(wang.book, claim)])).values()
    assert sorted(one.paper for one in kept) == [Paper.INVOICE, Paper.PHOTO]


async def test_files_are_sealed_handed_out_as_they_came_and_counted(place: Town) -> None:
    wang, claim = await cracked(place)
    large = jpeg(comment=b"x" * 60_000) * 40
    kept = await give(place, wang, claim, Paper.PHOTO, large)
    assert (await give(place, wang, claim, Paper.PHOTO, large)).paper == kept.paper, "the same file"
    house, mine = place.house, place.envelope(wang).caller
    stranger = Caller(ActorKind.CUSTOMER, "customer:x", "device token", UUID(int=9), wang.book)
    chen = (await operator(place, "ops.chen")).caller
    for caller in (mine, chen):
        assert await had(house, caller, UUID(kept.paper)) == ("image/jpeg", len(large), large)
    assert code(await claim_papers.read(house, stranger, UUID(kept.paper))) == "UNKNOWN_CLAIM"
    assert code(await claim_papers.read(house, mine, uuid4())) == "UNKNOWN_CLAIM"
    await operator(place, "sup.qian", OperatorRole.SUPPORT)
    views, given = reports.views(house), {"id": str(claim)}
    chen_sees, wang_sees, nobody = [await views["claim/{id}"](one, given) for one in (chen, mine, replace(chen, who="operator:sup.qian"))]
    assert [(one.paper, one.by) for one in chen_sees.looks] == [(UUID(kept.paper), "operator:ops.chen")]
    assert (wang_sees.looks, wang_sees.said) == ([], "it fell on the stairs")
    assert code(nobody) == "NOT_YOURS"
    async with house.database.read() as tx:
        pieces = await tx.fetch("select sealed from claim_paper_piece")
        assert len(pieces) == 3
        assert not any(b"x" * 12 in one["sealed"] for one in pieces)
        (said,) = await tx.fetch("select said from claim")
        assert b"stairs" not in said["said"]
    for number in (2, 0):
        await turn_a_bit(place, number)
        with pytest.raises(BadInput, match="altered"):
            await (claim_papers.read if number == 0 else had)(house, mine, UUID(kept.paper))
        await turn_a_bit(place, number)
    async with house.database.transaction() as tx:
        await tx.execute("delete from claim_paper_piece where number = 2")
    with pytest.raises(BadInput, match="erased meanwhile"):
        await had(house, mine, UUID(kept.paper))
    for number in range(MOST_FILES - 1):
        assert not isinstance(await give(place, wang, claim, Paper.OTHER, jpeg(comment=str(number).encode())), Refusal)
    assert code(await give(place, wang, claim, Paper.OTHER, jpeg(comment=b"one more"))) == "TOO_MANY_FILES"
    with pytest.raises(BadInput, match="neither JPEG"):
        await give(place, wang, claim, Paper.OTHER, b"MZ disguised")
