"""The shapes an event is spread in: quartic, Gaussian, Epanechnikov; on the plane and along a street."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.hotspots.counting import HotspotError

KernelName = Literal["quartic", "gaussian", "epanechnikov"]


@dataclass(frozen=True)
class Kernel:
    """A kernel of bandwidth 1; lengths below are multiples of the bandwidth.

    Attributes
    ----------
    name : str
    code : int
        How compiled loops know it.
    reach : float
        Beyond it, across or up, the kernel is 0: 1 for the two with an end; 5 for the Gaussian, whose tail beyond
        holds 1e-6.
    on_plane, on_line : float
        Factor that makes `shape` integrate to 1 over the plane and along a line.
    spread : float
        Standard deviation along one axis of the plane: two kernels of equal spread smooth alike.
    """

    name: KernelName
    code: int
    reach: float
    on_plane: float
    on_line: float
    spread: float

    def shape(self, squared: ArrayLike) -> NDArray[np.float64]:
        """Height at squared distance, 1 in the middle.

        Examples
        --------
        >>> KERNELS["quartic"].shape([0.0, 0.25, 4.0]).tolist()
        [1.0, 0.5625, 0.0]
        """
        squared = np.asarray(squared, dtype=float)
        if self.name == "gaussian":
            return np.exp(-squared / 2)
        left = np.maximum(1 - squared, 0)
        return left**2 if self.name == "quartic" else left

    def shared_shape(self, squared: ArrayLike, bandwidth_cells: float) -> NDArray[np.float64]:
        """Height to use between lattice points when events were shared among the four nearest.

        Sharing widens the kernel by t (1 - t) of a cell squared along each axis, t being where in its cell an event
        is: between nothing and a quarter. Half of the most is taken back, by a sixteenth of the Laplacian.
        """
        squared = np.asarray(squared, dtype=float)
        if self.name == "quartic":
            laplacian = np.where(squared < 1, 16 * squared - 8, 0.0)
        elif self.name == "gaussian":
            laplacian = (squared - 2) * np.exp(-squared / 2)
        else:
            return self.shape(squared)
        return self.shape(squared) - laplacian / (16 * bandwidth_cells**2)

    def binned_error(self, bandwidth_cells: float) -> float:
        """Most that sharing an event among the four nearest lattice points changes a value, as a share of the peak.

        An eighth of the second derivative along each axis, less the half that `shared_shape` takes back; at its rim
        the quartic's derivative ends abruptly, and the Epanechnikov kernel has a kink.
        """
        if self.name == "epanechnikov":
            return 0.75 / bandwidth_cells
        return (0.8 if self.name == "quartic" else 0.125) / bandwidth_cells**2


# What a normal variable has within five standard deviations, for two axes: erf(5 / sqrt 2) squared.
_WITHIN_REACH = 0.9999988533940412

KERNELS: dict[str, Kernel] = {
    "quartic": Kernel("quartic", 0, 1.0, 3 / np.pi, 15 / 16, 8**-0.5),
    "epanechnikov": Kernel("epanechnikov", 1, 1.0, 2 / np.pi, 3 / 4, 6**-0.5),
    "gaussian": Kernel("gaussian", 2, 5.0, 1 / (2 * np.pi * _WITHIN_REACH), 1 / np.sqrt(2 * np.pi), 1.0),
}


def kernel_named(name: str) -> Kernel:
    """The kernel of a name; HotspotError naming those there are."""
    if name not in KERNELS:
        raise HotspotError(f"kernel {name!r} is not known; there are: {', '.join(KERNELS)}")
    return KERNELS[name]
