"""What a repository names is fetched from real servers, once, by the rules; what can't be had is a skip."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet_files import bootstrap, config_map, kustomization, overlay, source
from fleet_outcomes import git_repository, loaded, outcomes, overlays
from serving import commit, file_server, git_server

from pytest_gitops import load
from pytest_gitops.network import Network

LOCAL = Network(private=True)
NAME = "flux-system/apps"


def fleet(url: str, *, ref: str = "branch: main") -> dict[str, str]:
    return {
        **bootstrap("prod"),
        "clusters/prod/source.yaml": source("elsewhere", url).replace("branch: main", ref),
        "clusters/prod/apps.yaml": kustomization("apps", "./deploy", source="elsewhere"),
    }


def test_a_repository_elsewhere_is_fetched_once(tmp_path: Path) -> None:
    made = commit(tmp_path / "served/apps", {"deploy/web.yaml": config_map("web")}, tag="v1.0.0")
    cache = tmp_path / "cache"
    with git_server(tmp_path / "served") as server:
        files = fleet(f"{server.url}/apps", ref="semver: 1.x")
        first = loaded(tmp_path / "fleet", files, cache_dir=cache, network=LOCAL)
        assert outcomes(first)["prod"][NAME] == "ConfigMap/web/web"
        (found,) = [item for item in first.clusters[0].sources if item.id.name == "elsewhere"]
        assert found.directory is not None
        assert found.directory.is_relative_to(cache)
        assert len(server.asked) == 2
        server.asked.clear()
        again = load(tmp_path / "fleet", cache_dir=cache, network=LOCAL)
        assert outcomes(again) == outcomes(first)
        assert server.asked == []
        load(tmp_path / "fleet", cache_dir=cache, network=Network(private=True, refresh=True))
        assert len(server.asked) == 1
    offline = load(tmp_path / "fleet", cache_dir=cache, network=Network(offline=True))
    assert outcomes(offline) == outcomes(first)
    assert made


def test_what_cannot_be_had_is_a_skip_and_takes_nothing_with_it(tmp_path: Path) -> None:
    commit(tmp_path / "served/apps", {"deploy/web.yaml": config_map("web")})
    with git_server(tmp_path / "served") as server:
        url = f"{server.url}/apps"
        files = {
            **fleet(url),
            "clusters/prod/own.yaml": kustomization("own", "./own"),
            "own/web.yaml": config_map("own"),
        }
        root = git_repository(tmp_path / "fleet", files)
        for network, reason in (
            (Network(), "fetching is refused: 127.0.0.1 is a loopback address"),
            (Network(private=True, hosts=frozenset({"github.com"})), "the host 127.0.0.1 is not among those allowed"),
        ):
            found = outcomes(load(root, network=network))["prod"]
            assert found["flux-system/own"] == "ConfigMap/own/own"
            assert found[NAME].startswith("skipped: ")
            assert reason in found[NAME]
        assert server.asked == []
        strict = outcomes(load(root, network=Network(strict=True)))["prod"]
        assert strict["flux-system/own"] == "ConfigMap/own/own"
        assert strict[NAME].startswith("failed: source-unavailable ")


def test_what_the_server_does_not_have_is_a_failure(tmp_path: Path) -> None:
    commit(tmp_path / "served/apps", {"deploy/web.yaml": config_map("web")})
    with git_server(tmp_path / "served") as server:
        files = fleet(f"{server.url}/apps", ref="branch: none")
        found = outcomes(loaded(tmp_path / "fleet", files, network=LOCAL))["prod"][NAME]
    assert found.startswith("failed: source-unavailable clusters/prod/source.yaml")
    assert "the repository has no branch none" in found


def test_remote_bases_are_fetched_and_built(tmp_path: Path) -> None:
    commit(
        tmp_path / "served/lib",
        {
            "overlays/x/kustomization.yaml": overlay("../../base") + "namePrefix: x-\n",
            "base/kustomization.yaml": overlay("web.yaml"),
            "base/web.yaml": config_map("web"),
        },
        tag="v1",
    )
    (tmp_path / "files").mkdir()
    (tmp_path / "files/single.yaml").write_text(config_map("single"))
    cache = tmp_path / "cache"
    with git_server(tmp_path / "served") as server, file_server(tmp_path / "files") as web:
        remote = overlay(f"{server.url}/lib//overlays/x?ref=v1", f"{web.url}/single.yaml", "own.yaml")
        files = {
            **bootstrap("prod"),
            "clusters/prod/apps.yaml": kustomization("apps", "./apps"),
            "apps/kustomization.yaml": remote,
            "apps/own.yaml": config_map("own"),
            "alone/kustomization.yaml": remote,
            "alone/own.yaml": config_map("own"),
        }
        first = loaded(tmp_path / "fleet", files, cache_dir=cache, network=LOCAL)
        everything = "ConfigMap/web/x-web, ConfigMap/single/single, ConfigMap/own/own"
        assert outcomes(first)["prod"][NAME] == everything
        assert overlays(first) == {"alone": everything}
        assert len(server.asked) == 2
        assert web.asked == ["/single.yaml"]
        again = load(tmp_path / "fleet", cache_dir=cache, network=LOCAL)
        assert outcomes(again) == outcomes(first)
        assert (len(server.asked), len(web.asked)) == (2, 1)


@pytest.mark.parametrize("strict", [False, True])
def test_a_remote_base_that_cannot_be_had(tmp_path: Path, *, strict: bool) -> None:
    url = "https://127.0.0.1:9/lib//base?ref=v1"
    files = {
        **bootstrap("prod"),
        "clusters/prod/apps.yaml": kustomization("apps", "./apps"),
        "apps/kustomization.yaml": overlay(url),
    }
    found = outcomes(loaded(tmp_path, files, network=Network(strict=strict)))["prod"][NAME]
    reason = "fetching is refused: 127.0.0.1 is a loopback address"
    if strict:
        where = "failed: source-unavailable apps/kustomization.yaml:4"
        assert found == f"{where} the remote base {url} can't be fetched: {reason}"
    else:
        assert found == f"skipped: it needs {url}, and can't fetch it: {reason}"


def test_a_broken_remote_base_is_told_where_it_is_named(tmp_path: Path) -> None:
    commit(tmp_path / "served/lib", {"kustomization.yaml": overlay("none.yaml")})
    with git_server(tmp_path / "served") as server:
        files = {
            **bootstrap("prod"),
            "clusters/prod/apps.yaml": kustomization("apps", "./apps"),
            "apps/kustomization.yaml": overlay(f"{server.url}/lib.git"),
        }
        (tmp_path / "served/lib").rename(tmp_path / "served/lib.git")
        found = outcomes(loaded(tmp_path / "fleet", files, network=LOCAL))["prod"][NAME]
    assert found == f"failed: build apps/kustomization.yaml:4 {server.url}/lib.git/none.yaml: no such file or directory"


def test_what_is_told_once(tmp_path: Path) -> None:
    commit(tmp_path / "served/apps", {"deploy/web.yaml": config_map("web")})
    with git_server(tmp_path / "served") as server:
        files = fleet(
            f"{server.url}/apps", ref="branch: main\n  verify:\n    mode: HEAD\n    secretRef:\n      name: keys"
        )
        verified = loaded(tmp_path / "fleet", files, network=LOCAL)
    assert outcomes(verified)["prod"][NAME] == "ConfigMap/web/web"
    url = f"{server.url}/apps".removeprefix("http://")
    assert verified.notes == (f"signatures are not verified here, as spec.verify asks for with {url}",)
    files = fleet("http://127.0.0.1:9/apps")
    files["clusters/prod/other.yaml"] = source("other", "http://localhost:9/other")
    files["clusters/prod/more.yaml"] = kustomization("more", "./deploy", source="other")
    absent = loaded(tmp_path / "absent", files, network=LOCAL)
    assert absent.notes == ("nothing could be fetched: none of 2 hosts can be reached; --gitops-offline asks none",)
