"""Every study lists its paper's claims, and independent implementations bear them out."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from neuromodels_burstprop.learning_rule import reference as learning_rule
from neuromodels_burstprop.propagation import reference as propagation
from neuromodels_rdd.pair import reference as pair
from neuromodels_relevance import reference as relevance

from neuromodels.comparison import RunSet
from neuromodels.contrasts import ContrastComparison
from neuromodels.registry import registry


def of_relevance(circuit):
    def value(condition, metric):
        experiment = circuit.partition("/")[2].replace("-", "_")
        found = relevance.reference(experiment, condition, metric)
        return None if found is None else found.mean

    return value


def of_learning_rule(condition, metric):
    phase, _, quantity = metric.partition("/")
    row = 0 if phase == "burn_in" else int(phase.removeprefix("segment_"))
    return learning_rule.references(quantity)[row].mean


def of_propagation(condition, metric):
    return propagation.reference(metric).mean if condition == "published" else None


def of_pair(condition, metric):
    estimator, _, quantity = metric.partition("/")
    found = pair.of(float(condition.removeprefix("alpha ")), estimator, quantity)
    return None if found is None else found.mean


KNOWN = {
    "burstprop/learning-rule": of_learning_rule,
    "burstprop/propagation": of_propagation,
    "rdd/pair": of_pair,
}


def contrasts():
    for item in registry().comparisons.values():
        kind = item.object
        if issubclass(kind, ContrastComparison):
            study = kind.circuit.partition("/")[0]
            known = of_relevance(kind.circuit) if study == "relevance" else KNOWN.get(kind.circuit)
            for contrast in kind.contrasts:
                yield kind.circuit, contrast, known


def test_every_study_lists_claims():
    counts = Counter(circuit.partition("/")[0] for circuit, _, _ in contrasts())
    assert all(counts[study] >= 5 for study in ("burstprop", "rdd", "relevance"))
    sentences = [contrast.sentence for _, contrast, _ in contrasts()]
    assert all(sentence[0].isupper() and not sentence.endswith(".") for sentence in sentences)


def test_the_means_of_the_golden_tables_are_in_the_claimed_ranges():
    checked = 0
    for circuit, contrast, known in contrasts():
        if known is None:
            continue
        terms = [term for term in (contrast.first, contrast.second) if term is not None]
        values = [known(*term) for term in terms]
        if None in values:
            continue
        difference = values[0] - (values[1] if len(values) > 1 else 0.0)
        assert contrast.low < difference < contrast.high, (circuit, contrast.name, difference)
        checked += 1
    assert checked >= 40


class Metric:
    def __init__(self, value):
        self.value, self.reference = value, None


class Run:
    def __init__(self, **metrics):
        self.metrics = {name: Metric(value) for name, value in metrics.items()}


@pytest.fixture
def two():
    """Two seeds of a circuit with two conditions; one of them lacks a seed."""
    return RunSet(
        {
            ("a/b", "on", 1): Run(rate=5.0),
            ("a/b", "on", 2): Run(rate=6.0),
            ("a/b", "off", 1): Run(rate=3.0, other=1.0),
            ("a/b", "off", 3): Run(rate=1.0),
        }
    )


def test_differences_are_paired_by_seed(two):
    assert two.difference("a/b", "on", "off", "rate") == {1: 2.0}
    assert two.seeds("a/b", "on", "off") == [1]
    assert two.metric("a/b", "on", "rate") == {1: 5.0, 2: 6.0}


def test_a_metric_that_a_run_lacks_is_not_left_out(two):
    assert math.isnan(two.metric("a/b", "on", "other")[1])
