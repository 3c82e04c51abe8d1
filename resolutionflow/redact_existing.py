"""Redacts the secrets in rows that were written before the product redacted them, session by session, in every text column."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import Field, Model, QuerySet

from flowpilot.models import AISession, SearchEntry, Secret, SessionStep
from flowpilot.vault.redact import redact, redact_within
from redaction.detect import announced
from redaction.kinds import cut

_APPS = ("flowpilot", "handoffs", "escalations")
# Maintained by triggers or without text; and columns without people's text.
_SKIPPED_MODELS = (Secret, SearchEntry)
_SKIPPED_FIELDS = {"import_key", "playbook"}


class _DryRun(Exception):
    """Rolls the transaction back after a dry run."""


@cache
def text_columns() -> list[tuple[type[Model], str, tuple[Field, ...]]]:
    """Every table that belongs to sessions: the model, its lookup to the session, and its text columns. New tables are included."""
    found = []
    for model in (each for app in _APPS for each in apps.get_app_config(app).get_models()):
        path = _path_to_session(model)
        columns = tuple(
            field
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField)
            and not field.choices
            and field.name not in _SKIPPED_FIELDS
        )
        if path and columns and model not in _SKIPPED_MODELS:
            found.append((model, path, columns))
    # Steps first, because each is read together with the one before.
    return sorted(found, key=lambda each: each[0] is not SessionStep)


def _path_to_session(model: type[Model]) -> str:
    if model is AISession:
        return "pk"
    names = {field.name: field.related_model for field in model._meta.concrete_fields if field.many_to_one or field.one_to_one}
    if names.get("session") is AISession:
        return "session"
    handoff: Any = names.get("handoff")
    return "handoff__session" if handoff is not None and any(f.name == "session" for f in handoff._meta.concrete_fields) else ""


def redact_existing(sessions: QuerySet[AISession], *, dry_run: bool) -> Iterator[Counter[str]]:
    """Redacts the secrets of each session; yields how many texts were changed in it, by column. With `dry_run`, nothing is changed."""
    for pk in sessions.order_by("created_at", "pk").values_list("pk", flat=True).iterator(500):
        changed: Counter[str] = Counter()
        try:
            with transaction.atomic():
                # Locks the session, so that no step gets in between.
                AISession.objects.filter(pk=pk).update(status=models.F("status"))
                for model, path, columns in text_columns():
                    _redact_rows(model, {path: pk}, columns, pk, changed)
                if dry_run:
                    raise _DryRun
        except _DryRun:
            pass
        yield changed


def _redact_rows(model: type[Model], of_session: dict[str, Any], columns: tuple[Field, ...], pk: Any, changed: Counter[str]) -> None:
    before = ""
    for row in model._default_manager.filter(**of_session).order_by("pk" if model is not SessionStep else "number"):
        question = getattr(row, "asked", "") or getattr(row, "title", "")
        new = {}
        for column in columns:
            value = getattr(row, column.attname)
            asked = (question if announced(question) else before) if column.name in ("text", "answer") else ""

            redacted = redact(pk, value, by_id=None, asked=asked) if isinstance(value, str) else redact_within(pk, value, by_id=None)
            if redacted != value:
                limit = getattr(column, "max_length", None)
                new[column.attname] = cut(redacted, limit) if limit and isinstance(redacted, str) else redacted
                changed[f"{model._meta.model_name}.{column.name}"] += 1
        if new:
            model._default_manager.filter(pk=row.pk).update(**new)
        before = getattr(row, "text", "") if model is SessionStep and getattr(row, "kind", "") not in ("system", "briefing") else before
