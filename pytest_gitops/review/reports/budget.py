"""Text that grows block by block to a bound, and says at its end what did not fit."""

from __future__ import annotations

from collections.abc import Sequence

_CLOSING = 600  # characters kept free for the note at the end
_LISTED = 0.75  # of what is left, for saying what changes at all; the rest is for how


class Budget:
    """Collects blocks of Markdown, each whole or not at all."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._blocks: list[str] = []
        self._left = limit - _CLOSING
        self._missing: dict[str, int] = {}

    def open(self, block: str) -> None:
        """Add what comes first, whatever it takes."""
        self._add(block)

    def section(self, title: str, blocks: Sequence[str], share: float, noun: str) -> None:
        """Add blocks below a title, as many as fit into a share of what is left; nothing where there are none."""
        fitting = self._fitting(blocks, int(self._left * share) - len(title))
        self._miss(noun, len(blocks) - len(fitting))
        if fitting:
            self._add("\n\n".join([title, "\n".join(fitting)]))

    def table(
        self,
        head: str,
        rows: Sequence[str],
        most: int,
        noun: str,
        share: float = 0.4,
        *,
        title: str = "",
        open_to: int = 10,
    ) -> None:
        """Add a table of at most ``most`` rows below a title; one of more than ``open_to`` rows is folded."""
        fitting = self._fitting(rows[:most], int(self._left * share) - len(head) - len(title))
        self._miss(noun, len(rows) - len(fitting))
        if fitting:
            table = "\n".join([head, *fitting])
            if not title:
                self._add(table)
            elif len(rows) <= open_to:
                self._add(f"### {title}\n\n{table}")
            else:
                self._add(f"<details><summary>{title} ({len(rows)})</summary>\n\n{table}\n\n</details>")

    def folded(self, title: str, entries: Sequence[tuple[str, str]]) -> None:
        """Add entries, each a line or, where there is room for it, in full; lines go before what is in them."""
        lines = self._fitting([line for line, _full in entries], int(self._left * _LISTED) - len(title))
        self._miss("changes", len(entries) - len(lines))
        extra = self._left - len(title) - sum(len(line) + 2 for line in lines)
        blocks = []
        for line, full in entries[: len(lines)]:
            cost = len(full) - len(line)
            if cost <= extra:
                extra -= cost
                blocks.append(full)
            else:
                self._miss("diffs", 1)
                blocks.append(line)
        if blocks:
            self._add("\n\n".join([title, *blocks]))

    def text(self) -> str:
        """Return all blocks, and what was left out."""
        if self._missing:
            missing = ", ".join(f"{number:,} {noun}" for noun, number in self._missing.items())
            self._blocks.append(
                f"> Left out, to stay below {self._limit:,} characters: {missing}. "
                "The HTML and JSON reports of the review hold all."
            )
        return "\n\n".join(self._blocks) + "\n"

    def _fitting(self, blocks: Sequence[str], room: int) -> list[str]:
        fitting = []
        for block in blocks:
            room -= len(block) + 2
            if room < 0:
                break
            fitting.append(block)
        return fitting

    def _add(self, block: str) -> None:
        self._blocks.append(block)
        self._left -= len(block) + 2

    def _miss(self, noun: str, number: int) -> None:
        if number:
            self._missing[noun] = self._missing.get(noun, 0) + number
