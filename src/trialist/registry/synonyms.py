"""The synonyms of a registry: where they come from, which a user has vetoed, and the thesaurus made of them.

Sources in the order of their authority: the project's own table, what was loaded from MeSH, what the studies teach.
Files in `<registry>/vocabulary/`: `mesh.zst` and `vetoes.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import zstandard

from trialist.errors import InvalidParameterError, NotBuiltError, Problem
from trialist.index.live import LiveIndex, Taught, replace_thesaurus
from trialist.registry.completing import refresh_completions
from trialist.vocabulary.combine import combine, read_own_concepts
from trialist.vocabulary.mesh import mesh_concepts, read_mesh
from trialist.vocabulary.text import fold_text
from trialist.vocabulary.thesaurus import Concept, Synonym, Thesaurus, Veto, term_key

VOCABULARY = "vocabulary"
_MESH, _VETOES = "mesh.zst", "vetoes.json"


def make_synonyms(registry: Path, learned: Iterable[Concept]) -> Taught:
    """The thesaurus of all sources, and what the studies taught, kept so that it need not be learned again."""
    listed = list(learned)
    mesh = read_concepts(registry / VOCABULARY / _MESH)
    thesaurus = combine(read_own_concepts(), mesh, listed)
    return Taught(pack_concepts(listed), zstandard.compress(thesaurus.to_json(), 9))


def pack_concepts(concepts: Iterable[Concept]) -> bytes:
    """Concepts as the bytes of a file."""
    return zstandard.compress(Thesaurus.of(list(concepts), {}).to_json(), 9)


def read_concepts(file: Path) -> list[Concept]:
    """The concepts of a file that `pack_concepts` made; none when it is not there."""
    if not file.exists():
        return []
    return list(Thesaurus.from_json(zstandard.decompress(file.read_bytes())))


def save_mesh(registry: Path, concepts: Iterable[Concept]) -> int:
    """Keep concepts loaded from MeSH; how many there are. `refresh_synonyms` puts them in force."""
    listed = list(concepts)
    directory = registry / VOCABULARY
    directory.mkdir(parents=True, exist_ok=True)
    (directory / _MESH).write_bytes(pack_concepts(listed))
    return len(listed)


def refresh_synonyms(registry: Path, index: Path) -> None:
    """Make the thesaurus of the index anew from all sources; `NotBuiltError` when there is no index."""
    learned = read_concepts(LiveIndex(index).learned_file)
    replace_thesaurus(index, make_synonyms(registry, learned))
    refresh_completions(index)


def read_vetoes(registry: Path) -> list[Veto]:
    """What the user does not take for synonyms."""
    file = registry / VOCABULARY / _VETOES
    if not file.exists():
        return []
    return [Veto(**row) for row in orjson.loads(file.read_bytes())]


def write_vetoes(registry: Path, vetoes: Iterable[Veto]) -> None:
    """Keep the vetoes, each once."""
    directory = registry / VOCABULARY
    directory.mkdir(parents=True, exist_ok=True)
    rows = [
        {"term": veto.term, "synonym": veto.synonym, "concept_id": veto.concept_id}
        for veto in dict.fromkeys(vetoes)
    ]
    (directory / _VETOES).write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2))


@dataclass(frozen=True, slots=True)
class MeshLoaded:
    """What a load of MeSH did: concepts read, concepts kept in all, and whether an index has them in force."""

    read: int
    kept: int
    in_force: bool


@dataclass(frozen=True, slots=True)
class Meaning:
    """One meaning of a term: its concept, and all ways to say it that are in use, the term itself too, with their sources."""

    concept: Concept
    synonyms: tuple[Synonym, ...]


def load_mesh(
    registry: Path, index: Path, files: Sequence[Path], report: Callable[[Problem], None] | None = None
) -> MeshLoaded:
    """Read NLM's files and put their terms in force; concepts loaded before stay, those of the same id are replaced.

    Without an index they wait for the first one. `NotBuiltError` when there is no registry, `SourceUnreadableError` for
    a file that is none of NLM's; then nothing is changed.
    """
    _refuse_absent(registry)
    loaded = list(mesh_concepts(found for file in files for found in read_mesh(file, report)))
    kept = {concept.concept_id: concept for concept in read_concepts(registry / VOCABULARY / _MESH)}
    kept |= {concept.concept_id: concept for concept in loaded}
    count = save_mesh(registry, kept.values())
    try:
        refresh_synonyms(registry, index)
    except NotBuiltError:
        return MeshLoaded(len(loaded), count, in_force=False)
    return MeshLoaded(len(loaded), count, in_force=True)


def meanings_of(thesaurus: Thesaurus, term: str) -> list[Meaning]:
    """What a term may mean, and for each meaning the synonyms in use; vetoed ones are left out."""
    words = tuple(fold_text(term))
    found = []
    for concept in thesaurus.concepts_of(words):
        in_use = tuple(one for one in concept.synonyms if not thesaurus.is_vetoed(words, one.words))
        found.append(Meaning(concept, in_use))
    return found


def add_veto(registry: Path, veto: Veto) -> bool:
    """Take two terms no longer for synonyms, or leave out a concept; False when that was so already.

    It holds from the next search on. `NotBuiltError` when there is no registry.
    """
    _refuse_absent(registry)
    _refuse_wordless(veto)
    vetoes = read_vetoes(registry)
    if any(_is_same(veto, known) for known in vetoes):
        return False
    write_vetoes(registry, [*vetoes, veto])
    return True


def remove_veto(registry: Path, veto: Veto) -> None:
    """Take a veto back, however its terms are written; `InvalidParameterError` when there is none like it."""
    vetoes = read_vetoes(registry)
    kept = [known for known in vetoes if not _is_same(veto, known)]
    if len(kept) == len(vetoes):
        raise InvalidParameterError("there is no such veto", hint="`trialist vocabulary vetoes` lists them.")
    write_vetoes(registry, kept)


def _refuse_absent(registry: Path) -> None:
    if not registry.is_dir():
        raise NotBuiltError(
            f"there is no registry in {registry}", hint="Load one first: trialist load PATH, or trialist demo"
        )


def _refuse_wordless(veto: Veto) -> None:
    for text in (veto.term, veto.synonym):
        if text and not fold_text(text):
            raise InvalidParameterError(f"{text!r} holds no word", hint="Name two terms.")
    if veto.term and _keys(veto) == {term_key(fold_text(veto.term))}:
        raise InvalidParameterError(
            "both terms are the same words", hint="Forms of one word are no synonyms that could be vetoed."
        )


def _keys(veto: Veto) -> set[str]:
    return {term_key(fold_text(veto.term)), term_key(fold_text(veto.synonym))}


def _is_same(one: Veto, other: Veto) -> bool:
    """Whether two vetoes say the same: a pair holds in both directions, in any spelling."""
    if one.concept_id or other.concept_id:
        return one.concept_id == other.concept_id
    return _keys(one) == _keys(other)
