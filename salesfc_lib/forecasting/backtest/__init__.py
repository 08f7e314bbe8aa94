"""Every candidate at every cutoff, cached and stopped early where it is costly and hopeless."""
