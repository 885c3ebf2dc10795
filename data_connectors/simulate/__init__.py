"""A simulated county: raw vendor-shaped files that the ordinary connectors load, and the planted truth beside them.

Places, agencies and roads are like those of Dutchess County, New York; every record,
plate and person is invented, and everything made from it says SIMULATED. The same seed
gives the same bytes. What is planted, and how, is in ``docs/simulated_county.md``.
"""

from __future__ import annotations

from data_connectors.simulate.bulk_reads import write_bulk_reads
from data_connectors.simulate.simulation import SimulatedCounty, SimulatedFile, load_simulated, simulate_county

__all__ = ["SimulatedCounty", "SimulatedFile", "load_simulated", "simulate_county", "write_bulk_reads"]
