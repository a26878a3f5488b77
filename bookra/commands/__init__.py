"""The command line: one module a noun. Translates input to engine calls and results to output."""
