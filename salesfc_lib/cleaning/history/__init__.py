"""What changed since a month was published: restatements, changed definitions, renames."""
