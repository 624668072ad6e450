"""What the insurer looks at before it takes a risk on: a phone is insured by one of its policies at a time."""

import sqlite3
from enum import StrEnum

from tapwealth.sandbox.insurer.books import Issue, State

UNDERWRITING_SCHEMA = """
CREATE TABLE IF NOT EXISTS insured_phone (policy_number TEXT PRIMARY KEY REFERENCES policy, fingerprint TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS insured_phone_fingerprint ON insured_phone (fingerprint);
"""


class Declined(StrEnum):
    """Why a risk is not taken on."""

    PHONE_INSURED = "phone_insured"


def refused(tx: sqlite3.Connection, order: Issue) -> str:
    """A reason, or nothing."""
    if not order.phone:
        return ""
    bound = tx.execute(
        "SELECT 1 FROM insured_phone JOIN policy USING (policy_number) WHERE fingerprint = ? AND state = ? AND to_day > ?",
        (order.phone, State.IN_FORCE.value, order.from_day.isoformat()),
    ).fetchone()
    return Declined.PHONE_INSURED if bound else ""


def taken_on(tx: sqlite3.Connection, order: Issue, policy_number: str) -> None:
    """What is known of the risk beside the policy; nothing new if it was taken on before."""
    if order.phone:
        tx.execute("INSERT OR IGNORE INTO insured_phone VALUES (?, ?)", (policy_number, order.phone))
