from django.urls import path

from escalations.views import dashboard, numbers, people, queue

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("waiting/", dashboard.waiting, name="dashboard-waiting"),
    path("counts/", dashboard.counts, name="counts"),
    path("escalated/", dashboard.handed_off, name="dashboard-handed-off"),
    path("bell/", dashboard.bell, name="bell"),
    path("bell/read/", dashboard.read_all, name="bell-read"),
    path("bell/<int:pk>/", dashboard.open_note, name="bell-open"),
    path("escalations/", queue.queue, name="queue"),
    path("escalations/rows/", queue.rows, name="queue-rows"),
    path("escalations/metrics/", numbers.metrics, name="metrics"),
    path("people/", people.people, name="people"),
    path("people/rows/", people.rows, name="people-rows"),
    path("people/add/", people.add, name="person-add"),
    path("people/<int:pk>/", people.one, name="person"),
    path("people/<int:pk>/password/", people.password, name="person-password"),
    path("people/<int:pk>/deactivate/", people.deactivate, name="person-deactivate"),
    path("people/<int:pk>/activate/", people.activate, name="person-activate"),
]
