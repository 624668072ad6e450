"""What the insurer looks at before it takes a risk on: a phone is insured by one of its policies at a time."""

import sqlite3
from enum import StrEnum

from tapwealth.sandbox.insurer.books import Beneficiary, Issue, State
from tapwealth.sandbox.messages import Body, Text

UNDERWRITING_SCHEMA = """
CREATE TABLE IF NOT EXISTS insured_phone (policy_number TEXT PRIMARY KEY REFERENCES policy, fingerprint TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS risk (policy_number TEXT PRIMARY KEY REFERENCES policy, occupation INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS beneficiary (
  policy_number TEXT NOT NULL REFERENCES policy, place INTEGER NOT NULL, name TEXT NOT NULL, identity_number TEXT NOT NULL,
  rank INTEGER NOT NULL, share INTEGER, PRIMARY KEY (policy_number, place));
CREATE INDEX IF NOT EXISTS insured_phone_fingerprint ON insured_phone (fingerprint);
"""


class Declined(StrEnum):
    """Why a risk is not taken on."""

    PHONE_INSURED = "phone_insured"


MOST_DANGEROUS = 4
"""The class of work beyond which this insurer covers nobody."""


class BeneficiaryBody(Body):
    """Who receives what is paid at death; `share` in hundredths of a percent, null: equal to the others of the rank."""

    name: Text
    identity_number: Text
    rank: int
    share: int | None = None


def named_in(bodies: tuple[BeneficiaryBody, ...]) -> tuple[Beneficiary, ...]:
    """As they are kept."""
    return tuple((one.name, one.identity_number, one.rank, one.share) for one in bodies)


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
    """Keep the risk; nothing new if it was taken on before."""
    if tx.execute("INSERT OR IGNORE INTO risk VALUES (?, ?)", (policy_number, order.occupation)).rowcount:
        name_beneficiaries(tx, policy_number, order.beneficiaries)
    if order.paid_until is not None:
        tx.execute("INSERT OR IGNORE INTO first_premium VALUES (?, ?)", (policy_number, order.paid_until.isoformat()))
    if order.phone:
        tx.execute("INSERT OR IGNORE INTO insured_phone VALUES (?, ?)", (policy_number, order.phone))


def name_beneficiaries(tx: sqlite3.Connection, policy_number: str, named: tuple[Beneficiary, ...]) -> None:
    """These, and none that were named before."""
    tx.execute("DELETE FROM beneficiary WHERE policy_number = ?", (policy_number,))
    tx.executemany("INSERT INTO beneficiary VALUES (?, ?, ?, ?, ?, ?)", [(policy_number, place, *one) for place, one in enumerate(named)])
