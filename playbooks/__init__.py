"""Knowledge about problems: the schema of a playbook, loading the files, finding the one that fits. No Django."""
