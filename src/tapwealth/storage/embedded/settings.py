"""The server's settings, each with its reason. Written anew at every start; what stands in the cluster's own postgresql.conf wins."""

from collections.abc import Mapping
from pathlib import Path

SETTINGS: Mapping[str, tuple[str, str]] = {
    "listen_addresses": ("", "no TCP: only this machine, over a Unix socket"),
    "unix_socket_permissions": ("0700", "and only the server's user and root"),
    "max_connections": ("64", "writers and edges of a few processes; each open connection costs memory"),
    "timezone": ("UTC", "instants are shown and stored in one zone"),
    "log_timezone": ("UTC", "as above"),
    "fsync": ("on", "what was acknowledged survives a power cut"),
    "synchronous_commit": ("on", "as above"),
    "full_page_writes": ("on", "a torn page is repaired after a power cut"),
    "shared_buffers": ("512MB", "the hot part of balances, open holds and indexes of a few million accounts"),
    "effective_cache_size": ("12GB", "half of a 24 GiB machine is file cache"),
    "work_mem": ("32MB", "sorts of one batch stay in memory"),
    "maintenance_work_mem": ("512MB", "index builds and vacuum of the history"),
    "wal_compression": ("off", "the wheel has only pglz, which takes a core longer for a page than any disk takes to write it"),
    "wal_buffers": ("16MB", "a whole group commit fits"),
    "min_wal_size": ("1GB", "log files are recycled, not made anew"),
    "max_wal_size": ("4GB", "checkpoints come by time, not by volume, at some tens of thousands of entries a second"),
    "checkpoint_timeout": ("15min", "fewer full page images; recovery reads at most this much log"),
    "checkpoint_completion_target": ("0.9", "a checkpoint's writes are spread and do not stall commits"),
    "random_page_cost": ("1.1", "the disk has no arm"),
    "jit": ("off", "statements are short; compiling them costs more than it saves"),
    "max_parallel_workers_per_gather": ("0", "two cores belong to the two writers"),
    "autovacuum_vacuum_cost_limit": ("1000", "dead versions of hot balances are gone before their pages grow"),
    "autovacuum_naptime": ("15s", "as above"),
    "idle_in_transaction_session_timeout": ("60s", "a hung program does not keep a book locked for ever"),
    "log_checkpoints": ("off", "the log is read by people, for faults"),
    "log_min_messages": ("warning", "as above"),
    "logging_collector": ("off", "standard error goes to a file of the program's choosing"),
}

SMALL_MEMORY = {"shared_buffers": "64MB"}
"""Tried once more with this when the machine refuses the shared memory asked for."""


def write(path: Path) -> None:
    """Write the table as a configuration file."""
    path.write_text("".join(f"{name} = '{value}'  # {reason}\n" for name, (value, reason) in SETTINGS.items()), "utf-8")
    path.chmod(0o644)


def arguments(overrides: Mapping[str, str]) -> list[str]:
    """Command line arguments that win over every file."""
    return [part for name, value in overrides.items() for part in ("-c", f"{name}={value}")]
