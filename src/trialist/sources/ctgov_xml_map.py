"""The table `mappings/ctgov_xml.toml`, read once into a tree that has one node for each XML element it names."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import resources
from typing import Any

from trialist.record.catalogue import fields_by_path, key_order
from trialist.record.enums import enums
from trialist.sources import ctgov_xml_values as values
from trialist.sources.ctgov_xml_text import plain_characters

Convert = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """Where one text goes: `keys` down to the object, then `last`; `many` appends, `several` merges fields.

    `join` joins what repeated elements hold, `inherit` leaves the value to items below; `plain` is none of these.
    """

    path: str
    keys: tuple[str, ...]
    last: str
    convert: Convert
    many: bool = False
    several: bool = False
    join: str = ""
    inherit: bool = False
    plain: bool = False


@dataclass(slots=True)
class Node:
    """One XML element of the table.

    `item` is the way from the surrounding object to the list that each such element adds an object to (None: the
    element adds none); `plain` is the rule of its text where that is all it can hold; `unmapped` says why v2 has no field for its text; `scope` ends what its children let items
    inherit; `order` holds the registry's key order of the item.
    """

    path: str
    children: dict[str, Node] = field(default_factory=dict)
    attributes: dict[str, Rule | str] = field(default_factory=dict)
    text: Rule | None = None
    item: tuple[str, ...] | None = None
    item_way: tuple[str, ...] = ()
    item_last: str = ""
    constant: dict[str, Any] = field(default_factory=dict)
    inherited: tuple[Rule, ...] = ()
    order: Mapping[str, int] = field(default_factory=dict)
    orders: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    unmapped: str = ""
    usual: frozenset[str] = frozenset()
    packaging: bool = False
    scope: bool = False
    plain: Rule | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The whole table: the tree, and the parts that the steps of `ctgov_xml_steps.py` read."""

    root: Node
    design_text: Mapping[str, str]
    masking_by_parties: Mapping[str, Mapping[str, str]]
    document_abbreviations: Mapping[str, str]
    labels: Mapping[str, Mapping[str, Any]]
    masking_labels: frozenset[str]
    participants_title: str
    participant_counts: Mapping[str, str]
    measure_titles: Mapping[str, str]
    non_inferiority: tuple[Mapping[str, Any], ...]
    not_available: Mapping[str, tuple[str, ...]]
    renamed_countries: Mapping[str, str]
    first_country: str
    implied: tuple[Mapping[str, str], ...]
    readers: dict[str, Convert] = field(default_factory=dict)

    def reader(self, path: str) -> Convert:
        """The reader of the enumeration that a v2 path holds."""
        found = self.readers.get(path)
        if found is None:
            labels = self.labels.get(path, {})
            found = self.readers[path] = values.enum_reader(fields_by_path()[path].type, labels)
        return found


@cache
def mapping() -> Table:
    """The table of `mappings/ctgov_xml.toml`."""
    text = (resources.files("trialist.sources") / "mappings" / "ctgov_xml.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    plain_characters.update(str.maketrans(table["characters"]))
    root = Node("")
    for block in table["block"]:
        _add_block(root, block, table)
    for row in table["unmapped"]:
        _add_unmapped(root, row)
    for row in table["packaging"]:
        element, _, attribute = row["xml"].partition("@")
        node = _node(root, element)
        if attribute:
            node.attributes[attribute] = ""
        else:
            node.packaging = True
    _mark_plain(root)
    older = table["older_results"]
    masking = enums()["DesignMasking"].values.values()
    return Table(
        root,
        table["design_text"],
        table["masking_by_parties"],
        table["document_abbreviations"],
        table["labels"],
        frozenset(item.label for item in masking),
        older["participants_title"],
        older["participant_counts"],
        older["measure_titles"],
        tuple(older["non_inferiority"]),
        older["not_available"],
        table["countries"]["renamed"],
        table["countries"]["first"],
        tuple(table["implied"]),
    )


def order_items(items: list[dict[str, Any]], path: str) -> None:
    """Put the keys of every object of a list into the registry's order, in place."""
    order = key_order().get(path, {})
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    for place, item in enumerate(items):
        keys = tuple(item)
        ordered = known.get(keys)
        if ordered is None:
            ordered = known[keys] = tuple(sorted(keys, key=lambda key: order.get(key, len(order))))
        if ordered != keys:
            items[place] = {key: item[key] for key in ordered}


def _mark_plain(node: Node) -> None:
    if node.text is not None and node.item is None and not node.children:
        node.plain = node.text
    for below in node.children.values():
        _mark_plain(below)


def _node(root: Node, path: str) -> Node:
    """The node of an XML path, made when it is not there yet."""
    node = root
    for part in filter(None, path.replace("[]", "").split("/")):
        below = f"{node.path}/{part}" if node.path else part
        node = node.children.setdefault(part, Node(below))
    return node


def _add_unmapped(root: Node, row: dict[str, Any]) -> None:
    element, _, attribute = row["xml"].partition("@")
    node = _node(root, element)
    if attribute:
        node.attributes[attribute] = row["why"]
    else:
        node.unmapped = row["why"]
        node.usual = frozenset(row.get("only_other_than", ()))


def _add_block(root: Node, block: dict[str, Any], table: dict[str, Any]) -> None:
    for row in block["rows"]:
        xml, v2 = _join(block["xml"], row[0], "/"), _join(block["v2"], row[1], ".")
        _add_row(root, xml, v2, row[2] if len(row) > 2 else "", table)
    node = _node(root, block["xml"])
    node.constant.update(block.get("constant", {}))
    path = block["v2"].replace("[]", "")
    node.inherited = tuple(
        Rule(f"{path}.{name}", (), name, _converter(f"{path}.{name}", "", "", table))
        for name in block.get("inherited", ())
    )


def _join(front: str, back: str, by: str) -> str:
    if back == "." or not front:
        return front or back
    return front + back if back.startswith("@") else f"{front}{by}{back}"


def _add_row(root: Node, xml: str, v2: str, kind: str, table: dict[str, Any]) -> None:
    element, _, attribute = xml.partition("@")
    lists = v2.split("[]")
    ends_in_list = lists[-1] == ""
    if ends_in_list:
        lists.pop()
    _mark_items(root, element, lists[: -1 if not ends_in_list else len(lists) - 1])
    path = v2.replace("[]", "")
    node = _node(root, element)
    convert = _converter(path, kind, node.path, table)
    keys = tuple(filter(None, lists[-1].split(".")))
    if kind == "several":
        rule = Rule(path, keys, "", convert, several=True)
    else:
        join = {"name": " ", "degrees": ", "}.get(kind, "")
        inherit = kind == "inherit"
        plain = not (ends_in_list or join or inherit or keys[:-1])
        rule = Rule(path, keys[:-1], keys[-1], convert, ends_in_list, False, join, inherit, plain)
    if attribute:
        node.attributes[attribute] = rule
    else:
        node.text = rule
    if rule.inherit:
        _node(root, element.rpartition("/")[0]).scope = True


def _mark_items(root: Node, element: str, lists: list[str]) -> None:
    """Give the nodes of repeated elements the lists they fill: the n-th `[]` of the XML path fills the n-th of v2."""
    way = ""
    place = 0
    for part in element.split("/"):
        way = f"{way}/{part}" if way else part
        if part.endswith("[]") and place < len(lists):
            node = _node(root, way)
            node.item = tuple(filter(None, lists[place].split(".")))
            *way_to, node.item_last = node.item
            node.item_way = tuple(way_to)
            place += 1
            full = "".join(lists[:place])
            node.order = key_order().get(full, {})


def _converter(path: str, kind: str, xml_path: str, table: dict[str, Any]) -> Convert:
    if kind == "several":
        row = table["several"][f"{path}/{xml_path.rpartition('/')[2]}"]
        return partial(values.read_several, row["texts"], row["raw"], row.get("otherwise"))
    if kind:
        return values.KINDS[kind]
    found = fields_by_path()[path]
    labels: dict[str, Any] = table["labels"].get(path, {})
    if found.is_enum:
        return values.enum_reader(found.type, labels)
    if found.type == "boolean":
        return values.boolean_reader(labels)
    return values.BY_TYPE[found.type]
