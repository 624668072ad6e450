"""Under CI=true a test that is skipped fails the run, in whichever way it is skipped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SAMPLES = {
    "mark": "import pytest\n@pytest.mark.skip\ndef test_it(): pass\n",
    "call": "import pytest\ndef test_it(): pytest.skip('why')\n",
    "fixture": "import pytest\n@pytest.fixture\ndef it(): pytest.skip('why')\ndef test_it(it): pass\n",
    "module": "import pytest\npytest.skip('why', allow_module_level=True)\n",
    "missing": "import pytest\npytest.importorskip('no_such_package')\ndef test_it(): pass\n",
    "passes": "def test_it(): pass\n",
    "known_to_fail": "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False\n",
}


@pytest.mark.parametrize(("ci", "counted"), [("true", "1 failed, 1 passed, 1 xfailed, 4 errors"), ("", "1 passed, 5 skipped, 1 xfailed")])
def test_skips(tmp_path: Path, ci: str, counted: str) -> None:
    for name, content in SAMPLES.items():
        (tmp_path / f"test_{name}.py").write_text(content)
    options = ["-q", "-c", os.devnull, "--rootdir", str(tmp_path), "--continue-on-collection-errors", "-p", "conftest"]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, (TESTS, TESTS / "support"))),
        "CI": ci,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert counted in ran.stdout, ran.stdout + ran.stderr
    assert ran.returncode == (1 if ci else 0)
