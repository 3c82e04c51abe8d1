"""What the sentences of a session add up to: advice, attempts, corrections, causes."""
