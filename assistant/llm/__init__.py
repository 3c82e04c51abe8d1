"""The assistant that asks a model, and the checks of its answers against the session."""
