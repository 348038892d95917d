"""What is often written in repositories is judged right: a small repository in, all that is found out."""

from __future__ import annotations

from textwrap import dedent

from clean_fleet import Files, clean_fleet
from fault import Check

APPS = "clusters/main/apps.yaml"

KUSTOMIZATION = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  interval: 1h
  retryInterval: 1m
  timeout: 5m
  path: ./apps
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
"""

SETTINGS = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: flux-system
data:
  greeting: hello
"""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: flux-system
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: ghcr.io/example-org/web:1.2.3
          resources:
            requests:
              cpu: 10m
              memory: 32Mi
            limits:
              memory: 64Mi
"""


def repo(files: Files) -> Files:
    """Return a repository of one cluster whose Kustomization ``apps`` holds a ConfigMap, with these files as well."""
    cluster = "clusters/production/flux-system/"
    flux = {
        f"clusters/main/flux-system/{name.removeprefix(cluster)}": text.replace("clusters/production", "clusters/main")
        for name, text in clean_fleet().items()
        if name.startswith(cluster)
    }
    own = {name: dedent(text).lstrip("\n") for name, text in files.items()}
    return {**flux, APPS: KUSTOMIZATION, "apps/settings.yaml": SETTINGS, **own}


def spec(lines: str, text: str = KUSTOMIZATION) -> str:
    """Return a Kustomization with further fields."""
    return text + "".join(f"  {line}\n" for line in dedent(lines).strip().splitlines())


def found(check: Check, files: Files) -> list[str]:
    """Return each finding as a line."""
    return [f"{f.severity.value} {f.rule} {f.location}: {f.message}. {f.remedy}" for f in check(repo(files))]


def test_the_repository_itself_is_silent(check: Check) -> None:
    assert found(check, {}) == []


def test_a_kustomization_without_interval(check: Check) -> None:
    text = KUSTOMIZATION.replace("  interval: 1h\n", "")
    assert found(check, {APPS: text}) == [
        (
            "error schema-required clusters/main/apps.yaml:6: Kustomization apps: spec.interval is missing. Add "
            "spec.interval, how often to reconcile: interval: 10m."
        ),
    ]


def test_client_side_validation(check: Check) -> None:
    assert found(check, {APPS: spec("validation: client")}) == [
        (
            "error schema-unknown-field clusters/main/apps.yaml:15: Kustomization apps: spec.validation is not a "
            "known field. Remove it: kustomize-controller always validates with a server-side dry run (gone "
            "since v1beta2)."
        ),
    ]


def test_a_generator_in_a_flux_kustomization(check: Check) -> None:
    text = """
        configMapGenerator:
          - name: settings
            literals:
              - greeting=hello
        """
    assert found(check, {APPS: spec(text)}) == [
        (
            "error schema-unknown-field clusters/main/apps.yaml:15: Kustomization apps: spec.configMapGenerator "
            "is not a known field. That is a field of kustomization.yaml: put it into the one at spec.path."
        ),
    ]


def test_health_checks_on_a_kind_of_a_custom_resource_definition(check: Check) -> None:
    text = """
        healthChecks:
          - apiVersion: postgresql.cnpg.io/v1
            kind: Cluster
            name: db
            namespace: flux-system
        """
    cluster = """
        apiVersion: postgresql.cnpg.io/v1
        kind: Cluster
        metadata:
          name: db
          namespace: flux-system
        spec:
          instances: 3
          storage:
            size: 1Gi
        """
    assert found(check, {APPS: spec(text), "apps/db.yaml": cluster}) == [
        (
            "warning schema-unavailable None: 1 objects are of kinds without a known schema: "
            "postgresql.cnpg.io/v1/Cluster (1). Put CustomResourceDefinitions or JSON schemas into a folder, and "
            "name it under `schemas` in the configuration."
        ),
    ]


def test_health_checks_on_a_custom_resource_that_is_not_there(check: Check) -> None:
    text = """
        healthChecks:
          - apiVersion: postgresql.cnpg.io/v1
            kind: Cluster
            name: db
            namespace: flux-system
        """
    assert found(check, {APPS: spec(text)}) == [
        (
            "error health-check-missing clusters/main/apps.yaml:16: Kustomization flux-system/apps waits for "
            "Cluster db in flux-system, which does not exist. Correct kind, name and namespace of the "
            "`healthChecks` entry, or remove it."
        ),
    ]


def test_values_that_hold_expressions_themselves(check: Check) -> None:
    text = """
        postBuild:
          substitute:
            domain: example.org
            host: web.${domain}
        """
    settings = SETTINGS.replace("hello", "${host}")
    assert found(check, {APPS: spec(text), "apps/settings.yaml": settings}) == [
        (
            "warning nested-variable clusters/main/apps.yaml:18: the value of variable host holds ${domain}, "
            "which is not substituted in turn. Write the value out, or have the Kustomization that declares this "
            "one substitute it."
        ),
    ]


def test_common_annotations_with_variables(check: Check) -> None:
    text = """
        postBuild:
          substitute:
            owner: team-web
        """
    overlay = """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        commonAnnotations:
          example.org/owner: ${owner}
        resources:
          - settings.yaml
        """
    assert found(check, {APPS: spec(text), "apps/kustomization.yaml": overlay}) == []


def test_common_annotations_with_variables_that_are_not_set(check: Check) -> None:
    text = """
        postBuild:
          substitute:
            cluster: main
        """
    overlay = """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        commonAnnotations:
          example.org/owner: ${owner}
        resources:
          - settings.yaml
        """
    assert found(check, {APPS: spec(text), "apps/kustomization.yaml": overlay}) == [
        (
            'error variable-not-set apps/kustomization.yaml:4: variable not set (strict mode): "owner". set it '
            "in spec.postBuild.substitute, give it a default (${owner:=…}), or write $${owner} for the literal "
            "text"
        ),
    ]


def test_a_file_above_as_a_resource(check: Check) -> None:
    overlay = """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - ../../base/deployment.yaml
        """
    files = {
        APPS: KUSTOMIZATION.replace("./apps", "./apps/main"),
        "apps/main/kustomization.yaml": overlay,
        "base/deployment.yaml": DEPLOYMENT,
    }
    assert found(check, files) == []


def test_strategic_merge_patches(check: Check) -> None:
    overlay = """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
          - settings.yaml
        patchesStrategicMerge:
          - image.yaml
        """
    patch = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          namespace: flux-system
        spec:
          template:
            spec:
              containers:
                - name: web
                  image: ghcr.io/example-org/web:latest
        """
    files = {
        "apps/kustomization.yaml": overlay,
        "apps/deployment.yaml": DEPLOYMENT,
        "apps/image.yaml": patch,
    }
    assert found(check, files) == [
        (
            "warning image-tag apps/image.yaml:11: image ghcr.io/example-org/web:latest of container web has the "
            "tag latest. Give the image a version tag or a digest."
        ),
    ]


def test_a_base_used_alone_with_substitution(check: Check) -> None:
    text = """
        postBuild:
          substitute:
            replicas: "2"
            cluster: main
        """
    base = DEPLOYMENT.replace(
        "spec:\n  selector", "  labels:\n    cluster: ${cluster}\nspec:\n  replicas: ${replicas}\n  selector"
    )
    overlay = """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
        """
    files = {
        APPS: spec(text).replace("./apps", "./apps/base"),
        "apps/base/kustomization.yaml": overlay,
        "apps/base/deployment.yaml": base,
    }
    assert found(check, files) == []


def test_cluster_vars_in_an_overlay(check: Check) -> None:
    text = """
        postBuild:
          substituteFrom:
            - kind: ConfigMap
              name: cluster-vars
        """
    variables = """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: cluster-vars
          namespace: flux-system
        data:
          greeting: hello
        """
    root = """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - flux-system
          - apps.yaml
          - ../../vars/overlays/main
        """
    files = {
        APPS: spec(text),
        "apps/settings.yaml": SETTINGS.replace("hello", "${greeting}"),
        "vars/base/cluster-vars.yaml": variables,
        "vars/base/kustomization.yaml": "resources:\n  - cluster-vars.yaml\n",
        "vars/overlays/main/kustomization.yaml": "resources:\n  - ../../base\npatches:\n  - path: greeting.yaml\n",
        "vars/overlays/main/greeting.yaml": variables.replace("hello", "good day"),
        "clusters/main/kustomization.yaml": root,
    }
    assert found(check, files) == []


def test_values_that_the_parent_substitutes(check: Check) -> None:
    text = """
        postBuild:
          substitute:
            domain: example.org
            host: web.${domain}
        """
    sync = repo({})["clusters/main/flux-system/gotk-sync.yaml"]
    files = {
        APPS: spec(text),
        "apps/settings.yaml": SETTINGS.replace("hello", "${host}"),
        "clusters/main/flux-system/gotk-sync.yaml": spec("postBuild: {substitute: {domain: example.org}}", sync),
    }
    assert found(check, files) == []


def test_cluster_vars_that_hold_expressions(check: Check) -> None:
    text = """
        postBuild:
          substituteFrom:
            - kind: ConfigMap
              name: cluster-vars
        """
    variables = """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: cluster-vars
          namespace: flux-system
        data:
          domain: example.org
          host: web.${domain}
        """
    files = {
        APPS: spec(text),
        "apps/settings.yaml": SETTINGS.replace("hello", "${host}"),
        "clusters/main/vars.yaml": variables,
    }
    assert found(check, files) == [
        (
            "warning nested-variable clusters/main/vars.yaml:8: the value of variable host holds ${domain}, which is "
            "not substituted in turn. Write the value out, or have the Kustomization that declares this one substitute "
            "it."
        ),
    ]


def test_a_route_to_a_service_that_nothing_makes(check: Check) -> None:
    route = """
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata:
          name: web
          namespace: flux-system
        spec:
          hostnames: [web.example.org]
          rules:
            - backendRefs:
                - name: web-backend
                  port: 80
        """
    assert found(check, {"apps/route.yaml": route}) == [
        (
            "error route-backend apps/route.yaml:10: HTTPRoute web routes to Service web-backend, which flux-system "
            "does not have. Correct name, namespace or port of the `backendRefs` entry, or create the Service."
        ),
    ]
