"""One model family a file; `registry` names those that compete."""
