"""Runs a tiny circuit in a process of its own, for tests that kill it: CIRCUIT OUT PARAMETERS."""

from __future__ import annotations

import json
import sys

import tiny

from neuromodels import errors, registry
from neuromodels.disk import parts
from neuromodels.running import runner, simulation

# Soon enough for a test; neither changes a result.
simulation.MAX_DRAIN = 500.0
simulation.MIN_SECONDS = 0.0
parts.Spool.due = True
registry.registry().register(tiny.Plugin(), "tiny")
try:
    runner.run(sys.argv[1], out=sys.argv[2], parameters=json.loads(sys.argv[3]))
except errors.NeuromodelsError as error:
    print(error)
    sys.exit(error.exit_code)
