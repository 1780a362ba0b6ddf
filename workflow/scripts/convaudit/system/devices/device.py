"""The device that TensorFlow computes on, and how TensorFlow was built."""

from dataclasses import dataclass

import tensorflow as tf

from convaudit.system.devices import processor


@dataclass(frozen=True)
class Device:
    """A device that computes.

    Attributes:
        kind: ``gpu`` or ``cpu``.
        name: model of the device, such as "NVIDIA A100-SXM4-40GB" or "AMD EPYC".
        instruction_set: instruction set that the kernels use on a processor; None for a GPU.
        tensorflow: version of TensorFlow.
        cuda: version of CUDA that TensorFlow was built for; None if it was built without CUDA.
    """

    kind: str
    name: str
    instruction_set: str | None
    tensorflow: str
    cuda: str | None

    def __str__(self) -> str:
        where = f"GPU {self.name}" if self.kind == "gpu" else f"processor {self.name}"
        kernels = f", {self.instruction_set}" if self.instruction_set else ""
        build = f"built for CUDA {self.cuda}" if self.cuda else "built without CUDA"
        return f"{where}{kernels}; TensorFlow {self.tensorflow}, {build}"


def gpus() -> list[str]:
    """Models of the GPUs that TensorFlow sees."""
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [found.get("device_name", "of an unknown model") for found in details]


def current() -> Device:
    """The device of this process."""
    found = gpus()
    return Device(
        kind="gpu" if found else "cpu",
        name=found[0] if found else processor.name(),
        instruction_set=None if found else processor.instruction_set(),
        tensorflow=tf.__version__,
        cuda=tf.sysconfig.get_build_info().get("cuda_version"),
    )
