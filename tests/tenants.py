"""An account at work, for the tests of the walls around it."""

from accounts.models import Event, User
from assistant.models import AssistantCall, DailyUsage
from escalations.models import Notification, Seen
from flowpilot import lane, sessions
from flowpilot.models import AISession, Fix, Proposal, Repeat, ReplyDraft, Secret
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.parking import park
from tests.factories import AccountFactory, UserFactory, hand_off, make_session

KINDS = {"page": {}, "JSON": {"Accept": "application/json"}, "HTMX": {"HX-Request": "true"}}
# A word that stands in everything that acme writes, and nowhere else.
SECRET = "Zephyrine"


def acme_at_work():
    """A session that waits, one that was claimed, one that is parked; every text of theirs holds the secret word."""
    acme = AccountFactory(name="Acme MSP", slug="acme-msp")
    ana = UserFactory(name="Ana Reyes", email="ana@acme.example", account=acme, role="engineer")
    bo = UserFactory(name="Bo Lindqvist", email="bo@acme.example", account=acme, role="engineer")

    def session(**extra):
        made = make_session(ana, title=f"{SECRET} printer", client=f"{SECRET} Dental", ticket=f"{SECRET}-1", **extra)
        Fix.objects.create(session=made, number=3, title=f"{SECRET} fix")
        AISession.objects.filter(pk=made.pk).update(card_count=3)
        lane.add_fact(made.pk, by=ana, text=f"{SECRET} fact")
        sessions.post(made.pk, by=ana, text=f"{SECRET} said", reply=False)
        return made

    hand_off(session(), ana, needs=f"{SECRET} needs", target=bo)
    claimed = hand_off(session(), ana, needs=f"{SECRET} needs")
    claim(claimed.pk, by=bo)
    park(session().pk, by=ana, needs=f"{SECRET} park")


def what_the_assistant_leaves(session):
    step = session.steps.first()
    AssistantCall.objects.create(
        account_id=session.account_id, session_id=session.pk, job="reply", provider="openai", model="m", outcome="ok"
    )
    DailyUsage.objects.create(account_id=session.account_id, day=step.at.date(), calls=1, tokens=7)
    ReplyDraft.objects.create(session=session, step=step.number, text=f"{session.title} draft")
    Proposal.objects.create(session=session, kind="fact", text=f"{session.title} proposal", source=step)
    Repeat.objects.create(session=session, title=f"{session.title} repeat", reply=step, done_in=step)
    Secret.objects.create(session=session, number=1, kind="password", shredded_at=step.at)


def state_of_everything():
    """Enough of the database to tell that nothing was changed."""
    return (
        list(
            SessionHandoff.objects.order_by("pk").values_list(
                "pk", "state", "claimed_by", "needs", "assessment_state", "assessment_asked_at"
            )
        ),
        list(
            AISession.objects.order_by("pk").values_list(
                "pk", "status", "handler", "step_count", "card_count", "ticket_notes", "updated_at"
            )
        ),
        Event.objects.count(),
        list(Notification.objects.order_by("pk").values_list("pk", "read_at")),
        Seen.objects.count(),
        list(User.objects.order_by("pk").values_list("pk", "name", "role", "is_active", "password")),
    )
