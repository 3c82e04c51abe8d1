"""As tests/system/served.py, for a database that goes silent: gives up after seconds that a test can wait."""

from resolutionflow import patience
from tests.system.served import *  # noqa: F403

patience.WEB_SECONDS = 4.0
