"""Has ResourceQuotas count where no controller does: the API server holds nobody to a quota without a status."""

from __future__ import annotations

from pytest_gitops.live.api import Api, Kind
from pytest_gitops.objects import mapping


def with_usage(api: Api, kind: Kind) -> None:
    """Write each ResourceQuota's limits into its status, as quotas that nothing is counted against so far.

    What the API server has counted since stays.
    """
    for quota in api.list(kind):
        hard = mapping(quota, "spec", "hard")
        used = {name: mapping(quota, "status", "used").get(name, "0") for name in hard}
        status = {"hard": hard, "used": used}
        if quota.get("status") != status:
            metadata = quota["metadata"]
            api.merge(kind, metadata["namespace"], metadata["name"], {"status": status}, status=True)
