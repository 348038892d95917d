"""What runs goes on running."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.objects import mapping
from pytest_gitops.review.comparison import Change, ClusterComparison


@rule(
    "review-scaled-to-zero",
    check="review",
    set="recommended",
    severity="warning",
    scope="change",
    kinds=("Deployment", "StatefulSet", "ReplicaSet", "CronJob"),
    description="No workload is scaled to no pod at all, and no CronJob suspended.",
    remedy="Set `replicas` to what is needed; to be rid of the workload, remove it.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#replicas",
    passing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {replicas: 3}
# after the change
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {replicas: 1}
""",
    ],
    failing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
# after the change
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {replicas: 0}
""",
        """
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup, namespace: apps}
# after the change
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup, namespace: apps}
spec: {suspend: true}
""",
    ],
)
def scaled_to_zero(change: Change, _: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a workload that comes to have no pod."""
    if change.before is None or change.after is None:
        return
    before, after = mapping(change.old, "spec"), mapping(change.new, "spec")
    if change.id.kind == "CronJob":
        if after.get("suspend") is True and before.get("suspend") is not True:
            yield Violation(f"{change.id} is suspended: it starts no more jobs", ("spec", "suspend"))
    elif after.get("replicas") == 0 and before.get("replicas", 1) != 0:
        yield Violation(f"{change.id} is scaled from {before.get('replicas', 1)} to 0", ("spec", "replicas"))
