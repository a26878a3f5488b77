"""The posting rules: which accounts each business fact moves, to the cent. Pure.

The names in brackets are the rows of the table in ``docs/money.md``.
"""
