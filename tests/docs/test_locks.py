"""The locks hold, and the check of the locks finds what is planted."""

import check_locks as locks

GOOD = "asyncpg==0.32.0 \\\n    --hash=sha256:" + "a" * 64 + "\n"


ELSEWHERE = "https://example.test"


def test_the_locks_hold() -> None:
    assert not locks.problems()


def test_a_lock_without_hash_or_with_a_host_is_found() -> None:
    assert not list(locks.malformed("run.lock", GOOD))
    assert list(locks.malformed("run.lock", "asyncpg==0.32.0\n"))
    assert list(locks.malformed("run.lock", "lxml==6.1.3 \\\n" + GOOD))
    assert list(locks.malformed("run.lock", f"--index-url {ELSEWHERE}\n" + GOOD))


def test_a_pin_that_differs_is_found() -> None:
    assert not list(locks.differing({"asyncpg": "0.32.0"}, locks.pins(GOOD), "run.lock"))
    assert list(locks.differing({"asyncpg": "0.31.0"}, locks.pins(GOOD), "run.lock"))
    assert list(locks.differing({"lxml": "6.1.3"}, locks.pins(GOOD), "run.lock"))


def test_a_dependency_that_no_lock_has_is_found() -> None:
    assert list(locks.unlocked('[project]\ndependencies = ["asyncpg", "left-pad>=1"]', locks.pins(GOOD))) == [
        "pyproject.toml: left-pad>=1 is in no lock: add it to requirements/run.in and run 'make lock'"
    ]


def test_an_installed_package_whose_needs_are_not_locked_is_found() -> None:
    assert any("starlette" in line for line in locks.unmet({"fastapi": "0.165.0"}))
