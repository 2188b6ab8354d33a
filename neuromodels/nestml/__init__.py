"""From NESTML source to a compiled module; no NEST kernel is needed."""
