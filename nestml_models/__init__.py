"""NESTML sources that several studies may share: ``neurons/`` and ``synapses/``.

Data, not code.  Reach a source with `importlib.resources`, which finds it in an editable install,
in a wheel and in a zip alike::

    importlib.resources.files("nestml_models") / "neurons" / "pyramidal_burst_neuron.nestml"
"""
