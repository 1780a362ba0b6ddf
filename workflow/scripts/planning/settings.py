"""The config, typed: the one source of its schema, its defaults and its documentation."""

import difflib
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from convaudit.errors import AuditError


def _listed(value: Any) -> Any:
    return value.split() if isinstance(value, str) and value != "auto" else value


def _one_spelling(value: str) -> str:
    """A folder in the one way that it is always written: what made a file is known by its path."""
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
        description="How pixels become the network's input. `unit` x/255; `tf` x/127.5-1; `torch` "
        "ImageNet mean and deviation on RGB in 0..1; `caffe` BGR minus (103.939, 116.779, "
        "123.68); `none` 0..255. `auto`: the family's own for keras.applications, `none` if the "
        "model begins with its own Rescaling or Normalization, else `unit` as a guess that the "
        "report mentions.",
    )
    interpolation: Literal[
        "area", "nearest", "bilinear", "cv2", "bicubic", "lanczos", "crop", "fit"
    ] = Field(
        "area",
        description="How images are resized; best as the training images were. `area` antialiased, "
        "as no loader of Keras does; `nearest` `keras.utils.load_img`, `flow_from_directory`; "
        "`bilinear` `image_dataset_from_directory`, `tf.image.resize`; `cv2` `cv2.resize`; "
        "`bicubic` Pillow's `resize`; `lanczos` Pillow's with LANCZOS; `crop` `bilinear` of the "
        "middle (`crop_to_aspect_ratio=True`); `fit` `ImageOps.fit` with LANCZOS (Teachable "
        "Machine's sample code).",
    )


class Columns(Section):
    """Of a table of images: which column is what. All others go into `predictions.parquet`."""

    path: str = Field(
        "auto",
        description="The column of paths, relative to the table's folder or absolute. `auto`: "
        "`path`, else a usual name such as `filename`, `Path` or `image_id`.",
    )
    label: str = Field(
        "auto",
        description="The column of labels. `auto`: `label`, else a usual name such as `class`, "
        "`ClassId` or `category`.",
    )


class Predict(Section):
    """The one pass through the network."""

    batch_size: int = Field(32, ge=1, le=4096, description="Images a batch.")
    top: int = Field(3, ge=1, description="How many of the best classes are kept for an image.")


class Activations(Section):
    """Channel statistics over the dataset, and all maps of a few example images."""

    layers: Names = Field(
        "auto", description="Watched layers: `auto` (every convolution and pooling) or a list."
    )
    examples: Annotated[int, Field(ge=0)] | list[str] = Field(
        8,
        description="How many example images are drawn through every layer, or their paths "
        "relative to the images.",
    )
    per_row: int = Field(16, ge=1, le=256, description="Channels a row in an activation grid.")
    keep: Literal["none", "maps"] = Field(
        "none",
        description="`maps` keeps all maps of every image and watched layer, as HDF5 in "
        "`activation_maps/`: much room (VGG16: 60 MB an image before compression). `inspect` and "
        "the run's start forecast it.",
    )


class Filters(Section):
    """The images that excite each channel most, by gradient ascent."""

    layers: Names = Field("auto", description="`auto` (every convolution) or a list of layers.")
    count: int = Field(64, ge=1, description="Channels drawn of each layer, from the first on.")
    start: Literal["noise", "fourier"] = Field(
        "noise",
        description="What the ascent changes. `noise`: the pixels of a noisy image. `fourier`: "
        "Fourier coefficients of decorrelated colours, with the image moved at each step; its "
        "patterns can be read in deep layers too (`docs/patterns.md`).",
    )
    size: int = Field(64, ge=8, le=1024, description="Side of a pattern, in pixels.")
    margin: int = Field(5, ge=0, le=100, description="Pixels between two patterns.")
    steps: int = Field(40, ge=1, le=10000, description="Steps of gradient ascent.")
    step_size: float = Field(
        1.0, gt=0, description="Length of a step, in grey levels (root mean square)."
    )


class GradCam(Section):
    """Where the network looked, and how that is drawn over the photo."""

    method: Literal[
        "gradcam", "gradcam++", "layercam", "hirescam", "xgradcam", "eigencam", "scorecam"
    ] = Field("gradcam", description="The class activation method.")
    layer: str = Field(
        "auto",
        description="The layer whose maps are weighted. `auto`: the last one with a spatial side "
        "over 1.",
    )
    score: Literal["logit", "probability"] = Field(
        "logit", description="What is differentiated: the score before softmax, or after it."
    )
    target: str = Field(
        "predicted",
        description="The class explained: `predicted`, `true`, `both` (predicted, and true where "
        "they differ) or a class name.",
    )
    alpha: Share = Field(0.6, description="Strength of the colours over the photo.")
    blend: Literal["over", "add"] = Field(
        "over",
        description="`over`: the hotter, the less of the photo is seen, so heat shows on any "
        "ground. `add`: colours are added to the photo, as in the notebook (there `alpha` is 0.4).",
    )
    colormap: Literal[
        "jet", "turbo", "viridis", "plasma", "inferno", "magma", "cividis", "hot", "bone"
    ] = Field("jet", description="Colours of the overlay (OpenCV's colour maps).")


class Settings(Section):
    """Every key of the config."""

    model: str = Field(
        "demo",
        description="`demo`, a path to a .keras or .h5 file, or a keras.applications name such "
        "as `VGG16`.",
    )
    weights: str = Field(
        "imagenet",
        description="For a keras.applications name: `imagenet`, `none` (random) or a path.",
    )
    output: str | None = Field(
        None, description="Which output to audit, for a model that has several."
    )
    trust_model: bool = Field(
        False, description="Load a model that carries code (a Lambda layer). It is then executed."
    )
    custom_modules: list[str] = Field(
        [], description="Python files whose registered Keras layers the model needs."
    )
    images: str = Field(
        "demo",
        description="`demo`, a folder (one sub-folder a class, or flat: unlabelled) or a "
        ".csv/.parquet table with columns path[, label].",
    )
    exclude: Annotated[list[str], BeforeValidator(_listed)] = Field(
        [],
        description="Files left out: patterns of the name of a file or of a folder above it "
        "(`masks`, `*_mask.png`) or, with a `/`, of a path (`val/*`).",
    )
    columns: Columns = Columns()
    classes: str = Field(
        "auto",
        description="`auto` (the folders' or labels' names, sorted; whole numbers are the outputs' "
        "numbers), `alphanumeric` (sorted as texts also where they are numbers, as Keras' loaders "
        "do: 0, 1, 10, 11, 2) or a file: text with one class name a line in index order (`0 cat` "
        "too), `class_indices.json`, .csv, .npy or .yaml.",
    )
    results: Annotated[str, AfterValidator(_one_spelling)] = Field(
        "results", description="Where everything is written."
    )
    shard_size: int = Field(
        512,
        ge=1,
        le=8000,
        description="Images a shard, the unit of work. Above 500,000 images shards grow so that "
        "there are never more than 1,000.",
    )
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of everything that draws lots.")
    watch: bool = Field(
        True,
        description="Walk the dataset at each start to find changes. `false` trusts the last walk.",
    )
    max_quarantined: Share = Field(
        0.05,
        description="Share of unreadable images above which the audit ends with an error.",
    )
    compare: Annotated[list[str], BeforeValidator(_listed), AfterValidator(_two)] = Field(
        [],
        description="For `snakemake compare`: two results folders, the earlier audit first. Their "
        "comparison is written to `results`, which must be a third folder (docs/comparison.md).",
    )
    preprocess: Preprocess = Preprocess()
    predict: Predict = Predict()
    activations: Activations = Activations()
    filters: Filters = Filters()
    gradcam: GradCam = GradCam()


def load(config: dict[str, Any]) -> Settings:
    """Check the config and fill its defaults.

    Raises:
        AuditError: one line a fault, each beginning with the key.
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
