"""The demo data: people, and stories that are played through the same verbs as real work."""
