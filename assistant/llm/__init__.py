"""The assistant that asks a model, and what holds its answers against the session."""
