"""convaudit: audit a convolutional image classifier over a whole image dataset.

Import it before TensorFlow: it fixes which of TensorFlow's kernels compute.
"""

import os

__version__ = "0.1.0"

# Left alone, TensorFlow turns its oneDNN kernels on only where the processor has AVX-512. Without
# them the gradient of a dilated convolution does not exist on a CPU, and a forward pass of
# SqueezeNet takes 1.6 times as long. TensorFlow reads this once, while it is imported.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
