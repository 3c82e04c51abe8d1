from django.apps import AppConfig


class HandoffsConfig(AppConfig):
    name = "handoffs"

    def ready(self) -> None:
        from handoffs import parking, reassessing

        parking.listen()
        reassessing.listen()
