"""`trialist vocabulary`: the synonyms in use, where they come from, and which are not to be used."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialist.cli.output import Subparsers, print_beside, print_json, print_table, print_text
from trialist.errors import InvalidParameterError

if TYPE_CHECKING:
    from trialist.errors import Problem
    from trialist.vocabulary.thesaurus import Veto


def add_commands(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add `vocabulary` and the commands below it."""
    parser = commands.add_parser(
        "vocabulary",
        help="synonyms: load MeSH, list them, veto them",
        description="The synonyms that searches use: load MeSH, list what stands for a term, veto what should not.",
    )
    below = parser.add_subparsers(
        dest="vocabulary_command", metavar="COMMAND", required=True, parser_class=type(parser)
    )

    load = below.add_parser(
        "load",
        parents=[common],
        help="load NLM's MeSH files",
        description="Load the files of MeSH as NLM distributes them: descriptors, supplementary records; packed or not.",
    )
    load.add_argument("kind", choices=("mesh",), metavar="KIND", help="mesh")
    load.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="desc20XX.xml, supp20XX.xml or d20XX.bin"
    )
    _finish(load, run_load)

    synonyms = below.add_parser(
        "synonyms", parents=[common], help="list what stands for a term, with the source"
    )
    synonyms.add_argument("term", metavar="TERM", help="a word or several")
    _finish(synonyms, run_synonyms)

    for name, sentence, run in (
        ("veto", "take two terms no longer for synonyms, or leave out a concept", run_veto),
        ("unveto", "take a veto back", run_unveto),
    ):
        veto = below.add_parser(name, parents=[common], help=sentence)
        veto.add_argument("terms", nargs="*", metavar="TERM", help="two terms")
        veto.add_argument("--concept", metavar="ID", help="a concept, as `vocabulary synonyms` names it")
        _finish(veto, run)

    vetoes = below.add_parser("vetoes", parents=[common], help="list the vetoes")
    _finish(vetoes, run_vetoes)


def _finish(parser: argparse.ArgumentParser, run: Any) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print it")
    parser.set_defaults(run=run)


def _directory(arguments: argparse.Namespace) -> Path:
    from trialist.settings import read_settings

    return read_settings(registry=arguments.registry).registry


def run_load(arguments: argparse.Namespace) -> int:
    """Load MeSH and put it in force."""
    from trialist.registry.indexing import index_directory
    from trialist.registry.synonyms import load_mesh

    problems: list[Problem] = []
    directory = _directory(arguments)
    loaded = load_mesh(directory, index_directory(directory), arguments.files, problems.append)
    if arguments.format == "json":
        print_json(
            {
                "read": loaded.read,
                "kept": loaded.kept,
                "in_force": loaded.in_force,
                "problems": [f"{problem.message}: {problem.where}" for problem in problems],
            }
        )
        return 0
    for problem in problems[:20]:
        print_beside(f"{problem.message}: {problem.where}")
    print_text(
        f"{loaded.read:,} concepts read, {loaded.kept:,} from MeSH in all, {len(problems):,} records unreadable."
    )
    if not loaded.in_force:
        print_text("They are used as soon as there is a search index: `trialist index` builds it.")
    return 0


def run_synonyms(arguments: argparse.Namespace) -> int:
    """List every meaning of a term and every synonym in use."""
    from trialist.registry.searching import Finder
    from trialist.registry.synonyms import meanings_of

    found = meanings_of(Finder(_directory(arguments)).thesaurus, arguments.term)
    if arguments.format == "json":
        print_json(
            {
                "term": arguments.term,
                "meanings": [
                    {
                        "concept_id": one.concept.concept_id,
                        "preferred": one.concept.preferred,
                        "made_of": list(one.concept.parts),
                        "synonyms": [
                            {"text": item.text, "source": item.source, "count": item.count}
                            for item in one.synonyms
                        ],
                    }
                    for one in found
                ],
            }
        )
        return 0
    if not found:
        print_text(f"No synonyms of “{arguments.term}” are in use.")
    for place, one in enumerate(found):
        print_text(("\n" if place else "") + f"{one.concept.preferred}  ({one.concept.concept_id})")
        rows = [(item.text, item.source, "" if item.count is None else item.count) for item in one.synonyms]
        print_table(("synonym", "source", "seen"), rows)
    return 0


def _veto(arguments: argparse.Namespace) -> Veto:
    from trialist.vocabulary.thesaurus import Veto

    if arguments.concept and not arguments.terms:
        return Veto(concept_id=arguments.concept)
    if arguments.concept or len(arguments.terms) != 2 or not all(term.strip() for term in arguments.terms):
        raise InvalidParameterError(
            "a veto names two terms, or a concept",
            hint='Write: trialist vocabulary veto "A" "B", or --concept ID',
        )
    return Veto(*arguments.terms)


def run_veto(arguments: argparse.Namespace) -> int:
    """Keep a veto."""
    from trialist.registry.synonyms import add_veto

    is_added = add_veto(_directory(arguments), _veto(arguments))
    if arguments.format == "json":
        print_json({"added": is_added})
    else:
        print_text("Kept: it holds from the next search on." if is_added else "That veto was there already.")
    return 0


def run_unveto(arguments: argparse.Namespace) -> int:
    """Take a veto back."""
    from trialist.registry.synonyms import remove_veto

    remove_veto(_directory(arguments), _veto(arguments))
    print_json({"removed": True}) if arguments.format == "json" else print_text("The veto is taken back.")
    return 0


def run_vetoes(arguments: argparse.Namespace) -> int:
    """List the vetoes."""
    from trialist.registry.synonyms import read_vetoes

    vetoes = read_vetoes(_directory(arguments))
    if arguments.format == "json":
        print_json(
            [
                {
                    "term": one.term or None,
                    "synonym": one.synonym or None,
                    "concept_id": one.concept_id or None,
                }
                for one in vetoes
            ]
        )
        return 0
    for one in vetoes:
        print_text(f"concept {one.concept_id}" if one.concept_id else f"{one.term} = {one.synonym}")
    if not vetoes:
        print_text("There are no vetoes.")
    return 0
