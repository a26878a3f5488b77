"""A whole business in one file: out of one installation, into another."""
