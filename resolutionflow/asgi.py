"""The ASGI application: HTTP and the live socket."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "resolutionflow.settings")

import django

django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from escalations.routing import websocket_urlpatterns  # noqa: E402
from resolutionflow.checks import refuse_demo_people  # noqa: E402
from resolutionflow.handler import OneThreadHandler  # noqa: E402
from resolutionflow.longlines import answer_long_lines  # noqa: E402
from resolutionflow.origin import OwnOrigin  # noqa: E402
from resolutionflow.patience import limit_statements  # noqa: E402
from resolutionflow.staticfiles import StaticFilesFirst  # noqa: E402

limit_statements()
refuse_demo_people()
answer_long_lines()

application = ProtocolTypeRouter(
    {
        "http": StaticFilesFirst(OneThreadHandler()),
        "websocket": OwnOrigin(URLRouter(websocket_urlpatterns)),
    }
)
