"""External tools give what the engine gives, less what they say they leave out, and never touch the repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from building import FLEET, build, content, objects

from pytest_gitops.model import JsonObject
from pytest_gitops.rendering import Renderer, VariableSource

External = Callable[..., Renderer]
Repo = Callable[[str], Path]

SPECS: dict[str, JsonObject] = {
    "path-only": {"path": "./apps/production"},
    "no-kustomization-file": {"path": "plain"},
    "absolute-path": {"path": "/apps/base/"},
    "all-fields": {
        "path": "./apps/production",
        "targetNamespace": "team",
        "namePrefix": "pre-",
        "nameSuffix": "-suf",
        "commonMetadata": {"labels": {"team": "web"}, "annotations": {"contact": "web@example.com"}},
        "images": [{"name": "nginx", "newName": "registry.example.com/nginx", "newTag": "2.0"}],
        "patches": [
            {
                "patch": '- {op: add, path: /metadata/labels, value: {patched: "true"}}',
                "target": {"kind": "Deployment"},
            }
        ],
        "components": ["../../components/team"],
    },
    "missing-components": {
        "path": "apps/base",
        "ignoreMissingComponents": True,
        "components": ["../../components/team", "../../components/none"],
    },
}

SUBSTITUTIONS: dict[str, JsonObject] = {
    "inline": {"path": "apps/base", "postBuild": {"substitute": {"domain": "example.com", "level": "debug"}}},
    "from": {
        "path": "apps/base",
        "postBuild": {
            "substitute": {"level": "inline"},
            "substituteFrom": [
                {"kind": "ConfigMap", "name": "vars"},
                {"kind": "Secret", "name": "vars"},
                {"kind": "ConfigMap", "name": "absent", "optional": True},
            ],
        },
    },
}
VARIABLES = (
    VariableSource("ConfigMap", "vars", {"domain": "first.example.com", "level": "first"}),
    VariableSource("Secret", "vars", {"domain": "second.example.com"}),
)


@pytest.mark.parametrize("tool", ["flux", "kustomize", "kubectl"])
@pytest.mark.parametrize("name", SPECS)
def test_a_tool_renders_what_the_engine_renders(
    external: External, engine: Renderer, repo: Repo, tool: str, name: str
) -> None:
    root = repo(FLEET)
    before = content(root)
    spec = SPECS[name]
    ours, theirs = build(engine, root, spec["path"], spec), build(external(tool), root, spec["path"], spec)
    assert objects(theirs) == objects(ours)
    assert theirs.reads == ours.reads
    assert content(root) == before


@pytest.mark.parametrize("tool", ["flux", "kustomize", "kubectl"])
@pytest.mark.parametrize("path", ["apps/base", "apps/production", "components/team", "plain/overlay"])
def test_an_overlay_gets_no_owner(external: External, engine: Renderer, repo: Repo, tool: str, path: str) -> None:
    root = repo(FLEET)
    ours, theirs = build(engine, root, path), build(external(tool), root, path)
    assert objects(theirs) == objects(ours)


@pytest.mark.parametrize("tool", ["kustomize", "kubectl"])
def test_kustomize_names_the_files_an_object_comes_from(
    external: External, engine: Renderer, repo: Repo, tool: str
) -> None:
    root = repo(FLEET)
    ours, theirs = build(engine, root, "apps/production"), build(external(tool), root, "apps/production")
    assert [resource.origin for resource in theirs] == [resource.origin for resource in ours]
    assert [resource.origin for resource in theirs] == ["apps/base/web.yaml", "apps/base/kustomization.yaml"]


@pytest.mark.parametrize("name", SUBSTITUTIONS)
@pytest.mark.parametrize("strict", [False, True])
def test_flux_substitutes_as_the_engine_does(
    external: External, engine: Renderer, repo: Repo, name: str, strict: bool
) -> None:
    root = repo(FLEET)
    spec = SUBSTITUTIONS[name]
    more = {"variables": VARIABLES, "strict": strict}
    theirs = build(external("flux"), root, spec["path"], spec, **more)
    assert objects(theirs) == objects(build(engine, root, spec["path"], spec, **more))


def test_flux_is_strict_where_it_is_asked_to_be(external: External, engine: Renderer, repo: Repo) -> None:
    root, spec = repo(FLEET), {"path": "apps/base", "postBuild": {"substitute": {"other": "x"}}}
    flux = external("flux")
    lenient = build(flux, root, "apps/base", spec, strict=False)
    assert objects(lenient) == objects(build(engine, root, "apps/base", spec, strict=False))
    for renderer in (flux, engine):
        error = build(renderer, root, "apps/base", spec, strict=True)
        assert (error.code, error.variable) == ("substitution", "domain")


def test_what_git_cannot_tell_becomes_a_placeholder(external: External, engine: Renderer, repo: Repo) -> None:
    root, spec = repo(FLEET), SUBSTITUTIONS["from"]
    variables = (VARIABLES[0], VariableSource("Secret", "vars", complete=False))
    spec = {**spec, "path": "apps/base"}
    variables = (VariableSource("ConfigMap", "vars"), variables[1])
    ours = build(engine, root, "apps/base", spec, variables=variables)
    theirs = build(external("flux"), root, "apps/base", spec, variables=variables)
    assert theirs.placeholders == ours.placeholders == {"domain": "gitops-placeholder-domain"}
    assert objects(theirs) == objects(ours)


def test_a_missing_source_of_variables_is_an_error(external: External, engine: Renderer, repo: Repo) -> None:
    root, spec = repo(FLEET), SUBSTITUTIONS["from"]
    for renderer in (external("flux"), engine):
        assert build(renderer, root, "apps/base", spec).code == "substitution"
