"""
A model of your own, from its file to a figure
----------------------------------------------

``adapting.nestml`` holds a neuron whose spikes come ever later, and a synapse that strengthens what
arrives before them.  Twenty inputs fire one after the other, in the same order every 200 ms; those
that come early enough to make the neuron fire win.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import nest

import neuromodels

nest.ResetKernel()
nest.verbosity = nest.VerbosityLevel.ERROR
models = neuromodels.install(Path(__file__).with_name("adapting.nestml"))

n_inputs = 20
period, rounds = 200.0, 25  # ms
interval = 1.0  # ms between two inputs

# A cell that is driven by a constant current only, and one that learns.

free, learning = nest.Create("adapting_neuron", 2)
free.I_e = 500.0

inputs = nest.Create("parrot_neuron", n_inputs)
for number, cell in enumerate(inputs):
    times = [10.0 + interval * number + period * k for k in range(rounds)]
    nest.Connect(nest.Create("spike_generator", params={"spike_times": times}), cell)
rule = {"synapse_model": "order_synapse", "w": 250.0, "w_max": 500.0, "eta": 10.0}
nest.Connect(inputs, learning, syn_spec=rule)

multimeter = nest.Create("multimeter", params={"record_from": ["V_m", "I_adapt"], "interval": 0.1})
recorder = nest.Create("spike_recorder")
nest.Connect(multimeter, free)
nest.Connect(free + learning, recorder)

weights = []
for _ in range(rounds):
    weights.append(neuromodels.get_values("order_synapse", "w"))
    nest.Simulate(period)
weights.append(neuromodels.get_values("order_synapse", "w"))

fired = {
    cell.global_id: recorder.get("events", "times")[
        recorder.get("events", "senders") == cell.global_id
    ]
    for cell in (free, learning)
}

# Adaptation of the first cell, and the weights of the second before and after.

figure, (above, below) = plt.subplots(2, layout="constrained")
trace = multimeter.events
above.plot(trace["times"], trace["V_m"], color="#0072B2", label="membrane potential (mV)")
above.plot(trace["times"], trace["I_adapt"] - 60.0, color="#D55E00", label="adaptation (pA) - 60")
above.set(xlim=(0.0, 300.0), xlabel="time (ms)", title="500 pA from the beginning")
above.legend(fontsize="small")
for number, style in ((0, ":"), (5, "--"), (rounds, "-")):
    below.plot(weights[number], "k" + style, label=f"after {number} rounds")
below.set(xlabel="input, in the order of firing", ylabel="weight (pA)")
below.legend(fontsize="small")
plt.show()
