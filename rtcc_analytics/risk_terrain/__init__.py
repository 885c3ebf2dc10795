"""Risk terrain modelling: which features of the ground go with more crime, within what distance, and by how much."""

from rtcc_analytics.risk_terrain.factors import RiskTerrainError
from rtcc_analytics.risk_terrain.sensitivity import RiskTerrainSensitivity, risk_terrain_sensitivity
from rtcc_analytics.risk_terrain.terrain import RiskTerrain, risk_terrain

__all__ = [
    "RiskTerrain",
    "RiskTerrainError",
    "RiskTerrainSensitivity",
    "risk_terrain",
    "risk_terrain_sensitivity",
]
