"""What dangers share: who ends with whom, which rights cover which, which version is newer."""

from __future__ import annotations

import pytest

from pytest_gitops.checks import built_in
from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.examples import fleet
from pytest_gitops.review.dangers._accounts import dangerous_rights
from pytest_gitops.review.dangers._grants import grants, new_grants
from pytest_gitops.review.dangers._telling import counted, listed
from pytest_gitops.review.dangers._versions import numbers, suffix
from pytest_gitops.review.examples import violations

RULES = {rule.id: rule for rule in built_in()}
CIRCLE = """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system, labels: {kustomize.toolkit.fluxcd.io/name: b}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system, labels: {kustomize.toolkit.fluxcd.io/name: a}}
"""


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.check == "review"], ids=lambda rule: rule.id)
@pytest.mark.parametrize("after", ["", CIRCLE.replace("name: b}", "name: a}"), "# no cluster"])
def test_kustomizations_that_declare_each_other_end_no_rule(rule: object, after: str) -> None:
    said = violations(RULES[rule.id], f"{CIRCLE}# after the change\n{after}")  # type: ignore[attr-defined]
    assert [violation.message for violation in said if "broke" in violation.message] == []


def test_rights_that_a_wildcard_gave_are_not_new() -> None:
    before = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get"]}]
    after = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]}]
    assert list(map(str, new_grants(before, after))) == ["list deployments.apps"]


def test_rights_on_one_object_are_less_than_on_all() -> None:
    one = [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"], "verbs": ["get"]}]
    every = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    assert new_grants(every, one) == []
    assert [(str(grant), grant.is_dangerous) for grant in new_grants(one, every)] == [("get secrets", True)]
    assert [grant.is_dangerous for grant in grants(one)] == [False]


@pytest.mark.parametrize(
    "rules", [None, "all", [None], [{"verbs": "get"}], [{"apiGroups": [1], "resources": [{}], "verbs": []}]]
)
def test_rules_of_the_wrong_shape_grant_nothing(rules: object) -> None:
    assert grants(rules) == []


ACCOUNTS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: part, labels: {whole: "yes"}}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: whole}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {whole: "yes"}}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: whole}
roleRef: {kind: ClusterRole, name: whole}
subjects: [{kind: Group, name: "system:serviceaccounts:apps"}, {kind: ServiceAccount, name: one, namespace: data}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: own, namespace: data}
roleRef: {kind: Role, name: own}
subjects: [{kind: ServiceAccount, name: one, namespace: data}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: own, namespace: data}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}, {apiGroups: [""], resources: [pods/exec], verbs: [create]}]
"""


@pytest.mark.parametrize(
    ("namespace", "account", "rights"),
    [
        ("apps", "default", ["get secrets"]),
        ("data", "one", ["get secrets", "create pods/exec"]),
        ("data", "default", []),
    ],
)
def test_an_account_has_what_is_bound_to_it_and_to_its_namespace(
    namespace: str, account: str, rights: list[str]
) -> None:
    (cluster,) = FleetIndex(fleet(ACCOUNTS)).clusters
    assert dangerous_rights(namespace, account, cluster) == rights


def test_versions_are_read_as_tags_write_them() -> None:
    assert numbers("v1.10.2-alpine") == (1, 10, 2)
    assert suffix("v1.10.2-alpine") == "-alpine"
    assert numbers("1.2") == (1, 2, 0)
    assert [numbers(text) for text in ("", "latest", ">=1.0.0", "1.x", "sha-1234567")] == [None] * 5


def test_long_lists_say_how_many_more_there_are() -> None:
    assert listed("abcdefgh", most=3) == "a, b, c and 5 more"
    assert (counted(1, "object"), counted(0, "object")) == ("1 object", "0 objects")
