from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ResolutionFlowConfig(AppConfig):
    name = "resolutionflow"


class StaffSite(AdminConfig):
    default_site = "accounts.staff.StaffSite"
