"""Sessions with a task lane: the technicians' facts, checks and fixes tell the case, their words around it complete it."""
