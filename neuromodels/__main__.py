"""``python -m neuromodels``: the same as the script ``neuromodels``."""

from neuromodels.cli import main

main()
