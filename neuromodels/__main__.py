"""``python -m neuromodels``: the same as the script ``neuromodels``."""

from neuromodels.cli.main import main

main()
