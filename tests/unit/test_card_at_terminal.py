"""Our card at our terminal where a tap does not go smoothly: torn anywhere, consent wanted, not to be taken, out of keys.

Each sees the other's bytes alone; what the card decides, and that the issuer finds its cryptograms right, is in test_card_offline.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from card_authority import CA_KEY, INDEX, ISSUER_SERIAL, RID
from issued_card import PAN, issued

from tapwealth.card import CardState, Interface, step
from tapwealth.kernel.masked import Masked
from tapwealth.terminal import (
    Application,
    Cvm,
    Ended,
    Ending,
    ExceptionList,
    OfflineApproval,
    OnlineRequest,
    Repeat,
    Tap,
    TapReason,
    TerminalConfig,
    dialogue,
    run,
)
from tapwealth.wire.emv_certificates import Revoked

LIMITS = Application(floor_limit=200_00, cvm_limit=300_00)
CONFIG = TerminalConfig("TW000001", applications=(LIMITS,), ttq=bytes.fromhex("36000080"), ca_keys=(CA_KEY,))
TAP = Tap(12_34, date(2014, 2, 24), bytes.fromhex("01020304"), 42)


class Reader:
    """The card on a reader: `state` is what it has become, `heard` how many commands reached it since it came."""

    def __init__(self, state: CardState) -> None:
        self.state, self.heard = state, 0

    def transmit(self, command: bytes) -> bytes:
        self.heard += 1
        self.state, answer = step(self.state, command)
        return answer

    def losing(self, after: int, *, command_arrives: bool) -> Callable[[bytes], bytes]:
        """After so many answers the card leaves, with the next command or without."""

        def transmit(command: bytes) -> bytes:
            if self.heard < after:
                return self.transmit(command)
            if command_arrives and self.heard == after:
                self.transmit(command)
            return b""

        return transmit

    def put_back(self) -> None:
        self.state, self.heard = self.state.powered_off().powered_on(Interface.CONTACTLESS), 0


def balance(reader: Reader) -> int:
    assert reader.state.cash is not None
    return reader.state.cash.balance


@pytest.mark.parametrize("after", range(8))
@pytest.mark.parametrize("command_arrives", [False, True])
def test_a_tap_that_tears_anywhere_ends_well_at_the_second_try(after: int, command_arrives: bool) -> None:
    """The merchant gets one approval. What the card spent besides stands in its log, under a counter that no advice will name."""
    reader = Reader(issued())
    first = run(dialogue(CONFIG, TAP), reader.losing(after, command_arrives=command_arrives))
    assert isinstance(first, Ended)
    assert (first.ending, first.refusal.code) == (Ending.TRY_AGAIN, TapReason.CARD_LEFT)
    reader.put_back()
    second = run(dialogue(CONFIG, TAP, first.torn), reader.transmit)
    assert isinstance(second, OfflineApproval)
    answered = after > 2
    decided = answered or (after == 2 and command_arrives)
    assert second.repeat is (Repeat.NEW if answered else None)
    assert balance(reader) == 500_00 - TAP.amount * (1 + decided)
    assert reader.state.cash is not None
    assert [entry.atc for entry in reader.state.cash.log] == ([2, 1] if decided else [1])
    assert second.atc == reader.state.atc


@pytest.mark.parametrize(("amount", "outcome"), [(12_34, OfflineApproval), (300_00, OnlineRequest)])
def test_a_phone_that_wants_its_holder_is_asked_back_and_then_says_that_it_verified_him(
    amount: int, outcome: type[OfflineApproval] | type[OnlineRequest]
) -> None:
    reader = Reader(issued(consent_limit=10_00))
    tap = replace(TAP, amount=amount)
    first = run(dialogue(CONFIG, tap), reader.transmit)
    assert isinstance(first, Ended)
    assert (first.ending, first.refusal.code, first.torn) == (Ending.TRY_AGAIN, TapReason.SEE_PHONE, None)
    assert (reader.state.atc, balance(reader)) == (0, 500_00)
    reader.state = reader.state.consent()
    second = run(dialogue(CONFIG, tap), reader.transmit)
    assert isinstance(second, outcome)
    assert second.cvm is Cvm.ON_DEVICE


def test_a_phone_that_cannot_verify_its_holder_is_not_enough_above_the_limit() -> None:
    ended = run(dialogue(CONFIG, replace(TAP, amount=300_00)), Reader(issued()).transmit)
    assert isinstance(ended, Ended)
    assert (ended.ending, ended.refusal.code) == (Ending.TRY_ANOTHER_INTERFACE, TapReason.NO_CVM)


LIST = ExceptionList(Masked("5A" * 32))


@pytest.mark.parametrize(
    ("config", "day", "reason"),
    [
        (replace(CONFIG, ca_keys=(replace(CA_KEY, index=0xC2),)), TAP.day, TapReason.NOT_AUTHENTIC),
        (replace(CONFIG, revoked=frozenset({Revoked(RID, INDEX, ISSUER_SERIAL)})), TAP.day, TapReason.NOT_AUTHENTIC),
        (replace(CONFIG, exceptions=replace(LIST, marks=frozenset({LIST.mark(PAN)}))), TAP.day, TapReason.ON_EXCEPTION_LIST),
        (CONFIG, date(2028, 1, 1), TapReason.NOT_AUTHENTIC),
        (CONFIG, date(2014, 2, 23), TapReason.NOT_YET_VALID),
    ],
)
def test_an_approval_of_the_card_alone_is_not_enough(config: TerminalConfig, day: date, reason: TapReason) -> None:
    ended = run(dialogue(config, replace(TAP, day=day)), Reader(issued()).transmit)
    assert isinstance(ended, Ended)
    assert (ended.ending, ended.refusal.code) == (Ending.DECLINED, reason)


def test_a_phone_pays_until_its_keys_run_out_and_tells_no_one_a_wrong_balance() -> None:
    reader = Reader(issued())
    for number in range(1, 21):
        outcome = run(dialogue(CONFIG, replace(TAP, amount=1_50, sequence=number)), reader.transmit)
        reader.put_back()
        assert isinstance(outcome, OfflineApproval)
        assert outcome.left_on_card == balance(reader) == 500_00 - 1_50 * number
    ended = run(dialogue(CONFIG, TAP), reader.transmit)
    assert isinstance(ended, Ended)
    assert (ended.ending, ended.refusal.code) == (Ending.TRY_ANOTHER_INTERFACE, TapReason.CARD_REFUSED)
