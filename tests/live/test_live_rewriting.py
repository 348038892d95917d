"""What a real API server makes of the harness' own policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from pytest_gitops.live.api import Api, ApiError, Kind
from pytest_gitops.live.hermetic import control_plane as flags
from pytest_gitops.live.hermetic.cluster import ControlPlane
from pytest_gitops.live.hermetic.programs import Programs
from pytest_gitops.live.kind.images import BrokenImages
from pytest_gitops.live.rewriting import GROUP, deadline_policy, image_policy, in_version
from pytest_gitops.live.waiting import until
from pytest_gitops.model import JsonObject

PODS = Kind("v1", "Pod", "pods", True)
DEPLOYMENTS = Kind("apps/v1", "Deployment", "deployments", True)
ACCOUNTS = Kind("v1", "ServiceAccount", "serviceaccounts", True)
WEB, DB = "example.com/web:1", "example.com/db"


@pytest.fixture(scope="module", params=["v1", "v1beta1"])
def version(request: pytest.FixtureRequest) -> str:
    """The versions in which API servers take such policies."""
    return str(request.param)


@pytest.fixture(scope="module")
def server(programs: Programs) -> Iterator[Api]:
    """An API server that takes policies in both versions."""
    with pytest.MonkeyPatch.context() as patch:
        arguments: Callable[..., list[str]] = flags.api_server
        beta = f"--runtime-config={GROUP}/v1beta1=true"
        patch.setattr(flags, "api_server", lambda *given: [*arguments(*given), beta])
        with closing(ControlPlane(programs, "test")) as cluster:
            api = Api(cluster.access.kubeconfig)
            metadata = {"name": "default", "namespace": "default"}
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
            api.apply(ACCOUNTS, account, manager="test")
            yield api


@pytest.fixture
def api(server: Api, version: str) -> Api:
    """The API server with policies that break one tag of one image, and all of another."""
    for obj in in_version([*image_policy([WEB, DB]), *deadline_policy(3, [WEB, DB])], version):
        plural = "mutatingadmissionpolicybindings" if "Binding" in obj["kind"] else "mutatingadmissionpolicies"
        server.apply(Kind(obj["apiVersion"], obj["kind"], plural, False), obj, manager="test", force=True)
    assert until(lambda: images(server, [WEB])[0] != WEB and deadline(server, WEB) == 3, 30)
    return server


def pod(containers: list[str], first: list[str]) -> JsonObject:
    spec: JsonObject = {"containers": [{"name": f"c{n}", "image": image} for n, image in enumerate(containers)]}
    if first:
        spec["initContainers"] = [{"name": f"i{n}", "image": image} for n, image in enumerate(first)]
    return spec


def images(api: Api, containers: list[str], first: list[str] | None = None) -> list[str]:
    """Return the images that a new pod's containers, and those it starts with, are given."""
    metadata = {"name": "web", "namespace": "default"}
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod(containers, first or [])}
    spec = api.apply(PODS, obj, manager="test", dry_run=True)["spec"]
    return [each["image"] for name in ("containers", "initContainers") for each in spec.get(name) or ()]


def deadline(api: Api, image: str, **spec: int) -> int:
    """Return the seconds after which a Deployment's rollout has failed."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod([image], [])}
    obj = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }
    return int(api.apply(DEPLOYMENTS, obj, manager="test", dry_run=True)["spec"]["progressDeadlineSeconds"])


@pytest.mark.parametrize(
    ("containers", "first", "given"),
    [
        ([WEB], [], ["pytest-gitops.invalid/example.com/web:1"]),
        (["example.com/web:2", "example.com/web"], [], ["example.com/web:2", "example.com/web"]),
        (
            ["example.com/db", "example.com/db:5"],
            [],
            [f"pytest-gitops.invalid/example.com/db{tag}" for tag in ("", ":5")],
        ),
        (["example.com/dbase:1"], [], ["example.com/dbase:1"]),
        (
            ["nginx", WEB],
            ["busybox", DB],
            ["nginx", f"pytest-gitops.invalid/{WEB}", "busybox", f"pytest-gitops.invalid/{DB}"],
        ),
        (["nginx"], [DB], ["nginx", f"pytest-gitops.invalid/{DB}"]),
    ],
)
def test_only_broken_images_are_renamed(api: Api, containers: list[str], first: list[str], given: list[str]) -> None:
    assert images(api, containers, first) == given


def test_only_rollouts_with_broken_images_are_given_up_early(api: Api) -> None:
    assert deadline(api, WEB) == 3
    assert deadline(api, "nginx") == 600
    # The API server refuses a deadline that isn't longer than a pod has to be ready for.
    assert deadline(api, WEB, minReadySeconds=30) == 33
    with pytest.raises(ApiError, match="must be greater than minReadySeconds"):
        deadline(api, "nginx", minReadySeconds=600)


def test_images_are_broken_and_mended_one_by_one(server: Api) -> None:
    """Pods that are there already get their own images back."""
    api, broken = server, BrokenImages(server)
    try:
        broken.set([DB, f"{DB}:1"])
        metadata = {"name": "db", "namespace": "default"}
        obj = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod([f"{DB}:1", "nginx"], [f"{DB}:2"])}
        api.apply(PODS, obj, manager="test")
        assert images_of(api) == [f"pytest-gitops.invalid/{DB}:1", "nginx", f"pytest-gitops.invalid/{DB}:2"]

        broken.set([f"{DB}:1"])
        assert images_of(api) == [f"pytest-gitops.invalid/{DB}:1", "nginx", f"{DB}:2"]

        broken.set([DB])
        broken.set([])
        assert images_of(api) == [f"{DB}:1", "nginx", f"{DB}:2"]
    finally:
        broken.set([])


def images_of(api: Api) -> list[str]:
    """Return the images of the pod db."""
    obj = api.get(PODS, "default", "db")
    assert obj is not None
    return [each["image"] for name in ("containers", "initContainers") for each in obj["spec"][name]]
