"""Cold build of the models that a study's circuits need: neuromodels against the stock way.

The stock way is PyNESTML's ``generate_nest_target`` and the CMake project that it writes, one
compiler process per file.  Both get the same sources, pairing, compiler and optimisation; the
stock way also gets a ``nest-config`` that tells the truth about this NEST, without which its
project cannot be configured for a wheel.  CPU time is that of all child processes, with Python's
bytecode written, as for a user; the two ways take turns, so that a noisy machine hits both.

    python benchmarks/build.py [--all] [--repeat N] [--json FILE]

``--all`` takes every model that the study registers.  Then the stock way gains: it puts all models
into one module, while neuromodels makes one per neuron (with its plastic synapses) and one per
unpaired model, each of which pays for starting PyNESTML and for parsing NEST's headers.

Needs ``cmake`` and ``make`` for the stock way.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from neuromodels.machine import installation, toolchain
from neuromodels.models import SynapseModel
from neuromodels.nestml.build import build_families
from neuromodels.nestml.family import Family, resolve
from neuromodels.registry import registry

STUDY = "burstprop"

_STOCK = """
import sys, json
from pynestml.exceptions.invalid_path_exception import InvalidPathException
from pynestml.frontend.pynestml_frontend import generate_nest_target
job = json.load(open(sys.argv[1]))
try:
    generate_nest_target(job["files"], target_path=job["target"], module_name="stockmodule",
                         logging_level="ERROR", codegen_opts=job["options"])
except InvalidPathException:
    pass  # raised after the code is written, for a NEST whose nest-config names foreign paths
"""

_NEST_CONFIG = """\
#!/bin/sh
case "$1" in
  --compiler) echo "{compiler}" ;;
  --prefix) echo "{prefix}" ;;
  --libdir) echo lib ;;
  --cflags) echo "{flags}" ;;
  --includes) echo "{includes}" ;;
  *) echo "" ;;
esac
"""


def cpu_of_children() -> float:
    """CPU time (s) of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def stock(families: list[Family], folder: Path) -> None:
    """Generate and compile `families` with PyNESTML's own tools."""
    nest = installation.find_nest()
    headers = Path(installation.__file__).parent / "headers"
    flags = [f for f in toolchain.compile_flags() if f not in ("-shared", "-DLTX_MODULE")]
    config = folder / "nest-config"
    includes = f"-I{nest.include} -I{toolchain.find_boost()} -I{folder / 'ltdl'}"
    (folder / "ltdl").mkdir()
    shutil.copy(headers / "ltdl.h", folder / "ltdl")
    config.write_text(
        _NEST_CONFIG.format(
            compiler=toolchain.find_compiler().command[0],
            prefix=folder,
            flags=" ".join(flags),
            includes=includes,
        )
    )
    config.chmod(0o755)
    synapses = [s for family in families for s in family.synapses]
    options = {
        "neuron_synapse_pairs": [
            {"neuron": f.neuron.name, "synapses": {s.name: _ports(s) for s in f.synapses}}
            for f in families
            if f.neuron and f.synapses
        ],
        "synapse_models": [s.name for s in synapses],
        "weight_variable": {s.name: s.weight_variable for s in synapses},
        "strictly_synaptic_vars": {s.name: _state(f, s) for f in families for s in f.synapses},
        "continuous_state_buffering_method": "post_spike_based",
        "numeric_solver": "forward-Euler",
    }
    files = []
    for family in families:
        for name in family.models:
            file = folder / f"{name}.nestml"
            file.write_text(family.sources[name].renamed(name))
            files.append(str(file))
    job = {"files": files, "target": str(folder / "cpp"), "options": options}
    (folder / "job.json").write_text(json.dumps(job))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(
        [sys.executable, "-c", _STOCK, str(folder / "job.json")], cwd=folder, check=True, **quiet
    )
    cmake = ["cmake", f"-Dwith-nest={config}", "-DCMAKE_BUILD_TYPE=None", "."]
    subprocess.run(cmake, cwd=folder / "cpp", check=True, **quiet)
    subprocess.run(["make", f"-j{os.cpu_count()}"], cwd=folder / "cpp", check=True, **quiet)


def _ports(synapse: SynapseModel) -> dict[str, object]:
    return {"post_ports": [synapse.post_port, *map(list, synapse.third_factors.items())]}


def _state(family: Family, synapse: SynapseModel) -> list[str]:
    """State variables but the weight, read off the ``state:`` block of the source."""
    block = family.sources[synapse.name].text.split("state:")[1].split("parameters:")[0]
    names = [line.split()[0] for line in block.splitlines() if line.strip()[:1].isalpha()]
    return [name for name in names if name != synapse.weight_variable]


def ours(families: list[Family], folder: Path) -> None:
    """Build `families` with neuromodels into an empty cache."""
    os.environ["NEUROMODELS_CACHE"] = str(folder)
    build_families(families)


def main() -> None:
    """Time both ways in turns and print the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    found = registry()
    if arguments.all:
        names = [name for name, entry in found.models.items() if entry.plugin == STUDY]
    else:
        circuits = [entry.object for entry in found.circuits.values() if entry.plugin == STUDY]
        names = sorted({name for circuit in circuits for name in circuit.models})
    families = resolve(names, found)
    seconds: dict[str, list[tuple[float, float]]] = {"stock": [], "neuromodels": []}
    for _ in range(arguments.repeat):
        for label, way in (("stock", stock), ("neuromodels", ours)):
            with tempfile.TemporaryDirectory() as folder:
                cpu, wall = cpu_of_children(), time.perf_counter()
                way(families, Path(folder))
                seconds[label].append((cpu_of_children() - cpu, time.perf_counter() - wall))
    print(f"models: {', '.join(names)}; {arguments.repeat} cold builds each; median (min-max)")
    for label, values in seconds.items():
        for i, what in enumerate(("CPU", "wall")):
            times = [value[i] for value in values]
            print(
                f"{label:12} {what:5} {statistics.median(times):6.1f} s "
                f"({min(times):.1f}-{max(times):.1f})"
            )
    ratios = [o[0] / s[0] for o, s in zip(seconds["neuromodels"], seconds["stock"], strict=True)]
    print(f"CPU time, neuromodels / stock, pair by pair: {', '.join(f'{r:.2f}' for r in ratios)}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"seconds": seconds, "cpu_ratio": ratios}, indent=2))


if __name__ == "__main__":
    main()
