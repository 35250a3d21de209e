"""Classifiers on a Gram matrix say what plain scikit-learn says of the features themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.svm import SVC, LinearSVC

from engine import PhospheneError
from engine.datasets import photographs
from engine.experiments.transfer import classifiers
from engine.experiments.transfer.classifiers import Machine
from engine.experiments.transfer.features import Extractor, Place
from engine.networks import backbones
from engine.networks.cuts import Sectioned

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def blobs():
    """Features of 90 + 60 images in 400 dimensions, three classes that overlap."""
    generator = torch.Generator().manual_seed(3)
    centres = torch.randn(3, 400, generator=generator)
    labels = torch.arange(150) % 3
    values = centres[labels] + 6 * torch.randn(150, 400, generator=generator)
    return values[:90], values[90:], labels[:90].numpy(), labels[90:].numpy()


PLAIN = {
    "linear-svc": lambda c: LinearSVC(C=c, random_state=0, max_iter=20_000),
    "svc-linear": lambda c: SVC(C=c, kernel="linear"),
    "svc-rbf": lambda c: SVC(C=c, kernel="rbf"),
    "svc-sigmoid": lambda c: SVC(C=c, kernel="sigmoid"),
    "logistic": lambda c: LogisticRegression(C=c, max_iter=2_000),
}
SCALERS = {"l2": Normalizer, "standard": StandardScaler}


@pytest.mark.parametrize("classifier", PLAIN)
@pytest.mark.parametrize("scaling", SCALERS)
@pytest.mark.parametrize("components", [0, 20, 0.9])
def test_predictions_equal_those_of_plain_scikit_learn(blobs, classifier, scaling, components):
    train, test, labels, _ = blobs
    plain = [SCALERS[scaling](), *([PCA(components, svd_solver="full")] if components else []), PLAIN[classifier](1.0)]
    expected = make_pipeline(*plain).fit(train.double().numpy(), labels).predict(test.double().numpy())
    samples = classifiers.samples(*classifiers.scale(train.clone(), test.clone(), scaling), CPU)
    fitted = classifiers.fit(Machine(classifier, components=components), 1.0, samples, labels)
    assert (fitted.predictions == expected).mean() == 1.0
    assert fitted.scores.shape == (60, 3)
    assert (fitted.scores.argmax(1) == expected).mean() > 0.95


@pytest.mark.parametrize("classifier", PLAIN)
def test_two_classes_have_two_columns_of_scores(blobs, classifier):
    train, test, labels, _ = blobs
    two = labels < 2
    samples = classifiers.samples(*classifiers.scale(train[two].clone(), test.clone(), "l2"), CPU)
    fitted = classifiers.fit(Machine(classifier), 1.0, samples, labels[two])
    assert fitted.scores.shape == (60, 2)
    assert (fitted.scores.argmax(1) == fitted.predictions).all()


@pytest.mark.parametrize("classifier", ["linear-svc", "svc-rbf", "logistic"])
def test_cross_validation_equals_scikit_learns_grid_search(blobs, classifier):
    train, test, labels, _ = blobs
    grid = (0.01, 0.1, 1.0, 10.0)
    samples = classifiers.samples(*classifiers.scale(train.clone(), test.clone(), "l2"), CPU)
    scored = list(classifiers.cross_validated(Machine(classifier), samples, labels, grid, 5))
    pipeline = make_pipeline(Normalizer(), PLAIN[classifier](1.0))
    if classifier == "svc-rbf":
        # "scale" is taken from all training images, not from those of a fold.
        pipeline[-1].gamma = samples.gamma
    name = f"{type(pipeline[-1]).__name__.lower()}__C"
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    search = GridSearchCV(pipeline, {name: grid}, cv=folds).fit(train.double().numpy(), labels)
    assert np.allclose([one.accuracy for one in scored], search.cv_results_["mean_test_score"])
    assert classifiers.best(scored).c == search.best_params_[name]


@pytest.mark.slow
def test_predictions_equal_plain_scikit_learns_on_real_features(real_scenes, squeezenet, context_of):
    context, _ = context_of("probe")
    backbone = backbones.load(squeezenet, context)
    cut = Sectioned(backbone.network, backbone.shape).find("fire9")
    parts = photographs.load("scenes15")
    features = []
    for part, each in ((parts.train, 6), (parts.test, 4)):
        own = torch.cat([(part.labels == label).nonzero().flatten()[:each] for label in range(15)])
        extractor = Extractor(backbone, [Place(cut)], backbone.preprocessing, 5, "auto", context)
        features.append(extractor.extract(part[own], "scenes15", "some", iter(range(1, 10))))
    train, test = (found.values[cut.name] for found in features)
    labels = features[0].labels.numpy()
    assert train.shape == (90, 12_800)
    samples = classifiers.samples(*classifiers.scale(train.clone(), test.clone(), "l2"), CPU)
    for classifier, plain in PLAIN.items():
        pipeline = make_pipeline(Normalizer(), plain(10.0)).fit(train.double().numpy(), labels)
        fitted = classifiers.fit(Machine(classifier), 10.0, samples, labels)
        assert (fitted.predictions == pipeline.predict(test.double().numpy())).all(), classifier


@settings(max_examples=25)
@given(st.integers(2, 30), st.integers(1, 20), st.integers(1, 80), st.integers(0, 1_000))
def test_coordinates_keep_every_inner_product_and_distance(n, m, dimensions, seed):
    generator = torch.Generator().manual_seed(seed)
    train, test = torch.randn(n, dimensions, generator=generator), torch.randn(m, dimensions, generator=generator)
    samples = classifiers.samples(train.clone(), test.clone(), CPU)
    a, b = train.double().numpy(), test.double().numpy()
    tolerance = 1e-4 * dimensions
    assert np.allclose(samples.train @ samples.train.T, a @ a.T, atol=tolerance)
    assert np.allclose(samples.test @ samples.train.T, b @ a.T, atol=tolerance)
    assert np.allclose((samples.test**2).sum(1), (b**2).sum(1), atol=tolerance)
    assert samples.gamma == pytest.approx(1 / (dimensions * a.var()), rel=1e-3) or a.var() < 1e-6


def test_features_without_variance_are_no_reason_to_fail():
    train, test = torch.zeros(4, 9), torch.zeros(2, 9)
    for scaling in ("l2", "standard", "none"):
        samples = classifiers.samples(*classifiers.scale(train.clone(), test.clone(), scaling), CPU)
        fitted = classifiers.fit(Machine("svc-rbf"), 1.0, samples, np.array([0, 0, 1, 1]))
        assert np.isfinite(fitted.scores).all()


def test_more_folds_than_images_of_a_class_are_refused():
    samples = classifiers.samples(torch.randn(6, 4), torch.randn(2, 4), CPU)
    with pytest.raises(PhospheneError, match="--folds 3"):
        list(classifiers.cross_validated(Machine("linear-svc"), samples, np.array([0, 0, 0, 1, 1, 1]), (1.0,), 5))


def test_more_components_than_there_can_be_are_refused_with_how_many(blobs):
    train, test, labels, _ = blobs
    samples = classifiers.samples(train.clone(), test.clone(), CPU)
    machine = Machine("svc-rbf", components=80)
    classifiers.fit(machine, 1.0, samples, labels)
    with pytest.raises(PhospheneError, match="--pca 72"):
        list(classifiers.cross_validated(machine, samples, labels, (1.0,), 5))
    with pytest.raises(PhospheneError, match="--pca 90"):
        classifiers.fit(Machine("svc-rbf", components=91), 1.0, samples, labels)
