"""Runs and sweeps as Slurm jobs.

==============  ==================================================================
`profile`       what a site wants every job to say: a YAML file
`script`        the text that sbatch gets
`client`        sbatch, squeue and sacct
`records`       which jobs were submitted from here
`submission`    a run or a sweep, from its check to its job
`jobs`          what has become of them
==============  ==================================================================

The scripts are plain sbatch files around `neuromodels run` and `neuromodels sweep`, written for
people to read, keep and change: nothing of this package is needed where they run.
"""
