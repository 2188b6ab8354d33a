"""
A dendritic current turns spikes into bursts
--------------------------------------------

Three pyramidal cells with the same background noise get different currents into the dendrite.  The
soma decides how often they fire an *event* (a single spike or a burst), the dendrite how many
events become bursts.  The cells count both themselves.

Model: Payeur et al. (2021) Nature Neuroscience 24:1010-1019.
"""

import matplotlib.pyplot as plt
import nest

import neuromodels

nest.ResetKernel()
nest.verbosity = nest.VerbosityLevel.ERROR
nest.rng_seed = 1
neuromodels.install("pyramidal_burst_neuron")

soma_current = 50.0  # pA
dendritic_currents = [-100.0, 100.0, 200.0]  # pA
simulation_time = 20_000.0  # ms
noise = {"rate_soma_exc": 500.0, "rate_soma_inh": 500.0, "rate_dend_exc": 500.0}
noise |= {"rate_dend_inh": 500.0, "w_bg_soma_exc": 0.35, "w_bg_soma_inh": 0.35}

# Create the cells, a multimeter for both compartments, and a spike recorder.

cells = nest.Create("pyramidal_burst_neuron", 3, {"I_s": soma_current, **noise})
cells.I_d = dendritic_currents
multimeter = nest.Create("multimeter", params={"record_from": ["V_s", "V_d"], "interval": 0.2})
multimeter.start = simulation_time - 1000.0
recorder = nest.Create("spike_recorder")
nest.Connect(multimeter, cells)
nest.Connect(cells, recorder)

nest.Simulate(simulation_time)

events, bursts = cells.n_events, cells.n_bursts

# Plot both voltages of each cell, with its spikes on top.

figure, panels = plt.subplots(len(cells), sharex=True, sharey=True, layout="constrained")
traces, spikes = multimeter.events, recorder.events
for cell, axes in zip(cells.tolist(), panels, strict=True):
    mine, fired = traces["senders"] == cell, spikes["senders"] == cell
    number = cell - cells.tolist()[0]
    axes.plot(traces["times"][mine], traces["V_d"][mine], color="#D55E00", label="dendrite")
    axes.plot(traces["times"][mine], traces["V_s"][mine], color="#0072B2", label="soma")
    axes.plot(spikes["times"][fired], 25.0 + 0.0 * spikes["times"][fired], "k|", ms=8)
    axes.set_title(
        f"{dendritic_currents[number]:g} pA into the dendrite: "
        f"{events[number]} events, {bursts[number]} bursts",
        fontsize="medium",
    )
    axes.set_ylabel("V (mV)")
panels[0].legend(loc="upper right", fontsize="small")
panels[-1].set(xlim=(simulation_time - 1000.0, simulation_time), xlabel="time (ms)")
plt.show()
