"""FlowPilot's assistant: what it is given (`case`), what it returns (`results`), who makes it (`offline`, `llm`), and asking it (`ask`)."""
