"""Kind clusters: that each goes with its run, however that ends, and what the example's own tests say of one."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from kind_clusters import TOOLS, command_line

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.api import Api
from pytest_gitops.live.hermetic.cluster import ControlPlane
from pytest_gitops.live.hermetic.programs import Programs
from pytest_gitops.live.kind.engine import Engine, find_engine, gateways
from pytest_gitops.live.kind.lifetime import Lifetime
from pytest_gitops.live.kind.provider import KindProvider
from pytest_gitops.live.provider import Wish
from pytest_gitops.live.waiting import until
from pytest_gitops.live_options import LiveOptions
from pytest_gitops.model import Cluster

# Stands for kind where only the life of a cluster matters: it notes what it is asked for.
NOTING = """\
#!/bin/sh
echo "$1 $4" >> {noted}
case "$1" in create) {create};; esac
"""
STARTER = """
import sys, time
from pytest_gitops.live.hermetic.cluster import ControlPlane
from pytest_gitops.live.hermetic.programs import Programs
from pytest_gitops.live.kind.engine import Engine
from pytest_gitops.live.kind.lifetime import Lifetime
lifetime = Lifetime(Engine("docker", "/bin/true", sys.argv[1]), None, "")
print(lifetime._process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep records of these tests to themselves: a sweep is of the directory for temporary files."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)


class Noted:
    """A program in kind's place, and what it was asked for."""

    def __init__(self, directory: Path, create: str = "exit 0") -> None:
        self._notes = directory / "notes"
        self.program = directory / "kind"
        self.program.write_text(NOTING.format(noted=self._notes, create=create))
        self.program.chmod(0o755)
        self.engine = Engine("docker", "/bin/true", str(self.program))

    @property
    def made(self) -> list[str]:
        return self._names("create")

    @property
    def deleted(self) -> list[str]:
        return self._names("delete")

    def _names(self, verb: str) -> list[str]:
        lines = self._notes.read_text().splitlines() if self._notes.exists() else []
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{verb} ")]


def records(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "temporary").glob("gitops-kind-*"))


def is_locked(path: Path) -> bool:
    with path.open("r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def start(noted: Noted) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", STARTER, str(noted.program)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)


def end(process: subprocess.Popen[str], how: signal.Signals = signal.SIGKILL) -> None:
    process.send_signal(how)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_cluster_ends_with_its_run(tmp_path: Path) -> None:
    noted = Noted(tmp_path)
    lifetime = Lifetime(noted.engine, None, "")
    assert records(tmp_path) == [f"{lifetime.name}.lock"]

    lifetime.close()
    lifetime.close()

    assert (noted.made, noted.deleted) == ([lifetime.name], [lifetime.name])
    assert records(tmp_path) == []


def test_two_clusters_have_names_of_their_own(tmp_path: Path) -> None:
    noted = Noted(tmp_path)
    with closing(Lifetime(noted.engine, None, "")) as one, closing(Lifetime(noted.engine, None, "")) as two:
        assert one.name != two.name
        assert noted.deleted == []


def test_a_cluster_that_is_kept_is_deleted_by_nobody(tmp_path: Path) -> None:
    noted = Noted(tmp_path)
    Lifetime(noted.engine, None, "", keep=True).close()
    Lifetime(noted.engine, None, "", keep=True).close()

    assert len(noted.made) == 2
    assert noted.deleted == []


def test_a_cluster_whose_run_is_killed_is_deleted(tmp_path: Path) -> None:
    noted = Noted(tmp_path)
    run = start(noted)
    assert run.stdout is not None
    run.stdout.readline()

    end(run)

    assert until(lambda: noted.deleted == noted.made, 10)
    assert until(lambda: records(tmp_path) == [], 10)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=["killed", "terminated", "Ctrl-C"])
def test_one_that_is_being_made_when_its_run_ends_is_deleted(tmp_path: Path, how: signal.Signals) -> None:
    noted = Noted(tmp_path, create="sleep 600")
    run = start(noted)
    assert until(lambda: len(noted.made) == 1, 10)

    end(run, how)

    assert until(lambda: noted.deleted == noted.made, 10)


def test_what_a_run_leaves_that_was_killed_with_its_supervisor_is_deleted_by_the_next(tmp_path: Path) -> None:
    noted = Noted(tmp_path)
    run = start(noted)
    assert run.stdout is not None
    supervisor = int(run.stdout.readline())
    os.kill(supervisor, signal.SIGKILL)
    end(run)
    (left,) = noted.made
    assert noted.deleted == []
    # A process that is killed holds its lock until the kernel comes to end it.
    assert until(lambda: not is_locked(tmp_path / "temporary" / f"{left}.lock"), 10)

    with closing(Lifetime(noted.engine, None, "")) as lifetime:
        assert noted.deleted == [left]
        assert records(tmp_path) == [f"{lifetime.name}.lock"]


def test_what_is_another_daemon_s_or_somebody_s_is_left_alone(tmp_path: Path) -> None:
    noted = Noted(tmp_path)
    others = tmp_path / "temporary"
    for name, text in {
        "gitops-kind-0123abcd.lock": json.dumps({"DOCKER_HOST": "tcp://elsewhere"}),
        "gitops-kind-4567abcd.lock": "no record",
        "gitops-kind-mine.lock": "{}",
    }.items():
        (others / name).write_text(text)

    Lifetime(noted.engine, None, "").close()

    assert noted.deleted == noted.made
    assert len(records(tmp_path)) == 3


def test_what_kind_says_of_a_failure_is_told(tmp_path: Path) -> None:
    noted = Noted(tmp_path, create='echo "Creating cluster"; echo "ERROR: failed to create cluster: no space"; exit 1')

    with pytest.raises(LiveError) as raised:
        Lifetime(noted.engine, None, "")

    assert str(raised.value) == "kind could not make a cluster: failed to create cluster: no space"
    assert noted.deleted == noted.made


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ('[{"IPAM": {"Config": [{"Subnet": "fc00::/64"}, {"Gateway": "172.18.0.1"}]}}]', ["172.18.0.1"]),
        ('[{"subnets": [{"subnet": "10.89.0.0/24", "gateway": "10.89.0.1"}, {"gateway": "fc00::1"}]}]', ["10.89.0.1"]),
        ('[{"IPAM": {"Config": null}}]', []),
    ],
    ids=["docker", "podman", "none"],
)
def test_the_gateway_is_read_of_what_an_engine_says_of_its_network(text: str, addresses: list[str]) -> None:
    assert gateways(text) == addresses


# kind noted, Docker noted, and an API server that answers for the cluster that kind would have made


class Played:
    """Programs on PATH that play kind and Docker, and what they were asked for."""

    def __init__(self, directory: Path, kubeconfig: Path) -> None:
        self.notes = directory / "asked"
        create = f'[ "$1" = create ] || exit 0; cat "$6" >> {self.notes}; cp {kubeconfig} "$8"'
        scripts = {
            "kind": create,
            "docker": """[ "$1" = network ] && echo '[{"IPAM": {"Config": [{"Gateway": "127.0.0.1"}]}}]'""",
        }
        for name, script in scripts.items():
            program = directory / name
            program.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.notes}\n{script}\nexit 0\n')
            program.chmod(0o755)

    def asked(self, what: str) -> list[str]:
        return [line for line in self.notes.read_text().splitlines() if line.startswith(what)]


@pytest.fixture(scope="module")
def server(programs: Programs) -> Iterator[ControlPlane]:
    with closing(ControlPlane(programs, "played")) as cluster:
        yield cluster


@pytest.fixture
def played(server: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    directory = tmp_path / "programs"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory), prepend=os.pathsep)
    monkeypatch.delenv("KIND_EXPERIMENTAL_PROVIDER", raising=False)
    return Played(directory, server.access.kubeconfig)


def demo(version: str) -> Cluster:
    """Return a cluster of a fleet that is declared to run a version of Kubernetes."""
    return Cluster("demo", "clusters/demo", None, (), settings={"kubernetes_version": version})


def test_images_are_loaded_as_what_they_are(played: Played, server: ControlPlane) -> None:
    options = LiveOptions("kind", kind_load=("web:1", "/images/one.tar", "db:2", "/images/two.tar.gz"))

    with closing(KindProvider(options).start(Wish(workloads=True))) as running:
        (name,) = [line.split()[4] for line in played.asked("kind create ")]
        version = Api(server.access.kubeconfig).version
        assert running.description == f"kind cluster {name} (Kubernetes {version}, docker)"
        assert running.host == "127.0.0.1"

    assert played.asked("docker image inspect ") == ["docker image inspect web:1", "docker image inspect db:2"]
    assert played.asked("kind load ") == [
        f"kind load image-archive /images/one.tar --name {name}",
        f"kind load image-archive /images/two.tar.gz --name {name}",
        f"kind load docker-image web:1 db:2 --name {name}",
    ]
    assert played.asked("kind delete ")[0].startswith(f"kind delete cluster --name {name} ")


def test_for_an_api_server_alone_nothing_is_loaded(played: Played) -> None:
    KindProvider(LiveOptions("kind", kind_load=("web:1",))).start(Wish()).close()

    assert played.asked("docker image ") == played.asked("kind load ") == []


@pytest.mark.parametrize(
    ("image", "is_turned_on"),
    [
        ("kindest/node:v1.34.2", True),
        ("kindest/node:v1.35.0@sha256:0123", True),
        ("kindest/node:v1.36.3", False),
        ("localhost:5000/node", False),
        (None, False),
    ],
)
def test_policies_are_turned_on_where_they_are_off(played: Played, image: str | None, is_turned_on: bool) -> None:
    KindProvider(LiveOptions("kind", kind_image=image)).start(Wish()).close()

    assert bool(played.asked("  admissionregistration.k8s.io/v1beta1: 'true'")) == is_turned_on
    assert bool(played.asked("  MutatingAdmissionPolicy: true")) == is_turned_on


def test_kind_s_own_image_has_to_be_of_the_declared_version(played: Played, server: ControlPlane) -> None:
    version = Api(server.access.kubeconfig).version

    with pytest.raises(LiveError) as raised:
        KindProvider(LiveOptions("kind")).start(Wish(cluster=demo("1.30")))

    assert str(raised.value) == (
        f"the cluster is declared to run Kubernetes 1.30, and kind's own node image has {version}: "
        "name one of that version with --gitops-kind-image"
    )
    assert len(played.asked("kind delete ")) == 1
    KindProvider(LiveOptions("kind")).start(Wish(cluster=demo(version.rpartition(".")[0]))).close()
    KindProvider(LiveOptions("kind", kind_image="any")).start(Wish(cluster=demo("1.30"))).close()


# With kind and a container engine


@pytest.fixture
def kept(kind_options: LiveOptions) -> Iterator[tuple[Engine, str]]:
    """A cluster that a run has kept: the engine, and its name."""
    engine = find_engine()
    lifetime = Lifetime(
        engine, kind_options.kind_image, "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n", keep=True
    )
    lifetime.close()
    yield engine, lifetime.name
    engine.run_kind("delete", "cluster", "--name", lifetime.name)


@pytest.mark.kind
def test_a_kept_cluster_answers_after_its_run(kept: tuple[Engine, str], tmp_path: Path) -> None:
    engine, name = kept
    kubeconfig = tmp_path / "kubeconfig"

    engine.run_kind("export", "kubeconfig", "--name", name, "--kubeconfig", str(kubeconfig))

    assert name in engine.run_kind("get", "clusters").split()
    assert Api(kubeconfig).version.startswith("v1.")


@pytest.mark.kind
def test_a_node_image_that_can_t_be_had_is_told(kind_options: LiveOptions) -> None:
    with pytest.raises(LiveError) as raised:
        KindProvider(LiveOptions("kind", kind_image="pytest-gitops.invalid/node:v1.36.3")).start(Wish())

    assert str(raised.value).startswith(
        "the node image pytest-gitops.invalid/node:v1.36.3 can't be had; name one that is here with "
        "--gitops-kind-image:\nfailed to create cluster: "
    )


@pytest.mark.kind
def test_the_example_s_own_exercises_pass(
    kind_options: LiveOptions, example: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repository holds its Flux, as ``flux bootstrap`` would have written it."""
    root = shutil.copytree(example, pytester.path / "fleet-infra")
    shutil.copy(TOOLS / "flux-install.yaml", root / "clusters/staging/flux-system/gotk-components.yaml")
    monkeypatch.chdir(root)
    options = command_line(replace(kind_options, flux_install=None))

    result = pytester.runpytest_inprocess(
        f"--rootdir={root}", "--gitops-repo=.", *options, "-p", "no:cacheprovider", "tests"
    )

    result.assert_outcomes(passed=3)
