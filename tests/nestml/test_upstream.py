"""What of NESTML and NEST our templates and headers follow: somebody has to read its changes.

`neuromodels/nestml/generator/templates/` says what NESTML's three large templates say, and
`neuromodels/nestml/headers/` does what two functions of NEST do.  A change there may mend something
that is still wrong here, or want something new; read it, follow it, then write the new hash down.
"""

from __future__ import annotations

import hashlib
import re

import pytest

from neuromodels.machine.installation import find_nest
from neuromodels.nestml.generator import NESTML_TEMPLATES

TEMPLATES = {
    "common/NeuronClass.jinja2": "ced13e53e8303e2f",
    "common/NeuronHeader.jinja2": "ae76760cbe5a5a18",
    "common/SynapseHeader.h.jinja2": "37365ecea0044295",
}
FUNCTIONS = {
    # neuromodels_delivery.h: send_to_targets
    ("connector_base.h", "  send( const size_t tid, const size_t lcid"): "498a9bd8632ff909",
    # neuromodels_emission.h: emit
    (
        "event_delivery_manager_impl.h",
        "EventDeliveryManager::send< SpikeEvent >(",
    ): "fc87075fa9a5a7df",
}


def _hash(text: str) -> str:
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_of_nestml_are_those_that_ours_follow(name: str) -> None:
    assert _hash((NESTML_TEMPLATES / name).read_text()) == TEMPLATES[name]


@pytest.mark.parametrize(("header", "head"), FUNCTIONS)
def test_functions_of_nest_are_those_that_ours_follow(header: str, head: str) -> None:
    text = (find_nest().include / header).read_text()
    assert text.count(head) == 1, head
    rest = text[text.index(head) :]
    end = re.search(r"^(  )?\}$", rest, re.MULTILINE)
    assert end is not None
    assert _hash(rest[: end.end()]) == FUNCTIONS[header, head]
