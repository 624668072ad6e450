"""Whatever counters a phone reports and however often it asks: ranges never overlap, have no gap, and each counter has at most one key."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tapwealth.issuing.limited_use import KEYS_AHEAD, LAST_ATC, TAPS_PER_KEY, key_for, next_keys

NOW = datetime(2014, 2, 24, tzinfo=UTC)


@given(st.lists(st.integers(0, 3 * KEYS_AHEAD * TAPS_PER_KEY), max_size=40))
def test_ranges_follow_each_other_and_suffice_from_the_counter_on(spent: list[int]) -> None:
    keys, counter = next_keys([], 0, NOW), 0
    for taps in spent:
        counter = min(counter + taps, keys[-1].last_atc)
        added = next_keys(keys, counter, NOW)
        keys += added
        assert next_keys(keys, counter, NOW) == [], "asked again, nothing more"
        assert sum(one.last_atc > counter for one in keys) == KEYS_AHEAD
    assert keys[0].first_atc == 1
    assert all(right.first_atc == left.last_atc + 1 and right.number == left.number + 1 for left, right in pairwise(keys))
    for atc in range(keys[-1].last_atc + 2):
        found = [one for one in keys if one.covers(atc)]
        assert found == ([key_for(keys, atc)] if 1 <= atc <= keys[-1].last_atc else [])


def test_a_counter_at_its_end_is_given_no_more() -> None:
    keys, counter = next_keys([], 0, NOW), 0
    while counter < LAST_ATC:
        counter = keys[-1].last_atc
        keys += next_keys(keys, counter, NOW)
    assert (keys[-1].last_atc, next_keys(keys, LAST_ATC, NOW)) == (LAST_ATC, [])
