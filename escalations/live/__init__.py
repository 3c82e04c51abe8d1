"""Live updates: one listener per web process reads the events that PostgreSQL notifies it of, renders each once, and sends the encoded
frame to this process's sockets. Losing a frame is harmless: a gap in the numbers makes the page fetch."""
