"""The pages of the experiments that look inside a network."""

from engine.experiments.literature import (
    ADEBAYO,
    HERITIER,
    PETSIUK,
    RDFIA,
    SELVARAJU,
    SIMONYAN_2014,
    SMILKOV,
    SPRINGENBERG,
    SUNDARARAJAN,
    YOSINSKI,
    ZHOU,
)
from engine.pages import Page

FEATURE_MAPS = Page(
    does="Shows what any layer computes for any image, before and after its ReLU.",
    look_at="Early maps are edges and colours, late ones are sparse and say where something is. Black is 0, blue lies "
    "below it: what the ReLU takes away. Channels that are dark for every image are dead.",
    matters={
        "layers": "by name; all takes every one",
        "channels": "which maps of a layer: 0-15, random:16, all",
        "relu": "before it, after it, or both beside each other",
        "scale": "layer makes the maps of a layer comparable, map each one visible",
    },
    reading={
        "images/number": "how many images were shown",
        "channels/silent": "channels that are active for none of the images",
    },
    sources=(YOSINSKI, HERITIER),
    example="phosphene run feature-maps --layers all --channels all",
)
_EXPLAINED = {
    "methods": "one or several, side by side; random and edges are what no network is asked for",
    "target": "the class that is explained: the true one, the predicted one, or yours",
    "evaluate": "measures deletion and insertion beside a random map and an edge detector",
    "sanity": "compares with the same network at random weights",
}
_EXPLANATION = {
    "images/number": "how many images were explained",
    "gradcam/sanity": "how alike the maps are at random weights; near 1 says that they show the image, not the network",
}
SALIENCY = Page(
    does="Shows which pixels count for a class, by the gradient of its logit: plain, averaged over noise, along a path "
    "from black, or with the ReLUs of guided backpropagation.",
    look_at="Do the methods agree, and is a map better than `edges`? With `evaluate`, the deletion should be small and "
    "the insertion large; a map no better than `random` says nothing.",
    matters=_EXPLAINED | {"samples": "noisy copies that SmoothGrad averages", "path_steps": "of integrated gradients"},
    reading=_EXPLANATION | {"gradient/sanity": "the same for the plain gradient"},
    sources=(SIMONYAN_2014, SMILKOV, SUNDARARAJAN, SPRINGENBERG, ADEBAYO, PETSIUK, RDFIA),
    example="phosphene run saliency --methods gradient,smoothgrad,guided --evaluate",
)
GRADCAM = Page(
    does="Shows which places of a layer's maps support a class: class activation maps, Grad-CAM, guided Grad-CAM.",
    look_at="Where the map lies, not how sharp it is: a network that is right for the wrong reason looks beside the "
    "thing. Another target on the same image should move the map.",
    matters=_EXPLAINED | {"layer": "an early one is sharp and knows no classes", "view": "alone or over the image"},
    reading=_EXPLANATION,
    sources=(ZHOU, SELVARAJU, ADEBAYO, PETSIUK, HERITIER),
    example="phosphene run gradcam --methods cam,gradcam --sanity",
)
_ASCENT = {
    "lr": "length of a step; live",
    "tv": "smooths: less noise, fewer details; live",
    "l2": "keeps pixels near grey; live",
    "jitter": "shifts that keep single pixels from being tuned",
    "step": "normalised where gradients are small, as inside a network",
}
CLASS_IMAGE = Page(
    does="Makes images that maximise the logit of a class, by gradient ascent on the input, from noise or an image. "
    "Each class is drawn several times, because the ascent is chaotic.",
    look_at="The plot `overview` of all classes. What repeats in the replicates of a class is what the network looks "
    "for; the rest is chance.",
    matters=_ASCENT | {"start": "an image instead of noise: what must change for another class", "replicates": "draws"},
    reading={
        "switching/step": "median of the first step at which the class is predicted",
        "staying/step": "median of the step from which it stays so",
        "switched/share": "share of the images that ever get there",
        "probability/mean": "of the class, for the images as saved",
    },
    sources=(SIMONYAN_2014, YOSINSKI, RDFIA),
    example="phosphene run class-image --target 3,8 --steps 400",
)
ACTIVATION_MAX = Page(
    does="Makes images that maximise units of any layer, one by one or several together, with a penalty on the total "
    "variation.",
    look_at="How units grow from edges over textures to parts from layer to layer; sums of two classes: do both "
    "appear, or does one win?",
    matters={"layer": "empty for the logits", "units": "0,3 or 0-9; 4+9 maximises a sum"} | _ASCENT,
    reading={"score/mean": "mean activation that was reached; comparable within one layer only"},
    sources=(YOSINSKI, SIMONYAN_2014, HERITIER),
    example="phosphene run activation-max --units 9+4,1+7,7+8,0+1 --tv 2",
)
FILTER_STATISTICS = Page(
    does="Counts for every class and every convolution how often, how strongly and where its filters fire, and which "
    "of them tell the classes apart.",
    look_at="The table `separation`: the F ratio says how much the means of the classes differ beside the spread "
    "within them. The plot `patterns` colours each place by the filter that is strongest there.",
    matters={
        "dataset": "whose classes are compared",
        "layers": "empty for every convolution",
        "part": "train shows what was learnt from, test what it does with new images",
    },
    reading={
        "conv1/largest_F": "F ratio of the filter of a layer that separates the classes best",
        "conv1/silent": "filters of a layer that fire for none of the images",
    },
    sources=(HERITIER,),
    example="phosphene run filter-statistics --part train",
)
