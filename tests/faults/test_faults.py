"""Each single fault is told exactly once: by the right rule, at the right line, in the right clusters."""

from __future__ import annotations

import pytest
from clean_fleet import clean_fleet
from fault import Check, Fault
from graph_faults import FAULTS as GRAPH
from policy_faults import FAULTS as POLICY
from reference_faults import FAULTS as REFERENCES
from schema_faults import FAULTS as SCHEMA

FAULTS = [*GRAPH, *REFERENCES, *POLICY, *SCHEMA]


def test_the_clean_fleet_is_silent(check: Check) -> None:
    assert check(clean_fleet()) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_is_told_once(fault: Fault, check: Check) -> None:
    files = clean_fleet()
    fault.edit(files)
    found = [(f.rule, f.severity.value, str(f.location), f.clusters) for f in check(files)]
    assert found == [(fault.rule, fault.severity, f"{fault.file}:{fault.line(files)}", fault.clusters)]
