"""Words and sentences, whatever session they are from."""
