"""The cash drawer and the bank: what was counted, brought, taken and received."""
