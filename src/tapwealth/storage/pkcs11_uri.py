"""Which token, in which module, with which PIN: PKCS#11 URIs (RFC 7512), as much of them as a key store needs.

`pkcs11:token=LABEL;serial=NUMBER?module-path=/path/module.so&pin-source=file:/path`. `serial` may be missing. Without `pin-source` the PIN
is the environment's `TAPWEALTH_PKCS11_PIN`, or is asked for at the terminal. A PIN in the URI is refused: others could read it there.
"""

import getpass
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.storage.secret_file import first_line

SCHEME = "pkcs11:"
PIN = "TAPWEALTH_PKCS11_PIN"
_PATH, _QUERY = {"token", "serial"}, {"module-path", "pin-source"}
_SHAPE = "write pkcs11:token=LABEL?module-path=/path/of/module.so&pin-source=file:/path/of/pin"


@dataclass(frozen=True, slots=True)
class TokenUri:
    """A token by its label and, if two have one label, its serial number; `text` is the URI as it was given."""

    text: str
    token: str
    serial: str
    module: Path
    pin_file: Path | None

    def pin(self) -> Masked | None:
        """From the file, or else the environment. Raises Outage for a file that cannot be read."""
        if self.pin_file is not None:
            return first_line(self.pin_file, "PIN")
        return Masked(os.environ[PIN]) if os.environ.get(PIN) else None

    def asked_pin(self) -> Masked:
        """What whoever sits at the terminal says. Raises Outage where there is none."""
        if not sys.stdin.isatty():
            raise Outage(f"the PIN of the token {self.token!r} is not given; name a file by pin-source=file:/path, or set {PIN}")
        return Masked(getpass.getpass(f"PIN of the token {self.token}: "))


def read_token_uri(text: str) -> TokenUri:
    """Raises BadInput, in one line that repeats no PIN."""
    if not text.startswith(SCHEME):
        raise BadInput("this is no PKCS#11 URI", where="--keys", hint=_SHAPE)
    path, _, query = text.removeprefix(SCHEME).partition("?")
    fields = {**_attributes(path, ";", _PATH), **_attributes(query, "&", _QUERY)}
    for needed in ("token", "module-path"):
        if not fields.get(needed):
            raise BadInput(f"{needed} is missing", where="--keys", hint=_SHAPE)
    module, source = Path(fields["module-path"]), fields.get("pin-source")
    if not module.is_absolute():
        raise BadInput("module-path is not absolute", where="--keys", hint=_SHAPE)
    if source is not None and not source.startswith("file:/"):
        raise BadInput("pin-source is not a file", where="--keys", hint="write pin-source=file:/path/of/pin")
    pin_file = None if source is None else Path("/" + source.removeprefix("file:").lstrip("/"))
    return TokenUri(text, fields["token"], fields.get("serial", ""), module, pin_file)


def _attributes(text: str, separator: str, known: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in (part for part in text.split(separator) if part):
        name, equals, value = part.partition("=")
        if name == "pin-value":
            raise BadInput("a PIN in the URI can be read by others", where="--keys", hint="put it into a file: pin-source=file:/the/file")
        if name not in known or not equals or name in found:
            raise BadInput(f"{name[:40]!r} is unknown, empty or there twice", where="--keys", hint=_SHAPE)
        try:
            found[name] = unquote(value, errors="strict")
        except UnicodeDecodeError:
            raise BadInput(f"{name} is not UTF-8", where="--keys", hint=_SHAPE) from None
        if not found[name].isprintable():
            raise BadInput(f"{name} has control characters", where="--keys", hint=_SHAPE)
    return found
