"""Evidence, gathered by queries that share nothing with the code that they judge."""
