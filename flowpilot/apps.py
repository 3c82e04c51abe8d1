from django.apps import AppConfig


class FlowPilotConfig(AppConfig):
    name = "flowpilot"

    def ready(self) -> None:
        from flowpilot import checks  # noqa: F401  (playbooks are validated at start)
