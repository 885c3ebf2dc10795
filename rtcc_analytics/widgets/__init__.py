"""Controls for notebooks, each bound to a workflow: move one, and everything it drives follows."""

from __future__ import annotations

from rtcc_analytics.widgets.hotspot_explorer import HotspotExplorer
from rtcc_analytics.widgets.location_form import LocationForm
from rtcc_analytics.widgets.quality_panel import QualityPanel
from rtcc_analytics.widgets.strips import show_weeks

__all__ = ["HotspotExplorer", "LocationForm", "QualityPanel", "show_weeks"]
