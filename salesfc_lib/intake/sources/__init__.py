"""One file per kind of export; each gives rows of text, the rows that could not be laid out, and a fingerprint."""
