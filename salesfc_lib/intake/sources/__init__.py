"""One file per kind of export; each gives rows of text, rejected rows and a fingerprint."""
