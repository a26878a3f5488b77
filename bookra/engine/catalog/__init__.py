"""The catalogue: services, their segments and buffers, and what they cost."""
