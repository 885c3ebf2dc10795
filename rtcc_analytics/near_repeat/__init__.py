"""Near repeats: does one crime make another nearby more likely, how near, for how long, and where is that now?"""

from rtcc_analytics.near_repeat.alerts import OpenAlerts, open_alerts
from rtcc_analytics.near_repeat.association import AssociationResult, jacquez_test, mantel_test
from rtcc_analytics.near_repeat.chains import ChainsResult, near_repeat_chains
from rtcc_analytics.near_repeat.cross import KnoxCrossResult, knox_cross_test
from rtcc_analytics.near_repeat.inputs import NearRepeatError
from rtcc_analytics.near_repeat.knox import knox_test
from rtcc_analytics.near_repeat.local import LocalKnoxResult, local_knox
from rtcc_analytics.near_repeat.result import KnoxResult
from rtcc_analytics.near_repeat.streets import StreetLines
from rtcc_analytics.near_repeat.uncertain import spread_over_days

__all__ = [
    "AssociationResult",
    "ChainsResult",
    "KnoxCrossResult",
    "KnoxResult",
    "LocalKnoxResult",
    "NearRepeatError",
    "OpenAlerts",
    "StreetLines",
    "jacquez_test",
    "knox_cross_test",
    "knox_test",
    "local_knox",
    "mantel_test",
    "near_repeat_chains",
    "open_alerts",
    "spread_over_days",
]
