"""Reports: one HTML page, complete in itself, about one run or several side by side."""

from neuromodels.reports.page import render, write
from neuromodels.reports.reproduction_page import write_reproduction

__all__ = ["render", "write", "write_reproduction"]
