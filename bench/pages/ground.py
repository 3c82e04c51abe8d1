"""What the pages are measured on: the server's settings, the demo's account, and longer sessions beside its own."""

import logging
import os
import sys
from pathlib import Path
from typing import Any

# More cards than this no lane of ours has had; the rest of a long session is talk.
MOST_CARDS = 40
NEEDS = "May I change this in production today?"

# The product's settings, with static files collected outside the project, and one extra page: the floor for signed-in people.
SETTINGS = """\
import os
from resolutionflow.settings import *
STATIC_ROOT = os.environ["BENCH_STATIC_ROOT"]
ROOT_URLCONF = "bench_served_urls"
if os.environ["BENCH_SERVED"] == "demo":
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_USE_FINDERS = True
"""
URLS = """\
from django.db import connection
from django.http import HttpResponse
from django.urls import path
from resolutionflow import urls
from resolutionflow.urls import handler400, handler403, handler404, handler500
def bare(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("1")
urlpatterns = [path("bench/bare/", bare), *urls.urlpatterns]
"""


def set_up(folder: Path, served: str) -> None:
    """Django here on the server's very settings: queries are counted here, on the same pages."""
    (folder / "bench_served.py").write_text(SETTINGS)
    (folder / "bench_served_urls.py").write_text(URLS)
    sys.path.insert(0, str(folder))
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "bench_served",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])),
        "BENCH_STATIC_ROOT": str(folder / "static"),
        "BENCH_SERVED": served,
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
    }
    from bench import ground

    ground.set_up()
    from django.core.management import call_command

    # Standard output is the table's, or the JSON's.
    logging.getLogger().setLevel(logging.WARNING)
    if served == "production":
        call_command("collectstatic", interactive=False, verbosity=0)


class Ground:
    """The demo's account with the longer sessions that the measuring needs, all played through the ordinary verbs."""

    def __init__(self) -> None:
        from resolutionflow.demodata.people import create_people
        from resolutionflow.demodata.stories import load

        self.people, _ = create_people()
        # In production the server does not start with people who have the demo's password.
        for person in self.people.values():
            person.set_unusable_password()
            person.save(update_fields=["password"])
        self.stories = [story for story in load() if story.account == "acme-msp"]
        self.made = 0
        for story in self.stories:
            self._play(story)
        # Beside the demo's own: a queue of at least a dozen rows for bo.
        for by in ("ana", "sam", "mei", "dana", "ana", "sam"):
            self.session(steps=12, by=by, needs="Is it safe to go on with this outside the maintenance window?")
        self.short = self.session(steps=60, by="bo")
        self.long = self.session(steps=400, by="bo")
        self.waiting = self.session(steps=60, by="ana", needs=NEEDS)

    def _play(self, story: Any) -> None:
        from django.utils import timezone

        from resolutionflow.demodata.playing import play

        play(story, self.people, now=timezone.now())

    def session(self, *, steps: int, by: str, needs: str = "") -> Any:
        """A session of some `steps` steps, made of the rounds of many stories; handed off where `needs` says what for."""
        from flowpilot.models import AISession
        from resolutionflow.demodata.stories import Story

        self.made += 1
        told: list[dict[str, Any]] = []
        count, turn, cards = 1, 0, 0
        while count < steps:
            turn += 1
            # The steps of a story are played in order, because its answers need its cards.
            in_lane = cards < MOST_CARDS
            for step in self.stories[(self.made + turn) % len(self.stories)].steps:
                if step.verb not in ("reply", "answer", "say", "note", "facts"):
                    continue
                raw = step.model_dump(exclude_unset=True)
                new = [_renamed(raw, f"{turn}-")] if in_lane else _talked(raw)
                more = sum(0 if "facts" in one else max(1, len(one.get("answer", ())) + len(one.get("skip", ()))) for one in new)
                if count + more > steps:
                    told += [{"note": "Nothing else was changed."}] * (steps - count)
                    count = steps
                    break
                told, count = told + new, count + more
                cards += len(step.ask) + len(step.check)
        if needs:
            told.append({"escalate": needs, "priority": "urgent"})
        slug = f"bench-{self.made}"
        base = self.stories[self.made % len(self.stories)].model_dump(
            include={"title", "client", "ticket", "playbook", "domain", "opening", "log"}
        )
        self._play(Story.model_validate({**base, "slug": slug, "by": by, "ended": "4m", "steps": told}))
        return AISession.objects.get(import_key=f"demo:{slug}")


def _renamed(step: dict[str, Any], prefix: str) -> dict[str, Any]:
    """A story's step as part of a longer session: with card keys and titles of its own, done by the current handler."""
    step.pop("by", None)
    step.pop("fix", None)
    for name in {"ask", "check", "answer", "skip", "facts"} & set(step):
        step[name] = {key if key in ("opening", "own") else prefix + key: value for key, value in step[name].items()}
    for key, title in step.get("ask", {}).items():
        step["ask"][key] = f"{title} ({prefix[:-1]})"
    for key, (title, command) in step.get("check", {}).items():
        step["check"][key] = (f"{title} ({prefix[:-1]})", command)
    return step


def _talked(step: dict[str, Any]) -> list[dict[str, Any]]:
    """The same step without cards: what was answered in the lane is said in the conversation."""
    said = [{"say": text} for text in step.get("answer", {}).values()]
    return said or [{key: step[key]} for key in ("reply", "say", "note") if step.get(key)]


def pages_of(ground: Ground) -> dict[str, str]:
    from handoffs.models import SessionHandoff

    return {
        "home": "/",
        "queue": "/escalations/",
        "context": f"/handoffs/{SessionHandoff.objects.get(session=ground.waiting).pk}/",
        "workspace": f"/sessions/{ground.short.pk}/",
        "sessions": "/sessions/?show=all",
        "people": "/people/",
        "numbers": "/escalations/metrics/",
        "intake": "/sessions/new/",
        "escalate": f"/sessions/{ground.short.pk}/escalate/",
        "bell": "/bell/",
        "account": "/account/",
    }
