"""What the partners' page shows is what the partners answer: its blocks are sent to the real processes, section by section, in order."""

import json
import re
from pathlib import Path

import pytest
from sandbox_partner import SandboxPartner, sandbox_partner

from tapwealth.sandbox.faults import Fault

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/partners.md").read_text()
BLOCK = re.compile(r"^```text\n(GET|POST) (\S+)\n(\{[^\n]*\}\n)?([0-9]{3}) (.*?)\n```$", re.MULTILINE | re.DOTALL)
SECTIONS = {match[1].lower(): match[2] for match in re.finditer(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)}


@pytest.mark.parametrize("name", ["identity", "biller", "insurer", "messenger"])
def test_the_blocks_of_a_section_are_answered_so(name: str, tmp_path: Path) -> None:
    blocks = BLOCK.findall(SECTIONS[name])
    assert len(blocks) == SECTIONS[name].count("```text") >= 5
    with sandbox_partner(name, tmp_path) as partner:
        for method, path, body, status, expected in blocks:
            assert (str(status), expected) == answer(partner, method, path, body, expected), f"{method} {path}"


def answer(partner: SandboxPartner, method: str, path: str, body: str, expected: str) -> tuple[str, str]:
    """Status and text; a JSON answer in the page's own spelling if it is the same value."""
    response = partner.http.request(method, path, content=body or None)
    encoding = "gbk" if "gbk" in response.headers["content-type"] else "utf-8"
    text = "\n".join(response.content.decode(encoding).splitlines())
    same = expected.startswith("{") and text.startswith("{") and json.loads(text) == json.loads(expected)
    return str(response.status_code), expected if same else text


def test_every_fault_is_explained() -> None:
    assert {fault for fault in Fault if f"| `{fault}` |" not in PAGE} == set()
