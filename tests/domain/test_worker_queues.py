"""Which queues a worker serves, and that one of heavy work alone gives way to everything else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from core.kernel.errors import Invalid
from core.kernel.jobs import Queue
from core.project.cli.worker import NICE, queues_of


def test_quick_and_heavy_are_all_queues_and_share_none() -> None:
    heavy, quick = set(queues_of("heavy")), set(queues_of("quick"))
    assert heavy == {"tallies", "reports", "provisioning"}
    assert not heavy & quick
    assert heavy | quick == set(queues_of("")) == set(Queue)
    assert queues_of("mail, heavy")[0] == "mail"
    with pytest.raises(Invalid, match="slow"):
        queues_of("mail,slow")


@pytest.mark.parametrize(
    ("words", "steps"), [("heavy", NICE), ("reports", NICE), ("quick", 0), ("", 0), ("mail,reports", 0)]
)
def test_only_a_worker_of_heavy_work_alone_gives_way(words: str, steps: int) -> None:
    """In a process of its own: what was given away cannot be had back."""
    program = f"import os; from core.project.cli.worker import *; give_way(queues_of({words!r})); print(os.nice(0))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) == min(19, os.nice(0) + steps)
