"""Pay runs: what staff are owed for a period, sealed once and paid once; chair rent."""
