"""What a warm worker imports while it waits, so that a program finds it ready; no CUDA context is made."""

import sklearn.datasets  # noqa: F401
import torch
import torchvision  # noqa: F401
from PIL import Image  # noqa: F401

# The first parallel operation starts torch's threads.
torch.ones(256, 256) @ torch.ones(256, 256)
