"""convaudit: audit a convolutional image classifier over a whole image dataset.

Import it before TensorFlow: it fixes which of TensorFlow's kernels compute.
"""

import os
import sys
import warnings

__version__ = "0.1.0"

_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"

if "tensorflow" in sys.modules and os.environ.get(_ONEDNN) != "1":
    warnings.warn(
        "import convaudit before TensorFlow, or set TF_ENABLE_ONEDNN_OPTS=1: TensorFlow chose its "
        "kernels already, and on a processor without AVX-512 some gradients don't exist now and "
        "numbers differ in their last digits from those of an audit",
        stacklevel=2,
    )

# Left alone, TensorFlow turns its oneDNN kernels on only where the processor has AVX-512. Without
# them the gradient of a dilated convolution does not exist on a CPU, and a forward pass of
# SqueezeNet takes 1.6 times as long. TensorFlow reads this once, while it is imported.
os.environ[_ONEDNN] = "1"
