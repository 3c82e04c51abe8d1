from django.urls import path

from flowpilot.views import browsing, lane, secrets, workspace

urlpatterns = [
    path("sessions/", browsing.sessions, name="sessions"),
    path("sessions/new/", browsing.intake, name="intake"),
    path("sessions/<uuid:pk>/", workspace.workspace, name="session"),
    path("sessions/<uuid:pk>/changes/", workspace.changes, name="session-changes"),
    path("sessions/<uuid:pk>/messages/", workspace.messages, name="messages"),
    path("sessions/<uuid:pk>/resolve/", workspace.resolve, name="resolve"),
    path("sessions/<uuid:pk>/abandon/", workspace.abandon, name="abandon"),
    path("sessions/<uuid:pk>/reopen/", workspace.reopen, name="reopen"),
    path("sessions/<uuid:pk>/try-again/", workspace.try_again, name="try-again"),
    path("sessions/<uuid:pk>/notes/", workspace.notes, name="ticket-notes"),
    path("sessions/<uuid:pk>/tasks/<int:card>/", lane.task, name="task"),
    path("sessions/<uuid:pk>/secrets/<int:number>/", secrets.fold, name="secret-fold"),
    path("sessions/<uuid:pk>/secrets/<int:number>/reveal/", secrets.reveal, name="secret-reveal"),
    path("sessions/<uuid:pk>/secrets/<int:number>/remove/", secrets.remove, name="secret-remove"),
    path("sessions/<uuid:pk>/send/", lane.send, name="send"),
    path("sessions/<uuid:pk>/facts/", lane.add_fact, name="add-fact"),
    path("sessions/<uuid:pk>/facts/<int:card>/drop/", lane.drop_fact, name="drop-fact"),
    path("sessions/<uuid:pk>/proposals/<uuid:offer>/", lane.proposal, name="proposal"),
    path("sessions/<uuid:pk>/draft/", workspace.draft, name="reply-draft"),
    path("sessions/<uuid:pk>/fixes/<int:card>/", lane.fix, name="fix"),
]
