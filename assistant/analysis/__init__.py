"""The offline assessment of a case: deterministic, without network, from what the session says."""
