"""The program's own wording of its messages: one module a language, the same keys in each.

A body stands in an e-mail as it is. With WhatsApp it is the text to have approved, so it neither
begins nor ends with a placeholder, as Meta demands.
"""
