"""Reports that other programs read: what was checked, and what was found."""

from pytest_gitops.reports.formats import FORMATS, REVIEWS, Destination, UnknownFormatError, destination
from pytest_gitops.reports.report import Checked, Report

__all__ = ["FORMATS", "REVIEWS", "Checked", "Destination", "Report", "UnknownFormatError", "destination"]
