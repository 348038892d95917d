"""The engine's client against engines that misbehave: only the request at fault fails, and nothing hangs or leaks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from answers import PATHS, error_of, run

from pytest_gitops.model import Rendered
from pytest_gitops.rendering import (
    BuildRequest,
    TreeError,
)
from pytest_gitops.rendering.engine import EngineRenderer

FakeEngine = Callable[[str], Path]
Start = Callable[..., EngineRenderer]


ALL_WELL = {path: path for path in PATHS}


def test_more_builds_than_fit_at_once_all_come_back(fake_engine: FakeEngine, start: Start, tmp_path: Path) -> None:
    assert run(start(fake_engine("")), tmp_path, PATHS) == ALL_WELL


def test_replies_out_of_order_reach_their_requests(fake_engine: FakeEngine, start: Start, tmp_path: Path) -> None:
    engine = fake_engine("""
        held = []
        def build(request):
            held.append(request)
            if len(held) == 5:
                while held:
                    rendered(held.pop())
    """)
    assert run(start(engine), tmp_path, PATHS) == ALL_WELL


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "the engine was killed by SIGKILL"),
        ("sys.exit(3)", "the engine ended with exit status 3"),
        ("sys.exit('one\\n\\ntwo')", "the engine ended with exit status 1\none\ntwo"),
        (
            "sys.exit('fatal error: stack overflow\\n' + 'goroutine\\n' * 9999)",
            "the engine ended with exit status 1\nfatal error: stack overflow",
        ),
        ("print('garbage', flush=True)", "the engine wrote something that is no reply"),
        ("say({'id': None, 'error': {'code': 'protocol'}})", "the engine answered a request that nobody made"),
        ("os.close(1); time.sleep(60)", "the engine closed its output"),
        ("say([])", "the engine wrote something that is no reply"),
        ("print('[' * 100000, flush=True)", "the engine wrote something that is no reply"),
    ],
)
def test_only_the_build_that_kills_the_engine_fails(
    fake_engine: FakeEngine, start: Start, tmp_path: Path, end: str, said: str
) -> None:
    engine = fake_engine(f"""
        def build(request):
            if request["params"]["path"] == "p77":
                {end}
            else:
                rendered(request)
    """)
    assert run(start(engine), tmp_path, PATHS) == ALL_WELL | {"p77": "crash"}
    error = error_of(start(engine), tmp_path, "p77")
    assert (error.code, error.message) == ("crash", said)
    assert error.remedy is not None


def test_an_engine_killed_from_outside_costs_no_result(fake_engine: FakeEngine, start: Start, tmp_path: Path) -> None:
    marker = tmp_path / "killed"
    engine = fake_engine(f"""
        def build(request):
            if request["params"]["path"] == "p40" and not os.path.exists({str(marker)!r}):
                open({str(marker)!r}, "w").close()
                os.kill(os.getpid(), signal.SIGKILL)
            rendered(request)
    """)
    assert run(start(engine), tmp_path, PATHS) == ALL_WELL
    assert marker.exists()


def test_a_hanging_build_fails_alone(
    fake_engine: FakeEngine, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_gitops.rendering.client._GRACE", 0.3)
    engine = fake_engine("""
        def build(request):
            if request["params"]["path"] == "p3":
                time.sleep(60)
            rendered(request)
    """)
    renderer = start(engine, deadline=0.2)
    assert run(renderer, tmp_path, PATHS[:9]) == {path: path for path in PATHS[:9]} | {"p3": "crash"}
    assert error_of(renderer, tmp_path, "p3").message == "the engine gave no answer for 0.5 s"


def test_an_endless_answer_is_cut_off(
    fake_engine: FakeEngine, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_gitops.rendering.binary._MAX_LINE", 4 << 20)
    engine = fake_engine("""
        def build(request):
            while request["params"]["path"] == "p3":
                sys.stdout.write("x" * 65536)
            rendered(request)
    """)
    renderer = start(engine)
    assert run(renderer, tmp_path, PATHS[:9]) == {path: path for path in PATHS[:9]} | {"p3": "crash"}
    assert error_of(renderer, tmp_path, "p3").message == "the engine answered with more than 4 MiB"


@pytest.mark.skipif(sys.platform != "linux", reason="the bound is Linux's")
def test_a_build_that_needs_too_much_memory_fails_alone(fake_engine: FakeEngine, start: Start, tmp_path: Path) -> None:
    engine = fake_engine("""
        def build(request):
            if request["params"]["path"] == "p3":
                try:
                    bytearray(2 << 30)
                except MemoryError:
                    sys.exit("fatal error: runtime: out of memory")
            rendered(request)
    """)
    renderer = start(engine)
    assert run(renderer, tmp_path, PATHS[:9]) == {path: path for path in PATHS[:9]} | {"p3": "limit"}
    assert (
        error_of(renderer, tmp_path, "p3").message
        == "the engine ended with exit status 1\nfatal error: runtime: out of memory"
    )


def test_both_sides_may_write_more_than_a_pipe_holds(fake_engine: FakeEngine, start: Start, tmp_path: Path) -> None:
    engine = fake_engine("""
        def build(request):
            sys.stderr.write("log " * 100000)
            reply(request, resources=[], placeholders={"X": request["params"]["kustomization"]["x"]})
    """)
    renderer = start(engine)
    tree = renderer.open(tmp_path)
    for number in range(30):
        renderer.submit(BuildRequest(tree, "", {"x": "x" * (100_000 + number)}))
    lengths = []
    while renderer.pending:
        outcome = renderer.next_done().outcome
        assert isinstance(outcome, Rendered)
        lengths.append(len(outcome.placeholders["X"]))
    assert sorted(lengths) == [100_000 + number for number in range(30)]


def test_an_engine_that_always_dies_is_not_started_for_ever(
    fake_engine: FakeEngine, start: Start, tmp_path: Path
) -> None:
    starts = tmp_path / "starts"
    engine = fake_engine(f"""
        with open({str(starts)!r}, "a") as file:
            file.write("x")
        def build(request):
            sys.exit("broken")
    """)
    renderer = start(engine)
    assert run(renderer, tmp_path, PATHS) == dict.fromkeys(PATHS, "crash")
    assert len(starts.read_text()) == 17
    with pytest.raises(TreeError) as caught:
        renderer.open(tmp_path)
    message = "the engine died 17 times and was not started again; it ended with exit status 1\nbroken"
    assert caught.value.error.message == message


def test_an_engine_that_vanishes_fails_what_is_left(fake_engine: FakeEngine, start: Start, tmp_path: Path) -> None:
    engine = fake_engine("""
        def build(request):
            os.unlink(__file__)
            sys.exit("gone")
    """)
    error = error_of(start(engine), tmp_path, "p")
    assert error.code == "crash"
    assert error.message.startswith(f"the engine died and can't be started again: there is no engine at {engine}")


def test_an_answer_with_a_part_missing_fails_its_build_only(
    fake_engine: FakeEngine, start: Start, tmp_path: Path
) -> None:
    engine = fake_engine("""
        def build(request):
            if request["params"]["path"] == "p1":
                reply(request, resources=[{"kind": "ConfigMap"}])
            else:
                rendered(request)
    """)
    assert run(start(engine), tmp_path, PATHS[:3]) == {"p0": "p0", "p1": "protocol", "p2": "p2"}


def test_a_request_that_json_cannot_hold_fails_alone(fake_engine: FakeEngine, start: Start, tmp_path: Path) -> None:
    renderer = start(fake_engine(""))
    tree = renderer.open(tmp_path)
    renderer.submit(BuildRequest(tree, "a", {"spec": {"x": float("nan")}}))
    renderer.submit(BuildRequest(tree, "b", {"spec": {"x": {1, 2}}}))
    renderer.submit(BuildRequest(tree, "c"))
    codes = {}
    while renderer.pending:
        done = renderer.next_done()
        codes[done.request.path] = getattr(done.outcome, "code", "rendered")
    assert codes == {"a": "protocol", "b": "protocol", "c": "rendered"}


def test_nothing_pending_is_said(fake_engine: FakeEngine, start: Start) -> None:
    with pytest.raises(LookupError, match="no request is pending"):
        start(fake_engine("")).next_done()
