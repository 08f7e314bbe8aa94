"""What the pages say of a step, counted from its tables."""
