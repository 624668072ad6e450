"""Rows into what `unnest` takes: one array a column."""

from collections.abc import Mapping, Sequence
from typing import Any


def names(listed: str) -> list[str]:
    """Names of columns out of a list with commas."""
    return listed.replace(" ", "").split(",")


def slots(types: str) -> str:
    """`$1::int[], $2::text[]` for `int text`."""
    return ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types.split(), 1))


def shortened(column: tuple[Any, ...]) -> tuple[Any, ...]:
    """One element if all are the same, for SQL that takes it for all: the driver takes 0.2 µs to encode an element, counting takes 0.01."""
    return column[:1] if column.count(column[0]) == len(column) else column


def table(types: Mapping[str, str], *, place: str = "") -> str:
    """SQL of a table `x` with these columns, whose rows are what `written` gives; `place`: a further column that numbers them from 1."""
    arrays = {name: f"${number}::{kind}[]" for number, (name, kind) in enumerate(types.items(), 1)}
    chosen = [f"case cardinality({array}) when 1 then ({array})[1] else u.{name} end as {name}" for name, array in arrays.items()]
    numbered, more = (" with ordinality", [place]) if place else ("", [])
    rows = f"unnest({', '.join(arrays.values())}){numbered} u({', '.join([*types, *more])})"
    return f"(select {', '.join([*chosen, *more])} from {rows}) x"  # noqa: S608


def written(rows: Sequence[Any], names: Sequence[str]) -> list[Sequence[Any]]:
    """What `table` takes: of each name that attribute of every row, or one for all where they are the same. Rows that are alike in all of
    them are one."""
    if not rows:
        return [[] for _ in names]
    return [shortened(tuple([getattr(row, name) for row in rows])) for name in names]


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """One list for each of `width` columns, also of no rows."""
    return [[row[column] for row in rows] for column in range(width)]
