"""SoftHSM 2 tokens for tests, in a folder of the process; without SoftHSM the test is skipped, which CI counts as a failure."""

import ctypes
import os
import shutil
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

import pkcs11
import pytest

from tapwealth.bench import soft_token
from tapwealth.kernel.refusal import Outage
from tapwealth.storage.pkcs11_uri import TokenUri

_numbers = count(1)


@cache
def _folder() -> Path:
    """SoftHSM reads its configuration once in a process."""
    folder = Path(tempfile.mkdtemp(prefix="tapwealth-tokens-"))
    soft_token.configure(folder)
    return folder


def require() -> None:
    """Skips the test where there is no SoftHSM."""
    try:
        soft_token.module_path()
    except Outage as missing:
        pytest.skip(str(missing))


def new_token() -> TokenUri:
    """A fresh one, empty."""
    require()
    return soft_token.make_token(_folder(), f"test-{os.getpid()}-{next(_numbers)}")


def remove(uri: TokenUri) -> Path:
    """Pull the token out: all that SoftHSM has of any; where it lies until it is put back."""
    tokens = _folder() / "tokens"
    gone = tokens.rename(tokens.with_name(f"gone-{next(_numbers)}"))
    tokens.mkdir(mode=0o700)
    return gone


def put_back(gone: Path) -> None:
    tokens = _folder() / "tokens"
    shutil.rmtree(tokens)
    gone.rename(tokens)


def lose_sessions(uri: TokenUri) -> None:
    """What a module does that was restarted: every session of the token ends behind the library's back (C_CloseAllSessions)."""
    slot = pkcs11.lib(str(uri.module)).get_token(token_label=uri.token).slot.slot_id
    assert ctypes.CDLL(str(uri.module)).C_CloseAllSessions(ctypes.c_ulong(slot)) == 0
