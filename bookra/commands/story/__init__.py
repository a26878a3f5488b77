"""The demo's story: its cast, its stage of real processes, the race, and the proofs."""
