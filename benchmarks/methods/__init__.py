"""What is compared: one file a method, each with `forecast(history, future, settings)`, as
`measure.py` describes the frames.
"""
