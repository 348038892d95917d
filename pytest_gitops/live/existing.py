"""The provider ``existing``: clusters of the user's own, which are asked and never changed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pytest_gitops.exceptions import LiveError, NotNamedError
from pytest_gitops.live.api import Api
from pytest_gitops.live.provider import Wish
from pytest_gitops.live_options import LiveOptions
from pytest_gitops.model import JsonObject

_ONLY_ASKED = "an existing cluster is only asked, by dry runs"


class ExistingProvider:
    """Gives the clusters of kubeconfig contexts, each for the cluster of the fleet that the command line says."""

    reaches_others = False

    def __init__(self, options: LiveOptions) -> None:
        self._options = options

    def start(self, wish: Wish) -> ExistingCluster:
        """Return the cluster that was named for one of the fleet's, once it has answered.

        Raises NotNamedError where none was.
        """
        if wish.flux or wish.workloads:
            raise LiveError(f"{_ONLY_ASKED}: nothing can be reconciled in it; choose another provider")
        context = dict(self._options.contexts).get(wish.name)
        if wish.remote:
            raise NotNamedError("it applies to another cluster by a kubeConfig, and no context is named for that")
        if context is None:
            raise NotNamedError(f"no context is named for it: give --gitops-kube-context={wish.name}=CONTEXT")
        return ExistingCluster(context, self._options.kubeconfig)


class ExistingCluster:
    """A cluster of a kubeconfig context; it is there before the run, and as it was after it."""

    owned = False
    is_only_asked = True
    simulated: tuple[str, ...] = ()
    progress_seconds = None
    host = "127.0.0.1"

    def __init__(self, context: str, kubeconfig: Path | None) -> None:
        self.context: str | None = context
        self.kubeconfig = kubeconfig or Path(os.environ.get("KUBECONFIG") or Path("~/.kube/config").expanduser())
        version = Api(self.kubeconfig, context, only_asks=True).version
        self.description = f"cluster of your own, {context} (Kubernetes {version})"

    def definitions(self) -> list[JsonObject]:
        """Return nothing: the cluster has what it has."""
        return []

    def installation(self) -> list[JsonObject]:
        """Return nothing: the cluster has what it has."""
        return []

    def start_flux(self) -> None:
        """Raise LiveError: what is there is not touched."""
        raise LiveError(f"{_ONLY_ASKED}: Flux isn't started in it")

    def break_images(self, images: Iterable[str]) -> None:
        """Raise LiveError: what is there is not touched."""
        raise LiveError(f"{_ONLY_ASKED}: no image can be broken in it")

    def diagnose(self) -> str:
        """Return nothing: no program of the cluster is this run's."""
        return ""

    def lost(self) -> str:
        """Return nothing, as ``diagnose`` does."""
        return ""

    def close(self) -> None:
        """Leave the cluster as it is."""
