"""A column of text to values, with the evidence for how it was read; what is not proven is
asked.
"""
