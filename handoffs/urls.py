from django.urls import path

from handoffs.views import claiming, context, escalating, judging, updating

urlpatterns = [
    path("sessions/<uuid:pk>/escalate/", escalating.escalate, name="escalate"),
    path("sessions/<uuid:pk>/park/", escalating.park, name="park"),
    path("sessions/<uuid:pk>/resume/", escalating.resume, name="resume"),
    path("sessions/<uuid:pk>/take-over/", escalating.take_over, name="take-over"),
    path("sessions/<uuid:pk>/status-update/", updating.status_update, name="status-update"),
    path("handoffs/<uuid:pk>/", context.context, name="handoff"),
    path("handoffs/<uuid:pk>/summary/", context.summary, name="handoff-summary"),
    path("handoffs/<uuid:pk>/ask-again/", context.ask_again, name="ask-again"),
    path("handoffs/<uuid:pk>/judge/", judging.judge, name="judge"),
    path("handoffs/<uuid:pk>/missing/", judging.missing, name="missing"),
    path("handoffs/<uuid:pk>/claim/", claiming.claim, name="claim"),
    path("handoffs/<uuid:pk>/release/", claiming.release, name="release"),
    path("handoffs/<uuid:pk>/withdraw/", claiming.withdraw, name="withdraw"),
    path("handoffs/<uuid:pk>/return/", claiming.return_to_opener, name="return"),
]
