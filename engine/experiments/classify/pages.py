"""The pages of the classification experiments."""

from engine.experiments.literature import GUO, HERITIER, SIMONYAN_2015
from engine.pages import Page

CNN = Page(
    does="Trains a network of three convolutions and two dense layers, 7,465 parameters, with Adam and cross-entropy. "
    "It is validated after every epoch; the test images are used once, at the end. The other experiments look into "
    "this network, fool it and reuse it.",
    look_at="The gap between both losses: a validation loss that rises while the other falls says that it learns by "
    "heart. The plot `mistakes` shows the most confident errors, `confusion` which digits are taken for which, "
    "`reliability` whether 80 % means 80 %.",
    matters={
        "lr": "too high and the loss jumps or stays at 2.3, too low and ten epochs are not enough; live, so lower it "
        "when the loss stops falling",
        "epochs": "more help until the validation loss turns",
        "dataset": "some of the classes, as in digits:0-4, leave the others for transfer; mnist wants lr 1e-3",
        "weight_decay": "holds the weights small where images are few",
    },
    reading={
        "test/accuracy": "share of test images classified rightly; by chance a tenth",
        "validation/loss": "cross-entropy in nats on images that it does not learn from; 2.3 is guessing among ten",
        "test/calibration-error": "mean gap between probability and accuracy; above 0 by chance where images are few",
    },
    sources=(HERITIER, GUO),
    example="phosphene run cnn --epochs 20 --lr 1e-3",
)
PREDICT = Page(
    does="Names the most probable classes of any images by any network: the small CNN, a classifier of torchvision, "
    "weights of your own, or what an earlier run trained.",
    look_at="The plot `predictions`: every image with its classes. Nearly equal probabilities say that the network is "
    "torn; a sure answer to an image of no class at all says that probabilities are not knowledge.",
    matters={
        "model": "the network: cnn:digits, vgg16, resnet50, run:last",
        "images": "files, folders, or images of a data set: mnist:test/0-99",
        "resize": "squash changes the shape of things, weights crops as the authors of the weights did",
        "top_k": "how many classes are named",
    },
    reading={
        "top1/accuracy": "share of the images, of those whose class is known, whose first class is right",
        "top1/probability": "mean probability of the first class of each image, right or wrong",
        "images/number": "how many images were classified",
    },
    sources=(SIMONYAN_2015, GUO),
    example="phosphene run predict --model squeezenet1_1 --images sample:china,sample:flower",
)
ANATOMY = Page(
    does="Counts the parameters and multiply-adds of a network, layer by layer. No weights are needed, and the rows "
    "add up to the totals.",
    look_at="The table `layers` and the plot `parameters`: in VGG16 nine tenths of the parameters lie in three dense "
    "layers, nearly all of the work in the convolutions.",
    matters={"model": "any classifier of torchvision, or the small CNN"},
    reading={
        "parameters/total": "numbers that are learnt; four bytes each in float32",
        "parameters/fully_connected_share": "share of these in dense layers",
        "multiply_adds/total": "multiplications with an addition for one image",
    },
    sources=(SIMONYAN_2015,),
    example="phosphene run anatomy --model resnet50",
)
