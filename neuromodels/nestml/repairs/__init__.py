"""Repairs of a parsed model: where NESTML 9.0 would compile it to something else than it says."""
