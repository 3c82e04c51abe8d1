from django.urls import path

from escalations.live.endpoint import live_socket

# An ASGI application instead of a view: Channels' URLRouter calls it.
websocket_urlpatterns = [path("ws/escalations/", live_socket)]  # type: ignore[arg-type]
