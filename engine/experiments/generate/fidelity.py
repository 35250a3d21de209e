"""FID and KID in the features of Inception v3, by torch-fidelity, an optional extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import Dataset

from engine.errors import PhospheneError
from engine.experiments.generate.latent import fixed_labels, fixed_noise, one_hot
from engine.experiments.generate.players import is_conditional
from engine.experiments.generate.quality import JUDGING_NOISE, samples_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.control.context import Context
    from engine.datasets.images import Splits
    from engine.experiments.generate.declarations import GanHyperparameters
    from engine.experiments.speed import Speed

KID_SUBSET = 1_000


class _Pixels(Dataset):  # type: ignore[type-arg]
    """Images as torch-fidelity takes them: uint8 ``[3, H, W]``."""

    def __init__(self, images: Tensor) -> None:
        self._images = images.expand(-1, 3, -1, -1).cpu()

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> Tensor:
        return self._images[index]


def measure(
    hyperparameters: GanHyperparameters, generator: nn.Module, data: Splits, context: Context, speed: Speed
) -> None:
    """Log ``quality/fid`` and ``quality/kid``, if asked for, of as many fresh samples as the CNN judges.

    They are measured against the training images.

    Raises:
        PhospheneError: if torch-fidelity or its weights of Inception are not there.
    """
    if not hyperparameters.fidelity:
        return
    import torch_fidelity

    count = max(2, hyperparameters.quality)
    noise = fixed_noise(count, hyperparameters.nz, context.seed + JUDGING_NOISE).to(context.device)
    classes = len(data.train.classes)
    labels = one_hot(fixed_labels(count, classes).to(context.device), classes)
    told = (labels,) if is_conditional(hyperparameters) else ()
    samples = samples_of(generator, noise, *told, speed=speed).mul(255).round().to(torch.uint8)
    try:
        found: dict[str, Any] = torch_fidelity.calculate_metrics(
            input1=_Pixels(samples),
            input2=_Pixels(data.train.images),
            cuda=context.device.type == "cuda",
            fid=True,
            kid=True,
            kid_subset_size=min(KID_SUBSET, count, len(data.train)),
            save_cpu_ram=True,
            cache=False,
            verbose=False,
        )
    except OSError as error:
        raise PhospheneError(
            f"torch-fidelity has no weights of Inception v3 and cannot download them ({error}): "
            "put weights-inception-2015-12-05-6726825d.pth into torch's folder hub/checkpoints"
        ) from error
    context.result(
        {"quality/fid": found["frechet_inception_distance"], "quality/kid": found["kernel_inception_distance_mean"]}
    )
