"""Administrative regions (GB/T 2260): which codes there are, and whether what is sold in one is sold to somebody in another."""

import re

from stdnum import numdb

from tapwealth.kernel.refusal import BadInput


def name_of(code: str) -> str | None:
    """Of 2, 4 or 6 digits; None for a code that nothing has. Empty: the whole country."""
    if not code:
        return "全国"
    if not re.fullmatch(r"[0-9]{2}(?:[0-9]{2}){0,2}", code, re.ASCII):
        return None
    found = numdb.get("cn/loc").info(code.ljust(6, "0"))
    province = found[0][1].get("province")
    if not province or len(code.removesuffix("0000")) == 2:
        return province
    county = found[1][1].get("county") if len(found) > 1 else None
    return f"{province}{county}" if county else None


def read_region(code: str, where: str = "region") -> str:
    """A code as it is kept: no more digits than it says something with. Raises BadInput for one that nothing has."""
    if name_of(code) is None:
        hint = "give a code of GB/T 2260 like 11 (Beijing) or 310000 (Shanghai), or leave it out for the whole country"
        raise BadInput(f"there is no region {code[:20]!r}", where=where, hint=hint)
    while code.endswith("00"):
        code = code[:-2]
    return code


def reaches(region: str, wanted: str) -> bool:
    """Whether what serves a region serves the wanted one, or a part of it. Both as `read_region` gives them."""
    return wanted.startswith(region) or region.startswith(wanted)
