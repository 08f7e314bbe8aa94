"""Candidates, a model family a file; `registry` lists those that compete."""
