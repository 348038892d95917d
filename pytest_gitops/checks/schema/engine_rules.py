"""The rules that the engine judges: what the API server would refuse, or warn of."""

from __future__ import annotations

from pytest_gitops.checks.rule import Rule
from pytest_gitops.model import Severity

_API = "https://kubernetes.io/docs/reference/kubernetes-api/"
_CRD = "https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/"
_APPLY = "https://kubernetes.io/docs/reference/using-api/server-side-apply/"
_DEPRECATIONS = "https://kubernetes.io/docs/reference/using-api/deprecation-guide/"


def _rule(id: str, description: str, remedy: str, source: str, severity: Severity = Severity.ERROR) -> Rule:
    return Rule(
        id=id,
        check="schema",
        set="essential",
        severity=severity,
        description=description,
        remedy=remedy,
        source=source,
        # The API server's own word on the same field adds nothing.
        supersedes=("apply-invalid",),
    )


unknown_field = _rule(
    "schema-unknown-field",
    "Every field is one that the kind has, in the version it is written in. kustomize-controller applies server-side, "
    "where an unknown field is refused.",
    "Correct the field's name or its place, or remove it.",
    _APPLY,
)
wrong_type = _rule(
    "schema-type",
    "Every value is of the type its field has: text, integer, number, boolean, list or map. A number or boolean in a "
    "ConfigMap's `data`, a label, an annotation or an `env` value must be quoted.",
    "Write a value of the expected type; quote what must be a text.",
    _API,
)
required = _rule("schema-required", "Every field that the API server asks for is there.", "Add the field.", _API)
value = _rule(
    "schema-value",
    "Every value is one that the API server takes: names, labels, quantities, ports, cron schedules, enumerations, "
    "formats, and pairs of fields such as a selector and the labels it must select.",
    "Write a value that is expected there.",
    _API,
)
duplicate = _rule(
    "schema-duplicate",
    "Lists whose entries are told apart by keys (containers, env, ports, …) hold each key once; a server-side apply "
    "refuses them otherwise.",
    "Remove or rename one of the two entries.",
    _APPLY,
)
duplicate_key = _rule(
    "duplicate-key",
    "No mapping in a kustomization file or a patch holds a key twice: kustomize takes the last one without a word. In "
    "a resource, such a key fails the build.",
    "Remove one of the two, or merge them.",
    "https://yaml.org/spec/1.2.2/#mapping",
)
overlay_unknown_field = _rule(
    "overlay-unknown-field",
    "Every field of a kustomization file is one that kustomize has. kustomize-controller drops others from the file "
    "that a Kustomization's path leads to, where `kustomize build` refuses them. A field that none resembles is a "
    "warning; one whose name begins with `x-`, or whose value has an anchor, is taken for a template.",
    "Correct the field's name, or remove it.",
    "https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/",
)
expression = _rule(
    "schema-expression",
    "The rules in CEL that a CustomResourceDefinition states (`x-kubernetes-validations`) hold.",
    "Change the fields as the message says.",
    _CRD + "#validation-rules",
)
definition = _rule(
    "schema-definition",
    "CustomResourceDefinitions and JSON schemas of the configured folders can be used, and all they refer to is there. "
    "Nothing is fetched from the network.",
    "Correct the file, or add what it refers to to the folder.",
    _CRD,
)
namespace = _rule(
    "schema-namespace",
    "Objects that belong into a namespace name it: Flux, other than kubectl, has no default namespace, and fails with "
    "`namespace not specified`.",
    "Set `metadata.namespace`, `namespace` in kustomization.yaml, or `spec.targetNamespace` of the Kustomization.",
    "https://fluxcd.io/flux/components/kustomize/kustomizations/#target-namespace",
)
unknown_kind = _rule(
    "schema-unknown-kind",
    "Kinds of Kubernetes' and Flux' own API groups exist.",
    "Correct the kind or the apiVersion.",
    _API,
)
unknown_version = _rule(
    "schema-unknown-version",
    "The cluster serves the API version that an object is written in.",
    "Use a version that is served.",
    _API,
)
removed_version = _rule(
    "schema-removed-version",
    "No object is written in an API version that is gone, in the cluster's Kubernetes or its Flux.",
    "Use the version that took its place.",
    _DEPRECATIONS,
)
deprecated_version = _rule(
    "schema-deprecated-version",
    "No object is written in an API version that will be gone.",
    "Use the version that takes its place.",
    _DEPRECATIONS,
    Severity.WARNING,
)
server_warning = _rule(
    "schema-server-warning",
    "The API server has nothing to warn of, such as deprecated fields and settings without effect.",
    "Change the field as the message says.",
    _API,
    Severity.INFO,
)
unavailable = _rule(
    "schema-unavailable",
    "The schema of every kind is known, so that every object is judged. What isn't is listed once a run.",
    "Put CustomResourceDefinitions or JSON schemas into a folder, and name it under `schemas` in the configuration.",
    _CRD,
    Severity.WARNING,
)
