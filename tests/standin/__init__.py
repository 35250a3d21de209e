"""An accelerator that is none: a device of torch whose tensors lie on the host, for tests on machines without a GPU.

It refuses what an accelerator refuses (operands of two devices, generators of the other one), and tells where the host
waits for it: ``with standin.opened(), standin.waits() as found: ...``. It says nothing of speed.
"""

from tests.standin.capture import CaptureError, capturing
from tests.standin.ledger import Wait, waits
from tests.standin.registration import Module, opened
from tests.standin.tensors import DEVICE, NAME

__all__ = ["DEVICE", "NAME", "CaptureError", "Module", "Wait", "capturing", "opened", "waits"]
