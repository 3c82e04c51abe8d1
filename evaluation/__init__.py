"""The measure: what an assessment tells of a conversation, held against what a careful reader expects (docs/assessment.md)."""
