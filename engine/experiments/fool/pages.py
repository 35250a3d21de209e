"""The pages of the experiments that fool networks."""

from engine.experiments.literature import (
    ATHALYE,
    CARLINI,
    CROCE,
    GOODFELLOW_2015,
    MADRY,
    RDFIA,
    SZEGEDY_2014,
)
from engine.pages import Page

FOOL = Page(
    does="Changes images step by step along the gradient of one class's logit, until the network predicts that class. "
    "The result is written as PNG, read again and classified again.",
    look_at="The plot `fooled`: image, result, difference, and ten times the difference. How few steps it takes, and "
    "how little of it the eye sees.",
    matters={
        "target": "the class to be predicted; least-likely is the hardest",
        "lr": "length of a step: longer arrives sooner and changes more",
        "valid": "off lets pixels leave their range, and the saved file may no longer fool",
        "transfer": "other networks that the saved images are shown to",
    },
    reading={
        "success/saved": "share of the images that the saved file fools the network with",
        "success/rate": "the same before rounding to 8 bits",
        "mean/L2": "length of the change, pixels in [0, 1]; of the successes",
        "mean/steps": "steps until the class was predicted",
        "reached/share": "share of the images that are there already",
    },
    sources=(RDFIA, SZEGEDY_2014),
    example="phosphene run fool --target least-likely",
)
ATTACK = Page(
    does="Looks for the change within a bound, or the smallest change, that makes a network err: fast gradient sign, "
    "PGD, auto-PGD, Carlini & Wagner. What withstands is the robust accuracy.",
    look_at="The plot `curve`: how fast accuracy falls as the bound grows. The warnings about masked gradients: with "
    "them the network only looks robust.",
    matters={
        "method": "apgd is the strongest within a bound, cw finds the smallest change, fgsm is one step",
        "eps": "bound of each pixel in 255ths; 8 is the habit",
        "norm": "linf bounds every pixel, l2 the length of the whole change",
        "steps": "too few and the network looks robust: check/more-steps tells",
        "restarts": "an image is robust only if it withstands all",
    },
    reading={
        "robust/accuracy": "accuracy that is left when each image may change by eps",
        "clean/accuracy": "accuracy before",
        "robust/accuracy-saved": "the same for the files, rounded to 8 bits",
        "check/more-steps": "with twice the steps; lower than robust/accuracy says that there were too few",
        "check/half-range": "with half the range of pixels; it must be 0, or gradients lead nowhere",
        "mean/L2": "length of the change, pixels in [0, 1]; of the successes",
    },
    sources=(GOODFELLOW_2015, MADRY, CROCE, CARLINI, ATHALYE),
    example="phosphene run attack --steps 100 --restarts 5",
)
