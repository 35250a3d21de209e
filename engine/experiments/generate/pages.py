"""The pages of the generating experiments."""

from engine.experiments.literature import (
    GOODFELLOW_2014,
    HEUSEL,
    KYNKAANNIEMI,
    MIRZA,
    RADFORD,
    RDFIA,
    SHOEMAKE,
    WHITE,
)
from engine.pages import Page

_MATTERS = {
    "lr_d": "a discriminator that learns too fast wins, and its gradients die; live",
    "lr_g": "of the generator; live",
    "steps": "600 show digits, 4,000 good ones",
    "loss": "minimax loses its gradient where the discriminator is sure",
}
_READING = {
    "quality/frechet": "distance of samples and images in the features of a CNN; lower is better, on one data set",
    "quality/frechet-real": "the same for drawn training images: what can be reached",
    "quality/precision": "share of the samples that lie among real images",
    "quality/recall": "share of the real images within reach of a sample; low where kinds are left out",
    "quality/nearest": "distance to the nearest training image, that of test images being 1; far below: by heart",
    "discriminator/real": "D(x): near 1 beside a D(G(z)) near 0 says that the discriminator wins",
    "discriminator/fake": "D(G(z)); both near one half is a draw",
    "samples/diversity": "mean distance of two samples, 1 is that of real images; a fall says that they become alike",
}
_LOOK_AT = (
    "The picture `samples`, drawn from the same noise all the time: play it. The losses say who wins, not how good the "
    "samples are; a fall of the diversity is the collapse that the eye sees later. At the end the picture `nearest`."
)

DCGAN = Page(
    does="A generator of convolutions draws images from noise, a discriminator tells them from real ones, and each "
    "learns from the other.",
    look_at=_LOOK_AT,
    matters=_MATTERS | {"nz": "length of the noise that an image is drawn from"},
    reading=_READING,
    sources=(RADFORD, GOODFELLOW_2014, HEUSEL, KYNKAANNIEMI, RDFIA),
    example="phosphene run dcgan --steps 2000",
)
CDCGAN = Page(
    does="A DCGAN whose two networks are told the class: the generator draws an image of the class that is asked for.",
    look_at=_LOOK_AT + " Does `samples` show the classes that were asked for, and each in more than one form?",
    matters=_MATTERS | {"tell_d": "off keeps the class from the discriminator, and the generator may ignore it"},
    reading={"quality/as-asked": "share of the samples that a CNN puts into the class that was asked for"} | _READING,
    sources=(MIRZA, RADFORD, HEUSEL, KYNKAANNIEMI, RDFIA),
    example="phosphene run cdcgan --steps 2000",
)
CGAN = Page(
    does="A conditional GAN of dense layers alone, to compare with convolutions: no layer knows which pixels are "
    "neighbours.",
    look_at=_LOOK_AT + " Single wrong pixels are what the dense layers leave.",
    matters=_MATTERS | {"hidden": "width of the narrowest layer", "tell_d": "give the class to the discriminator, too"},
    reading={"quality/as-asked": "share of the samples that a CNN puts into the class that was asked for"} | _READING,
    sources=(MIRZA, GOODFELLOW_2014, RDFIA),
    example="phosphene run cgan --steps 2000",
)
INTERPOLATE = Page(
    does="Draws what lies between the samples of a trained generator: along the chord between two latent vectors and "
    "along the arc. A conditional generator draws every class from the same noise, too.",
    look_at="Whether images change evenly along a path, and whether the middle of a chord is paler than its ends. In "
    "`class by noise`: what of the noise stays the same in every class, such as slant and thickness.",
    matters={
        "model": "last is the newest generator, or the one that comes along",
        "path": "chord, arc, or both beside each other",
        "points": "images on a path",
    },
    reading={
        "linear/evenness": "smallest step over the mean step along the chord; 1 is even",
        "spherical/evenness": "the same along the arc",
    },
    sources=(WHITE, SHOEMAKE, RADFORD, RDFIA),
    example="phosphene run interpolate --points 16",
)
