"""The pages of the adapting experiments."""

from engine.experiments.literature import BEN_DAVID, GANIN, GUO, LEE, RDFIA
from engine.pages import Page

DANN = Page(
    does="Learns classes from the labels of one domain, the source, and images of another, the target. A layer that "
    "reverses the gradient makes the features hide which domain an image is from. The target's labels give figures.",
    look_at="The accuracy of the target beside that of the source: what the reversal gains over `source-only`. The "
    "maps `features before` and `features after`: classes should draw together while both shapes mix.",
    matters={
        "mode": "source-only is the floor, target-only the ceiling, no-reversal the control",
        "gamma": "how soon lambda grows; 10 as in the paper, 2 in the practical",
        "strength": "lambda at the end; too much and the features lose the classes too",
        "dropout": "the network of the paper has 0",
    },
    reading={
        "target-test/accuracy": "share of the target's test images classified rightly",
        "source-test/accuracy": "the same of the source; it must not fall for the target's sake",
        "target/domain-accuracy": "how often the domain head knows the target; one half alone proves nothing",
        "domains/proxy-a-distance": "0: another classifier cannot tell the domains apart either; 2: it always can",
        "schedule/lambda": "weight of the reversed gradient",
    },
    sources=(GANIN, BEN_DAVID, RDFIA),
    example="phosphene run dann --mode source-only",
)
PSEUDO_LABEL = Page(
    does="Trains on the source, or takes the network of an earlier run, and then in rounds on its own predictions of "
    "the target: those that are probable enough count as labels. The true ones serve for figures alone.",
    look_at="`labels/share` beside `labels/right`: rounds help while more labels come and stay right. The table "
    "`rounds` says how many came from each class: a class that vanishes never comes back.",
    matters={
        "threshold": "higher takes fewer labels, of which more are right",
        "start": "last goes on from the newest run of dann",
        "calibrate": "makes probabilities mean what they say before the threshold",
        "balance": "takes as many of each class, so that none is lost",
        "rounds": "each takes its labels anew",
    },
    reading={
        "target-test/accuracy": "share of the target's test images classified rightly",
        "labels/share": "share of the target's training images that got a label",
        "labels/right": "share of these labels that are true",
        "labels/temperature": "above 1 the network was too sure",
    },
    sources=(LEE, GUO, RDFIA),
    example="phosphene run pseudo-label --balance --calibrate",
)
