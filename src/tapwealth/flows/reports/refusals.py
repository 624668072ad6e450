"""Why a report is not shown."""

from enum import Enum, auto


class ReportRefusal(Enum):
    """In the order in which they are checked."""

    NOT_YOURS = auto()
    UNKNOWN = auto()
