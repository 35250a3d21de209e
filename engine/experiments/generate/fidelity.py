"""FID and KID in the features of Inception v3, by torch-fidelity, an optional extra."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import Dataset

from engine.datasets.images import drawn
from engine.errors import DataUnavailable
from engine.experiments.generate.quality import MOST
from engine.tensors.pixels import to_uint8

if TYPE_CHECKING:
    from torch import Tensor

    from engine.authoring import Context
    from engine.datasets.images import Splits
    from engine.experiments.generate.quality import Samples

KID_SUBSET = 1_000


class _Pixels(Dataset):  # type: ignore[type-arg]
    """Images as torch-fidelity takes them: uint8 ``[3, H, W]``."""

    def __init__(self, images: Tensor) -> None:
        self._images = images.expand(-1, 3, -1, -1).cpu()

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> Tensor:
        return self._images[index]


def require_weights() -> None:
    """Download the weights of Inception if they are missing, so that a run without them ends before the training.

    Raises:
        DataUnavailable: if they cannot be downloaded, with the folder to put them in.
    """
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    file = Path(torch.hub.get_dir()) / "checkpoints" / URL_INCEPTION_V3.rpartition("/")[2]
    if file.is_file():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(URL_INCEPTION_V3, str(file), progress=False)
    except (OSError, RuntimeError) as error:
        raise DataUnavailable(
            f"the weights of Inception v3 cannot be downloaded ({error}): put {file.name} into {file.parent}"
        ) from error


def measure(samples: Samples, data: Splits, context: Context) -> None:
    """Log ``quality/fid`` and ``quality/kid`` of samples against the training images, at most 50,000 of them."""
    import torch_fidelity

    images = to_uint8(samples.images)
    found: dict[str, Any] = torch_fidelity.calculate_metrics(
        input1=_Pixels(images),
        input2=_Pixels(drawn(data.train, MOST).images),
        cuda=context.device.type == "cuda",
        fid=True,
        kid=True,
        kid_subset_size=min(KID_SUBSET, len(images), len(data.train)),
        save_cpu_ram=True,
        cache=False,
        verbose=False,
    )
    context.result(
        {"quality/fid": found["frechet_inception_distance"], "quality/kid": found["kernel_inception_distance_mean"]}
    )
