"""Rows that were written before there was a door: their secrets are hidden now, session by session."""

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db import models as db
from django.db import transaction
from django.db.models import Q, QuerySet

from escalations.models import Notification
from flowpilot.assistant.rows import ReplyDraft
from flowpilot.models import AISession, Fact, Fix, SessionStep, Task
from flowpilot.secrets.detecting import announced
from flowpilot.secrets.keeping import hide_all
from flowpilot.secrets.masking import mask_within
from handoffs.models import SessionHandoff
