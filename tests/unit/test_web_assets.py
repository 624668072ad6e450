"""The bar of what a customer owns: its parts fill it, and nothing that is worth nothing is in it."""

import re
from typing import get_args, get_type_hints

from hypothesis import given
from hypothesis import strategies as st

from tapwealth.flows.reports.assets import AssetLine
from tapwealth.flows.v1.deposit_shapes import AssetOwned
from tapwealth.web.asset_pages import BAR, GROUPS, parts_of

LINES = st.lists(st.tuples(st.sampled_from([*GROUPS, "new"]), st.integers(0, 10**12)), max_size=12)


@given(LINES)
def test_the_parts_fill_the_bar(owned: list[tuple[str, int]]) -> None:
    parts = parts_of([AssetLine(what, "", "", "", "CNY", worth, 0, None, worth) for what, worth in owned])
    assert [one.start for one in parts] == [sum(before.wide for before in parts[:place]) for place in range(len(parts))]
    assert sum(one.wide for one in parts) == (BAR if parts else 0)
    assert sum(one.worth for one in parts) == sum(worth for _, worth in owned)
    assert all(one.worth > 0 for one in parts)


def test_each_kind_of_what_is_owned_has_a_name_in_both_languages() -> None:
    assert set(GROUPS) == set(get_args(get_type_hints(AssetOwned)["what"]))
    assert all(re.search("[\u4e00-\u9fff]", zh) and en.isascii() for zh, en in GROUPS.values())
