from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import autodiscover_modules


class ResolutionFlowConfig(AppConfig):
    name = "resolutionflow"

    def ready(self) -> None:
        """Loads each app's signal receivers and system checks, once all models are there."""
        autodiscover_modules("receivers", "checks")


class StaffSite(AdminConfig):
    default_site = "accounts.staff.StaffSite"
