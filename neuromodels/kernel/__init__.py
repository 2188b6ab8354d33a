"""One NEST kernel in this process: its models, nodes, values and recorders."""
