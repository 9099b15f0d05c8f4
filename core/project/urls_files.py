"""Addresses of a tenant's files host: user files and nothing else."""

from django.urls import path

from core.web.files import public_file
from core.web.public.plain import robots

handler403 = "core.web.errors.forbidden"
handler404 = "core.web.errors.not_found"
handler500 = "core.web.errors.server_error"

urlpatterns = [
    path("robots.txt", robots, name="robots"),
    path("<path:name>", public_file, name="file"),
]
