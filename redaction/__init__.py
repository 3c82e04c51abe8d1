"""Finding credentials and invisible characters in text. No Django, no database."""
