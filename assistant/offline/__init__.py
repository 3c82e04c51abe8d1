"""The offline assistant: playbooks and the session's own text. No network; the same case always gets the same answer."""
