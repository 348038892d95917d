"""Where the real repositories and golden cases lie that tests use as data, and are skipped without."""

from __future__ import annotations

import os
from pathlib import Path

CORPORA = Path(os.environ.get("GITOPS_CORPORA") or Path(__file__).resolve().parents[2] / "shared" / "corpora").resolve()
