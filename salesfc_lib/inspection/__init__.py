"""A first look at an export: what it holds, how it is read, and the source to declare, each with its evidence.

Files enter; a `Proposal` a feed leaves. The decision made here: nothing is guessed in silence. What the cells prove is
proposed with the cell that proves it, what they leave open is written as a question.
"""
