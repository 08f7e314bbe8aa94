"""What each step's notebook says: one file a step, one function a question.

Facts and tables enter; blocks leave. Nothing here computes a forecast or a score.
"""
