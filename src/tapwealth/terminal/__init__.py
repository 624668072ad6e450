"""The merchant's side of a tap: a pure qPBOC kernel.

`dialogue(config, tap)` is a generator of command APDUs that is sent response APDUs and returns an `Outcome`; `run` drives it.
No I/O, no clock, no randomness, and no way to the ledger or the database.
"""

from tapwealth.terminal.config import Tap, TerminalConfig
from tapwealth.terminal.kernel import dialogue, run
from tapwealth.terminal.outcome import Ended, Ending, OnlineRequest, Outcome, TapReason

__all__ = ["Ended", "Ending", "OnlineRequest", "Outcome", "Tap", "TapReason", "TerminalConfig", "dialogue", "run"]
