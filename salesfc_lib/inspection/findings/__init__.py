"""What is said of an export: a `Sample` enters, and a `Proposal` leaves, with its evidence and one
list of findings: lines for people, facts for programs, settings of a source, issues and questions.
"""
