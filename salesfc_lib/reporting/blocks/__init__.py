"""The blocks that a page is built of: prose, tables, figures, checks."""
