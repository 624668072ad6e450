"""A secret that lies in a file of its own, closed to others: a passphrase, the PIN of a token."""

from pathlib import Path

from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import Outage


def first_line(path: Path, what: str) -> Masked:
    """The first line of the `what` file. Raises Outage when it cannot be read, is empty, or is open to others."""
    try:
        mode, text = path.stat().st_mode, path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Outage(f"cannot read the {what} file {path}: {said}; restore it, or name another") from None
    if mode & 0o077:
        raise Outage(f"the {what} file {path} is open to others (mode {mode & 0o777:04o}); run chmod 600 on it")
    line = text.partition("\n")[0].rstrip("\r")
    if not line:
        raise Outage(f"the {what} file {path} is empty; put the {what} into its first line")
    return Masked(line)
