"""Single changes to the reviewed fleet, each with a name; what becomes of each is in ``expected``."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

from reviewed_fleet import Files

Edit = Callable[[Files], None]


def replace(file: str, old: str, new: str) -> Edit:
    """Replace a text that is in the file once; where they begin with it, without the line's indentation."""

    def edit(files: Files) -> None:
        assert files[file].count(old) == 1, f"{old!r} is {files[file].count(old)} times in {file}"
        files[file] = files[file].replace(old, new)

    return edit


def write(file: str, text: str) -> Edit:
    """Write a file, new or in place of what there was."""

    def edit(files: Files) -> None:
        files[file] = dedent(text).lstrip("\n")

    return edit


def append(file: str, text: str) -> Edit:
    """Append a document to a file."""

    def edit(files: Files) -> None:
        files[file] += "---\n" + dedent(text).lstrip("\n")

    return edit


def remove(*paths: str) -> Edit:
    """Remove files, and directories (which end in a slash)."""

    def edit(files: Files) -> None:
        for path in paths:
            gone = [name for name in files if name == path or (path.endswith("/") and name.startswith(path))]
            assert gone, f"there is no {path}"
            for name in gone:
                del files[name]

    return edit


def cut(file: str, *kinds: str) -> Edit:
    """Remove the documents of some kinds (``Kind/name``) from a file."""

    def edit(files: Files) -> None:
        documents = files[file].split("---\n")
        kept = [text for text in documents if not any(_is(text, kind) for kind in kinds)]
        assert len(documents) - len(kept) == len(kinds), f"{file} has not all of {kinds}"
        files[file] = "---\n".join(kept)

    return edit


def _is(document: str, kind: str) -> bool:
    kind, _, name = kind.partition("/")
    return f"kind: {kind}\n" in document and f"\n  name: {name}\n" in document


def move(source: str, target: str) -> Edit:
    """Move a file."""

    def edit(files: Files) -> None:
        files[target] = files.pop(source)

    return edit


def several(*edits: Edit) -> Edit:
    """Do one edit after the other."""

    def edit(files: Files) -> None:
        for each in edits:
            each(files)

    return edit


def both(file: str, edit: Callable[..., Edit], *given: str) -> Edit:
    """Make an edit in the file of each cluster."""
    return several(*(edit(file.replace("CLUSTER", cluster), *given) for cluster in ("production", "staging")))


WEB, DATA, APPS = "apps/base/web.yaml", "data/database.yaml", "clusters/CLUSTER/apps.yaml"
CONTAINER = "          image: registry.example.com/web:1.4.2\n"
BASE = "apps/base/kustomization.yaml"

# What a reader would call no change at all.
NOTHING: dict[str, Edit] = {
    "nothing": several(),
    "a-comment": replace(WEB, "replicas: 2\n", "replicas: 2 # enough\n"),
    "another-order-of-fields": replace(
        WEB, "  name: web\n  namespace: apps\nspec:\n  replicas", "  namespace: apps\n  name: web\nspec:\n  replicas"
    ),
    "a-file-moved": several(move(WEB, "apps/base/shop/web.yaml"), replace(BASE, "- web.yaml", "- shop/web.yaml")),
    "a-file-split": several(
        cut("apps/base/protection.yaml", "NetworkPolicy/deny"),
        write(
            "apps/base/deny.yaml",
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata:
              name: deny
              namespace: apps
            spec:
              podSelector: {}
              policyTypes: [Ingress]
            """,
        ),
        replace(BASE, "- protection.yaml", "- protection.yaml\n  - deny.yaml"),
    ),
    "an-overlay-between": several(
        write("apps/common/kustomization.yaml", "resources: [../base]\n"),
        both("apps/CLUSTER/kustomization.yaml", replace, "../base", "../common"),
    ),
    "a-patch-of-what-is": replace(
        "apps/staging/kustomization.yaml",
        "  - ../base\n",
        "  - ../base\nreplicas:\n  - {name: web, count: 2}\n",
    ),
    "a-secret-encoded": replace(
        "apps/base/settings.yaml", "stringData:\n  password: hunter2hunter2", "data:\n  password: aHVudGVyMmh1bnRlcjI="
    ),
    "a-file-nobody-reads": write("docs/readme.yaml", "hello: world\n"),
}

CHANGES: dict[str, Edit] = {
    # Harmless ones: what differs is told, and no danger.
    "image-bumped": replace(WEB, "web:1.4.2", "web:1.5.0"),
    "label-added": replace(
        WEB, "      labels:\n        app: web\n", "      labels:\n        app: web\n        tier: front\n"
    ),
    "replicas-in-one-cluster": replace(
        "apps/production/kustomization.yaml", "  - ../base\n", "  - ../base\nreplicas:\n  - {name: web, count: 4}\n"
    ),
    "object-added": append(
        "apps/base/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new, namespace: apps}\n"
    ),
    "generated-changed": replace(BASE, "banner=off", "banner=on"),
    "secret-changed": replace("apps/base/settings.yaml", "hunter2hunter2", "correct horse"),
    "chart-values-changed": replace("data/cache.yaml", "size: 1", "size: 2"),
    "interval-changed": replace("clusters/staging/apps.yaml", "interval: 10m", "interval: 5m"),
    # What goes, and what stays.
    "object-removed": cut("apps/base/web.yaml", "Service/web"),
    "file-unlisted": replace(BASE, "  - jobs.yaml\n", ""),
    "kept-object-removed": cut("apps/base/settings.yaml", "ConfigMap/kept"),
    "object-removed-without-prune": several(
        replace("clusters/staging/apps.yaml", "prune: true", "prune: false"), cut("apps/base/web.yaml", "Service/web")
    ),
    "namespace-removed": cut("infrastructure/namespaces.yaml", "Namespace/data"),
    "definition-removed": several(
        replace("infrastructure/kustomization.yaml", "  - widgets.yaml\n", ""), replace(BASE, "  - widget.yaml\n", "")
    ),
    "definition-removed-in-use": replace("infrastructure/kustomization.yaml", "  - widgets.yaml\n", ""),
    "claim-removed": cut("data/claims.yaml", "PersistentVolumeClaim/uploads"),
    "retained-claim-removed": cut("data/claims.yaml", "PersistentVolumeClaim/archive"),
    "stateful-set-removed": replace("data/kustomization.yaml", "  - database.yaml\n", ""),
    "stateful-set-scaled-down": replace(DATA, "replicas: 3", "replicas: 1"),
    "release-removed": several(replace("data/kustomization.yaml", "  - cache.yaml\n", ""), remove("data/cache.yaml")),
    "chart-loses-an-object": write(
        "charts/cache/templates/cache.yaml",
        """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: {{ .Release.Name }}
        data:
          size: {{ .Values.size | quote }}
        """,
    ),
    "kustomization-removed": several(both("clusters/CLUSTER/data.yaml", remove), remove("data/")),
    "kustomization-removed-orphaning": remove("clusters/production/frozen.yaml"),
    "cluster-removed": remove("clusters/staging/", "apps/staging/"),
    "cluster-added": several(
        write("clusters/edge/flux-system/gotk-sync.yaml", ""),
        lambda files: files.update(
            {
                name.replace("staging", "edge"): text.replace("staging", "edge")
                for name, text in dict(files).items()
                if name.startswith(("clusters/staging/flux-system/", "clusters/staging/infrastructure"))
            }
        ),
    ),
    # Who applies what.
    "kustomization-renamed": replace("clusters/staging/data.yaml", "name: data\n", "name: databases\n"),
    "release-renamed": replace("data/cache.yaml", "name: cache\n", "name: store\n"),
    "release-renamed-same-release": replace(
        "data/cache.yaml",
        "name: cache\n  namespace: data\nspec:\n",
        "name: store\n  namespace: data\nspec:\n  releaseName: cache\n",
    ),
    "release-suspended": replace("data/cache.yaml", "spec:\n  interval", "spec:\n  suspend: true\n  interval"),
    "kustomization-removed-unpruned": several(
        replace("clusters/staging/flux-system/gotk-sync.yaml", "prune: true", "prune: false"),
        remove("clusters/staging/data.yaml"),
    ),
    "kustomization-renamed-orphaning": several(
        replace("clusters/production/frozen.yaml", "name: frozen\n", "name: thawed\n"),
    ),
    "release-name-changed": replace("data/cache.yaml", "spec:\n  interval", "spec:\n  releaseName: store\n  interval"),
    "object-moved": several(
        move("apps/base/widget.yaml", "data/widget.yaml"),
        replace(BASE, "  - widget.yaml\n", ""),
        replace("data/kustomization.yaml", "  - cache.yaml\n", "  - cache.yaml\n  - widget.yaml\n"),
    ),
    "object-moved-safely": several(
        cut("apps/base/settings.yaml", "ConfigMap/kept"),
        append(
            "data/claims.yaml",
            """
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: kept
              namespace: apps
              annotations:
                kustomize.toolkit.fluxcd.io/prune: disabled
            data:
              color: blue
            """,
        ),
    ),
    "object-moved-to-who-comes-first": several(
        cut("apps/base/settings.yaml", "ConfigMap/settings"),
        append(
            "infrastructure/storage.yaml",
            """
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: settings
              namespace: apps
            immutable: true
            data:
              color: blue
            """,
        ),
    ),
    "object-moved-from-who-comes-first": several(
        cut("infrastructure/namespaces.yaml", "ServiceAccount/tenant"),
        append(
            "apps/base/settings.yaml",
            """
            apiVersion: v1
            kind: ServiceAccount
            metadata:
              name: tenant
              namespace: flux-system
            """,
        ),
    ),
    "object-moved-into-a-chart": several(
        cut("apps/base/settings.yaml", "ConfigMap/settings"),
        append(
            "charts/cache/templates/cache.yaml",
            """
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: settings
              namespace: apps
            immutable: true
            data:
              color: blue
            """,
        ),
    ),
    "applied-by-a-second": several(
        append(
            "data/claims.yaml",
            """
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: once
              namespace: apps
            data:
              color: blue
            """,
        ),
    ),
    "applied-by-two": append(
        "data/claims.yaml",
        """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
          namespace: apps
        immutable: true
        data:
          color: blue
        """,
    ),
    "source-of-another-branch": replace(
        "clusters/staging/flux-system/gotk-sync.yaml", "branch: main", "branch: release"
    ),
    "source-suspended": replace(
        "clusters/staging/flux-system/gotk-sync.yaml", "  url: https", "  suspend: true\n  url: https"
    ),
    "kustomization-from-another-source": replace(
        "clusters/staging/apps.yaml", "    name: flux-system\n", "    name: elsewhere\n"
    ),
    "kustomization-left-alone": replace(
        "clusters/staging/data.yaml",
        "  namespace: flux-system\n",
        "  namespace: flux-system\n  annotations: {kustomize.toolkit.fluxcd.io/reconcile: disabled}\n",
    ),
    "target-namespace-changed": replace(
        "clusters/production/tenant.yaml", "targetNamespace: tenant", "targetNamespace: apps"
    ),
    "target-cluster-changed": replace(
        "clusters/production/tenant.yaml",
        "  prune: true\n",
        "  prune: true\n  kubeConfig:\n    secretRef:\n      name: edge\n",
    ),
    # What the API server refuses.
    "selector-changed": several(
        replace(WEB, "    matchLabels:\n      app: web\n", "    matchLabels:\n      app: shop\n"),
        replace(WEB, "      labels:\n        app: web\n", "      labels:\n        app: shop\n"),
    ),
    "selector-changed-by-force": several(
        replace(WEB, "    matchLabels:\n      app: web\n", "    matchLabels:\n      app: shop\n"),
        replace(WEB, "      labels:\n        app: web\n", "      labels:\n        app: shop\n"),
        replace("clusters/staging/apps.yaml", "prune: true\n", "prune: true\n  force: true\n"),
    ),
    "labels-for-all": replace(
        BASE, "configMapGenerator:", "labels:\n  - pairs: {team: web}\n    includeSelectors: true\nconfigMapGenerator:"
    ),
    "claim-templates-changed": replace(DATA, "storage: 10Gi", "storage: 20Gi"),
    "job-changed": replace("apps/base/jobs.yaml", "migrate:1.0.0", "migrate:1.1.0"),
    "service-made-headless": replace(
        WEB, "spec:\n  selector:\n    app: web\n  ports", "spec:\n  clusterIP: None\n  selector:\n    app: web\n  ports"
    ),
    "role-reference-changed": replace(
        "infrastructure/roles.yaml",
        "  kind: ClusterRole\n  name: reader\nsubjects",
        "  kind: ClusterRole\n  name: view\nsubjects",
    ),
    "storage-class-changed": replace("data/claims.yaml", "storageClassName: fast", "storageClassName: kept"),
    "claim-grown": replace(
        "data/claims.yaml",
        "storageClassName: fast\n  resources:\n    requests:\n      storage: 10Gi",
        "storageClassName: fast\n  resources:\n    requests:\n      storage: 20Gi",
    ),
    "claim-grown-in-vain": replace(
        "data/claims.yaml",
        "storageClassName: kept\n  resources:\n    requests:\n      storage: 10Gi",
        "storageClassName: kept\n  resources:\n    requests:\n      storage: 20Gi",
    ),
    "claim-shrunk": replace(
        "data/claims.yaml",
        "storageClassName: fast\n  resources:\n    requests:\n      storage: 10Gi",
        "storageClassName: fast\n  resources:\n    requests:\n      storage: 5Gi",
    ),
    "storage-class-made-anew": replace("infrastructure/storage.yaml", "reclaimPolicy: Retain", "reclaimPolicy: Delete"),
    "secret-type-changed": replace("apps/base/settings.yaml", "stringData:\n", "type: example.com/own\nstringData:\n"),
    "immutable-config-map-changed": replace(
        "apps/base/settings.yaml", "immutable: true\ndata:\n  color: blue", "immutable: true\ndata:\n  color: red"
    ),
    "held-fast-by-a-rule": replace("apps/base/widget.yaml", "class: small", "class: large"),
    "stored-version-removed": replace("infrastructure/widgets.yaml", "- name: v1\n", "- name: v2\n"),
    "invalid-by-force": several(
        replace(WEB, "      port: 80\n", "      port: 80000\n"),
        replace("clusters/staging/apps.yaml", "prune: true\n", "prune: true\n  force: true\n"),
    ),
    # What is not applied, and what comes late.
    "changed-under-suspension": replace("frozen/settings.yaml", "color: blue", "color: red"),
    "suspended": replace("clusters/staging/apps.yaml", "prune: true\n", "prune: true\n  suspend: true\n"),
    "resumed": several(
        replace("clusters/production/frozen.yaml", "  suspend: true\n", ""),
        replace("frozen/settings.yaml", "color: blue", "color: red"),
    ),
    "not-applied": replace(
        "apps/base/settings.yaml", "IfNotPresent\ndata:\n  color: blue", "IfNotPresent\ndata:\n  color: red"
    ),
    "field-ignored": several(
        replace(
            "clusters/staging/apps.yaml",
            "prune: true\n",
            "prune: true\n  ignore:\n    - paths: [/spec/replicas]\n      target: {kind: Deployment, name: web}\n",
        ),
        replace(WEB, "replicas: 2", "replicas: 3"),
    ),
    "prune-switched-on": replace("clusters/production/frozen.yaml", "prune: false", "prune: true"),
    "prune-switched-off": replace("clusters/staging/data.yaml", "prune: true", "prune: false"),
    "release-below-suspended": several(
        replace("clusters/staging/data.yaml", "prune: true\n", "prune: true\n  suspend: true\n"),
        replace("data/cache.yaml", "size: 1", "size: 2"),
    ),
    "new-below-suspended": several(
        replace("clusters/staging/apps.yaml", "prune: true\n", "prune: true\n  suspend: true\n"),
        write(
            "clusters/staging/more.yaml",
            """
            apiVersion: kustomize.toolkit.fluxcd.io/v1
            kind: Kustomization
            metadata:
              name: more
              namespace: flux-system
            spec:
              dependsOn: [{name: apps}]
              interval: 10m
              path: ./frozen
              prune: true
              sourceRef:
                kind: GitRepository
                name: flux-system
            """,
        ),
    ),
    "values-removed": cut("clusters/production/tenant.yaml", "ConfigMap/tenant-values"),
    "waiting-for-what-fails": several(
        replace(
            "infrastructure/roles.yaml",
            "  kind: ClusterRole\n  name: reader\nsubjects",
            "  kind: ClusterRole\n  name: view\nsubjects",
        ),
        cut("infrastructure/namespaces.yaml", "ServiceAccount/tenant"),
        replace("infrastructure/namespaces.yaml", "enforce: baseline", "enforce: restricted"),
        replace(WEB, "replicas: 2", "replicas: 3"),
    ),
    "suspended-and-changed": several(
        replace("clusters/staging/apps.yaml", "prune: true\n", "prune: true\n  suspend: true\n"),
        replace(WEB, "replicas: 2", "replicas: 3"),
    ),
    "dependency-removed": replace("clusters/staging/apps.yaml", "  dependsOn:\n    - name: infrastructure\n", ""),
    # Who may do more, and what protects less.
    "privileged": replace(
        WEB,
        CONTAINER,
        CONTAINER
        + "          securityContext:\n            privileged: true\n            capabilities: {add: [SYS_ADMIN]}\n",
    ),
    "root-allowed": replace(WEB, "      securityContext:\n        runAsNonRoot: true\n", "      hostNetwork: true\n"),
    "run-as-an-administrator": several(
        replace(WEB, "        runAsNonRoot: true\n", "        runAsNonRoot: true\n      serviceAccountName: admin\n"),
        append(
            "infrastructure/roles.yaml",
            """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata:
              name: admin
              namespace: apps
            roleRef:
              apiGroup: rbac.authorization.k8s.io
              kind: ClusterRole
              name: cluster-admin
            subjects:
              - kind: ServiceAccount
                name: admin
                namespace: apps
            """,
        ),
    ),
    "standard-lowered": replace("infrastructure/namespaces.yaml", "enforce: baseline", "enforce: privileged"),
    "verbs-for-all": replace("infrastructure/roles.yaml", "verbs: [get, list]", 'verbs: ["*"]'),
    "more-verbs": replace("infrastructure/roles.yaml", "verbs: [get, list]", "verbs: [get, list, watch]"),
    "cluster-admin": append(
        "infrastructure/roles.yaml",
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: tenant
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: cluster-admin
        subjects:
          - kind: ServiceAccount
            name: tenant
            namespace: flux-system
        """,
    ),
    "role-aggregated": replace(
        "infrastructure/roles.yaml",
        "  name: reader\nrules",
        '  name: reader\n  labels: {rbac.authorization.k8s.io/aggregate-to-view: "true"}\nrules',
    ),
    "subject-added": replace(
        "infrastructure/roles.yaml",
        "    namespace: flux-system\n",
        "    namespace: flux-system\n  - kind: Group\n    name: system:authenticated\n"
        "    apiGroup: rbac.authorization.k8s.io\n",
    ),
    "impersonation-removed": replace("clusters/production/tenant.yaml", "  serviceAccountName: tenant\n", ""),
    "network-policy-removed": cut("apps/base/protection.yaml", "NetworkPolicy/deny"),
    "budget-removed": cut("apps/base/protection.yaml", "PodDisruptionBudget/web"),
    "autoscaler-removed": cut("apps/base/protection.yaml", "HorizontalPodAutoscaler/web"),
    # What stops, or goes back.
    "scaled-to-zero": replace(WEB, "replicas: 2", "replicas: 0"),
    "replicas-released": replace(WEB, "  replicas: 2\n", ""),
    "autoscaler-down-to-nothing": replace(
        "apps/base/protection.yaml",
        "  maxReplicas: 5\n",
        "  maxReplicas: 5\n  minReplicas: 0\n"
        "  metrics:\n    - type: External\n      external:\n        metric: {name: queue}\n"
        '        target: {type: Value, value: "1"}\n',
    ),
    "cron-job-suspended": replace(
        "apps/base/jobs.yaml", 'schedule: "@daily"\n', 'schedule: "@daily"\n  suspend: true\n'
    ),
    "image-downgraded": replace(WEB, "web:1.4.2", "web:1.3.9"),
    "chart-major": replace("charts/cache/Chart.yaml", "1.2.3", "2.0.0"),
    "chart-definition-changed": replace("charts/cache/crds/caches.yaml", "type: integer", "type: string"),
    "chart-definition-added": write(
        "charts/cache/crds/pools.yaml",
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: pools.cache.example.com
        spec:
          group: cache.example.com
          names:
            kind: Pool
            plural: pools
          scope: Namespaced
          versions:
            - name: v1
              served: true
              storage: true
              schema:
                openAPIV3Schema:
                  type: object
        """,
    ),
    "chart-definition-removed": remove("charts/cache/crds/"),
    "chart-downgraded": replace("charts/cache/Chart.yaml", "1.2.3", "1.2.2"),
    # What can't be rendered any more is unknown, not gone.
    "build-broken": replace(BASE, "- web.yaml", "- wob.yaml"),
    "the-entry-removes-itself": several(
        remove("clusters/staging/flux-system/gotk-sync.yaml"),
        replace("clusters/staging/flux-system/kustomization.yaml", "  - gotk-sync.yaml\n", ""),
    ),
}
