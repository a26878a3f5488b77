"""The audit: who did what, and which rows were written by anything but the program."""
