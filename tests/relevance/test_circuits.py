"""Circuits of the relevance study in their smoke presets, and the parts that are random."""

from __future__ import annotations

import numpy as np
import pytest
from neuromodels_relevance import neuromodels_analyses, neuromodels_circuits
from neuromodels_relevance.fear_expression.circuit import FearExpression
from neuromodels_relevance.latent_inhibition.circuit import LatentInhibition
from neuromodels_relevance.learning_to_ignore.circuit import LearningToIgnore
from neuromodels_relevance.measured import measure

import neuromodels
from neuromodels.errors import ParameterError

nest = pytest.importorskip("nest")

CIRCUITS = {kind.name: kind for kind in neuromodels_circuits()}
TINY = {"n_inputs": 100, "n_excitatory": 50, "set_point": 1.6, "pretraining": 1.0}


@pytest.mark.parametrize("name", ["relevance/learning-to-ignore", "relevance/fear-expression"])
def test_smoke(name, tmp_path):
    """Small networks: the sizes are no part of the protocols."""
    run = neuromodels.run(name, preset="smoke", parameters=TINY, seed=2, out=tmp_path / "run")
    assert run.status == "complete"
    assert {entry["status"] for entry in run.analyses.values()} == {"ok"}
    assert all(np.isfinite(metric.value) for metric in run.metrics.values())
    # The published references are for the published parameters only.
    assert {metric.verdict for metric in run.metrics.values()} == {"no reference"}
    assert {"presentations", "traces", "weights"} <= set(run.figures)
    assert run.phases[0].name == "pretraining"
    assert run.phases[-1].name == "readout"


@pytest.mark.parametrize("analysis", neuromodels_analyses())
def test_every_experiment_is_measured(analysis, tmp_path):
    """All names of the reference's table, but for the parts that need the classifier."""
    from neuromodels_relevance import reference
    from neuromodels_relevance.measured import state

    kind = analysis.circuit
    chosen = next(reversed(kind.conditions.values()))
    run = neuromodels.run(
        kind.name, preset="smoke", parameters={**TINY, **chosen}, seed=2, out=tmp_path / "run",
        analyze=False,
    )  # fmt: skip
    measured = measure(run)
    values = {**analysis().values(measured, run), **state(measured)}
    assert len(values) > 20
    known = reference.rows().get((analysis.experiment, next(reversed(kind.conditions))), {})
    assert set(known) <= set(values)


def test_conditions_have_references():
    from neuromodels_relevance import reference

    for analysis in neuromodels_analyses():
        kind = analysis.circuit
        for name, chosen in kind.conditions.items():
            published = kind.Parameters.resolve(chosen).model_dump(mode="json")
            assert reference.condition_of(published, kind.Parameters, kind.conditions) == name, (
                kind.name,
                name,
            )
            other = {**published, "reward": 2.0}
            assert reference.condition_of(other, kind.Parameters, kind.conditions) is None


def test_every_reference_is_a_metric():
    """Names of the table's metrics are those that the analyses give (state.* is common)."""
    from neuromodels_relevance import reference

    assert reference.rows()["learning_to_ignore", "x_I"]["state.q"].mean == 0.4
    assert reference.reference("learning_to_ignore", "x_I", "fig2D.phiE_last_CS1").n == 30
    # A ratio whose denominator crosses zero has no mean to compare.
    assert reference.reference("fear_expression", "inhibition", "base_preFC.maxy") is None
    assert reference.quartiles("fear_expression", "inhibition", "base_preFC.maxy")


def test_same_seed_same_run(tmp_path):
    def go(name, seed, **parameters):
        return neuromodels.run(
            "relevance/learning-to-ignore", preset="smoke", seed=seed, out=tmp_path / name,
            parameters={**TINY, "record_spikes": True, **parameters}, analyze=False,
        )  # fmt: skip

    a, b, c, d = go("a", 3), go("b", 3), go("c", 4), go("d", 3, trial=4)
    for population in ("input", "excitatory"):
        np.testing.assert_array_equal(a.spikes(population).times, b.spikes(population).times)
        assert len(a.spikes(population)) > 0
    assert not np.array_equal(a.spikes("input").times, c.spikes("input").times)
    # The trial, by default the seed, draws the schedule, and nothing else.
    rows = [run.signals["schedule"].values[0] for run in (a, c, d)]
    assert not np.array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(rows[1], rows[2])
    np.testing.assert_array_equal(a.signals["W_CS1"], d.signals["W_CS1"])


def test_parameters_that_do_not_fit():
    with pytest.raises(ParameterError, match="ten stimuli"):
        LearningToIgnore(LearningToIgnore.Parameters(n_inputs=105))
    with pytest.raises(ParameterError, match="20 ms"):
        LearningToIgnore(LearningToIgnore.Parameters(pretraining=1.01))
    with pytest.raises(ParameterError, match="cannot be read"):
        LearningToIgnore(LearningToIgnore.Parameters(schedule="nowhere.csv"))


def test_a_schedule_of_ones_own(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("event,start,stop\nCS1,1.0,2.0\nCS3,3.0,4.0\nUS,1.5,2\nend,0,5\n")
    run = neuromodels.run(
        "relevance/learning-to-ignore", parameters={**TINY, "schedule": str(file)}, seed=1,
        out=tmp_path / "run",
    )  # fmt: skip
    file.unlink()
    measured = measure(neuromodels.load_run(run.path))
    assert measured.schedule.n_cycles == 250
    assert measured.schedule.events["CS3"].tolist() == [[150, 200]]
    # Input of a stimulus that is on: 10 units at 20 Hz
    assert measured.windows("phiE", "CS3")[0] > measured.signals["phiE"][:50].mean()


def counts(run, population, n_cycles, phase):
    steps = np.round(run.spikes(population).times / 5.0).astype(int) - 1
    ids = run.spikes(population).node_ids
    table = np.zeros((n_cycles, run.populations[population]))
    np.add.at(table, (steps[steps % 4 == phase] // 4, ids[steps % 4 == phase]), 1)
    return table


def test_input_counts_are_poisson(tmp_path):
    """Mean and variance of counts, on and off, against their standard errors."""
    file = tmp_path / "mine.csv"
    file.write_text("event,start,stop\nCS1,0,100\nend,0,200\n")
    run = neuromodels.run(
        "relevance/learning-to-ignore", seed=5, out=tmp_path / "run", analyze=False,
        parameters={**TINY, "schedule": str(file), "record_spikes": True},
    )  # fmt: skip
    table = counts(run, "input", 10_550, 0)[50:10_050]
    on = table[:5000, :10]
    assert abs(on.mean() - 0.4) < 4 * (0.4 / on.size) ** 0.5
    assert abs(on.var() / on.mean() - 1) < 4 * (2 / on.size) ** 0.5 * 1.5
    # Units of CS1 go back to their own rates, and units of CS2 had theirs all the time.
    off = table[5000:, :10].mean(axis=0)
    assert off.mean() < 0.2
    several = np.bincount(on.astype(int).ravel(), minlength=4)[:4] / on.size
    expected = np.exp(-0.4) * np.array([1, 0.4, 0.08, 0.4**3 / 6])
    np.testing.assert_allclose(several, expected, atol=4 * (0.25 / on.size) ** 0.5)


def test_excitatory_spikes_are_bernoulli(tmp_path):
    """Spikes of the published probability, given the rates: the probe's and each unit's."""
    run = neuromodels.run(
        "relevance/learning-to-ignore", preset="smoke", seed=6, out=tmp_path / "run",
        analyze=False,
        parameters={**TINY, "rule": "x_E", "record_rates": True, "record_spikes": True},
    )  # fmt: skip
    phi = run.traces["excitatory_units"]["phi"].values
    np.testing.assert_allclose(run.traces["excitatory"]["phi"], phi.mean(axis=1), rtol=1e-12)
    spikes = counts(run, "excitatory", len(phi), 3)
    assert spikes.max() == 1
    p = -np.expm1(-phi * 0.02)
    sd = np.sqrt((p * (1 - p)).sum())
    assert abs(spikes.sum() - p.sum()) < 4 * sd
    # Nothing is remembered from cycle to cycle.
    residual = (spikes - p) / np.sqrt(np.maximum(p * (1 - p), 1e-6))
    assert abs((residual[1:] * residual[:-1]).mean()) < 4 / residual[1:].size ** 0.5


@pytest.mark.parametrize("n", [20, 320])
def test_spiking_inhibition_has_the_right_mean_and_spread(n, tmp_path):
    """The inhibition that excitatory units get is I, with a Poisson spread that falls with size."""
    run = neuromodels.run(
        "relevance/learning-to-ignore", preset="smoke", seed=7, out=tmp_path / "run",
        analyze=False,
        parameters={**TINY, "inhibition": "spiking", "n_interneurons": n, "record_spikes": True},
    )  # fmt: skip
    inhibition = run.traces["inhibitory"]["I_rate"].values[:, 0]
    sent = counts(run, "interneuron", len(inhibition), 2).sum(axis=1) / (n * 0.02)
    # A Poisson count of mean N I dt, so variance I / (N dt) each cycle
    variance = inhibition / (n * 0.02)
    assert abs((sent - inhibition).sum()) < 4 * variance.sum() ** 0.5
    z = (sent - inhibition)[variance > 0] / variance[variance > 0] ** 0.5
    assert z.var() == pytest.approx(1.0, abs=0.1)


def test_windows_reduce_inhibition():
    made = FearExpression(FearExpression.Parameters())
    assert made.windows() == {"scale_window": 0.8}
    assert FearExpression(FearExpression.Parameters(manipulation="excitation")).windows() == {
        "scale_window": 1.1
    }
    leaky = LatentInhibition(LatentInhibition.Parameters(reduced="test", reduced_pretraining=True))
    assert leaky.share_before_training() == 0.8
    assert (
        LatentInhibition(LatentInhibition.Parameters(reduced="test")).share_before_training() == 1.0
    )


def test_latent_inhibition_band():
    """The published topographic weights: 1000/3 in every full row."""
    made = LatentInhibition(LatentInhibition.Parameters())
    weights = made.input_weights(np.random.default_rng(0))
    np.testing.assert_allclose(weights.sum(axis=0)[30:], 1000 / 3, rtol=1e-12)
    assert weights[825:].sum() == 0
    assert np.count_nonzero(weights[:, 400]) == 50
