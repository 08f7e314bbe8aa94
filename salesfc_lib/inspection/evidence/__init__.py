"""What the columns and rows of a sample show, without a word about it: a `Sample` enters, the
content of each column, the role and the matched headers, the measure, keys, months and signs leave.
"""
