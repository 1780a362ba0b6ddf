"""Check that the folders of a dataset are classes, not splits, wrappers, folds or masks."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from convaudit.dataset.labels import some
from convaudit.errors import AuditError

_SPLITS = frozenset(
    "train training trainval test testing val valid validation validate dev eval evaluation "
    "holdout pred prediction".split()
)
_SURE = frozenset("training test testing val validation holdout".split())
"""Names of splits that are hardly ever class names. ("train" and "valid" may be classes.)"""
_PREFERRED = ("test", "testing", "holdout", "val", "valid", "validation", "validate", "eval")
_FILLERS = frozenset("set data dataset image images img imgs seg split folder files photos".split())
_ANNOTATIONS = frozenset(
    "masks annotations annotation labels labelmaps ground_truth groundtruth gt segmentations "
    "segmentation bboxes".split()
)
_PHOTOS = frozenset("image images img imgs photos photo pictures jpegimages".split())
_MASK = re.compile(
    r"(.+?)[ _-](?:masks?|gt|seg|segmentation|labels?|annotation|groundtruth)(?:[ _-]?\d+)?"
)
_NUMBERED = re.compile(r"([^\W\d_]{2,})[^a-zA-Z/]*\d[^/]*$")
"""A file name that is a word and a number, such as cat.0.jpg."""
_LIKE_MASKS = "mask|gt|seg|label|annotation|ground.?truth|bbox"
"""Every such name contains one of these words. A quick first test: most datasets have none."""


@dataclass(frozen=True)
class Folders:
    """A tree of folders by path ("" is the root): the names in each folder, and which folders hold
    files.
    """

    inside: dict[str, list[str]]
    direct: frozenset[str]

    @classmethod
    def of(cls, paths: Iterable[str]) -> "Folders":
        """The folders above these files; paths are relative, with "/"."""
        direct = {path.rpartition("/")[0] for path in paths}
        inside: dict[str, set[str]] = {"": set()}
        for folder in direct:
            while folder:
                parent, _, name = folder.rpartition("/")
                known = inside.setdefault(parent, set())
                if name in known:
                    break
                known.add(name)
                folder = parent
        return cls({at: sorted(names) for at, names in inside.items()}, frozenset(direct))

    def names(self, folder: str) -> list[str]:
        """Sorted names of the folders directly inside a folder."""
        return self.inside.get(folder, [])

    def of_classes(self, folder: str = "") -> str:
        """The first folder at or below this one whose sub-folders look like classes."""
        names = self.names(folder)
        photos = [name for name in names if name.lower() in _PHOTOS]
        splits = [name for name in names if is_split(name)]
        if splits and all(name in splits or is_annotation(name) for name in names):
            chosen = min(splits, key=_preference)
        elif (
            len(names) == 1
            and folder not in self.direct
            and (not folder or self.names(f"{folder}/{names[0]}"))
        ):
            chosen = names[0]
        elif photos and all(name.lower() in _PHOTOS | _ANNOTATIONS for name in names):
            chosen = photos[0]
        else:
            return folder
        return self.of_classes(f"{folder}/{chosen}".lstrip("/"))


def is_split(name: str) -> bool:
    """True if the folder is named like a split, such as train, test_set or seg_pred."""
    return _split_word(name) in _SPLITS


def is_annotation(name: str) -> bool:
    """True if the folder is named like masks or other annotations."""
    return name.lower() in _ANNOTATIONS


def refuse(paths: pd.Series, source: str) -> None:
    """Refuse folders that are no classes.

    Args:
        paths: of the files, relative, with "/".
        source: the dataset's folder, as the user spelled it.

    Raises:
        AuditError: the folders are splits or something else than classes; the message names the
            folder to give instead.
    """
    tree = Folders.of(paths.tolist())
    names = tree.names("")
    if not names:
        return
    otherwise = "; if they are the classes, list them in classes=FILE"
    below = tree.of_classes()
    source = source.rstrip("/")
    give = f"images={source}/{below}"
    loose = "" in tree.direct
    splits = [name for name in names if is_split(name)]
    if splits and all(name in splits or is_annotation(name) for name in names) and not loose:
        raise AuditError(
            f"images: {source} holds splits ({some(splits)}), not classes: give one of them, {give}"
            + otherwise
        )
    known = {name.lower() for name in names}
    if known <= _PHOTOS | _ANNOTATIONS and not loose and below:
        raise AuditError(
            f"images: {source} holds {some(names)}, which are no classes: give {give}" + otherwise
        )
    if len(names) == 1 and not loose:
        raise AuditError(
            f"images: {source} holds one folder, {names[0]!r}, which can't be all classes: give "
            f"{give}" + otherwise
        )
    for name in names:
        if _stray(tree, name):
            raise AuditError(
                f"images: {source}/{name} lies among the class folders and looks like a split or "
                f"annotations, not a class: leave it out with exclude={name!r}; if it is a class, "
                "list all classes in classes=FILE"
            )
    _refuse_folds(tree, names, source, otherwise)


def mention_masks(paths: pd.Series) -> list[str]:
    """Say in one sentence that files look like masks of the photographs, if there are any."""
    if not paths.str.contains(_LIKE_MASKS, case=False, regex=True).any():
        return []
    listed = paths.tolist()
    stems = {path.rpartition(".")[0] for path in listed}
    found, patterns = [], set()
    for path in listed:
        folders, _, name = path.rpartition("/")
        inner = folders.partition("/")[2].lower().split("/")
        match = _MASK.fullmatch(name.rpartition(".")[0].lower())
        if annotated := _ANNOTATIONS.intersection(inner):
            patterns |= {part for part in folders.split("/") if part.lower() in annotated}
        elif match and f"{folders}/{name[: match.end(1)]}".lstrip("/") in stems:
            patterns.add(f"*{name[match.end(1) : match.end(1) + 5]}*")
        else:
            continue
        found.append(path)
    if not found:
        return []
    listing = ", ".join(f'"{pattern}"' for pattern in sorted(patterns))
    return [
        f"{len(found):,} of {len(listed):,} files look like masks, not photographs "
        f"({found[0]!r}): if so, leave them out with exclude='[{listing}]'"
    ]


def mention_labels(paths: pd.Series, tables: Sequence[str]) -> list[str]:
    """Say in one sentence where the labels of unlabelled images may be found, if anywhere.

    Args:
        paths: of the files, relative, with "/".
        tables: names of the tables that lie beside them.
    """
    if tables:
        return [f"the images have no labels; if {some(tables)} has them, give it as images="]
    words = []
    for path in paths.tolist():
        match = _NUMBERED.match(path, path.rfind("/") + 1)
        if not match:
            return []
        words.append(match[1])
    kinds = pd.Series(words).value_counts()
    if not 2 <= len(kinds) <= 50 or kinds.min() < 2:
        return []
    return [
        f"the images have no labels, but their names begin with {some(sorted(kinds.index))}: if "
        "these are the classes, move each into a folder of that name, or give a table of path,label"
    ]


def _stray(tree: Folders, name: str) -> bool:
    """True if a folder among the class folders looks like a split or annotations. (A folder "train"
    without sub-folders may be a class.)
    """
    if is_annotation(name):
        return True
    return is_split(name) and (_split_word(name) in _SURE or name not in tree.direct)


def _refuse_folds(tree: Folders, names: list[str], source: str, otherwise: str) -> None:
    """Refuse folders that all have the same two or more sub-folders, such as folds."""
    if len(names) < 2 or any(name in tree.direct for name in names):
        return
    inner = [set(tree.names(name)) for name in names]
    common, union = set.intersection(*inner), set.union(*inner)
    if len(common) < 2 or 2 * len(common) < len(union):
        return
    if all(name.lower() in _PHOTOS | _ANNOTATIONS for name in common):
        return  # These are masks beside photographs; ``mention_masks`` reports them.
    if all(map(is_split, common)):
        left = sorted(common, key=_preference)[1:]
        raise AuditError(
            f"images: below each folder of {source} lie splits ({some(sorted(common))}): audit one "
            f"of them, with exclude='{' '.join(left)}'"
        )
    raise AuditError(
        f"images: each folder of {source} ({some(names)}) holds the same sub-folders "
        f"({some(sorted(common))}), which look like the classes: give one of them, "
        f"images={source}/{names[0]}{otherwise}"
    )


def _split_word(name: str) -> str:
    """The word of a name that says which split it is; "" if there are several."""
    spread = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()
    words = [re.sub(r"(?<=.)(set|data)$", "", word) for word in re.findall(r"[a-z]+", spread)]
    words = [word for word in words if word not in _FILLERS]
    return words[0] if len(words) == 1 else ""


def _preference(name: str) -> tuple[int, str]:
    """Sort key: test and validation splits come before training splits."""
    word = _split_word(name)
    return (_PREFERRED.index(word) if word in _PREFERRED else len(_PREFERRED), name)
