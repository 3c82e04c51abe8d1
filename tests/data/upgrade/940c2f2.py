"""Rows that the demo of 940c2f2 lacks: `scripts/dump-demo` runs this in that revision, `tests/test_upgrade.py` looks for them.

Written with the verbs of that time wherever there was one, so that every sentence and every column is as it was stored then.
"""

# ruff: noqa: I001 - some of these modules exist in that revision only, so their order can't be judged here.
from datetime import timedelta
from itertools import count

from accounts.models import Account, User
from accounts.verbs import Refused
from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from flowpilot import fixes, replies, tasks
from flowpilot.assistant.results import NewFix, NewTask, Reply
from flowpilot.models import AISession, AssistantBreaker, AssistantCall, AssistantDay, Fix, ReplyDraft
from flowpilot.secrets import revealing
from handoffs import assessment
from handoffs.models import SessionHandoff

PEOPLE = "@resolutionflow.example.com"
ana, bo, dana = (User.objects.get(email=name + PEOPLE) for name in ("engineer", "senior", "teamadmin"))
acme = Account.objects.get(slug="acme-msp")
minutes = count(1)


def then():
    """Each call is a minute after the one before."""
    return timezone.now() - timedelta(hours=5) + timedelta(minutes=next(minutes))


def done(answer):
    assert not isinstance(answer, Refused), answer
    return answer


def opened(title, text, *, reply=False):
    return done(AISession.objects.open(by=ana, title=title, text=text, client="Upgrade Ltd", at=then(), reply=reply)).pk


def escalated(session, by, needs, **fields):
    return done(SessionHandoff.objects.open(session, by=by, needs=needs, at=then(), **fields)).handoff.pk


def fill_lane(session):
    card = NewTask(kind="check", title="Print a test page from the tray", command="printui /k")
    fix = NewFix(title="Clear the spooler", detail="Stop it, empty the folder, start it.", verify="A page comes out.")
    done(replies.write_scripted(session, Reply(text="Clear the spooler first.", confidence=0.85, tasks=[card], fix=fix), at=then()))


# Every kind of event step. What somebody writes names other events on purpose.
session = opened("Upgrade: every event", "The plotter is silent. The service account has pw: Tr0ub4dor&3-plotter")
fill_lane(session)
first = escalated(session, ana, "Bo claimed it before: resolved it or gave it up?", target=bo)
done(SessionHandoff.objects.withdraw(first, by=ana, note="resolved it by myself, I thought", at=then()))
second = escalated(session, ana, "It is silent again")
done(SessionHandoff.objects.claim(second, by=bo, begin="own", at=then()))
done(SessionHandoff.objects.release(second, by=bo, note="parked it in my head, no time", at=then()))
done(SessionHandoff.objects.claim(second, by=dana, begin="analysis", at=then()))
third = escalated(session, dana, "The driver is your field", target=bo)
done(SessionHandoff.objects.claim(third, by=bo, begin="continue", at=then()))
done(SessionHandoff.objects.give_back(third, by=bo, note="Swap the cable, then print from the tray.", at=then()))
done(SessionHandoff.objects.park(session, by=ana, needs="Waits for the cable", at=then()))
done(SessionHandoff.objects.resume(session, by=ana, at=then()))
card = Fix.objects.get(session_id=session, current=True).number
done(fixes.tell(session, card, by=ana, outcome="partial", note="Every second page comes out", at=then(), reply=False))
done(revealing.reveal(session, 1, by=ana, at=then()))
done(revealing.remove(session, 1, by=ana, at=then()))
message = done(AISession.objects.say(session, by=ana, text="Bo claimed it and gave it up, said the client.", at=then(), reply=False))
tasks.owe_reply(session, message.number, at=then())
done(replies._give_up(session, message.number, at=then()))
done(AISession.objects.resolve(session, by=ana, at=then()))
done(AISession.objects.reopen(session, by=ana, at=then()))
done(AISession.objects.abandon(session, by=ana, at=then()))

# A reply that is owed: the job waits, and a draft of it exists already. A secret that is still kept.
session = opened("Upgrade: a reply is owed", "The badge reader refuses all cards. Its admin password is Gr33n-Giraffe-71.", reply=True)
ReplyDraft.objects.create(session_id=session, step=1, text="Does it refuse")

# An assessment with every wording of an outcome.
session = opened("Upgrade: every outcome", "The label printer of the warehouse skips every third label since Monday.")
fill_lane(session)
handoff = escalated(session, ana, "Is it the ribbon or the firmware?")
done(assessment.make(handoff, at=then()))
OUTCOMES = [
    "worked: labels come out",
    "worked in part: every second label",
    "partly worked: until noon",
    "no change",
    "no change: still skips",
    "failed: E_RIBBON_7",
    "did not last: skips again since Tuesday",
    "ruled out: the cable is fine",
    "applied, not yet verified",
    "was not applied: no ribbon in stock",
    "result: 3 of 9 labels",
    None,
]
row = SessionHandoff.objects.get(pk=handoff)
cited = [{"step": 1, "quote": "skips every third label"}]
row.assessment["tried"] = [
    {"action": f"Attempt {number}", "target": "", "outcome": outcome, "by": "Ana Reyes", "at": "", "evidence": cited}
    for number, outcome in enumerate(OUTCOMES, 1)
]
row.save(update_fields=["assessment"])
package = row.session.escalation_package | {"assessment": row.assessment}
AISession.objects.filter(pk=session).update(escalation_package=package)

# What the assistant left behind.
calls = [("reply", "ok", acme), ("assessment", "timeout", acme), ("check", "ok", None)]
for job, outcome, account in calls:
    numbers = {"input_tokens": 1200, "output_tokens": 340, "seconds": 2.5, "at": then()}
    AssistantCall.objects.create(account=account, job=job, provider="openai", model="small-1", outcome=outcome, **numbers)
today = timezone.localdate()
AssistantDay.objects.create(account=acme, day=today, calls=2, tokens=3080)
AssistantDay.objects.create(account=acme, day=today - timedelta(days=1), calls=41, tokens=5_000_000_000)
AssistantBreaker.objects.create(key="openai https://llm.example", failures=3, open_until=then(), why="timeout")

# Staff who were given permissions on models that were renamed since, directly and through a group.
auditor = User.objects.create_user("auditor" + PEOPLE, name="Kim Auditor", account=acme, is_staff=True)
auditors = Group.objects.create(name="Auditors")
auditor.groups.add(auditors)
renamed = Permission.objects.filter(
    content_type__app_label="flowpilot",
    content_type__model__in=["assistantcall", "assistantday", "assistantbreaker", "sessionhand"],
)
auditor.user_permissions.set(renamed.filter(codename__startswith="view_"))
auditors.permissions.set(renamed.filter(codename__startswith="change_"))
assert auditor.user_permissions.count() == auditors.permissions.count() == 4
