"""What every worker with torch imports before it seeds the generators. No thread is started, and no CUDA opened.

Some libraries draw from Python's generator while they are imported, so a program must find the same ones imported
whether its worker was started alone or forked.
"""

import sklearn.datasets  # noqa: F401
import torch  # noqa: F401
import torchvision  # noqa: F401
from PIL import Image  # noqa: F401

from engine.drawing import png  # noqa: F401
from engine.tensors import checkpoints, devices  # noqa: F401
