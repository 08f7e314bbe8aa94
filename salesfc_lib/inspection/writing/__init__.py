"""Proposals as people and programs get them: a report for the terminal, JSON, a unit's parameter
file.
"""
