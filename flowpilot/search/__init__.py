"""The search for sessions of an account."""
