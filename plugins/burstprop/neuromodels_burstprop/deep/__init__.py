"""Burst-dependent learning in deep networks of neuronal ensembles, on images."""
