"""The front desk as lines of text: a day in order, numbered questions, answers that are typed.

It is for screen readers, for terminals that can do little, and for pipes: nothing moves, nothing
is coloured, no line is written twice.
"""
