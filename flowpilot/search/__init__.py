"""Searching the sessions of an account."""
