"""Measures what a browser does to show a review: script time of the page, and what a search and a filter take."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "review_reports"))

from report import Table
from review_samples import large_review  # the same reviews as in the tests

from pytest_gitops.review.reports import to_html

OBJECTS = 500
SECONDS = 1.0
NAMES = ("chromium", "chromium-browser", "google-chrome")


def measure_page(work: Path, repeat: int) -> tuple[Table, dict[str, Any]]:
    """Load the page of a review of 500 changed objects, then search and filter; script and layout time in seconds."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (only this measurement needs it)

    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        sys.exit(f"no Chromium is on PATH (looked for {', '.join(NAMES)}); choose another measurement by --only")
    work.mkdir(parents=True)
    file = work / "review.html"
    file.write_text(to_html(large_review(OBJECTS)), encoding="utf-8")
    runs: list[dict[str, float]] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        runs.extend(_load(browser, file) for _ in range(repeat))
        version = browser.version
        browser.close()
    table = Table(f"Seconds in Chromium for the HTML page of a review of {OBJECTS} changed objects")
    for name in runs[0]:
        bound = SECONDS if name == "script, to load" else None
        table.add(name, median(run[name] for run in runs), 1, bound)
    return table, {"chromium": version, "bytes": file.stat().st_size, "runs": runs}


def _load(browser: Any, file: Path) -> dict[str, float]:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    page.goto(file.as_uri())
    page.wait_for_timeout(300)
    loaded = _metrics(devtools)
    page.fill("#search", "service-01 image")
    page.wait_for_timeout(500)
    searched = _metrics(devtools)
    page.click(".chip.error")
    page.wait_for_timeout(300)
    filtered = _metrics(devtools)
    page.close()
    return {
        "script, to load": loaded["ScriptDuration"],
        "script, style and layout, to load": loaded["ScriptDuration"] + loaded["Layout"],
        "script, to search": searched["ScriptDuration"] - loaded["ScriptDuration"],
        "script, to filter": filtered["ScriptDuration"] - searched["ScriptDuration"],
    }


def _metrics(devtools: Any) -> dict[str, float]:
    given = {metric["name"]: metric["value"] for metric in devtools.send("Performance.getMetrics")["metrics"]}
    return {**given, "Layout": given["LayoutDuration"] + given["RecalcStyleDuration"]}
