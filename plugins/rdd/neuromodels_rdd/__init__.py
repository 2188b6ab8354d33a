"""Spike-based causal inference for weight alignment.

In the theory of Guerguiev, Kording & Richards (ICLR 2020), a neuron estimates its causal effect on
the feedback that it receives with a regression discontinuity design: it compares feedback after
moments at which it barely spiked with feedback after moments at which it barely did not.
Following that estimate, feedback weights come to have the signs of the forward weights, which
solves the weight transport problem of backpropagation.

The study has an entry point and registers nothing yet.
"""
