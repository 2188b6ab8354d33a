"""The command line ``neuromodels``: one module per command.

Modules here import at module level only what is quick to import; NEST, PyNESTML, xarray,
matplotlib and rich are imported by the functions that need them, so that ``--help`` and ``list``
answer at once.
"""
