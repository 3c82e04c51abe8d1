from django.urls import path

from escalations.live.consumer import EscalationsConsumer

websocket_urlpatterns = [path("ws/escalations/", EscalationsConsumer.as_asgi())]
