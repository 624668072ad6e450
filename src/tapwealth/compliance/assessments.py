"""SQL of suitability: what people answered, and the special warnings they confirmed. Nothing of it is changed afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tapwealth.compliance.suitability import Standing


@dataclass(frozen=True, slots=True)
class Assessment:
    """`answers`: a letter for each question of that version."""

    book: int
    id: UUID
    person: UUID
    questionnaire: str
    answers: str
    points: int
    level: int
    lowest: bool
    assessed_at: datetime
    good_until: date


async def add(tx: Any, one: Assessment) -> None:
    await tx.execute(
        "insert into suitability_assessment (book, id, person, questionnaire, answers, points, class, lowest, assessed_at, good_until)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        one.book,
        one.id,
        one.person,
        one.questionnaire,
        one.answers,
        one.points,
        one.level,
        one.lowest,
        one.assessed_at,
        one.good_until,
    )


async def newest(tx: Any, people: Sequence[tuple[int, UUID]]) -> dict[UUID, Assessment]:
    """Of each person (book, id) who was asked."""
    rows = await tx.fetch(
        "select distinct on (book, person) book, id, person, questionnaire, answers, points, class, lowest, assessed_at, good_until"
        " from suitability_assessment join unnest($1::int[], $2::uuid[]) k(book, person) using (book, person)"
        " order by book, person, assessed_at desc, id desc",
        [book for book, _ in people],
        [person for _, person in people],
    )
    return {row["person"]: Assessment(*row) for row in rows}


async def confirm(tx: Any, assessment: Assessment, fund: str, risk_level: int, text: str, now: datetime) -> None:
    """Once for an assessment, fund and risk."""
    await tx.execute(
        "insert into suitability_warning (book, assessment, fund, risk_level, text, confirmed_at) values ($1, $2, $3, $4, $5, $6)"
        " on conflict do nothing",
        assessment.book,
        assessment.id,
        fund,
        risk_level,
        text,
        now,
    )


async def standings(tx: Any, people: Sequence[tuple[int, UUID]]) -> dict[UUID, Standing]:
    """What the newest answers of each person (book, id) let them buy; two statements, however many people."""
    found = await newest(tx, people)
    rows = await tx.fetch(
        "select assessment, fund, risk_level from suitability_warning join unnest($1::int[], $2::uuid[]) k(book, assessment)"
        " using (book, assessment)",
        [one.book for one in found.values()],
        [one.id for one in found.values()],
    )
    confirmed: dict[UUID, set[tuple[str, int]]] = {}
    for row in rows:
        confirmed.setdefault(row["assessment"], set()).add((row["fund"], row["risk_level"]))
    return {person: Standing(one.level, one.lowest, one.good_until, frozenset(confirmed.get(one.id, ()))) for person, one in found.items()}
