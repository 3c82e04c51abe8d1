from django.urls import path

from escalations.views import dashboard, numbers, queue

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("bell/", dashboard.bell, name="bell"),
    path("bell/read/", dashboard.read_all, name="bell-read"),
    path("bell/<int:pk>/", dashboard.open_note, name="bell-open"),
    path("escalations/", queue.queue, name="queue"),
    path("escalations/rows/", queue.rows, name="queue-rows"),
    path("escalations/metrics/", numbers.metrics, name="metrics"),
]
