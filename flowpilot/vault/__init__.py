"""Secrets of sessions: redacted before text is stored, kept encrypted."""
