"""Results as files that others can work with: Pabulib, CSV, JSON."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import Exporter, PluginInfo, hookimpl
from plugins.bundled.open_data.exporters import CsvTable, JsonDocument, Pabulib

PLUGIN = PluginInfo(
    name="open-data",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_exporters() -> Sequence[type[Exporter]]:
    return [Pabulib, CsvTable, JsonDocument]
