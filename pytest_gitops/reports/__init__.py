"""Reports that other programs read: what was checked, and what was found."""

from pytest_gitops.reports.formats import FORMATS, Destination, UnknownFormatError, destination
from pytest_gitops.reports.report import Checked, Report

__all__ = ["FORMATS", "Checked", "Destination", "Report", "UnknownFormatError", "destination"]
