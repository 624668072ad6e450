"""How far a long job has come: one row per job, business date, step and book, so that a rerun skips what is done."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from tapwealth.storage.database import Tx

_RECORD = """
insert into job_progress as before (job, business_date, step, book, state, report) values ($1, $2, $3, $4, $5, $6)
on conflict (job, business_date, step, book) do update set state = excluded.state, report = excluded.report where before.state <> 'done'
"""


async def finish(tx: Tx, job: str, business_date: date, step: str, book: int, report: Mapping[str, Any]) -> None:
    """The step is done, in the transaction that did it; the first report stands."""
    await tx.execute(_RECORD, job, business_date, step, book, "done", json.dumps(report, ensure_ascii=False))


async def fail(tx: Tx, job: str, business_date: date, step: str, book: int, report: Mapping[str, Any]) -> None:
    """The step was tried and left something wrong; it will be run again. A step that is done stays so."""
    await tx.execute(_RECORD, job, business_date, step, book, "failed", json.dumps(report, ensure_ascii=False))


async def finished(tx: Tx, job: str, business_date: date, book: int) -> dict[str, Any]:
    """Step to report of what is done."""
    return await _reports(tx, job, business_date, book, "done")


async def failed(tx: Tx, job: str, business_date: date, book: int) -> dict[str, Any]:
    """Step to report of what was tried last without success."""
    return await _reports(tx, job, business_date, book, "failed")


async def _reports(tx: Tx, job: str, business_date: date, book: int, state: str) -> dict[str, Any]:
    rows = await tx.fetch(
        "select step, report from job_progress where job = $1 and business_date = $2 and book = $3 and state = $4 order by step",
        job,
        business_date,
        book,
        state,
    )
    return {row["step"]: json.loads(row["report"]) for row in rows}
