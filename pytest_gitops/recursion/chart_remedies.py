"""What to do about a HelmRelease that can't be rendered, where the engine's error doesn't say."""

from __future__ import annotations

import re

from pytest_gitops.rendering import RenderError

# Of a message, and what to do about it; the first that is found counts.
_BY_MESSAGE = (
    (r"no chart found at|there is no chart at", "Correct the path of the chart, which begins at the source's root."),
    (r"no values file found", "Correct `valuesFiles`: their paths begin at the source's root, or at the chart's."),
    (r"key not found", "Correct `valuesKey` (values.yaml without one), add the key, or set `optional: true`."),
    (r"which is incompatible with Kubernetes", "Take a version of the chart that runs on that Kubernetes."),
    (r"missing in charts/ directory", "Add the dependency to the chart's charts/, or to its Chart.yaml."),
    (r"doesn't meet|don't meet the specifications", "Give values that the chart's values.schema.json takes."),
    (r"operation does not apply", "Correct the patch: what its path leads to has to be in the rendered object."),
    (r"failed to load chart|validation: chart\.metadata", "Correct the chart's own files."),
    (r"nil pointer evaluating", "Set the value that the template reads, or guard it in the template."),
    (r"error converting YAML to JSON", "Correct the YAML of the values."),
)


def chart_remedy(error: RenderError) -> str | None:
    """Return what to do about an error of a chart, its values or its rendering, None for nothing known."""
    for pattern, remedy in _BY_MESSAGE:
        if re.search(pattern, error.message):
            return remedy
    if error.code != "helm" or not error.template:
        return None
    if "execution error at" in error.message:
        return "Set the value in `spec.values` or `spec.valuesFrom`, as the chart asks."
    return "Correct the template, or the values that it is given."
