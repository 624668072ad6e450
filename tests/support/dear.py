"""Properties whose examples take long: `make test` tries some of them, `make soak` as many as they deserve."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

_ALL = os.environ.get("TAPWEALTH_EXAMPLES") == "all"


def examples(most: int, some: int) -> int:
    """How many this run tries; for tests that are marked `dear`."""
    return most if _ALL else some


def dear(most: int, some: int, **more: Any) -> Callable[[Any], Any]:
    """Marks a property, and says how many examples it tries; `more` as in hypothesis's `settings`."""

    def marked(test: Any) -> Any:
        return pytest.mark.dear(settings(max_examples=examples(most, some), **more)(test))

    return marked
