"""Names of the reference's table in words."""

import pytest
from neuromodels_relevance.meaning import QUANTITIES, meaning


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "cond_last10.phiE_CS1",
            f"{QUANTITIES['phiE']} (CS1): conditioning, last 10 presentations",
        ),
        ("test3.I_CS1_minus_CS2", "inhibition (CS1 minus CS2): test, first 3 presentations"),
        (
            "late20.S_CS1_minus_CS2clean",
            "relevance signal (CS1 minus CS2 with nothing else near): last 20 presentations",
        ),
        (
            "retrieval_I2E0.8(CS1 22-25).S",
            "relevance signal: retrieval, inhibition times 0.8 (CS1 22-25)",
        ),
        ("state.pre_S_last10", "relevance signal, last 10 s before training"),
        ("acc.0-5s", "share of right answers of the classifier: from 0 to 5 s"),
    ],
)
def test_words(name, words):
    assert meaning(name) == words
