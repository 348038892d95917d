"""The engine as a process: it is one, it gets no secrets, and it ends whenever and however Python does."""

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
from answers import PATHS, run

from pytest_gitops.model import Rendered
from pytest_gitops.rendering import BuildRequest, RendererUnavailableError, create_renderer
from pytest_gitops.rendering.binary import OVERRIDE
from pytest_gitops.rendering.engine import EngineRenderer

FakeEngine = Callable[[str], Path]
Start = Callable[..., EngineRenderer]


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
    renderer = start(engine)
    renderer.submit(BuildRequest(renderer.open(tmp_path), ""))
    outcome = renderer.next_done().outcome
    assert isinstance(outcome, Rendered)
    assert outcome.placeholders is not None
    assert "AWS_SECRET_ACCESS_KEY" not in outcome.placeholders
    assert "HTTPS_PROXY" not in outcome.placeholders
    assert outcome.placeholders["GOGC"] == "400"


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
print(renderer._engine.process.pid, flush=True)
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
