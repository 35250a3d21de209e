"""Classifiers on features: scikit-learn's, fed so that one Gram matrix serves every C, kernel and fold.

The features of n images span at most n dimensions. Where there are more (25,088 after VGG16's last pooling), the
classifiers get coordinates in that span instead, in which all inner products are the same: what depends on nothing else
- linear machines, kernels, PCA - gives the same predictions, many times faster.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import PhospheneError
from engine.experiments.transfer.enough import fewer_than_folds

Array = NDArray[np.float64]
Classifier = Literal["linear-svc", "svc-linear", "svc-rbf", "svc-sigmoid", "logistic"]
Scaling = Literal["l2", "standard", "none"]
COLUMNS = 4_096
"""Feature columns that are multiplied at a time, which bounds the memory beside the features."""
LARGEST_GRAM = 12_000
"""Training images up to which a Gram matrix is made; it needs their square."""
RANK_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class Samples:
    """Scaled features of the training and the test images, as classifiers see them.

    Attributes:
        train: coordinates ``[n, k]``.
        test: coordinates ``[m, k]``.
        gram: inner products of the training images ``[n, n]``; None where there are too many of them.
        gram_test: of the test images with them ``[m, n]``.
        gamma: scikit-learn's ``scale``, 1 / (D var(X)) of the features themselves.
        dimensions: D, of the features themselves.
    """

    train: Array
    test: Array
    gram: Array | None
    gram_test: Array | None
    gamma: float
    dimensions: int

    @property
    def squares(self) -> tuple[Array, Array]:
        """Squared lengths of the training and the test images."""
        return (self.train**2).sum(1), (self.test**2).sum(1)


def scale(train: Tensor, test: Tensor, scaling: Scaling) -> tuple[Tensor, Tensor]:
    """Scale features in place, float32 ``[n, D]`` and ``[m, D]``.

    ``l2`` divides each image's features by their length, ``standard`` subtracts each feature's mean over the training
    images and divides by its standard deviation there: over all of them, also for the folds of a cross-validation.
    """
    if scaling == "l2":
        for part in (train, test):
            part.div_(part.norm(dim=1, keepdim=True).clamp_min_(1e-12))
    elif scaling == "standard":
        for start in range(0, train.shape[1], COLUMNS):
            columns = slice(start, start + COLUMNS)
            deviation, mean = torch.std_mean(train[:, columns].double(), dim=0, correction=0)
            deviation[deviation == 0] = 1
            for part in (train, test):
                part[:, columns] = part[:, columns].double().sub_(mean).div_(deviation).float()
    return train, test


def gram_matrices(train: Tensor, test: Tensor, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return the inner products train-train ``[n, n]``, test-train ``[m, n]`` and test with itself ``[m]``, float64.

    Multiplied in float32 over some thousand columns at a time, added up in float64.
    """
    n, m = len(train), len(test)
    products = torch.zeros(n + m, n, dtype=torch.float64, device=device)
    squares = torch.zeros(m, dtype=torch.float64, device=device)
    for start in range(0, train.shape[1], COLUMNS):
        columns = slice(start, start + COLUMNS)
        a, b = train[:, columns].to(device), test[:, columns].to(device)
        products[:n] += a @ a.T
        products[n:] += b @ a.T
        squares += b.double().square().sum(1)
    return products[:n].add(products[:n].T).div_(2).cpu(), products[n:].cpu(), squares.cpu()


def samples(train: Tensor, test: Tensor, device: torch.device) -> Samples:
    """Prepare scaled features, float32 ``[n, D]`` and ``[m, D]``, for any of the classifiers."""
    n, dimensions = train.shape
    total = sum(part.double().sum() for part in train.split(256))
    square = sum(part.double().square().sum() for part in train.split(256))
    variance = float(square / train.numel() - (total / train.numel()) ** 2)
    gamma = 1.0 / (dimensions * variance) if variance > 0 else 1.0
    if n > LARGEST_GRAM:
        return Samples(train.double().numpy(), test.double().numpy(), None, None, gamma, dimensions)
    gram, gram_test, squares = gram_matrices(train, test, device)
    if dimensions <= n:
        coordinates, coordinates_test = train.double(), test.double()
    else:
        coordinates, coordinates_test = _coordinates(gram, gram_test, squares)
    return Samples(coordinates.numpy(), coordinates_test.numpy(), gram.numpy(), gram_test.numpy(), gamma, dimensions)


def _coordinates(gram: Tensor, gram_test: Tensor, squares: Tensor) -> tuple[Tensor, Tensor]:
    """Return coordinates in the span of the training images, and one more for how far a test image lies outside it."""
    values, vectors = torch.linalg.eigh(gram)
    kept = values > values[-1].clamp_min(0) * RANK_TOLERANCE
    roots, vectors = values[kept].sqrt(), vectors[:, kept]
    train, test = vectors * roots, gram_test @ vectors / roots
    outside = (squares - test.square().sum(1)).clamp_min_(0).sqrt_()
    return torch.cat((train, train.new_zeros(len(train), 1)), 1), torch.cat((test, outside[:, None]), 1)


@dataclass(frozen=True, slots=True)
class Machine:
    """A classifier but for its C.

    Attributes:
        classifier: which.
        gamma: of the RBF and the sigmoid kernel; 0 for scikit-learn's ``scale``.
        components: of a PCA in front: 0 for none, below 1 the share of the variance that is kept, else their number.
        seed: of what is random in scikit-learn's solvers.
    """

    classifier: Classifier
    gamma: float = 0.0
    components: float = 0.0
    seed: int = 0

    @property
    def kernel(self) -> str:
        """The kernel's name; empty for the linear machines that work on coordinates."""
        return {"svc-linear": "linear", "svc-rbf": "rbf", "svc-sigmoid": "sigmoid"}.get(self.classifier, "")

    def inputs(self, data: Samples) -> tuple[Array, Array]:
        """Return what is fitted and what is predicted: kernel values, or coordinates."""
        if self.components or not self.kernel or data.gram is None or data.gram_test is None:
            return data.train, data.test
        return self._kernel_values(data.gram, data.gram_test, *data.squares, self.gamma or data.gamma)

    def _kernel_values(
        self, gram: Array, gram_test: Array, squares: Array, squares_test: Array, gamma: float
    ) -> tuple[Array, Array]:
        if self.kernel == "linear":
            return gram, gram_test
        if self.kernel == "sigmoid":
            return np.tanh(gamma * gram), np.tanh(gamma * gram_test)
        near = squares[:, None] + squares[None] - 2 * gram
        np.fill_diagonal(near, 0.0)
        near_test = squares_test[:, None] + squares[None] - 2 * gram_test
        return np.exp(-gamma * np.maximum(near, 0)), np.exp(-gamma * np.maximum(near_test, 0))

    def estimator(self, c: float, data: Samples) -> Any:
        """Return an unfitted scikit-learn estimator for :meth:`inputs`."""
        from sklearn.decomposition import PCA
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.svm import SVC, LinearSVC

        if self.classifier == "linear-svc":
            last: Any = LinearSVC(C=c, random_state=self.seed, max_iter=20_000)
        elif self.classifier == "logistic":
            last = LogisticRegression(C=c, max_iter=2_000)
        elif self.components or data.gram is None:
            # On what PCA leaves, "scale" is what scikit-learn makes of it.
            gamma = self.gamma or ("scale" if self.components else data.gamma)
            last = SVC(C=c, kernel=self.kernel, gamma=gamma, cache_size=500)
        else:
            last = SVC(C=c, kernel="precomputed", cache_size=500)
        if not self.components:
            return last
        count = self.components if self.components < 1 else int(self.components)
        return make_pipeline(PCA(count, svd_solver="full"), last)

    def require_components(self, images: int, data: Samples) -> None:
        """Check that a PCA fitted on ``images`` images can have the chosen number of components.

        Raises:
            PhospheneError: saying how many it can have.
        """
        most = min(images, data.train.shape[1], data.dimensions)
        if self.components >= 1 and int(self.components) > most:
            raise PhospheneError(
                f"PCA on {images:,} images of {data.dimensions:,} features has at most {most} components: "
                f"choose --pca {most} or less, or a share of the variance such as 0.95"
            )

    def pairwise(self, data: Samples) -> bool:
        """Tell whether :meth:`inputs` are kernel values, whose columns belong to training images."""
        return bool(self.kernel) and not self.components and data.gram is not None


@dataclass(frozen=True, slots=True)
class Scored:
    """One C under cross-validation: accuracies of the folds, seconds each fit took."""

    c: float
    accuracies: tuple[float, ...]
    seconds: tuple[float, ...]

    @property
    def accuracy(self) -> float:
        """Mean over the folds."""
        return float(np.mean(self.accuracies))

    @property
    def deviation(self) -> float:
        """Standard deviation of the folds' accuracies (that of a sample: divided by folds - 1)."""
        return float(np.std(self.accuracies, ddof=1))

    @property
    def fit_seconds(self) -> float:
        """Mean over the folds."""
        return float(np.mean(self.seconds))


def cross_validated(
    machine: Machine, data: Samples, labels: NDArray[np.int64], grid: Sequence[float], folds: int
) -> Iterator[Scored]:
    """Score each C of a grid by stratified k-fold cross-validation on the training images alone.

    Raises:
        PhospheneError: if a class has fewer images than there are folds.
    """
    from sklearn.model_selection import StratifiedKFold

    if (fewest := int(np.unique(labels, return_counts=True)[1].min())) < folds:
        raise PhospheneError(f"the smallest class {fewer_than_folds(fewest, folds)}")
    inputs, _ = machine.inputs(data)
    splits = list(StratifiedKFold(folds, shuffle=True, random_state=machine.seed).split(labels, labels))
    pairwise = machine.pairwise(data)
    machine.require_components(min(len(fitted) for fitted, _ in splits), data)
    for c in grid:
        accuracies, seconds = [], []
        for fitted, validated in splits:
            estimator = machine.estimator(c, data)
            began = time.perf_counter()
            estimator.fit(inputs[np.ix_(fitted, fitted)] if pairwise else inputs[fitted], labels[fitted])
            seconds.append(time.perf_counter() - began)
            validated_inputs = inputs[np.ix_(validated, fitted)] if pairwise else inputs[validated]
            accuracies.append(float((estimator.predict(validated_inputs) == labels[validated]).mean()))
        yield Scored(c, tuple(accuracies), tuple(seconds))


def best(scored: Sequence[Scored]) -> Scored:
    """Return the C with the highest mean accuracy; of equals the smallest, the most regularised."""
    return max(scored, key=lambda one: (one.accuracy, -one.c))


@dataclass(frozen=True, slots=True)
class Fitted:
    """A classifier fitted on all training images, and its predictions of the test images.

    Attributes:
        predictions: int64 ``[m]``.
        scores: ``[m, classes]``: decision values or log-probabilities; the higher, the more confident.
        train_accuracy: on the images it was fitted on.
        seconds: of the fit.
        components: what a PCA kept; 0 without one.
    """

    predictions: NDArray[np.int64]
    scores: Array
    train_accuracy: float
    seconds: float
    components: int


def fit(machine: Machine, c: float, data: Samples, labels: NDArray[np.int64]) -> Fitted:
    """Fit on all training images and predict the test images."""
    machine.require_components(len(labels), data)
    inputs, test_inputs = machine.inputs(data)
    estimator = machine.estimator(c, data)
    began = time.perf_counter()
    estimator.fit(inputs, labels)
    seconds = time.perf_counter() - began
    scores = estimator.decision_function(test_inputs)
    if scores.ndim == 1:
        # Two classes have one value: its sign decides.
        scores = np.stack((-scores, scores), 1)
    kept = int(estimator[0].n_components_) if machine.components else 0
    accuracy = float((estimator.predict(inputs) == labels).mean())
    return Fitted(estimator.predict(test_inputs), scores, accuracy, seconds, kept)
