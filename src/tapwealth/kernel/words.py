"""Counted things in English."""


def counted(number: int, one: str, many: str = "") -> str:
    """`1 item`, `2 items`, `0 items`; `many` where it is not `one` with an s.

    >>> counted(1, "party", "parties"), counted(3, "item"), counted(1200, "fast transfer")
    ('1 party', '3 items', '1200 fast transfers')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"
