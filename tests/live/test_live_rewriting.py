"""What a real API server makes of the harness' own policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from pytest_gitops.live.api import Api, ApiError, Kind
from pytest_gitops.live.hermetic import control_plane as flags
from pytest_gitops.live.hermetic.cluster import ControlPlane
from pytest_gitops.live.hermetic.programs import Programs
from pytest_gitops.live.rewriting import GROUP, deadline_policy, image_policy, in_version
from pytest_gitops.live.waiting import until
from pytest_gitops.model import JsonObject

PODS = Kind("v1", "Pod", "pods", True)
DEPLOYMENTS = Kind("apps/v1", "Deployment", "deployments", True)
ACCOUNTS = Kind("v1", "ServiceAccount", "serviceaccounts", True)
WEB, DB = "example.com/web:1", "example.com/db"


@pytest.fixture(scope="module", params=["v1", "v1beta1"])
def api(request: pytest.FixtureRequest, programs: Programs) -> Iterator[Api]:
    """An API server with policies that break one tag of one image and all of another, in both versions they come in."""
    with pytest.MonkeyPatch.context() as patch:
        arguments: Callable[..., list[str]] = flags.api_server
        beta = f"--runtime-config={GROUP}/v1beta1=true"
        patch.setattr(flags, "api_server", lambda *given: [*arguments(*given), beta])
        with closing(ControlPlane(programs, "test")) as cluster:
            api = Api(cluster.access.kubeconfig)
            account = {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": "default"},
            }
            api.apply(ACCOUNTS, account, manager="test")
            for obj in in_version([*image_policy([WEB, DB]), *deadline_policy(3, [WEB, DB])], request.param):
                plural = "mutatingadmissionpolicybindings" if "Binding" in obj["kind"] else "mutatingadmissionpolicies"
                api.apply(Kind(obj["apiVersion"], obj["kind"], plural, False), obj, manager="test")
            assert until(lambda: images(api, [WEB])[0] != WEB and deadline(api, WEB) == 3, 30)
            yield api


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
