"""The player when something does not come about: it waits for a bounded time, says so, plays on, and does not play it again."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Outage
from tapwealth.play import stage as stages
from tapwealth.play.cast import cast_of
from tapwealth.play.stage import Diary, Stage, WentOtherwise
from tapwealth.play.week import FIRST_DAY, Play, Scene, otherwise, play


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
async def stage(tmp_path: Path, said: list[str]) -> AsyncIterator[Stage]:
    """A stage whose clock is past the week, so that no scene has to move it."""
    with closing(Diary(tmp_path / "diary.jsonl")) as diary:
        async with Stage(cast_of(1), diary, tmp_path, {}, 0, "", lambda: None, said.append, now=shanghai(FIRST_DAY, 24)) as made:
            yield made


def shared(stage: Stage) -> Play:
    return Play(stage, FIRST_DAY, 1, b"", "", {}, [])


async def test_a_scene_that_does_not_come_about_is_noted_and_the_next_one_is_played(stage: Stage, said: list[str]) -> None:
    played: list[str] = []

    async def in_vain(_: Play) -> None:
        played.append("in vain")
        stage.patience = 1
        await stage.until("what never comes", _nothing)

    async def after(_: Play) -> str:
        played.append("after")
        return "done"

    scenes = [Scene(0, (9, 0, 0), "a wait", in_vain), Scene(0, (10, 0, 0), "the next", after)]
    assert await play(shared(stage), scenes, lambda *_: None)
    assert await play(shared(stage), scenes, lambda *_: None)
    assert played == ["in vain", "after"]
    assert said == ["a wait: waited 1 s in vain for what never comes; the play goes on"]
    assert otherwise(stage.diary) == ["a wait: waited 1 s in vain for what never comes"]
    assert stage.diary.notes["the next"] == "done"


async def _nothing() -> bool:
    return False


async def test_an_outage_ends_the_play_and_the_scene_is_played_again_later(stage: Stage) -> None:
    async def gone(_: Play) -> None:
        raise Outage("a process could not be kept alive")

    with pytest.raises(Outage, match="kept alive"):
        await play(shared(stage), [Scene(0, (9, 0, 0), "a scene", gone)], lambda *_: None)
    assert "a scene" not in stage.diary


@pytest.fixture
def unwell() -> Iterator[str]:
    """A server that is there and has an outage of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


async def test_who_answers_with_an_outage_does_not_end_the_play_and_who_does_not_answer_does(
    stage: Stage, unwell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "PATIENCE_SECONDS", 1)
    with pytest.raises(WentOtherwise, match="not answered within 1 s"):
        await stage.request("GET", unwell)
    with pytest.raises(Outage, match="not answered within 1 s") as nobody:
        await stage.request("GET", "http://127.0.0.1:1")
    assert not isinstance(nobody.value, WentOtherwise)
