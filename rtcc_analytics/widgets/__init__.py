"""Controls for notebooks, each bound to a workflow: move one, and everything it drives follows."""

from __future__ import annotations

from rtcc_analytics.widgets.forecast_explorer import ForecastExplorer
from rtcc_analytics.widgets.hotspot_explorer import HotspotExplorer
from rtcc_analytics.widgets.location_form import LocationForm
from rtcc_analytics.widgets.quality_panel import QualityPanel
from rtcc_analytics.widgets.store_tables import show_loads, show_tables
from rtcc_analytics.widgets.strips import show_weeks
from rtcc_analytics.widgets.swipe import MethodSwipe
from rtcc_analytics.widgets.weeks_explorer import WeeksExplorer

__all__ = [
    "ForecastExplorer",
    "HotspotExplorer",
    "LocationForm",
    "MethodSwipe",
    "QualityPanel",
    "WeeksExplorer",
    "show_loads",
    "show_tables",
    "show_weeks",
]
