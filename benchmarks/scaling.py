"""All numbers of docs/performance/measured.md, in one go: keep the machine quiet meanwhile.

    python benchmarks/scaling.py --prepare [--mpi-wheel FILE]   # compiles all models; any machine
    python benchmarks/scaling.py --measure [--mpi-wheel FILE]   # twenty minutes on two cores
    python benchmarks/scaling.py --page                         # the page again from its data

Five parts: circuits over two decades of sizes on one and two threads, models by themselves, the
framework against bare scripts (`overhead.py`), and circuits on one and two MPI ranks, for which
FILE is a wheel of NEST with MPI (docs/mpi.md), put into ``build/nest-with-mpi`` and nowhere else.
Data go to docs/performance/data, and the page is made from them.  ``--only PART …`` measures some
parts again, ``--quick`` tries everything at toy sizes and writes to ``build/scaling``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = ROOT / "docs" / "performance" / "data"
PAGE = ROOT / "docs" / "performance" / "measured.md"
BUILD = ROOT / "build"
SITE = BUILD / "nest-with-mpi"

#: The other circuits of relevance are the same network under other schedules.
SIBLINGS = [
    f"relevance/{name}"
    for name in ("blocking", "categorization", "fear-expression", "latent-inhibition",
                 "learned-irrelevance")
]  # fmt: skip
CIRCUITS = [
    "burstprop", "rdd/pair", "rdd/many-inputs", "rdd/weight-alignment", "rdd/learning",
    "relevance/learning-to-ignore",
]  # fmt: skip
RANKED = ["burstprop/learning-rule", "burstprop/xor", "burstprop/propagation"]
#: Part -> options of ``neuromodels bench``.
PARTS = {
    "circuits": [*CIRCUITS, "--sizes", "0.03,0.3,1,3", "--threads", "1,2", "--repeat", "2",
                 "--effort", "0.8", "--limit", "120"],
    "siblings": [*SIBLINGS, "--sizes", "0.03,0.3,1,3", "--threads", "1", "--repeat", "1",
                 "--effort", "0.6", "--limit", "30"],
    "models": ["--models", "all", "--sizes", "0.1,1,10", "--threads", "1", "--repeat", "1",
               "--effort", "0.4", "--limit", "20"],
    "ranks": [*RANKED, "--sizes", "0.03,0.3,1,3", "--threads", "1", "--ranks", "1,2",
              "--repeat", "1", "--effort", "0.8", "--limit", "120"],
}  # fmt: skip
QUICK = ["--sizes", "0.02,0.03", "--repeat", "1", "--duration", "0.3"]
TITLES = {
    "circuits": "Circuits",
    "siblings": "The same network under other schedules",
    "models": "Models by themselves",
    "ranks": "MPI ranks",
}


def environment(part: str) -> dict[str, str]:
    """Of the processes of a part: another NEST for ranks."""
    found = {**os.environ, "PYNEST_QUIET": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    if part == "ranks":
        found |= {
            "PYTHONPATH": str(SITE),
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        }
    return found


def install_mpi(wheel: Path | None) -> None:
    """Put a NEST with MPI beside the one of this environment."""
    if wheel is not None and not (SITE / "nest").exists():
        uv = [sys.executable, "-m", "uv", "pip", "install", "-q", "--no-deps"]
        subprocess.run([*uv, "--target", str(SITE), str(wheel)], check=True)


def prepare() -> None:
    """Compile all models that will be measured."""
    code = (
        "import sys\nfrom neuromodels import nestml\nfrom neuromodels.registry import registry\n"
        "found = registry()\n"
        "build(sys.argv[1:] or list(found.models), lambda *what: print(*what))\n"
    )
    subprocess.run([sys.executable, "-c", code], env=environment("circuits"), check=True)
    if SITE.exists():
        needed = (
            "import sys\nfrom neuromodels import nestml\n"
            "from neuromodels.registry import registry\n"
            "found = registry().circuits\n"
            "models = {m for c in sys.argv[1:] for m in found[c].object.models}\n"
            "build(sorted(models), lambda *what: print(*what))\n"
        )
        command = [sys.executable, "-c", needed, *RANKED]
        subprocess.run(command, env=environment("ranks"), check=True)


def measure(parts: list[str], folder: Path, *, quick: bool) -> None:
    """Measure the parts, and put their data into `folder`."""
    import overhead

    folder.mkdir(parents=True, exist_ok=True)
    for part in parts:
        begin = time.perf_counter()
        if part == "overhead":
            results = overhead.compare(
                list(overhead.CIRCUITS), 1 if quick else 5, 1, 0.4 if quick else 1.0
            )
            text = json.dumps(results, indent=1) + "\n"
            (folder / "overhead.json").write_text(text, encoding="utf-8")
        else:
            out = BUILD / "bench" / f"{part}-{time.time_ns()}"
            command = [sys.executable, "-m", "neuromodels", "bench", *PARTS[part]]
            command += [*(QUICK if quick else []), "--out", str(out), "--no-progress"]
            subprocess.run(command, env=environment(part), check=True, cwd=ROOT)
            content = json.loads((out / "bench.json").read_text(encoding="utf-8"))
            text = json.dumps(content, indent=1) + "\n"
            (folder / f"{part}.json").write_text(text, encoding="utf-8")
            if part == "circuits":
                (folder / "scaling.svg").write_bytes((out / "scaling.svg").read_bytes())
        print(f"{part}: {time.perf_counter() - begin:.0f} s", flush=True)


def page(folder: Path) -> str:
    """Write the page from the data in `folder`."""
    import overhead

    from neuromodels.benchmarking import pages
    from neuromodels.benchmarking.results import Results

    text = [
        "# Measured",
        (
            "Made by `benchmarks/scaling.py` from the data beside it (`data/`); "
            "[scaling](scaling.md) says how to read it."
        ),
    ]
    for part, title in TITLES.items():
        file = folder / f"{part}.json"
        if file.exists():
            results = Results.load(file)
            text += [f"## {title}", pages.markdown(results, level=3).strip()]
            if part == "circuits" and (folder / "scaling.svg").exists():
                text.append("![Wall time and memory against size](data/scaling.svg)")
    file = folder / "overhead.json"
    if file.exists():
        found = json.loads(file.read_text(encoding="utf-8"))
        text += [
            "## Against bare scripts",
            (
                "One thread, in turns: CPU time in which biological time passes, and of the whole "
                "process from the start of Python to the files on the disk (medians), and ratios "
                "of neuromodels to the script, wall and CPU time (median, smallest and largest of "
                "the turns)."
            ),
            overhead.page(found).strip(),
        ]
    return "\n\n".join(text) + "\n"


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", choices=[*PARTS, "overhead"])
    parser.add_argument("--mpi-wheel", type=Path)
    options = parser.parse_args()
    folder, file = DATA, PAGE
    if options.quick:
        folder, file = BUILD / "scaling", BUILD / "scaling" / "measured.md"
    install_mpi(options.mpi_wheel)
    if options.prepare:
        prepare()
    if options.measure:
        begin = time.perf_counter()
        parts = options.only or ["overhead", *PARTS]
        if "ranks" in parts and not SITE.exists():
            parts.remove("ranks")
            print("without ranks: there is no NEST with MPI (--mpi-wheel)")
        measure(parts, folder, quick=options.quick)
        print(f"all: {(time.perf_counter() - begin) / 60:.1f} min")
    if options.measure or options.page:
        file.write_text(page(folder), encoding="utf-8")
        print(file)


if __name__ == "__main__":
    main()
