"""Forecasts of every candidate at every cutoff, with a cache and early stopping for costly ones."""
