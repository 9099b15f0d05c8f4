"""Where the log of a test run goes."""

from __future__ import annotations

import logging
import sys
from typing import TextIO


class CurrentStderr(logging.StreamHandler[TextIO]):
    """To whatever stands for standard error now: a test's capture is closed when the test ends."""

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, _given: TextIO) -> None:
        pass
