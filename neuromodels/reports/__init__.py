"""Reports: one HTML page, complete in itself, about one run or several side by side."""

from neuromodels.reports.page import render, write

__all__ = ["render", "write"]
