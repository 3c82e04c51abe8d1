"""What a web process imports before it takes connections."""

import subprocess
import sys

from django.conf import settings

CODE = """
import django, sys
django.setup()
import resolutionflow.urls, escalations.routing
print(*sorted({"pydantic_ai", "openai", "anthropic", "assistant.llm.client"} & set(sys.modules)))
"""


def test_the_clients_of_language_models_are_imported_when_one_is_asked():
    ran = subprocess.run([sys.executable, "-c", CODE], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True, timeout=120)

    assert ran.stdout.strip() == ""
