"""A session, read into sentences with their meanings."""
