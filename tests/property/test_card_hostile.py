"""Whatever a reader sends, and whenever it takes the power away: a proper answer, nothing changed by a refusal, no counter used twice."""

from dear import dear
from hypothesis import given
from hypothesis import strategies as st
from issued_card import issued

from tapwealth.card import CardState, Interface, from_json, step, to_json
from tapwealth.wire import tlv

h = bytes.fromhex
SELECTS = [h("00A4040008A00000033301010100"), h("00A4040007A000000333010100"), h("00A404000E325041592E5359532E444446303100")]
PSE = h("00A404000E315041592E5359532E444446303100")
REST = st.sampled_from([h("00B2010C00"), h("00B2011400"), h("00B2011C00"), h("00B2015C00"), h("80CA9F3600"), h("80CA9F7900"), PSE])


def options(ttq: bytes, amount: int) -> bytes:
    return h("80A80000238321") + ttq + h(f"{amount:012d}{0:012d}0156{0:010d}0156140224000102030400")


QUALIFIERS = st.sampled_from([h("36000080"), h("3E000080"), h("36800000"), h("37000080"), h("80000000")])
GPO = st.builds(options, QUALIFIERS, st.integers(0, 300_00))
CONTACT = st.sampled_from(
    [
        h("80A8000002830000"),
        h("80AE80001D") + bytes(29) + b"\0",
        h("80AE50001F") + bytes(31) + b"\0",
        h("80AE90001D") + bytes(29) + b"\0",
        h("008800000401020304 00"),
        h("008200000A") + bytes(10) + b"\0",
    ]
)
ANY = st.one_of(st.sampled_from(SELECTS), GPO, REST, CONTACT, st.binary(max_size=262))
POWER = st.sampled_from([*Interface])


def refused(answer: bytes) -> bool:
    return len(answer) == 2 and answer not in (h("9000"), h("6300"))


def cryptogram(answer: bytes) -> tuple[bytes, bytes, int] | None:
    """Counter, cryptogram and kind, if the answer has one."""
    if answer[-2:] != h("9000") or answer[:1] != b"\x77":
        return None
    given = tlv.unique(tlv.template(answer[:-2], 0x77, where="answer"))
    made = given.get(0x9F26, given.get(0x9F4B, b""))
    return (given[0x9F36], made, given[0x9F10][4] & 0x30) if 0x9F36 in given and 0x9F10 in given else None


@dear(300, some=60)
@given(st.lists(st.one_of(ANY, POWER), max_size=40))
def test_a_hostile_reader_gets_proper_answers_and_no_money_that_is_not_there(sent: list[bytes | Interface]) -> None:
    card: CardState = issued(balance=400_00)
    counters: dict[bytes, Interface] = {}
    interface = Interface.CONTACTLESS
    for one in sent:
        if isinstance(one, Interface):
            interface = one
            card = from_json(to_json(card)).powered_on(interface)
            continue
        before = card
        card, answer = step(card, one)
        assert 2 <= len(answer) <= 258
        assert answer[0] in (0x61, 0x62, 0x63, 0x65, 0x67, 0x69, 0x6A, 0x6D, 0x6E, 0x90) or len(answer) > 2
        if refused(answer):
            assert card == before, one.hex()
        made = cryptogram(answer)
        if made is not None and interface is Interface.CONTACTLESS:
            assert made[0] not in counters, "two cryptograms under one counter"
        if made is not None:
            counters[made[0]] = interface
        assert card.cash is not None
        assert card.cash.balance == 400_00 - sum(entry.amount for entry in card.cash.log)
        assert card.atc >= before.atc
        assert card.cash == before.cash or made is not None
