"""The table of built-in data sets: what each is, its files and checksums, what reads and fetches it. No torch."""

from __future__ import annotations

from dataclasses import dataclass

DIGITS = tuple("0123456789")
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a data set.

    Attributes:
        path: below the data folder, with forward slashes.
        size: in bytes.
        md5: of its content, in hexadecimal.
        unpacked: the same content uncompressed, taken where the compressed file is not there.
    """

    path: str
    size: int
    md5: str
    unpacked: SourceFile | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """The declaration of a data set: what it is, where it comes from, how it is read.

    Attributes:
        name: what the user types.
        summary: one line.
        size: number and shape of its images, in words.
        files: expected below the data folder; none where the data come with a dependency.
        origin: who made it, and the licence it is given under.
        obtain: how to get it, in words.
        loader: ``"module:function"`` that takes the image size in pixels and returns ``Splits``; needs torch. Empty for
            photographs, which lie as files in folders named after their classes.
        fetcher: ``"module:function"`` that takes the data folder and downloads; empty where nothing can be downloaded.
        native: height and width of the images as published, in pixels; 0 where they differ.
        channels: 1 for grey, 3 for colour.
        tree: the folder of photographs, below the data folder: ``{train,test}/<class>/*``.
        places: below the data folder, what else must be there: files and folders that are checked as they are read.
        lister: ``"module:function"`` that takes the folder of the first place, an attribute and the classes, and
            returns a :class:`~engine.datasets.trees.Tree` of photographs that lie otherwise.
        attributes: of each image; the name of one, or its number, chooses the two classes without and with it.
        classes: names of the classes.
        images: how many images there are to learn from and how many for the test; 0 where only a listing tells.
        examples: other names under which parts of it are often taken, for forms and completion.
    """

    name: str
    summary: str
    size: str
    origin: str
    obtain: str
    files: tuple[SourceFile, ...] = ()
    loader: str = ""
    fetcher: str = ""
    native: int = 0
    channels: int = 1
    tree: str = ""
    places: tuple[str, ...] = ()
    lister: str = ""
    attributes: tuple[str, ...] = ()
    classes: tuple[str, ...] = DIGITS
    images: tuple[int, int] = (0, 0)
    examples: tuple[str, ...] = ()


SCENES = (
    *("Bedroom", "Coast", "Forest", "Highway", "Industrial", "InsideCity", "Kitchen", "LivingRoom", "Mountain"),
    *("Office", "OpenCountry", "Store", "Street", "Suburb", "TallBuilding"),
)


ATTRIBUTES = (
    *("5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs", "Big_Lips", "Big_Nose"),
    *("Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin", "Eyeglasses"),
    *("Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache"),
    *("Narrow_Eyes", "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks"),
    *("Sideburns", "Smiling", "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat", "Wearing_Lipstick"),
    *("Wearing_Necklace", "Wearing_Necktie", "Young"),
)
"""CelebA's, in the order of its list, counted from 0: bald is 4, eyeglasses 15, smiling 31."""


def _cifar_file(name: str, size: int, md5: str) -> SourceFile:
    return SourceFile(f"cifar-10-batches-py/{name}", size, md5)


def _mnist_file(name: str, size: int, md5: str, unpacked_size: int, unpacked_md5: str) -> SourceFile:
    unpacked = SourceFile(f"MNIST/raw/{name}", unpacked_size, unpacked_md5)
    return SourceFile(f"MNIST/raw/{name}.gz", size, md5, unpacked)


SOURCES = (
    Source(
        name="digits",
        summary="handwritten digits of 13 people, 8x8 pixels enlarged",
        size="1,797 grey images of 8x8",
        origin="Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, UCI 1998; CC BY 4.0",
        obtain="comes with scikit-learn, nothing to download",
        loader="engine.datasets.digits:splits",
        native=28,
        images=(1_621, 176),
        examples=("digits:0-4", "digits:5-9"),
    ),
    Source(
        name="digits-m",
        summary="the same on patches of two photographs",
        size="10,076 colour images of 28x28",
        origin="made from scikit-learn's digits, china.jpg and flower.jpg (CC BY 2.0); after Ganin et al. 2016",
        obtain="made from what comes with scikit-learn, nothing to download",
        loader="engine.datasets.digits_m:splits",
        channels=3,
        native=28,
        images=(9_372, 704),
    ),
    Source(
        name="mnist",
        summary="handwritten digits",
        size="60,000 + 10,000 grey images of 28x28",
        files=(
            _mnist_file(
                "train-images-idx3-ubyte",
                9_912_422,
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                47_040_016,
                "6bbc9ace898e44ae57da46a324031adb",
            ),
            _mnist_file(
                "train-labels-idx1-ubyte",
                28_881,
                "d53e105ee54ea40749a09fcbcd1e9432",
                60_008,
                "a25bea736e30d166cdddb491f175f624",
            ),
            _mnist_file(
                "t10k-images-idx3-ubyte",
                1_648_877,
                "9fb629c4189551a2d022fa330f9573f3",
                7_840_016,
                "2646ac647ad5339dbf082846283269ea",
            ),
            _mnist_file(
                "t10k-labels-idx1-ubyte",
                4_542,
                "ec29112dd5afa0611ce80d1b7f02629c",
                10_008,
                "27ae3e4e09519cfbb04c329615203637",
            ),
        ),
        origin="LeCun, Cortes & Burges, yann.lecun.com/exdb/mnist; CC BY-SA 3.0",
        obtain="phosphene data fetch mnist",
        loader="engine.datasets.mnist:splits",
        fetcher="engine.datasets.mnist:fetch",
        native=28,
        images=(60_000, 10_000),
    ),
    Source(
        name="mnist-m",
        summary="MNIST's digits on patches of photographs",
        size="59,001 + 9,001 colour images of 32x32",
        places=(
            *("MNIST-M/mnist_m_train", "MNIST-M/mnist_m_test"),
            *("MNIST-M/mnist_m_train_labels.txt", "MNIST-M/mnist_m_test_labels.txt"),
        ),
        origin="Ganin et al., JMLR 17, 2016, from MNIST and BSDS500; no explicit licence",
        obtain="phosphene data fetch mnist-m",
        loader="engine.datasets.mnist_m:splits",
        channels=3,
        fetcher="engine.datasets.mnist_m:fetch",
        native=32,
    ),
    Source(
        name="cifar10",
        summary="photographs of ten kinds of animals and vehicles",
        size="50,000 + 10,000 colour images of 32x32",
        files=(
            _cifar_file("data_batch_1", 31_035_704, "c99cafc152244af753f735de768cd75f"),
            _cifar_file("data_batch_2", 31_035_320, "d4bba439e000b95fd0a9bffe97cbabec"),
            _cifar_file("data_batch_3", 31_035_999, "54ebc095f3ab1f0389bbae665268c751"),
            _cifar_file("data_batch_4", 31_035_696, "634d18415352ddfa80567beed471001a"),
            _cifar_file("data_batch_5", 31_035_623, "482c414d41f54cd18b22e5b47cb7c3cb"),
            _cifar_file("test_batch", 31_035_526, "40351d587109b95175f43aff81a1287e"),
        ),
        origin="Krizhevsky, Learning multiple layers of features from tiny images, 2009; no formal licence",
        obtain="phosphene data fetch cifar10",
        loader="engine.datasets.cifar10:splits",
        channels=3,
        fetcher="engine.datasets.cifar10:fetch",
        classes=CIFAR10,
        native=32,
        images=(50_000, 10_000),
    ),
    Source(
        name="celeba",
        summary="aligned faces with 40 attributes: celeba:Smiling, celeba:15",
        size="182,637 + 19,962 colour photographs of 178x218",
        places=("celeba/img_align_celeba", "celeba/list_attr_celeba.txt", "celeba/list_eval_partition.txt"),
        lister="engine.datasets.celeba:faces",
        channels=3,
        attributes=ATTRIBUTES,
        origin="Liu, Luo, Wang & Tang, ICCV 2015; non-commercial research only",
        obtain="by hand, from mmlab.ie.cuhk.edu.hk/projects/CelebA.html: its download fails for everyone at busy times",
        classes=("not Smiling", "Smiling"),
        examples=("celeba:Eyeglasses", "celeba:Bald"),
    ),
    Source(
        name="scenes15",
        summary="photographs of fifteen kinds of scenes",
        size="1,500 + 2,985 grey photographs of about 300x250",
        origin="Lazebnik, Schmid & Ponce, CVPR 2006; no explicit licence, research and teaching",
        obtain="phosphene data fetch scenes15",
        fetcher="engine.datasets.scenes15:fetch",
        tree="15-Scene",
        classes=SCENES,
        images=(1_500, 2_985),
    ),
)
