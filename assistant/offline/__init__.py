"""The offline assistant: playbooks, and what the session says. No network; the same answer to the same case."""
