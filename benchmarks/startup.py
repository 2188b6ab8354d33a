"""What a user waits for before anything happens: warm install, ``list`` and ``--help``.

Each figure is the median over whole processes, taken in turns: ``import nest`` alone, the same with
``neuromodels.install`` from a warm cache, and the two commands.

    python benchmarks/startup.py [--repeat N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

MODEL = "pyramidal_burst_neuron"
COMMANDS = {
    "import nest": [sys.executable, "-c", "import nest"],
    "import nest, install": [
        sys.executable,
        "-c",
        f"import nest, neuromodels; neuromodels.install({MODEL!r})",
    ],
    "neuromodels list": [sys.executable, "-m", "neuromodels", "list"],
    "neuromodels --help": [sys.executable, "-m", "neuromodels", "--help"],
}


def main() -> None:
    """Print the medians, and what `install` adds to ``import nest``, pair by pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=7)
    repeat = parser.parse_args().repeat
    # a user's Python writes bytecode; the first round makes it, and fills the model cache
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    seconds: dict[str, list[float]] = {label: [] for label in COMMANDS}
    for turn in range(repeat + 1):
        for label, command in COMMANDS.items():
            begin = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=environment)
            if turn > 0:
                seconds[label].append(time.perf_counter() - begin)
    for label, times in seconds.items():
        spread = f"({min(times):.2f}-{max(times):.2f}), n={repeat}"
        print(f"{label:22} {statistics.median(times):.2f} s {spread}")
    added = [
        b - a for a, b in zip(seconds["import nest"], seconds["import nest, install"], strict=True)
    ]
    print(f"install adds {statistics.median(added):.2f} s ({min(added):.2f}-{max(added):.2f})")


if __name__ == "__main__":
    main()
