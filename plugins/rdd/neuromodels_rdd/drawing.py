"""What figures of several circuits have in common."""

from __future__ import annotations

# Okabe & Ito (2008): told apart with any colour vision.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "0.6"

__all__ = ["GREY", "PALETTE"]
