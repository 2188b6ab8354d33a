"""What this computer offers: NEST, compiler, cores, MPI."""
