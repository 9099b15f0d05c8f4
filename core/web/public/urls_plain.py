"""Addresses that have no language."""

from django.urls import path

from core.web.public import plain

urlpatterns = [
    path("theme.css", plain.theme, name="theme"),
    path("robots.txt", plain.robots, name="robots"),
    path(".well-known/security.txt", plain.security_txt, name="security-txt"),
]
