"""Where on the hub a corpus's rows are: which repository, commit, configuration, split and files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError, did_you_mean
from wergate.hub import asked, explained

Found = TypeVar("Found")
CONVERTED = "refs/convert/parquet"
TWINS = {  # data sets that are scripts, and the repositories that hold the same recordings as parquet
    "patrickvonplaten/librispeech_asr_dummy": "hf-internal-testing/librispeech_asr_dummy",
}
MOVED = {"librispeech_asr": "openslr/librispeech_asr"}  # from when names had no owner, which `datasets` takes no longer
_PREFERRED_SPLITS = ("test", "validation")


@dataclass(frozen=True)
class HubLocation:
    """One split of a data set at one commit.

    Attributes:
        hub_id, commit: the repository that is read; it may be another one than was asked for.
        files: the split's parquet files, by their path in the repository.
        notes: for people, where it is not simply what they asked for.
    """

    hub_id: str
    commit: str
    config: str
    split: str
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()


def commit_of(hub_id: str, revision: str | None) -> str:
    """Return the commit of a data set's branch or tag; out of reach, what was last seen of it.

    Raises:
        SuiteError: what the hub's client could not do.
    """
    import huggingface_hub

    def resolve() -> str:
        found = huggingface_hub.resolve_revision(hub_id, repo_type="dataset", revision=revision)
        return str(found.resolved)

    return asked(hub_id, revision, resolve, what="corpus")


def find_place(spec: CorpusSpec, commit: str) -> HubLocation:
    """Find the parquet files that a spec names.

    A script is never run, and other forms would need FFmpeg: there the files that the hub has converted are read, or
    those of a known twin.

    Args:
        commit: of the repository that the spec names.

    Raises:
        SuiteError: neither parquet nor converted, an unknown configuration or split, none named of several.
    """
    _require_access(spec.hub_id)
    files = _listing(spec.hub_id, commit)
    script = f"{spec.hub_id.rsplit('/', maxsplit=1)[-1]}.py"
    if script in files:
        return _instead(spec, f"corpus '{spec.hub_id}' is a script ({script}), which is not run")
    place = _by_library(spec, spec.hub_id, commit)
    return place if place.files else _instead(spec, f"corpus '{spec.hub_id}' is not stored as parquet")


def _instead(spec: CorpusSpec, why: str) -> HubLocation:
    """Find other files with the same rows."""
    converted = _converted(spec)
    if converted:
        return _noted(_by_folders(spec, converted), f"{why}: the hub's conversion of its main branch is read")
    twin = TWINS.get(spec.hub_id)
    if twin:
        return _noted(_by_library(spec, twin, commit_of(twin, None)), f"{why}: its twin '{twin}' is read")
    raise SuiteError(
        f"{why}, and it has neither converted files at {CONVERTED} nor a known twin; parquet files are accepted; name "
        "another data set, or a local folder with its recordings, with --corpus"
    )


def _require_access(hub_id: str) -> None:
    """Ask whether files will be given, so that a gated data set is told as such: a listing is given to anybody."""
    import huggingface_hub

    asked(hub_id, None, lambda: huggingface_hub.auth_check(hub_id, repo_type="dataset"), what="corpus")


def _noted(place: HubLocation, note: str) -> HubLocation:
    return replace(place, notes=(f"{note} (commit {place.commit[:12]})", *place.notes))


def _listing(hub_id: str, commit: str) -> list[str]:
    import huggingface_hub

    list_files = huggingface_hub.list_repo_files
    return list(asked(hub_id, commit, lambda: list_files(hub_id, repo_type="dataset", revision=commit), what="corpus"))


def _converted(spec: CorpusSpec) -> str | None:
    """Return the commit of the files that the hub has converted, where it has."""
    import huggingface_hub

    def refs() -> Any:
        return huggingface_hub.list_repo_refs(spec.hub_id, repo_type="dataset")

    converts = asked(spec.hub_id, None, refs, what="corpus").converts
    return next((str(ref.target_commit) for ref in converts if ref.ref == CONVERTED), None)


def _by_folders(spec: CorpusSpec, commit: str) -> HubLocation:
    """Choose among files as the hub converts them: CONFIG/SPLIT/0000.parquet, or CONFIG/partial-SPLIT/."""
    paths = [path for path in _listing(spec.hub_id, commit) if path.endswith(".parquet") and path.count("/") >= 2]  # noqa: PLR2004
    config = _config(spec, list(dict.fromkeys(path.split("/")[0] for path in paths)), default=None)
    of_config = [path for path in paths if path.split("/")[0] == config]
    folders = {path.split("/")[1].removeprefix("partial-"): path.split("/")[1] for path in of_config}
    split = _split(spec, config, list(folders))
    files = tuple(path for path in of_config if path.split("/")[1] == folders[split])
    partial = folders[split] != split
    notes = (f"corpus '{spec.hub_id}': only the first part of split '{split}' has been converted",) if partial else ()
    return HubLocation(spec.hub_id, commit, config, split, files, notes)


def _by_library(spec: CorpusSpec, hub_id: str, commit: str) -> HubLocation:
    """Let `datasets` tell the configurations, the splits and their files."""
    import datasets

    pinned = {"path": hub_id, "revision": commit}
    names = opened(spec, lambda: datasets.get_dataset_config_names(**pinned))
    default = None
    if spec.config is None and len(names) > 1:
        default = opened(spec, lambda: datasets.get_dataset_default_config_name(**pinned))
    config = _config(spec, names, default)
    builder = opened(spec, lambda: datasets.load_dataset_builder(**pinned, name=config))
    files = builder.config.data_files or {}
    splits = list(files) or opened(spec, lambda: datasets.get_dataset_split_names(**pinned, config_name=config))
    split = _split(spec, config, splits)
    return HubLocation(hub_id, commit, config, split, _parquet(files.get(split, ()), commit))


def _parquet(files: Sequence[str], commit: str) -> tuple[str, ...]:
    """Return the paths in the repository of hf://datasets/ORG/NAME@COMMIT/PATH, where all are parquet."""
    paths = tuple(str(file).split(f"@{commit}/", 1)[-1] for file in files)
    return paths if all(path.endswith(".parquet") for path in paths) else ()


def _config(spec: CorpusSpec, names: Sequence[str], default: str | None) -> str:
    if spec.config in names:
        return str(spec.config)
    several = f"{len(names)} configurations: {', '.join(names)}"
    if spec.config is not None:
        raise SuiteError(
            f"corpus '{spec.hub_id}' has no configuration '{spec.config}'{did_you_mean(spec.config, names)}; "
            f"it has {several}; correct --corpus {spec.hub_id}:CONFIG"
        )
    if default or len(names) == 1:
        return default or names[0]
    raise SuiteError(f"corpus '{spec.hub_id}' has {several}; name one with --corpus {spec.hub_id}:CONFIG")


def _split(spec: CorpusSpec, config: str, names: Sequence[str]) -> str:
    if spec.split in names:
        return str(spec.split)
    name, known = f"{spec.hub_id}:{config}", ", ".join(map(str, names))
    if spec.split is not None:
        raise SuiteError(
            f"corpus '{name}' has no split '{spec.split}'{did_you_mean(spec.split, map(str, names))}; "
            f"it has {known}; correct --corpus {name}:SPLIT"
        )
    preferred = [split for split in _PREFERRED_SPLITS if split in names] or (names if len(names) == 1 else [])
    if preferred:
        return str(preferred[0])
    raise SuiteError(f"corpus '{name}' has {len(names)} splits: {known}; name one with --corpus {name}:SPLIT")


def opened(spec: CorpusSpec, ask: Callable[[], Found]) -> Found:
    """Ask `datasets`, and turn what it raises into one line.

    Raises:
        SuiteError: what the hub did not give, or, in its words, what `datasets` could not make of it.
    """
    try:
        return ask()
    except SuiteError:
        raise
    except Exception as error:  # `datasets` raises whatever it finds: each is a corpus not opened
        told = explained(spec.hub_id, spec.revision, error, what="corpus")
        reason = str(error).strip().splitlines()
        raise told or SuiteError(
            f"corpus '{spec.hub_id}' cannot be opened: {type(error).__name__}: {reason[0] if reason else ''}; a data "
            "set with a column of audio and one of text is accepted; check --corpus"
        ) from error
