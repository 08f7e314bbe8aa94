"""Exports by their paths, and samples of them: files enter, and the titles, headers and rows of a
`Sample` leave as text, read by the readers of a run.
"""
