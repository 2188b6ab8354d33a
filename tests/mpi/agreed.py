"""Errors that all ranks have, one after the other, and a run after them: FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

import ranked

import neuromodels
from neuromodels.errors import NeuromodelsError
from neuromodels.ranks import launched
from neuromodels.registry import registry

registry().register(ranked.Plugin(), "ranked")
folder, (rank, _) = Path(sys.argv[1]), launched()
for fault in ("all-build", "all-protocol", "differs", "draws", "connects", "n", ""):
    parameters = {"n": 0} if fault == "n" else {"fault": fault}
    out = folder / (fault or "good")
    try:
        run = neuromodels.run(ranked.Net, parameters=parameters, out=out, analyze=False)
        print(f"{rank} {fault or 'good'}: {run.status}", flush=True)
    except NeuromodelsError as error:
        print(f"{rank} {fault}: {error}", flush=True)
