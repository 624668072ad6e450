"""Any bytes in place of a partner's file are read or refused as bad input; a file cut anywhere is refused."""

from collections.abc import Callable
from datetime import date

from bill_town import bordereau
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.bills.day_end import read_day_end
from tapwealth.insurance.bordereau import read_bordereau
from tapwealth.kernel.refusal import BadInput

DAY = date(2014, 2, 24)
DAY_END = "20140224|2|20100\nS1|B1|1234567890|10050|20140224090000|E1|*芳\nS2|B2|1234567891|10050|20140224120000|E2|*明\n".encode("gbk")
BORDEREAU = bordereau([("c1", "PL1", "cancelled", 75_000), ("e1", "PL1", "endorsed", -2_500)])


def refused(content: bytes) -> tuple[bool, bool]:
    """Whether the bytes are refused as a day-end file, and as a bordereau; anything but BadInput escapes."""
    lines = refusal_of(lambda: read_day_end(content, DAY)), refusal_of(lambda: read_bordereau(content))
    assert not any("\n" in line for line in lines)
    return bool(lines[0]), bool(lines[1])


def refusal_of(read: Callable[[], object]) -> str:
    try:
        read()
    except BadInput as error:
        return str(error)
    return ""


@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    refused(content)


@given(st.sampled_from([DAY_END, BORDEREAU]), st.data())
def test_one_byte_changed(content: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(content) - 1))
    refused(content[:at] + bytes([data.draw(st.integers(0, 255))]) + content[at + 1 :])


@given(st.integers(0, len(BORDEREAU) - 3), st.integers(1, 255))
def test_a_bordereau_of_which_any_byte_was_changed_is_refused(at: int, by: int) -> None:
    """Whether or not its counts and sums still agree: only its line end may be another."""
    assert refused(BORDEREAU[:at] + bytes([BORDEREAU[at] ^ by]) + BORDEREAU[at + 1 :])[1]


def test_a_file_cut_anywhere_is_refused() -> None:
    assert all(refused(DAY_END[:end])[0] for end in range(len(DAY_END)))
    assert all(refused(BORDEREAU[:end])[1] for end in range(len(BORDEREAU) - 2))
