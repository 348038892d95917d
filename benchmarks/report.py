"""Tables of figures, for the terminal and as a Markdown page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, what it is divided by to be judged, and the bound of that ratio (None where there is none)."""

    name: str
    figure: float
    base: float
    bound: float | None = None

    @property
    def ratio(self) -> float:
        """The figure in units of its base."""
        return self.figure / self.base

    @property
    def verdict(self) -> str:
        """Whether the bound holds, empty where there is none."""
        if self.bound is None:
            return ""
        return f"≤ {self.bound:.1f}, {'holds' if self.ratio <= self.bound else 'missed'}"


@dataclass(frozen=True, slots=True)
class Table:
    """Figures of one measurement; ``title`` says what they are and their unit."""

    title: str
    rows: list[Row] = field(default_factory=list)

    def add(self, name: str, figure: float, base: float, bound: float | None = None) -> None:
        """Append a row."""
        self.rows.append(Row(name, figure, base, bound))

    def text(self) -> str:
        """Return the table for a terminal."""
        lines = [f"{row.name:50}{row.figure:9.3f}{row.ratio:8.2f}  {row.verdict}" for row in self.rows]
        return "\n".join(["", self.title, f"{'':50}{'figure':>9}{'ratio':>8}  bound", *lines])

    def markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [f"| {row.name} | {row.figure:.2f} | {row.ratio:.2f} | {row.verdict} |" for row in self.rows]
        return "\n".join([f"{self.title}:", "", "| | figure | ratio | bound |", "|---|---:|---:|---|", *lines])


def page(tables: Iterable[Table], about: Mapping[str, Any]) -> str:
    """Return the page of results."""
    machine = about["machine"]
    where = f"{machine['cores']} cores ({machine['architecture']}), CPython {machine['python']}"
    intro = (
        f"Measured on {about['date']}, {where}. Figures are medians; a ratio is to the first row of its table, or to "
        "the row that its name says. How it is measured is in [`run.py`](run.py), what it means in "
        "[performance](../docs/explanation/performance.md)."
    )
    origin = "<!-- Written by benchmarks/run.py --write; the single figures are in results.json. -->"
    parts = ["# Results", origin, intro, *(table.markdown() for table in tables)]
    return "\n\n".join(parts) + "\n"
