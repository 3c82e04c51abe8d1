"""Sessions with a task lane: facts, checks and fixes come first, and the conversation completes them."""
