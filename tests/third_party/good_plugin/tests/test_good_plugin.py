"""The plugin's own test, as its authors would write it."""

import neuromodels


def test_rates_are_those_of_a_perfect_integrator(tmp_path):
    run = neuromodels.run("good/drive", preset="smoke", out=tmp_path / "run", progress=False)
    assert run.status == "complete"
    assert {name: metric.verdict for name, metric in run.metrics.items()} == {
        "rate_single": "agrees",
        "rate_double": "agrees",
    }
    assert neuromodels.load_run(run.path).populations == {"cells": 2}
