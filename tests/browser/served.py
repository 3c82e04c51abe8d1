"""The settings of the server that the browser tests drive: the product's own, on the database of the tests that drive it."""

import os

from resolutionflow.settings import *  # noqa: F403
from resolutionflow.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["TESTS_DATABASE"]
