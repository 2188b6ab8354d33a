"""Irrelevance by inhibition: learning what to ignore.

In the theory of Insel, Guerguiev & Richards (PLoS Computational Biology 14(8):e1006315, 2018), a
cortical network learns which stimuli are relevant.  An inhibitory population divides the activity
of the excitatory one, and a temporal-difference error trains the synapses from the input onto both:
stimuli that announce nothing come to drive inhibition, and are ignored.

The study has an entry point and registers nothing yet.
"""
