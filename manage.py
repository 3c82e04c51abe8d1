#!/usr/bin/env python
"""Runs ResolutionFlow's commands; starts the embedded PostgreSQL for them where DATABASE_URL is not set."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from resolutionflow.embedded.lifetime import hold_for_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "resolutionflow.settings")
    hold_for_command(sys.argv)
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # Written for whoever runs the command; a traceback would bury it.
        sys.exit(str(error))


if __name__ == "__main__":
    main()
