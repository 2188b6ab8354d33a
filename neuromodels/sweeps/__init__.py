"""Sweeps over parameters and seeds: many runs of one circuit, one table at the end.

==============  ==================================================================
`definition`    what a sweep consists of, checked before anything runs
`element`       one run of it, begun or continued
`worker`        a process for one run
`pool`          several of these side by side
`display`       how far they are
`table`         their metrics, tidy, and over seeds
`figure`        metrics against the swept parameter
`sweeper`       all of it together
==============  ==================================================================
"""
