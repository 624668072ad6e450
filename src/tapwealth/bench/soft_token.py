"""A SoftHSM 2 token in a folder of its own: what a hardware module does, without its protection. For measurements and tests."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tapwealth.kernel.refusal import Outage
from tapwealth.storage.pkcs11_uri import TokenUri, read_token_uri

CONFIGURATION = "SOFTHSM2_CONF"
_PLACES = (
    "/usr/lib/softhsm",
    "/usr/lib/*/softhsm",
    "/usr/lib64/softhsm",
    "/usr/lib64/pkcs11",
    "/usr/local/lib/softhsm",
    "/opt/*/lib/softhsm",
)
_MISSING = "SoftHSM 2 is not installed; on Debian or Ubuntu run 'sudo apt-get install softhsm2'"
_PIN = "271828"


def module_path() -> Path:
    """SoftHSM's library. Raises Outage where there is none."""
    for place in _PLACES:
        for found in sorted(Path("/").glob(f"{place.lstrip('/')}/libsofthsm2.so")):
            return found
    raise Outage(_MISSING)


def configure(folder: Path) -> None:
    """Have SoftHSM keep its tokens in `folder`, in this process and those it starts. To be called before the library is first used."""
    (folder / "tokens").mkdir(mode=0o700, parents=True, exist_ok=True)
    written = folder / "softhsm2.conf"
    written.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n", "utf-8")
    os.environ[CONFIGURATION] = str(written)


@contextmanager
def configured(folder: Path) -> Iterator[None]:
    """The same for a while; then what was configured before."""
    before = os.environ.get(CONFIGURATION)
    configure(folder)
    try:
        yield
    finally:
        os.environ.pop(CONFIGURATION)
        if before is not None:
            os.environ[CONFIGURATION] = before


def make_token(folder: Path, label: str) -> TokenUri:
    """An empty token of that label, and its address with the PIN in a file. Raises Outage."""
    module, program = module_path(), shutil.which("softhsm2-util")
    if program is None:
        raise Outage(_MISSING)
    command = [program, "--init-token", "--free", "--label", label, "--so-pin", "31415926", "--pin", _PIN]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the system's own program
    if done.returncode:
        raise Outage(f"SoftHSM 2 could not make a token: {done.stderr.strip()}; see {os.environ.get(CONFIGURATION)}")
    pin = folder / f"{label}.pin"
    pin.touch(0o600)
    pin.write_text(f"{_PIN}\n", "ascii")
    return read_token_uri(f"pkcs11:token={label}?module-path={module}&pin-source=file:{pin}")
