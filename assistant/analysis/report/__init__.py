"""The findings as entries of an assessment."""
