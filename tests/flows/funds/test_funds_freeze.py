"""Units that an authority freezes: by two operators, held at once, told to the registrar, and free when the registrar has set them free."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person
from fund_town import FUND, FundTown, bought, operator, set_in

from tapwealth.flows import setup
from tapwealth.flows.funds import redemption, units
from tapwealth.flows.funds.freeze import ProposeFreeze, ProposeUnfreeze
from tapwealth.flows.funds.redemption import CancelOrder, RedeemFund
from tapwealth.flows.setup import Approve, Proposed
from tapwealth.kernel.refusal import Refusal
from tapwealth.wire.ofd import read_data_file

TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=n) for n in range(1, 4))
PROPOSER, APPROVER = "ops.chen", "ops.sun"


async def holder(place: FundTown) -> Person:
    wang = await bought(place, 10_000_00)
    await place.take()
    return wang


async def propose(place: FundTown, command: Any, login: str = PROPOSER) -> Proposed | Refusal:
    return await setup.propose(place.house, operator(place, login), command)


async def freeze(place: FundTown, wang: Person, asked: int) -> UUID:
    proposed = await propose(place, ProposeFreeze(wang.id, FUND, asked, "Chaoyang court", "(2014) 7"))
    assert isinstance(proposed, Proposed), proposed
    return proposed.proposal


async def approve(place: FundTown, proposal: UUID, login: str = APPROVER) -> str:
    return code(await setup.approve(place.house, operator(place, login), Approve(proposal)))


async def redeem(place: FundTown, wang: Person, asked: int) -> Any:
    return await redemption.redeem(place.house, place.envelope(wang), RedeemFund(FUND, asked))


def code(answer: Any) -> str:
    return str(answer.code.name) if isinstance(answer, Refusal) else "done"


async def test_two_freeze_and_nothing_of_it_can_be_redeemed(place: FundTown) -> None:
    wang = await holder(place)
    proposal = await freeze(place, wang, 6_000_00)
    assert await approve(place, proposal, PROPOSER) == "SAME_PERSON"
    assert await approve(place, proposal) == "done"
    refused = await redeem(place, wang, 4_000_01)
    assert isinstance(refused, Refusal)
    assert refused.text == (
        "4,000.01 units are asked, 4,000.00 can be redeemed (6,000.00 are frozen by an authority, ask the bank); give less"
    )
    assert code(await redeem(place, wang, 1_000_00)) == "done"
    refused = await redeem(place, wang, 4_000_01)
    assert isinstance(refused, Refusal)
    assert "(6,000.00 are frozen by an authority, ask the bank; 1,000.00 more are set aside" in refused.text


async def test_a_holder_cannot_take_an_authoritys_freeze_back(place: FundTown) -> None:
    wang = await holder(place)
    await approve(place, await freeze(place, wang, 6_000_00))
    (frozen,) = [one for one in await place.orders_of(wang) if one.business_code == "031"]
    refused = await redemption.cancel(place.house, place.envelope(wang), CancelOrder(frozen.id))
    assert code(refused) == "UNKNOWN_ORDER"
    assert code(await redeem(place, wang, 4_000_01)) == "NOT_ENOUGH_UNITS"


async def test_the_registrar_freezes_too_and_sets_free_before_we_do(place: FundTown) -> None:
    wang = await holder(place)
    proposal = await freeze(place, wang, 6_000_00)
    await approve(place, proposal)
    unfreeze = ProposeUnfreeze(proposal, "Chaoyang court", "(2014) 8")
    assert code(await propose(place, unfreeze)) == "NOT_FROZEN", "the registrar has not answered"
    await place.next_day(TUESDAY)
    assert [(one.business_code, one.state) for one in await place.orders_of(wang)][-1] == ("031", "confirmed")
    await place.next_day(WEDNESDAY)
    (held,) = [one for one in place.registrar.values(WEDNESDAY, "05") if one["TotalFrozenVol"]]
    assert (held["TotalFrozenVol"], held["TotalVolOfDistributorInTA"] - held["AvailableVol"]) == (6_000_00, 6_000_00)
    assert (await units.prove_units(place.house, WEDNESDAY)).wrong == []

    second = await propose(place, unfreeze)
    assert isinstance(second, Proposed)
    assert await approve(place, second.proposal) == "done"
    assert code(await propose(place, unfreeze)) == "NOT_FROZEN", "it is being set free"
    assert code(await redeem(place, wang, 9_000_00)) == "NOT_ENOUGH_UNITS"
    await place.next_day(THURSDAY)
    assert code(await redeem(place, wang, 9_000_00)) == "done"
    assert await place.said(THURSDAY + timedelta(days=1)) == []


async def test_a_freeze_that_the_registrar_refuses_is_a_break_and_stands_here(place: FundTown) -> None:
    wang = await holder(place)
    await approve(place, await freeze(place, wang, 6_000_00))
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, ReturnCode="9006", ConfirmedVol=0, ConfirmedAmount=0))
    await place.take()
    (said,) = await place.said(WEDNESDAY)
    assert "its units stay as they are: ask the registrar" in said
    assert code(await redeem(place, wang, 9_000_00)) == "NOT_ENOUGH_UNITS"


async def test_two_set_free_here_what_the_registrar_had_refused_to_freeze(place: FundTown) -> None:
    """It has frozen nothing, so that no order goes to it, and the units are free at once."""
    wang = await holder(place)
    proposal = await freeze(place, wang, 6_000_00)
    await approve(place, proposal)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, ReturnCode="9006", ConfirmedVol=0, ConfirmedAmount=0))
    await place.take()
    unfreeze = ProposeUnfreeze(proposal, "Chaoyang court", "(2014) 8")
    proposed = await propose(place, unfreeze)
    assert isinstance(proposed, Proposed)
    assert await approve(place, proposed.proposal, PROPOSER) == "SAME_PERSON"
    assert code(await redeem(place, wang, 9_000_00)) == "NOT_ENOUGH_UNITS"
    assert await approve(place, proposed.proposal) == "done"
    assert code(await propose(place, unfreeze)) == "NOT_FROZEN", "once"
    assert code(await redeem(place, wang, 9_000_00)) == "done"
    await place.end(WEDNESDAY)
    _, sent = read_data_file(place.registrar.sent(WEDNESDAY, "03"), f"OFD_T01_H0_{WEDNESDAY:%Y%m%d}_03.TXT")
    assert [dict(record)["BusinessCode"] for record in sent] == ["024"]
    assert [(one.business_code, one.state) for one in await place.orders_of(wang) if one.business_code == "032"] == [("032", "confirmed")]


@pytest.mark.parametrize(("asked", "fund", "wanted"), [(10_000_01, FUND, "FEWER_UNITS"), (1, "000999", "UNKNOWN_HOLDER")])
async def test_what_is_not_there_cannot_be_frozen(place: FundTown, asked: int, fund: str, wanted: str) -> None:
    wang = await holder(place)
    assert code(await propose(place, ProposeFreeze(wang.id, fund, asked, "a court", "7"))) == wanted


async def test_units_that_were_redeemed_since_the_proposal_are_not_frozen_by_the_yes(place: FundTown) -> None:
    wang = await holder(place)
    proposal = await freeze(place, wang, 6_000_00)
    await redeem(place, wang, 5_000_00)
    assert await approve(place, proposal) == "FEWER_UNITS"
    assert await approve(place, proposal) == "FEWER_UNITS", "and the proposal still waits"
