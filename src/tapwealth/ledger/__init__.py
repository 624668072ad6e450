"""Accounts, transfers, journal entries, holds and the chain over them: one port, two implementations, one list of invariants."""
