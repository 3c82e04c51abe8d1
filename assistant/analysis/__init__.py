"""The offline assessment of a case: deterministic, no network, based only on the session."""
