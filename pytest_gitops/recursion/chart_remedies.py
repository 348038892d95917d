"""What to do about a HelmRelease that can't be rendered, where the engine's error doesn't say."""

from __future__ import annotations

import re

from pytest_gitops.rendering import RenderError

# Of a message, and what to do about it; the first that is found counts.
_BY_MESSAGE = (
    (r"no chart found at|there is no chart at", "correct the path of the chart, which begins at the source's root"),
    (r"no values file found", "correct `valuesFiles`: their paths begin at the source's root, or at the chart's"),
    (r"key not found", "correct `valuesKey` (values.yaml without one), add the key, or set `optional: true`"),
    (r"error parsing index|targetPath", "correct `targetPath`: keys with dots between them, indices in brackets"),
    (r"which is incompatible with Kubernetes", "take a version of the chart that runs on that Kubernetes"),
    (r"missing in charts/ directory", "add the dependency to the chart's charts/, or to its Chart.yaml"),
    (r"can't get a valid version for constraint", "correct the version that Chart.yaml asks for"),
    (r"values\.schema\.json can't be used", "correct values.schema.json"),
    (r"don't meet the specifications", "give values that the chart's values.schema.json takes"),
    (r"operation does not apply", "correct the patch: what its path leads to has to be in the rendered object"),
    (r"unable to parse SM or JSON patch", "write an object with apiVersion, kind and metadata.name, or a JSON patch"),
    (
        r"no resource matches strategic merge patch",
        "correct kind and name of the patch: the chart renders no such object",
    ),
    (r"failed to load chart|validation: chart\.metadata", "correct the chart's own files"),
    (r"nil pointer evaluating", "set the value that the template reads, or guard it in the template"),
    (r"already registered id", "render the object once, or give the two different names"),
    (r"release name check failed", "write a name as Kubernetes takes them, of at most 53 characters"),
    (r"^the values of the chart \S+ must be a map", "write the values of that chart below its name"),
    (r"error converting YAML to JSON", "correct the YAML of the values"),
)


def chart_remedy(error: RenderError) -> str | None:
    """Return what to do about an error of a chart, its values or its rendering, None for nothing known."""
    for pattern, remedy in _BY_MESSAGE:
        if re.search(pattern, error.message):
            return remedy
    if error.code != "helm" or not error.template:
        return None
    if "execution error at" in error.message:
        return "set the value in `spec.values` or `spec.valuesFrom`, as the chart asks"
    return "correct the template, or the values that it is given"
