"""Each single fault of charts, values and releases is told exactly once: by the right rule, at the right line."""

from __future__ import annotations

import pytest
from fault import Check, Fault
from helm_faults import FAULTS
from helm_fleet import helm_fleet


def test_the_clean_fleet_is_silent(check: Check) -> None:
    assert check(helm_fleet()) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_is_told_once(fault: Fault, check: Check) -> None:
    files = helm_fleet()
    fault.edit(files)
    found = [(f.rule, f.severity.value, str(f.location), f.clusters) for f in check(files)]
    assert found == [(fault.rule, fault.severity, f"{fault.file}:{fault.line(files)}", fault.clusters)]
