"""Burst-dependent learning in continuous time: prediction, then teacher (Extended Data Fig. 4)."""
