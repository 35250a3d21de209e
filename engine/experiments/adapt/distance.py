"""How far apart two domains are in the features of a network: the proxy A-distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 500
"""Images of each domain, at most."""
GRID = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Values of C; the one that tells the domains apart best counts."""


def proxy_a_distance(source: NDArray[np.float64], target: NDArray[np.float64], seed: int) -> float:
    """Return 2 (1 - 2 e), where e is the error of a linear SVM that tells domains apart (Ben-David et al. 2007).

    0 says that it cannot tell them apart, 2 that it always can; by chance it may be a little below 0. A domain head
    that the features have learnt to mislead can be at one half, or below it, while this classifier still tells the
    domains apart. As in Ganin et al. 2016, the lowest error over a range of C counts. One half of the images is learnt
    from and the other half tested, in turn.

    Args:
        source: features ``[N, D]``, N at least 2.
        target: as many, ``[N, D]``, so that guessing has an error of one half.
        seed: of the halves.
    """
    # Imported here: scikit-learn takes half a second or more.
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    features = np.concatenate((source, target))
    domains = np.repeat((0, 1), (len(source), len(target)))
    halves = StratifiedKFold(2, shuffle=True, random_state=seed)
    machines = [make_pipeline(StandardScaler(), LinearSVC(C=c, dual=False)) for c in GRID]
    error = 1 - max(float(cross_val_score(machine, features, domains, cv=halves).mean()) for machine in machines)
    return 2 * (1 - 2 * error)
