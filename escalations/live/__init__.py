"""Live news: one listener per web process reads the event rows that PostgreSQL rings for, renders each once, and hands the encoded
frame straight to this process's sockets. Losing a frame is harmless: a gap in the numbers makes the page fetch."""
