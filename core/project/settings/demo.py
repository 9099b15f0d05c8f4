"""Settings of the demo environment."""

from core.project.settings.base import *
