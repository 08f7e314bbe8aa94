"""The cleaning notebook: what came in, what was kept, what was changed, what history became."""
