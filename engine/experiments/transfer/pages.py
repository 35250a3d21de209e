"""The pages of the transfer experiments."""

from engine.experiments.literature import GUO, MCNEMAR, NEHLIL, RDFIA, SIMONYAN_2015, TORRALBA
from engine.pages import Page

PROBE = Page(
    does="Takes the features that a frozen network gives at one cut, and classifies new images by them with a support "
    "vector machine or the like. The test images are used once, with the best C.",
    look_at="The table `baselines`: the same classifier on a random network and on the pixels. A transfer is worth "
    "what it gains over these. The plot `C`, if several were compared: a best value at the edge asks for more.",
    matters={
        "cut": "early layers see edges, late ones the classes of the old task; see phosphene cuts MODEL",
        "C": "a small one allows more errors and generalises; a range is cross-validated",
        "model": "the network and what it has seen",
        "scaling": "l2 lets directions count and not lengths",
        "against": "an earlier run on the same images, compared by McNemar's test",
    },
    reading={
        "test/accuracy": "share of test images classified rightly",
        "test/mean-class-accuracy": "mean over the classes, which figures on 15-Scene mostly are",
        "validation/accuracy": "mean over the folds of the training images, for each C",
        "mcnemar/p": "probability of a difference like this one if both runs were equally good",
    },
    sources=(RDFIA, SIMONYAN_2015, TORRALBA, MCNEMAR),
    example="phosphene run probe --C 1e-4..100",
)
CUTS = Page(
    does="Probes a frozen network at every cut, from one pass over the images: which layer's features serve the new "
    "classes best.",
    look_at="The plot `cuts`: accuracy mostly rises with depth, until the features begin to belong to the old "
    "classes. Error bars that overlap say that the order of their cuts is chance.",
    matters={
        "mode": "pairs joins every convolutional cut with every part of the classifier that fits",
        "pool": "1 keeps a number for each map, 0 every place of it",
        "cuts": "all, or the ones that you name",
        "folds": "of the cross-validation that chooses the best cut",
    },
    reading={
        "test/accuracy": "share of test images classified rightly at the cut that the validation chose",
        "validation/accuracy": "mean over the folds, cut by cut",
    },
    sources=(RDFIA, NEHLIL, SIMONYAN_2015),
    example="phosphene run cuts --pool 2",
)
FINETUNE = Page(
    does="Gives a pretrained network a new last layer and trains it, or more of the network, on other classes. The "
    "epoch with the lowest validation loss is tested and kept.",
    look_at="Both losses: where images are few the training loss goes to nothing while the other rises. Compare "
    "`freeze backbone` with `freeze none`: what does training all of it gain?",
    matters={
        "freeze": "backbone trains the new layer alone, none all of it",
        "lr": "of the new layer; live",
        "lr_pretrained": "a tenth keeps what the network knows; live",
        "augmentation": "draws other images each time, against learning by heart",
        "patience": "ends the training when the validation loss no longer falls",
    },
    reading={
        "test/accuracy": "share of test images classified rightly, in the epoch of the lowest validation loss",
        "test/mean-class-accuracy": "mean over the classes",
        "best/epoch": "the epoch that was kept; the last one asks for more epochs",
        "test/calibration-error": "mean gap between probability and accuracy",
    },
    sources=(RDFIA, NEHLIL, GUO),
    example="phosphene run finetune --freeze backbone --epochs 20",
)
