LAYERS = [("conv2d_1", "Conv2D")]
def audit_files(): return ["brick/1.jpg"]
