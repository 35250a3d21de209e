"""What a warm worker imports while it waits, so that a program finds it ready. No thread is started, no CUDA opened."""

import sklearn.datasets  # noqa: F401
import torch  # noqa: F401
import torchvision  # noqa: F401
from PIL import Image  # noqa: F401

from engine.drawing import png  # noqa: F401
from engine.tensors import checkpoints, devices  # noqa: F401
