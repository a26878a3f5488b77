"""Messages to customers: their words, when and how they go, and what became of each."""
