#!/usr/bin/env python
"""Runs ResolutionFlow's commands; starts the embedded PostgreSQL for them where DATABASE_URL is not set."""

import os
import sys

from django.core.management import execute_from_command_line

from resolutionflow.embedded.lifetime import hold_for_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "resolutionflow.settings")
    hold_for_command(sys.argv)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
