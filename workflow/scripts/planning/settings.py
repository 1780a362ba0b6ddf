"""The typed config: the only source of its schema, defaults and documentation."""

import difflib
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from convaudit.errors import AuditError


def _listed(value: Any) -> Any:
    return value.split() if isinstance(value, str) and value != "auto" else value


def _one_spelling(value: str) -> str:
    """Normalise a folder's name, because Snakemake knows the files that it made by their paths."""
    if not value or not set(value).isdisjoint("{}<>\n\r"):
        raise ValueError("must be a folder's name without { } < > and line breaks")
    here = Path.cwd()
    path = Path(os.path.normpath(here / expanded(value)))
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _two(folders: list[str]) -> list[str]:
    if len(folders) not in (0, 2):
        raise ValueError("must name two results folders")
    return folders


Names = Annotated[Literal["auto"] | list[str], BeforeValidator(_listed)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A group of keys. An unknown key is an error; numbers may arrive as strings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Preprocess(Section):
    """From a file to the model's input."""

    scaling: Literal["auto", "unit", "tf", "torch", "caffe", "none"] = Field(
        "auto",
        description="How pixels x in 0..255 become the network's input. `unit`: x/255. `tf`: "
        "x/127.5 - 1. `torch`: x/255 minus the ImageNet mean, divided by the ImageNet deviation. "
        "`caffe`: BGR minus (103.939, 116.779, 123.68). `none`: x. `auto` takes the scaling of the "
        "model's keras.applications family, or `none` if the model itself begins with Rescaling or "
        "Normalization for 0..255; otherwise it guesses the scaling of the family whose layers the "
        "model contains, or `unit`, and the report says that this is a guess.",
    )
    channels: Literal["auto", "rgb", "bgr"] = Field(
        "auto",
        description="Order of the colours in the network's input. `auto`: BGR with `caffe`, RGB "
        "with all others. Choose `bgr` if the training read its images with `cv2.imread`.",
    )
    interpolation: Literal[
        "area", "nearest", "bilinear", "cv2", "bicubic", "lanczos", "crop", "fit"
    ] = Field(
        "area",
        description="How images are resized to the network's size. Choose what the training used. "
        "`area`: antialiased; no loader of Keras does it. `nearest`: `keras.utils.load_img`, "
        "`flow_from_directory`. `bilinear`: `image_dataset_from_directory`, `tf.image.resize`. "
        "`cv2`: `cv2.resize`. `bicubic`: Pillow's `resize`. `lanczos`: Pillow's `resize` with "
        "LANCZOS. `crop`: `bilinear` of the image's middle (`crop_to_aspect_ratio=True`). `fit`: "
        "`ImageOps.fit` with LANCZOS (sample code of Teachable Machine).",
    )


class Columns(Section):
    """Columns of a table of images. All other columns are copied to `predictions.parquet`."""

    path: str = Field(
        "auto",
        description="Column with the paths, absolute or relative to the table's folder. `auto` "
        "takes `path`, or another common name such as `filename`, `Path` or `image_id`.",
    )
    label: str = Field(
        "auto",
        description="Column with the labels. `auto` takes `label`, or another common name such as "
        "`class`, `ClassId` or `category`.",
    )


class Predict(Section):
    """The one pass through the network."""

    batch_size: int = Field(32, ge=1, le=4096, description="Images in a batch.")
    top: int = Field(
        3, ge=1, description="Number of classes kept for each image, by falling probability."
    )


class Activations(Section):
    """Statistics of every channel over the dataset, and all channels of a few example images."""

    layers: Names = Field(
        "auto",
        description="Watched layers, whose channels are measured: `auto` (every convolution and "
        "pooling layer) or a list of names.",
    )
    examples: Annotated[int, Field(ge=0)] | list[str] = Field(
        8,
        description="Number of example images whose channels are drawn for every watched layer, "
        "or a list of their paths, relative to the images.",
    )
    per_row: int = Field(16, ge=1, le=256, description="Channels in a row of an activation grid.")
    keep: Literal["none", "maps"] = Field(
        "none",
        description="`maps` keeps the activation maps of every image and watched layer as HDF5 in "
        "`activation_maps/`. They need much space: 60 MB per image with VGG16, before compression. "
        "`inspect` and the start of a run print how much.",
    )


class Filters(Section):
    """Patterns that excite each channel most, found by gradient ascent."""

    layers: Names = Field(
        "auto",
        description="Layers whose patterns are drawn: `auto` (every convolution) or a list of "
        "names.",
    )
    count: int = Field(
        64, ge=1, description="Number of channels drawn in each layer, beginning with the first."
    )
    start: Literal["noise", "fourier"] = Field(
        "noise",
        description="What gradient ascent optimises. `noise`: the pixels of a noise image. "
        "`fourier`: Fourier coefficients of decorrelated colours, with a random shift at each "
        "step; these patterns are readable in deep layers too (`docs/patterns.md`).",
    )
    restarts: int = Field(
        2,
        ge=0,
        le=20,
        description="Number of further starts, from Fourier coefficients, for a channel that stays "
        "silent. A channel is called dead only if it is silent from all starts. 0: one start only, "
        "as in the reference notebook.",
    )
    size: int = Field(64, ge=8, le=1024, description="Side of a pattern, in pixels.")
    margin: int = Field(5, ge=0, le=100, description="Pixels between two patterns.")
    steps: int = Field(40, ge=1, le=10000, description="Number of steps of gradient ascent.")
    step_size: float = Field(
        1.0,
        gt=0,
        description="Step size: root mean square of a step over all pixels, in grey levels of 255.",
    )


class GradCam(Section):
    """Saliency maps: which parts of an image explain a prediction, and how they are drawn."""

    method: Literal[
        "auto", "gradcam", "gradcam++", "layercam", "hirescam", "xgradcam", "eigencam", "scorecam"
    ] = Field(
        "auto",
        description="Class activation mapping method (`docs/methods.md`). `auto` takes `hirescam`, "
        "which agrees best with occlusion, and `gradcam` for maps under 4 x 4.",
    )
    layer: str = Field(
        "auto",
        description="Target layer: the layer whose activation maps are weighted. `last` takes the "
        "last layer whose output is larger than 1 x 1. `auto` takes the same, but if its maps are "
        "coarser than 7 x 7, the last layer with at least 8 x 8 (`docs/methods.md`).",
    )
    score: Literal["logit", "probability"] = Field(
        "logit", description="What is differentiated: the class score before softmax, or after it."
    )
    target: str = Field(
        "predicted",
        description="Class that the maps explain: `predicted`, `true`, `both` (the predicted "
        "class, and the true class where it differs) or the name of a class.",
    )
    alpha: Share = Field(
        0.6, description="Opacity of the colours over the photo, where the map is strongest."
    )
    blend: Literal["over", "add"] = Field(
        "over",
        description="How colours and photo are combined. `over`: the stronger the map, the more "
        "opaque the colour, so it shows on a background of any colour. `add`: the colours are "
        "added to the photo, as in the reference notebook, where `alpha` is 0.4.",
    )
    colormap: Literal[
        "jet", "turbo", "viridis", "plasma", "inferno", "magma", "cividis", "hot", "bone"
    ] = Field("jet", description="Colour map of the overlay, one of OpenCV's.")


class Trust(Section):
    """Tests of the heat maps themselves, on a sample of the images."""

    enabled: bool = Field(
        True,
        description="Test whether the maps of this model are reliable (docs/trust.md). If they are "
        "not, the report marks findings from the maps as suspicions.",
    )
    images: int = Field(
        60,
        ge=20,
        le=120,
        description="Number of images that the maps are tested on. 60 images take about 3,000 "
        "forward passes.",
    )


class Shortcuts(Section):
    """Search for shortcuts: suspects from half of the images are tested on the other half."""

    enabled: bool = Field(
        True, description="Search for shortcuts. With `false` the report says that it was not done."
    )
    candidates: int = Field(
        20, ge=1, le=100, description="Greatest number of suspects that are tested by experiment."
    )
    classes: int = Field(
        20,
        ge=1,
        description="Number of classes that are searched, those with the most images.",
    )
    images: int = Field(
        4000,
        ge=100,
        le=20000,
        description="Greatest number of images in the search, equally many of each class. Suspects "
        "are named on one half and tested on the other.",
    )
    budget: int = Field(
        12000, ge=100, description="Greatest number of forward passes of all experiments together."
    )


class Settings(Section):
    """Every key of the config."""

    model: str = Field(
        "demo",
        description="The model: a path to a .keras or .h5 file, a path to an architecture (.json, "
        "with its `weights`), a name of keras.applications such as `VGG16`, or `demo`.",
    )
    weights: str = Field(
        "imagenet",
        description="Weights of a keras.applications model: `imagenet`, `none` (random) or the "
        "path of a file. For an architecture (.json): the path of a file.",
    )
    output: str | None = Field(
        None, description="Name of the output to audit, if the model has several outputs."
    )
    task: Literal["auto", "classification"] = Field(
        "auto",
        description="What the model does. `auto` refuses a model whose loss, last layer or outputs "
        "say that it is no classifier (regression, embedding, autoencoder); `classification` "
        "audits it all the same.",
    )
    trust_model: bool = Field(
        False,
        description="Load a model that contains code (a Lambda layer). Loading runs that code: "
        "set it only for models that you trust.",
    )
    custom_modules: list[str] = Field(
        [], description="Python files that register the model's custom Keras layers."
    )
    images: str = Field(
        "demo",
        description="The images: a folder with one sub-folder for each class, a flat folder of "
        "images without labels, a .csv or .parquet table with the columns path and label (label is "
        "optional), or `demo`.",
    )
    exclude: Annotated[list[str], BeforeValidator(_listed)] = Field(
        [],
        description="Files that are left out. A pattern is compared with the names of a file and "
        "of the folders above it (`masks`, `*_mask.png`); with a `/` in it, with the path "
        "(`val/*`).",
    )
    columns: Columns = Columns()
    classes: str = Field(
        "auto",
        description="Names of the classes, in the order of the model's outputs. `auto`: the names "
        "of the folders or labels, sorted; labels that are whole numbers are the numbers of the "
        "outputs. `alphanumeric`: sorted as text, also where they are numbers, as the loaders of "
        "Keras do (0, 1, 10, 11, 2). Or a file: text with one class name per line (also as "
        "`0 cat`), `class_indices.json`, .csv, .npy or .yaml.",
    )
    results: Annotated[str, AfterValidator(_one_spelling)] = Field(
        "results", description="Folder that all results are written to."
    )
    shard_size: Annotated[int, Field(ge=1, le=8000)] | Literal["auto"] = Field(
        "auto",
        description="Number of images in a shard, the unit of work. `auto`: one shard up to 2,048 "
        "images, else equal shards of at most 2,048, or more to have at most 1,000 shards. A shard "
        "keeps its images and costs 5 s of starts; small ones suit slow networks on many cores.",
    )
    overlays: Literal["all", "errors", "none"] = Field(
        "all",
        description="Photos that get a stored overlay at full size. `errors`: misclassified ones.",
    )
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of all random numbers.")
    device: Literal["auto", "cpu", "gpu"] = Field(
        "auto",
        description="The device that computes. `auto`: a GPU if the machine has one, else the "
        "processor; a GPU that TensorFlow can't use is an error. `cpu`: the processor, even if "
        "there is a GPU. `gpu`: an error if there is none. A change re-runs only the report, which "
        "names shards that different devices computed.",
    )
    watch: bool = Field(
        True,
        description="Look for new, changed and deleted images at each start. `false` trusts the "
        "list of the last run.",
    )
    max_quarantined: Share = Field(
        0.05,
        description="Largest accepted share of images that can't be read; above it the audit stops "
        "with an error.",
    )
    policy: str | dict[str, Any] = Field(
        "default",
        description="Requirements for a signature: `default`, a YAML file, or its content "
        "(`docs/verdict.md`). A gate with a known name changes only the given fields: "
        "`{gates: [{name: accuracy, limit: 0.95}]}`.",
    )
    decision: str | None = Field(
        None,
        description="JSON file of a decision that was exported from the report. The report shows "
        "it at its top; it is void if the audit is not the one that was signed.",
    )
    compare: Annotated[list[str], BeforeValidator(_listed), AfterValidator(_two)] = Field(
        [],
        description="For `snakemake compare`: two results folders, the earlier audit first. Their "
        "comparison is written to `results`, which must be a third folder (docs/comparison.md).",
    )
    reference: str | None = Field(
        None,
        description="Results folder of an earlier audit with which this one is compared, for the "
        "gates of the policy that use numbers of a comparison (docs/comparison.md).",
    )
    training_images: str | None = Field(
        None,
        description="The images that the model was trained on: a folder, a table, or the "
        "`training_hashes.parquet` of an earlier audit. Audited images among them, exactly or "
        "nearly, are counted and listed in `duplicates.parquet`.",
    )
    preprocess: Preprocess = Preprocess()
    predict: Predict = Predict()
    activations: Activations = Activations()
    filters: Filters = Filters()
    gradcam: GradCam = GradCam()
    trust: Trust = Trust()
    shortcuts: Shortcuts = Shortcuts()


def load(config: dict[str, Any]) -> Settings:
    """Check the config and fill its defaults.

    Raises:
        AuditError: one line per fault, each beginning with the key.
    """
    try:
        return Settings.model_validate(config)
    except ValidationError as error:
        lines: dict[str, str] = {}
        for fault in error.errors():
            key, message = _explain(fault, config)
            lines.setdefault(key, f"config: {key}: {message}")
        raise AuditError("\n".join(lines.values())) from None


def _explain(fault: Any, config: dict[str, Any]) -> tuple[str, str]:
    known: Any = Settings
    path: list[str] = []
    for part in fault["loc"]:
        fields = getattr(known, "model_fields", {})
        if path and not fields and part not in config:
            break
        path.append(str(part))
        if part in fields:
            known = fields[part].annotation
    key = ".".join(path)
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], list(known.model_fields), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known.model_fields)}"
        return key, f"unknown key; {hint}"
    if fault["type"] == "model_type":
        return key, f"is a group of keys, as in --config {key}='{{...}}', not {fault['input']!r}"
    message = fault["msg"].replace("Input should be", "must be").replace("Value error, ", "")
    message = message.partition(", unable to parse")[0]
    return key, f"{message[0].lower()}{message[1:]}, not {fault['input']!r}"


def schema() -> dict[str, Any]:
    """The JSON schema of the config."""
    return Settings.model_json_schema()


def expanded(path: str) -> Path:
    """A path of the config with ``~`` expanded.

    A relative one stays relative, so that a finished audit can be moved and re-runs nothing.
    """
    return Path(path).expanduser()
