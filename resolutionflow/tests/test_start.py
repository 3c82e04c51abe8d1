"""What the product refuses to start with. Each refusal is a sentence that names the setting."""

import json
import os
import secrets
import string
import subprocess
import sys
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from accounts.models import User
from resolutionflow.checks import refuse_demo_people
from resolutionflow.demodata.people import PASSWORD, create_people
from resolutionflow.environment import key_weakness

PRODUCTION = {
    "DATABASE_URL": "postgresql://u@localhost/none",
    "SECRET_KEY": secrets.token_urlsafe(60),
    "SECRETS_KEY": secrets.token_urlsafe(48),
    "ALLOWED_HOSTS": "flow.acme.example",
}


# Reads the settings once for each environment on standard input: a process for each would take a minute.
READER = """
import json, os, runpy, sys
for given in json.load(sys.stdin):
    os.environ.clear()
    os.environ.update(given)
    try:
        read = runpy.run_path("resolutionflow/settings.py")
        print(json.dumps(["starts", {"DEBUG": read["DEBUG"], "DEMO": read["DEMO"]}]))
    except Exception as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


def bare(**given):
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ} | given


def run(*command, env, **more):
    return subprocess.run([sys.executable, *command], env=env, capture_output=True, text=True, check=False, cwd=settings.BASE_DIR, **more)


def start(*environments):
    """For each environment "starts" and what was read, or the name of the exception and what it says."""
    done = run("-c", READER, env=bare(), input=json.dumps([bare(**given) for given in environments]))
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_sound_configuration_starts():
    assert start(PRODUCTION) == [["starts", {"DEBUG": False, "DEMO": False}]]


def test_a_bad_or_missing_setting_stops_the_start_with_a_sentence():
    refused = [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "x"}, "SECRET_KEY has fewer than 50"),
        ({"SECRET_KEY": "x" * 60}, "SECRET_KEY uses too few"),
        ({"SECRETS_KEY": ""}, "SECRETS_KEY is not set"),
        ({"SECRETS_KEY": "short"}, "fewer than 32"),
        ({"SECRETS_KEY": "y" * 40}, "SECRETS_KEY uses too few"),
        ({"SECRETS_KEY": PRODUCTION["SECRET_KEY"]}, "SECRETS_KEY is the same as SECRET_KEY"),
        ({"SECRETS_KEPT_DAYS": "-1"}, "SECRETS_KEPT_DAYS"),
        ({"SECRETS_KEPT_DAYS": "week"}, "SECRETS_KEPT_DAYS"),
        ({"DEBUG": "true"}, "DEBUG=true"),
        ({"DEBUG": "maybe"}, 'DEBUG="maybe"'),
        ({"HTTP_ONLY": "tru"}, 'HTTP_ONLY="tru"'),
        ({"BEHIND_PROXY": "2"}, 'BEHIND_PROXY="2"'),
        ({"ALLOWED_HOSTS": ".com"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": ".co.uk"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "*.acme.example"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "."}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": " , "}, "ALLOWED_HOSTS is empty"),
        ({"ALLOWED_HOSTS": "https://flow.acme.example"}, "ALLOWED_HOSTS"),
        ({"CSRF_TRUSTED_ORIGINS": "flow.acme.example"}, "CSRF_TRUSTED_ORIGINS"),
        ({"CSRF_TRUSTED_ORIGINS": "https://*.com"}, "CSRF_TRUSTED_ORIGINS"),
        ({"CSRF_TRUSTED_ORIGINS": "https://flow.acme.example:x"}, "CSRF_TRUSTED_ORIGINS"),
        ({"DATABASE_URL": "mysql://u@localhost/none"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://u:geheim@localhost:port/none"}, "DATABASE_URL can't be read"),
        ({"LISTEN_DATABASE_URL": "localhost"}, "LISTEN_DATABASE_URL"),
        ({"DATABASE_POOL_SIZE": "ten"}, 'DATABASE_POOL_SIZE="ten"'),
        ({"DATABASE_POOL_SIZE": "0"}, 'DATABASE_POOL_SIZE="0"'),
        ({"HSTS_SECONDS": "1y"}, 'HSTS_SECONDS="1y"'),
        ({"TIME_ZONE": "Europe/Atlantis"}, "TIME_ZONE"),
        ({"ASSISTANT": "maybe"}, "ASSISTANT"),
        ({"ASSISTANT_TRIES": "three"}, "ASSISTANT_TRIES"),
        ({"ASSISTANT_TRY_SECONDS": "nan"}, "ASSISTANT_TRY_SECONDS"),
    ]

    for (given, said), (kind, sentence) in zip(refused, start(*(PRODUCTION | given for given, _ in refused)), strict=True):
        assert kind == "ImproperlyConfigured", (given, sentence)
        assert said in sentence, given
        assert "geheim" not in sentence


def test_a_command_says_it_without_a_traceback():
    done = run("manage.py", "check", env=bare(**PRODUCTION, DEBUG="maybe"))

    assert (done.returncode, done.stderr.strip()) == (1, 'DEBUG="maybe" is neither true nor false. Use true or false.')


def test_debug_works_with_the_embedded_database_on_this_machine_only():
    here, elsewhere = start({"DEBUG": "true"}, {"DEBUG": "true", "ALLOWED_HOSTS": "localhost,flow.acme.example"})

    assert here == ["starts", {"DEBUG": True, "DEMO": True}]
    assert elsewhere[0] == "ImproperlyConfigured"
    assert "DEBUG=true" in elsewhere[1]


def test_an_old_weak_key_still_decrypts_behind_a_strong_one():
    ((said, _),) = start(PRODUCTION | {"SECRETS_KEY": f"{PRODUCTION['SECRETS_KEY']},{'y' * 40}"})

    assert said == "starts"


@pytest.mark.parametrize("key", ["a" * 60, "changeme" * 8, "Xk2-" * 15, f"{string.ascii_letters}{string.digits}", "k" * 20])
def test_what_people_type_is_no_key(key):
    assert key_weakness(key, 50)


def test_random_keys_are_keys():
    made = [*(secrets.token_urlsafe(60) for _ in range(200)), *(secrets.token_hex(32) for _ in range(200))]

    assert not [key for key in made if key_weakness(key, 50)]


# --- the demo people ----------------------------------------------------------------------------------------------


def complaints():
    return [message.msg for message in run_checks(databases=["default"]) if message.id == "resolutionflow.E001"]


def test_demo_people_with_their_published_password_are_refused_outside_a_demo(db, settings):
    create_people()
    settings.DEMO = False

    (said,) = complaints()
    assert "engineer@resolutionflow.example.com" in said
    assert "DEMO=true" in said


def test_demo_people_who_cannot_sign_in_are_no_obstacle(db, settings):
    create_people()
    settings.DEMO = False
    User.objects.filter(email__startswith="e").update(is_active=False)
    User.objects.exclude(email__startswith="e").update(password=make_password("Correct-Horse-77"))

    assert complaints() == []


def test_a_demo_has_its_people(db, settings):
    create_people()
    settings.DEMO = True

    assert complaints() == []
    refuse_demo_people()


@pytest.mark.django_db(transaction=True)
def test_the_web_process_refuses_to_start_with_them(settings):
    create_people()
    User.objects.update(password=make_password(PASSWORD, hasher="argon2"))  # production knows no hashes of tests
    settings.DEMO = False

    with pytest.raises(ImproperlyConfigured, match="published password"):
        refuse_demo_people()
    # As a server imports it.
    here = connection.settings_dict
    url = f"postgresql://{here['USER'] or 'postgres'}@/{here['NAME']}?{urlencode({'host': here['HOST'], 'port': here['PORT']})}"
    env = bare(**PRODUCTION) | {"DATABASE_URL": url}
    served = run("-c", "import resolutionflow.asgi", env=env)
    assert served.returncode != 0, served.stderr
    assert "set DEMO=true" in served.stderr
    assert run("-c", "import resolutionflow.asgi", env=env | {"DEMO": "true"}).returncode == 0


@pytest.mark.slow
def test_it_starts_while_the_database_is_away_and_without_the_library_for_models():
    """One process for both: each takes seconds. The library doubles the time of a start."""
    code = "import sys, resolutionflow.asgi; print('pydantic_ai' in sys.modules)"

    done = run("-c", code, env=bare(**PRODUCTION) | {"DATABASE_URL": "postgresql://u@127.0.0.1:1/none"})

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False"
