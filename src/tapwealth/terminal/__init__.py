"""The merchant's side of a tap: a pure qPBOC kernel.

`dialogue(config, tap)` is a generator of command APDUs that is sent response APDUs and returns an `Outcome`; `run` drives it.
No I/O, no clock, no randomness, and no way to the ledger or the database.
"""

from tapwealth.terminal.config import Application, ExceptionList, Tap, TerminalConfig
from tapwealth.terminal.config_file import read_config
from tapwealth.terminal.kernel import MOST_COMMANDS, dialogue, run
from tapwealth.terminal.outcome import (
    Cvm,
    Ended,
    Ending,
    Oda,
    OfflineApproval,
    OnlineRequest,
    Outcome,
    Repeat,
    TapReason,
    Torn,
)

__all__ = [
    "MOST_COMMANDS",
    "Application",
    "Cvm",
    "Ended",
    "Ending",
    "ExceptionList",
    "Oda",
    "OfflineApproval",
    "OnlineRequest",
    "Outcome",
    "Repeat",
    "Tap",
    "TapReason",
    "TerminalConfig",
    "Torn",
    "dialogue",
    "read_config",
    "run",
]
