"""The engine's client against engines that misbehave: only the request at fault fails, and nothing hangs or leaks."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_gitops.model import Rendered
from pytest_gitops.rendering import (
    BuildRequest,
    Renderer,
    RenderError,
    RendererUnavailableError,
    TreeError,
    create_renderer,
)
from pytest_gitops.rendering.engine import OVERRIDE, EngineRenderer

FakeEngine = Callable[[str], Path]
Start = Callable[..., EngineRenderer]


def run(renderer: Renderer, root: Path, paths: list[str]) -> dict[str, str]:
    """Build all paths at once; return for each the names rendered, or the error's code."""
    tree = renderer.open(root)
    for path in paths:
        renderer.submit(BuildRequest(tree, path))
    outcomes: dict[str, str] = {}
    while renderer.pending:
        done = renderer.next_done()
        outcome = done.outcome
        outcomes[done.request.path] = (
            ",".join(r.name for r in outcome) if isinstance(outcome, Rendered) else outcome.code
        )
    return outcomes


def error_of(renderer: Renderer, root: Path, path: str) -> RenderError:
    renderer.submit(BuildRequest(renderer.open(root), path))
    outcome = renderer.next_done().outcome
    assert isinstance(outcome, RenderError)
    return outcome


PATHS = [f"p{number}" for number in range(150)]
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
    monkeypatch.setattr("pytest_gitops.rendering.engine._GRACE", 0.3)
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
    monkeypatch.setattr("pytest_gitops.rendering.engine._MAX_LINE", 4 << 20)
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
    with pytest.raises(LookupError, match="no build is pending"):
        start(fake_engine("")).next_done()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "def hello(): say({'engine': '9', 'protocol': 2})",
            "the engine {path} speaks protocol 2, this pytest-gitops speaks 1: install both from the same release",
        ),
        (
            "def hello(): print('usage: other-program', flush=True)",
            "the engine {path} doesn't begin as an engine does: is it another program?\n",
        ),
        ("def hello(): sys.exit('no libc')", "the engine {path} ended with exit status 1\nno libc\n"),
    ],
)
def test_an_engine_that_is_none_is_refused_at_once(
    fake_engine: FakeEngine, start: Start, script: str, message: str
) -> None:
    path = fake_engine(script)
    with pytest.raises(RendererUnavailableError) as caught:
        start(path)
    said = str(caught.value)
    assert said.startswith(message.format(path=path))


def test_a_missing_or_unrunnable_engine_says_what_to_do(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remedy = "reinstall pytest-gitops, or use --gitops-engine=external with flux, kustomize or kubectl on PATH"
    monkeypatch.setenv(OVERRIDE, str(tmp_path / "none"))
    with pytest.raises(RendererUnavailableError) as caught:
        create_renderer("bundled")
    assert str(caught.value) == f"there is no engine at {tmp_path / 'none'}: {remedy}"
    (tmp_path / "text").write_text("no program")
    with pytest.raises(RendererUnavailableError) as caught:
        start(tmp_path / "text")
    assert str(caught.value) == f"the engine {tmp_path / 'text'} can't be run (Permission denied): {remedy}"


def test_an_unknown_name_lists_the_choices() -> None:
    with pytest.raises(RendererUnavailableError) as caught:
        create_renderer("helm")
    assert str(caught.value) == "unknown engine 'helm': choose one of auto, bundled, external"


def test_the_engine_sees_no_secret_of_the_environment(
    fake_engine: FakeEngine, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = fake_engine("""
        def build(request):
            reply(request, resources=[], placeholders=dict(os.environ))
    """)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hush@proxy")
    monkeypatch.setenv("GOGC", "400")
    seen = {}
    for remote in (False, True):
        renderer = start(engine)
        renderer.submit(BuildRequest(renderer.open(tmp_path, remote=remote), ""))
        outcome = renderer.next_done().outcome
        assert isinstance(outcome, Rendered)
        seen[remote] = outcome.placeholders
        assert "AWS_SECRET_ACCESS_KEY" not in outcome.placeholders
        assert outcome.placeholders["GOGC"] == "400"
    assert "HTTPS_PROXY" not in seen[False]
    assert seen[True]["HTTPS_PROXY"] == "http://user:hush@proxy"


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def children() -> str:
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_descriptor_and_no_process_is_left(fake_engine: FakeEngine, start: Start, tmp_path: Path) -> None:
    engine = fake_engine("""
        def build(request):
            sys.exit("broken")
    """)
    before, children_before = descriptors(), children()
    renderer = start(engine)
    run(renderer, tmp_path, PATHS[:20])
    renderer.close()
    renderer.close()
    assert (descriptors(), children()) == (before, children_before)
    forgotten = start(fake_engine(""))
    del forgotten
    gc.collect()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_uses_an_engine_of_its_own(fake_engine: FakeEngine, start: Start, tmp_path: Path) -> None:
    renderer = start(fake_engine(""))
    tree = renderer.open(tmp_path)
    renderer.submit(BuildRequest(tree, "before"))
    pid = os.fork()
    if pid == 0:
        try:
            outcome = renderer.next_done().outcome
            own = isinstance(outcome, Rendered) and outcome.resources[0].name == "before"
            renderer.close()
        finally:
            os._exit(0 if own else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    outcome = renderer.next_done().outcome
    assert isinstance(outcome, Rendered)
    assert outcome.reads == ("before",)


@pytest.mark.parametrize("forks", [False, True], ids=["alone", "a-fork-lives-on"])
def test_the_engine_ends_when_python_is_killed(fake_engine: FakeEngine, forks: bool) -> None:
    script = f"""
import os, sys, time
from pathlib import Path
from pytest_gitops.rendering.engine import EngineRenderer
from pytest_gitops.rendering.protocol import RendererSettings
renderer = EngineRenderer(RendererSettings(), Path(sys.argv[1]))
print(renderer._process.pid, flush=True)
if {forks} and os.fork() == 0:
    sys.stdout.close()
    time.sleep(20)
    os._exit(0)
time.sleep(60)
"""
    python = subprocess.Popen([sys.executable, "-c", script, str(fake_engine(""))], stdout=subprocess.PIPE)
    with python:
        assert python.stdout is not None
        engine = int(python.stdout.readline())
        time.sleep(0.3)
        python.send_signal(signal.SIGKILL)
    for _ in range(100):
        if not alive(engine):
            break
        time.sleep(0.05)
    assert not alive(engine)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
