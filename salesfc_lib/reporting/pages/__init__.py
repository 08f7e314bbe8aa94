"""HTML pages: notebooks, a unit's month, key series, the indexes."""
