"""Calls comparisons on the runs that there are, and keeps what they give."""
