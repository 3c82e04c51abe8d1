"""Credentials that somebody typed: found, hidden at the door of the database, kept encrypted, revealed on purpose, shredded in time."""
