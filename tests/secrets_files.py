"""Files that SOPS itself encrypts for the tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

TOOL = Path(__file__).parent / "tools" / "bin" / "sops"
# Of these tests alone; each is an identity and its recipient.
IDENTITY = "AGE-SECRET-KEY-1LXCM4MSR3PSM7K5DS7LR2FLDTJEAR0NVKUUJK775R8WXPG9A8MHSATAH8X"
RECIPIENT = "age1pcrjyq3nszseuk6lqkw2eqg4t64dc6c79fztdfnvr8dnd264kdksnj3m68"
OTHER_IDENTITY = "AGE-SECRET-KEY-1DPJAXZJM7MUP06NN4PPV6YFXTDD2G8Q0HLJNUGXXR0C3K7HFGQEQ4L9NDX"
OTHER_RECIPIENT = "age1ww6mkpq0nsjrmszx6yjwj590xmuudrngpwschcypaqknflnjnp0qem0hxz"


def encrypt(root: Path, name: str, *options: str, recipient: str = RECIPIENT) -> None:
    """Encrypt a file below ``root`` in place; skips the test where sops isn't built."""
    if not TOOL.exists():
        pytest.skip("sops is not built: python tests/tools/build.py sops")
    command = [str(TOOL), "encrypt", "--in-place", "--age", recipient, *options, name]
    subprocess.run(command, cwd=root, check=True, capture_output=True, env={"HOME": str(root)})
