"""Errors that all ranks have, one after the other, and a run after them: FOLDER.

Each rank says how they ended in a file of its own: the launcher may mix what they print.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ranked

import neuromodels
from neuromodels.errors import NeuromodelsError
from neuromodels.machine.ranks import launched
from neuromodels.registry import registry

registry().register(ranked.Plugin(), "ranked")
folder, (rank, _) = Path(sys.argv[1]), launched()
with (folder / f"said-{rank}").open("w") as said:
    for fault in ("all-build", "all-protocol", "differs", "draws", "connects", "n", ""):
        parameters = {"n": 0} if fault == "n" else {"fault": fault}
        out = folder / (fault or "good")
        try:
            run = neuromodels.run(ranked.Net, parameters=parameters, out=out, analyze=False)
            print(f"{fault or 'good'}: {run.status}", file=said)
        except NeuromodelsError as error:
            print(f"{fault}: {error}", file=said)
