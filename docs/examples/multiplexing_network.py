"""
Two signals through the same two populations
--------------------------------------------

A sinusoidal current into the somata of a lower population goes up: synapses that transmit *events*
carry it to an upper population, whose event rate follows.  Another one, into the dendrites of the
upper population, goes down at the same time: synapses that transmit *bursts* carry it to the
dendrites of the lower population, whose burst probability follows both.

A sketch of the idea of Naud & Sprekeler (2018) PNAS 115:E6329-E6338.  It takes interneurons to keep
the two signals apart as well below as above: ``neuromodels run burstprop/propagation``.
"""

import matplotlib.pyplot as plt
import nest

import neuromodels
from neuromodels.bursts import decompose

nest.ResetKernel()
nest.verbosity = nest.VerbosityLevel.ERROR
neuromodels.install("pyramidal_burst_neuron", "event_synapse", "burst_synapse")
nest.rng_seed = 1

n_cells = 600
period_up, period_down = 500.0, 800.0  # ms
burn_in, simulation_time, width = 400.0, 4000.0, 50.0  # ms

# Each cell has background noise of its own in both compartments.

noise = {"rate_soma_exc": 500.0, "rate_soma_inh": 500.0, "rate_dend_exc": 500.0}
noise |= {"rate_dend_inh": 500.0, "w_bg_soma_exc": 0.35, "w_bg_soma_inh": 0.35}
bottom_up = {"amplitude_s": 200.0, "frequency_s": 1000.0 / period_up, "I_d": 50.0}
top_down = {"amplitude_d": 120.0, "frequency_d": 1000.0 / period_down, "I_d": 100.0, "I_s": -300.0}
lower = nest.Create("pyramidal_burst_neuron", n_cells, {**noise, **bottom_up})
upper = nest.Create("pyramidal_burst_neuron", n_cells, {**noise, **top_down})
for cells in (lower, upper):
    cells.V_s = nest.random.normal(-70.0, 5.0)

port = nest.GetDefaults("pyramidal_burst_neuron")["receptor_types"]
rule = {"rule": "fixed_indegree", "indegree": 60}
up = {"synapse_model": "event_synapse", "weight": 0.08, "receptor_type": port["SOMA_EXC"]}
down = {"synapse_model": "burst_synapse", "weight": 0.2, "receptor_type": port["DEND_EXC"]}
nest.Connect(lower, upper, rule, up)
nest.Connect(upper, lower, rule, down)

recorders = nest.Create("spike_recorder", 2)
nest.Connect(lower, recorders[0])
nest.Connect(upper, recorders[1])
nest.Simulate(simulation_time)


def rates_of(recorder, cells):
    """Event rate and burst probability of a population in time."""
    events = recorder.events
    neurons = events["senders"] - cells[0].global_id
    trains = neuromodels.SpikeTrains(neurons, events["times"], len(cells), 0.0, simulation_time)
    return decompose(trains).rates(width)


rates = {"lower": rates_of(recorders[0], lower), "upper": rates_of(recorders[1], upper)}

figure, panels = plt.subplots(2, 2, sharex=True, sharey="col", layout="constrained")
for (name, rate), row in zip(reversed(rates.items()), panels, strict=True):
    time = rate.time - width / 2
    row[0].plot(time, rate.event_rate, color="#0072B2")
    row[0].set_ylabel(f"{name} population\nevent rate (Hz)")
    row[1].plot(time, rate.burst_probability, color="#CC79A7")
    row[1].set_ylabel("burst probability")
panels[1, 0].set_title("driven by the current into its somata", fontsize="small")
panels[0, 1].set_title("driven by the current into its dendrites", fontsize="small")
panels[1, 0].set(xlabel="time (ms)", xlim=(burn_in, simulation_time))
panels[1, 1].set(xlabel="time (ms)")
plt.show()
