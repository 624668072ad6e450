"""What a command's hash is made of stays what it was: a key that was used years ago still knows the command it was used for."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tapwealth.flows.frame import content_hash

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)
)


class Shown:
    """Keys that hash nothing, so that what would be hashed can be seen."""

    def lookup_hash(self, purpose: str, value: str | bytes) -> bytes:
        assert purpose == "command"
        return value if isinstance(value, bytes) else value.encode()


@given(PLAIN, TEXT)
def test_what_is_hashed_is_json_with_its_names_in_order_and_nothing_between(command: Any, who: str) -> None:
    keys: Any = Shown()
    canonical = json.dumps([who, type(command).__name__, command], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert content_hash(keys, command, who) == canonical.encode()
