"""Everything that follows from input counts and excitatory spikes, recomputed in NumPy to 1e-9.

Small networks, all three rules and the output layer; inhibition is carried with enough digits to be
exact, so that the rates, which depend on it, are compared too.
"""

from __future__ import annotations

import exact_relevance as exact
import numpy as np
import pytest
import relevance_replay
from neuromodels_relevance.categorization.circuit import Categorization
from neuromodels_relevance.fear_expression.circuit import FearExpression
from neuromodels_relevance.latent_inhibition.circuit import LatentInhibition
from neuromodels_relevance.learning_to_ignore.circuit import LearningToIgnore

import neuromodels

nest = pytest.importorskip("nest")

SMALL = {
    "n_inputs": 200, "n_excitatory": 150, "set_point": 2.5, "w_mean": 1.0,
    "w_input_inhibitory": 5.0, "pretraining": 2.0, "record_spikes": True,
    "inhibition_quantum": 2.0**-40, "inhibition_digits": 25,
}  # fmt: skip


def circuit(kind, **parameters):
    """A circuit that keeps the weights it draws, as ``drawn``."""

    class Keeping(kind):
        def input_weights(self, rng):
            self.drawn = super().input_weights(rng)
            return self.drawn.copy()

        def output_weights(self, rng):
            self.drawn_output = super().output_weights(rng)
            return self.drawn_output.copy()

    Keeping.analyses = ()
    return Keeping(kind.Parameters(**{**SMALL, **parameters}))


def weights(synapse, target):
    found = nest.GetConnections(synapse_model=synapse, target=target).get(["source", "weight"])
    source, weight = (np.atleast_1d(found[name]) for name in ("source", "weight"))
    return weight[np.argsort(source)]


def grouped(synapse, target):
    return np.concatenate(
        [weights(f"{synapse}_{group}", target) for group in ("CS1", "CS2", "other")]
    )


def agree(computed, measured):
    for name, values in measured.items():
        assert values.shape == computed[name].shape, name
        np.testing.assert_allclose(
            values,
            computed[name],
            rtol=1e-9,
            atol=1e-9 * np.abs(computed[name]).max(),
            err_msg=name,
        )
        assert np.ptp(values) > 0, name


@pytest.mark.parametrize("rule", ["x_I", "x_E", "I_E"])
@pytest.mark.parametrize("share", [1.0, 0.9])
def test_rules(rule, share, tmp_path):
    alpha = {"x_I": 0.075, "x_E": 0.005, "I_E": 0.005}[rule]
    made = circuit(
        LearningToIgnore, rule=rule, learning_rate=alpha, share=share,
        duration=20.0, interval_min=1.0, interval_max=1.5,
    )  # fmt: skip
    run = neuromodels.run(made, seed=3, out=tmp_path / "run", analyze=False)
    state = exact.State(np.full(200, 5.0), made.drawn.copy(), 0.4)
    setting = exact.Setting(rule=rule, alpha=alpha, share=share, share_pre=share, set_point=2.5)
    agree(*relevance_replay.replay(run, made, state, setting))
    np.testing.assert_allclose(grouped("input_inhibition_synapse", made.unit), state.w, rtol=1e-9)
    # All inhibitory units learn the same.
    np.testing.assert_array_equal(
        grouped("input_inhibition_synapse", made.interneurons[7]),
        grouped("input_inhibition_synapse", made.unit),
    )
    if rule == "x_E":
        assert np.abs(state.W - made.drawn).max() > 0.1
        for i in (0, 75, 149):
            np.testing.assert_allclose(
                grouped("input_excitation_synapse", made.excitatory[i]),
                state.W[:, i], rtol=1e-9, atol=1e-12,
            )  # fmt: skip
    if rule == "I_E":
        q = weights("inhibition_gain_synapse", made.excitatory[9])
        np.testing.assert_allclose(q, state.q, rtol=1e-9)
        assert abs(state.q - 0.4) > 0.01


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (
            FearExpression,
            {"pause_min": 0.5, "pause_max": 1.0, "stimulus": 0.6, "n_pulses": 5,
             "output_rate": 0.1, "threshold": -0.5},
        ),
        (
            LatentInhibition,
            {"reduced": "test", "reduced_pretraining": True, "pause": 0.5, "stimulus": 2.0,
             "topographic": False, "output_rate": 0.05},
        ),
    ],
)  # fmt: skip
def test_output_layer(kind, parameters, tmp_path):
    made = circuit(kind, **parameters)
    run = neuromodels.run(made, seed=3, out=tmp_path / "run", analyze=False)
    p = made.parameters
    state = exact.State(np.full(200, 5.0), made.drawn.copy(), 0.4, made.drawn_output.copy())
    setting = exact.Setting(
        alpha=0.01, share_pre=made.share_before_training(), set_point=2.5, amygdala=True,
        alpha_y=p.output_rate, theta=p.threshold,
    )  # fmt: skip
    agree(*relevance_replay.replay(run, made, state, setting))
    gain = made.layer.row_gain
    learnt, rows = (neuromodels.get_values("output_synapse", name) for name in ("w", "row"))
    for row in range(10):
        np.testing.assert_allclose(learnt[rows == row] * gain[row], state.V[row], rtol=1e-9)
    start = made.drawn_output / np.linalg.norm(made.drawn_output, axis=1, keepdims=True)
    assert np.abs(state.V - start).max() > 0.01


@pytest.mark.parametrize("rule", ["x_I", "I_E"])
def test_classifier(rule, tmp_path):
    """Output, loss, and all weights that backpropagation changes, with the relevance rule."""
    made = circuit(Categorization, rule=rule, duration=6.0, output_rate=2e-4, test_interval=50)
    run = neuromodels.run(made, seed=3, out=tmp_path / "run", analyze=False)
    # What is drawn after the weights, as the circuit draws it
    rng = np.random.Generator(np.random.PCG64(3))
    np.testing.assert_array_equal(rng.normal(1.0, 0.4, (200, 150)).clip(0), made.drawn)
    off = rng.gamma(0.6, 3.0, 200)
    rng.exponential(size=200), rng.exponential(size=150)
    V = rng.random((10, 150))
    state = exact.State(np.full(200, 5.0), made.drawn.copy(), 0.4, V.copy(), b_y=np.zeros(10))
    setting = exact.Setting(
        rule=rule, alpha=made.learning_rate, set_point=2.5, classifier=True, alpha_y=2e-4
    )

    def shown(k):
        # CS2 is the first, after ten steps of nothing
        return None if k < 10 else ((k - 10) // 10 + 1) % 10

    def rates(k):
        r = off.copy()
        if shown(k) is not None:
            r[20 * shown(k) : 20 * shown(k) + 20] = 20.0
        return r

    agree(*relevance_replay.replay(run, made, state, setting, shown=shown, input_rates=rates))
    np.testing.assert_allclose(made.classifier.V, state.V, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(made.classifier.b, state.b_y, rtol=1e-9, atol=1e-12)
    for i in (0, 75, 149):
        np.testing.assert_allclose(
            weights("drive_synapse", made.excitatory[i]), state.W[:, i], rtol=1e-9, atol=1e-12
        )
    assert np.abs(state.W - made.drawn).max() > 0.1
    assert np.mean(state.W == 0) > 1.2 * np.mean(made.drawn == 0)


def test_the_step_of_graded_inhibition(tmp_path):
    """With a coarse step, rates are those of inhibition rounded to it, and to nothing else."""
    made = circuit(
        LearningToIgnore, duration=20.0, interval_min=1.0, interval_max=1.5,
        inhibition_quantum=0.25, inhibition_digits=10,
    )  # fmt: skip
    run = neuromodels.run(made, seed=3, out=tmp_path / "run", analyze=False)
    state = exact.State(np.full(200, 5.0), made.drawn.copy(), 0.4)
    agree(*relevance_replay.replay(run, made, state, exact.Setting(set_point=2.5, quantum=0.25)))
