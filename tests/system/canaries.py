"""Two accounts that mirror each other, in which every text carries a canary: a word that says whose it is and which field it stands in."""

import re
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import CharField, JSONField, Model, TextField

from accounts.models import Account, User
from escalations.models import Notification, Seen
from flowpilot import lane, sessions, ticketnotes
from flowpilot.models import AISession, Fix, SearchEntry
from handoffs import assessment
from handoffs.claiming import claim
from handoffs.models import EntryJudgement, MissingEntry, SessionHandoff
from handoffs.parking import park
from tests.factories import AccountFactory, UserFactory, hand_off, make_session
from tests.tenants import what_the_assistant_leaves

# Columns of words for programs, not for people, and what people sign in with.
NO_TEXTS = {
    "accounts.Account.slug", "accounts.User.email", "accounts.User.password", "accounts.Event.kind", "accounts.Event.from_state",
    "accounts.Event.to_state", "escalations.Notification.kind", "flowpilot.AISession.playbook", "flowpilot.AISession.import_key",
    "flowpilot.Proposal.outcome", "flowpilot.Secret.kind", "flowpilot.Secret.digest", "flowpilot.SearchEntry.headline",
}  # fmt: skip


def texts_of_models() -> list[str]:
    """Every column in which people's texts may stand: app.Model.field. A new one is in it by itself."""
    found = []
    for app in ("accounts", "flowpilot", "handoffs", "escalations"):
        for model in apps.get_app_config(app).get_models():
            if hasattr(admin.site._registry.get(model), "account_path"):
                for field in model._meta.concrete_fields:
                    if isinstance(field, CharField | TextField | JSONField) and not field.choices and not field.primary_key:
                        found.append(f"{app}.{model.__name__}.{field.name}")
    return sorted(set(found) - NO_TEXTS)


TEXTS = texts_of_models()


@dataclass(frozen=True)
class Flock:
    """The canaries of one account."""

    letter: str

    def word(self, text: str) -> str:
        return f"kanary{self.letter}{TEXTS.index(text):03d}"

    def seen_in(self, text: str) -> set[str]:
        """The columns whose canaries are in it."""
        return {TEXTS[int(number)] for number in re.findall(rf"kanary{self.letter}([0-9]{{3}})", text, re.IGNORECASE)}


@dataclass(frozen=True)
class Mirror:
    flock: Flock
    account: Account
    ana: User
    bo: User
    lea: User
    handoffs: dict[str, SessionHandoff]
    note: Notification


def mirror(letter: str, flock: Flock | None = None) -> Mirror:
    """An account whose every model has a row: a session that waits, one that was claimed and assessed, one that is parked, one resolved."""
    account = AccountFactory(name=f"Mirror {letter}", slug=f"mirror-{letter.lower()}")
    ana, bo, lea = (
        UserFactory(name=f"{name} {letter}", email=f"{name}-{letter}@{account.slug}.example".lower(), account=account, role=role)
        for name, role in [("Ana", "engineer"), ("Bo", "engineer"), ("Lea", "owner")]
    )

    def session() -> AISession:
        made = make_session(ana)
        Fix.objects.create(session=made, number=3, title="Delete the stored credentials")
        AISession.objects.filter(pk=made.pk).update(card_count=3)
        lane.add_fact(made.pk, by=ana, text="It began this morning.")
        sessions.post(made.pk, by=ana, text="We restarted Outlook, and it still asks.", reply=False)
        return made

    handoffs = {"open": hand_off(session(), ana, target=bo), "claimed": hand_off(session(), ana)}
    claimed = handoffs["claimed"]
    assessment.make(claimed.pk)
    claim(claimed.pk, by=bo)
    handoffs["parked"] = park(session().pk, by=ana, needs="After the maintenance window.").handoff
    resolved = session()
    sessions.resolve(resolved.pk, by=ana)
    ticketnotes.write(resolved.pk)
    Seen.objects.create(user=bo, handoff=handoffs["open"])
    what_the_assistant_leaves(claimed.session)
    # The draft of the reply is shown while somebody waits for it.
    step = claimed.session.steps.first()
    AISession.objects.filter(pk=claimed.session_id).update(reply_requested_for=step.number, reply_requested_at=step.at)
    said = {"account_id": account.pk, "handoff": claimed, "by": bo, "generation": claimed.assessment_generation or 1}
    EntryJudgement.objects.create(part="known", entry=0, verdict="wrong", text="It began this morning.", note="No", **said)
    MissingEntry.objects.create(text="The VPN was down.", **said)
    flock = flock or Flock(letter)
    fill(account, flock)
    for people in (ana, bo, lea):
        people.refresh_from_db()
    return Mirror(flock, account, ana, bo, lea, handoffs, Notification.objects.filter(user=bo).earliest("pk"))


def fill(account: Account, flock: Flock) -> None:
    for text in TEXTS:
        app, name, field = text.split(".")
        model: type[Model] = apps.get_model(app, name)
        rows = model._default_manager.filter(**{admin.site._registry[model].account_path: account.pk})  # type: ignore[attr-defined]
        assert rows, f"the mirror has no {name}: {text} is not tested"
        column = model._meta.get_field(field)
        for row in rows:
            old = getattr(row, field)
            if isinstance(column, JSONField):
                new = sung(old, flock.word(text))
            elif old.startswith("[hidden"):
                continue
            else:
                new = f"{flock.word(text)} {old}"[: column.max_length]
            model._default_manager.filter(pk=row.pk).update(**{field: new})
    SearchEntry.objects.filter(session__account=account).update(headline=flock.word("flowpilot.AISession.title"))


def sung(document: Any, word: str) -> Any:
    """A JSON document in which every sentence begins with the word."""
    if isinstance(document, dict):
        return {key: sung(value, word) for key, value in document.items()}
    if isinstance(document, list):
        return [sung(value, word) for value in document]
    return f"{word} {document}" if isinstance(document, str) and " " in document else document
