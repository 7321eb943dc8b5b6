"""Location of a corpus on the hub: repository, commit, configuration, split and files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError, did_you_mean
from wergate.hub import ask_hub, hub_error

Answer = TypeVar("Answer")
CONVERTED = "refs/convert/parquet"
MIRRORS = {  # data sets that are scripts, and the repositories with the same recordings as parquet
    "patrickvonplaten/librispeech_asr_dummy": "hf-internal-testing/librispeech_asr_dummy",
}
MOVED = {"librispeech_asr": "openslr/librispeech_asr"}  # old ids without an owner, which `datasets` no longer accepts
_PREFERRED_SPLITS = ("test", "validation")


@dataclass(frozen=True)
class HubLocation:
    """One split of a data set at one commit.

    Attributes:
        hub_id: repository that is read, which may differ from the requested one.
        commit: full commit id in that repository.
        config: configuration.
        split: split.
        files: paths of the split's parquet files in the repository.
        notes: remarks for the user if the rows do not come from the requested files.
    """

    hub_id: str
    commit: str
    config: str
    split: str
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()


def commit_of(hub_id: str, revision: str | None) -> str:
    """Return the commit of a data set's branch or tag; if the hub is out of reach, the last known one.

    Raises:
        SuiteError: the data set or revision does not exist, is gated, or is neither on the hub nor in the cache.
    """
    import huggingface_hub

    def resolve() -> str:
        revisions = huggingface_hub.resolve_revision(hub_id, repo_type="dataset", revision=revision)
        return str(revisions.resolved)

    return ask_hub(hub_id, revision, resolve, what="corpus")


def find_place(spec: CorpusSpec, commit: str) -> HubLocation:
    """Find the parquet files of a data set.

    Scripts are never run, and formats other than parquet would need FFmpeg. For these data sets, the hub's converted
    files are used, or those of a known mirror.

    Args:
        spec: id, configuration and split.
        commit: full commit id of the repository that the spec names.

    Raises:
        SuiteError: there are no parquet files, the configuration or split is unknown, or the spec does not choose
            one of several.
    """
    _require_access(spec.hub_id)
    files = _listing(spec.hub_id, commit)
    script = f"{spec.hub_id.rsplit('/', maxsplit=1)[-1]}.py"
    if script in files:
        return _instead(spec, f"corpus '{spec.hub_id}' is a script ({script}), which wergate does not run")
    place = _by_library(spec, spec.hub_id, commit)
    return place if place.files else _instead(spec, f"corpus '{spec.hub_id}' is not stored as parquet")


def _instead(spec: CorpusSpec, why: str) -> HubLocation:
    """Find other files with the same rows: the hub's conversion or a known mirror."""
    converted = _converted(spec)
    if converted:
        return _noted(_by_folders(spec, converted), f"{why}; reading the hub's conversion of its main branch instead")
    mirror = MIRRORS.get(spec.hub_id)
    if mirror:
        place = _by_library(spec, mirror, commit_of(mirror, None))
        return _noted(place, f"{why}; reading its mirror '{mirror}' instead")
    raise SuiteError(
        f"{why}, and it has neither converted files at {CONVERTED} nor a known mirror; parquet files are accepted; "
        "name another data set, or a local folder with its recordings, with --corpus"
    )


def _require_access(hub_id: str) -> None:
    """Raise an error if the user may not read the files of a data set."""
    import huggingface_hub

    # The hub lists the files of a gated data set to anybody, so only this call shows that access is missing.
    ask_hub(hub_id, None, lambda: huggingface_hub.auth_check(hub_id, repo_type="dataset"), what="corpus")


def _noted(place: HubLocation, note: str) -> HubLocation:
    return replace(place, notes=(f"{note} (commit {place.commit[:12]})", *place.notes))


def _listing(hub_id: str, commit: str) -> list[str]:
    import huggingface_hub

    def listing() -> Sequence[str]:
        return huggingface_hub.list_repo_files(hub_id, repo_type="dataset", revision=commit)

    return list(ask_hub(hub_id, commit, listing, what="corpus"))


def _converted(spec: CorpusSpec) -> str | None:
    """Return the commit of the files that the hub has converted to parquet, or None."""
    import huggingface_hub

    def refs() -> Any:
        return huggingface_hub.list_repo_refs(spec.hub_id, repo_type="dataset")

    converts = ask_hub(spec.hub_id, None, refs, what="corpus").converts
    return next((str(ref.target_commit) for ref in converts if ref.ref == CONVERTED), None)


def _by_folders(spec: CorpusSpec, commit: str) -> HubLocation:
    """Choose among the hub's converted files, in folders named CONFIG/SPLIT or CONFIG/partial-SPLIT."""
    paths = [path for path in _listing(spec.hub_id, commit) if path.endswith(".parquet") and path.count("/") >= 2]  # noqa: PLR2004
    config = _config(spec, list(dict.fromkeys(path.split("/")[0] for path in paths)), default=None)
    of_config = [path for path in paths if path.split("/")[0] == config]
    folders = {path.split("/")[1].removeprefix("partial-"): path.split("/")[1] for path in of_config}
    split = _split(spec, config, list(folders))
    files = tuple(path for path in of_config if path.split("/")[1] == folders[split])
    partial = folders[split] != split
    note = f"corpus '{spec.hub_id}': the hub has converted only the first part of split '{split}'"
    return HubLocation(spec.hub_id, commit, config, split, files, (note,) if partial else ())


def _by_library(spec: CorpusSpec, hub_id: str, commit: str) -> HubLocation:
    """Find the configuration, the split and its files with the `datasets` library."""
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
    """Return the paths in the repository of URLs hf://datasets/ORG/NAME@COMMIT/PATH, or () unless all are parquet."""
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


def opened(spec: CorpusSpec, ask: Callable[[], Answer]) -> Answer:
    """Return the result of a call to `datasets`, and turn any error of it into one line.

    Raises:
        SuiteError: the hub refused the request, or `datasets` failed; then the message quotes its first line.
    """
    try:
        return ask()
    except SuiteError:
        raise
    except Exception as error:  # `datasets` raises exceptions of many kinds
        known = hub_error(spec.hub_id, spec.revision, error, what="corpus")
        reason = str(error).strip().splitlines()
        raise known or SuiteError(
            f"corpus '{spec.hub_id}' cannot be opened: {type(error).__name__}: {reason[0] if reason else ''}; a data "
            "set with an audio column and a text column is accepted; check --corpus"
        ) from error
