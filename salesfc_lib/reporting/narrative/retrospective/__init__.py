"""The retrospective notebook: forecast against actual, why it missed, what changes next month.

A month without an archive behind it says so, and when the first comparison comes.
"""
