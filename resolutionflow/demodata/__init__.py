"""The demo: its people, and the stories that they live through. Written by the same verbs as everybody's work."""
