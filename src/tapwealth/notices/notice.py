"""A notice: one line in two languages about one event, its kind, and where what it tells of is shown."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class NoticeKind(StrEnum):
    """What a notice is about; a customer chooses by it what comes to the phone."""

    SECURITY = "security"
    """Phones, cards in phones, and who may act for the customer."""
    CARD = "card"
    BILL = "bill"
    FUND = "fund"
    INSURANCE = "insurance"
    DEPOSIT = "deposit"
    """Deposits, and the bank's products with a raise period."""


@dataclass(frozen=True, slots=True)
class Notice:
    """`id` follows from the event: what was told already is not told again. `at` is the platform clock's instant. `link` is the path below
    /view that shows the customer what this tells of. `obligatory`: told on the phone even if its kind is
    switched off there, since money did not go where it was sent, or others have done something to what is the customer's."""

    book: int
    id: UUID
    person: UUID
    at: datetime
    text_zh: str
    text_en: str
    kind: NoticeKind
    link: str
    obligatory: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A notice in the inbox. `read_at` is None until its customer has opened it."""

    notice: Notice
    read_at: datetime | None

    @property
    def text_zh(self) -> str:
        return self.notice.text_zh

    @property
    def text_en(self) -> str:
        return self.notice.text_en
