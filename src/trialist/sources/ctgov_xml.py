"""The XML that ClinicalTrials.gov published until 2024 -> records in the shape of its API v2.

What goes where is held as data in `mappings/ctgov_xml.toml`; this module walks a document along that table. What v2
has no field for, and what the table does not know, is kept in a problem, never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers import expat

from trialist.errors import Level, Problem, Where
from trialist.record.catalogue import key_order
from trialist.sources.ctgov_xml_map import Node, Rule, mapping
from trialist.sources.ctgov_xml_reading import Reading
from trialist.sources.ctgov_xml_split import split_xml
from trialist.sources.ctgov_xml_steps import finish_record

__all__ = ["convert_xml", "split_xml"]


def convert_xml(raw: bytes, where: Where) -> tuple[dict[str, Any] | None, list[Problem]]:
    """One `<clinical_study>` document -> its v2 record, keys in the registry's order, and the problems met.

    None when it is not a study; a problem of level ERROR then says why.
    """
    reading = Reading(where)
    root = _parse(raw, reading)
    if root is None:
        return None, reading.problems
    table = mapping()
    record: dict[str, Any] = {}
    _read(table.root, root, record, reading)
    nct_id = record.get("protocolSection", {}).get("identificationModule", {}).get("nctId", "")
    if not nct_id:
        reading.report(Level.ERROR, "missing-nct-id", "id_info/nct_id", "the study has no NCT id")
        return None, reading.finish(where.nct_id)
    finish_record(record, table, reading)
    return _in_order(record, ""), reading.finish(nct_id)


class _PrologReadError(Exception):
    """Ends the look at what stands before the root element; `refused` when an entity is declared there."""

    def __init__(self, *, refused: bool) -> None:
        super().__init__()
        self.refused = refused


def _declares_entities(raw: bytes) -> bool:
    """Whether a document declares entities of its own, as the "billion laughs" do; the registry's never do."""

    def refuse(*_: object) -> None:
        raise _PrologReadError(refused=True)

    def stop(*_: object) -> None:
        raise _PrologReadError(refused=False)

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        parser.Parse(raw, True)
    except _PrologReadError as found:
        return found.refused
    except (expat.ExpatError, ValueError, LookupError):
        return False
    return False


def _parse(raw: bytes, reading: Reading) -> Element | None:
    if _declares_entities(raw):
        reading.report(
            Level.ERROR,
            "xml-entities-refused",
            "",
            "the document declares entities of its own: not read for safety",
        )
        return None
    parser = XMLParser()
    try:
        parser.feed(raw)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        excerpt = raw[:200].decode("utf-8", "replace")
        reading.report(Level.ERROR, "malformed-xml", "", f"not well-formed XML: {error}", excerpt)
        return None
    if root.tag != "clinical_study":
        reading.report(
            Level.ERROR, "not-a-study", "", f"the root element is <{root.tag}>, not <clinical_study>"
        )
        return None
    return root


def _read(node: Node, element: Element, target: dict[str, Any], reading: Reading) -> None:
    """Move what one element holds into the object `target`, or into a new item of one of its lists."""
    around = target
    if node.item is not None:
        target = dict(node.constant)
    attributes = element.items()
    if attributes:
        _read_attributes(node, attributes, target, reading)
    text = element.text
    if text and not text.isspace():
        if node.text is not None:
            _put(node.text, text, target, node, reading)
        else:
            _keep_text(node, text, reading)
    if len(element):
        _read_children(node, element, target, reading)
    if node.item is not None and len(target) > len(node.constant):
        _add_item(node, target, around, reading)


def _read_children(node: Node, element: Element, target: dict[str, Any], reading: Reading) -> None:
    """Read the elements below one; those that hold one text for one field, most by far, without a further call."""
    before = dict(reading.inherit) if node.scope else None
    known = node.children
    for child in element:
        below = known.get(child.tag)
        if below is None:
            _report_unknown(f"{node.path}/{child.tag}".lstrip("/"), child, reading)
        elif below.plain is not None and not len(child) and not child.items():
            text = child.text
            if text:
                _put(below.plain, text, target, below, reading)
        else:
            _read(below, child, target, reading)
        tail = child.tail
        if tail and not tail.isspace():
            _keep_text(node, tail, reading)
    if before is not None:
        reading.end_scope(before)


def _add_item(node: Node, item: dict[str, Any], around: dict[str, Any], reading: Reading) -> None:
    """Put a finished item into its list, its keys in the registry's order; each set of keys is sorted once."""
    for rule in node.inherited:
        found = reading.inherit.get(rule.last)
        if found is not None and rule.last not in item:
            found.used = True
            _put(rule, found.text, item, node, reading)
    for key in node.item_way:
        around = around.setdefault(key, {})
    keys = tuple(item)
    ordered = node.orders.get(keys)
    if ordered is None:
        order = node.order
        ordered = node.orders[keys] = tuple(sorted(keys, key=lambda key: order.get(key, len(order))))
    if ordered != keys:
        item = {key: item[key] for key in ordered}
    items = around.get(node.item_last)
    if items is None:
        around[node.item_last] = [item]
    else:
        items.append(item)


def _read_attributes(
    node: Node, attributes: Iterable[tuple[str, str]], target: dict[str, Any], reading: Reading
) -> None:
    for name, value in attributes:
        rule = node.attributes.get(name)
        if isinstance(rule, Rule):
            _put(rule, value, target, node, reading)
        elif rule is None:
            reading.unplace("unknown-attribute", f"{node.path}@{name}", "this attribute is not known", value)
        elif rule:
            reading.unplace("unmapped-element", f"{node.path}@{name}", rule, value)


def _keep_text(node: Node, text: str, reading: Reading) -> None:
    text = text.strip()
    if node.unmapped:
        if text not in node.usual:
            reading.unplace("unmapped-element", node.path, node.unmapped, text)
    elif not node.packaging:
        reading.unplace("unknown-element", node.path, "text where only elements are known", text)


def _report_unknown(path: str, element: Element, reading: Reading) -> None:
    """Keep all that an unknown element holds."""
    found = False
    waiting = [(path, element)]
    while waiting:
        way, part = waiting.pop(0)
        for name, value in part.attrib.items():
            reading.unplace("unknown-attribute", f"{way}@{name}", "this attribute is not known", value)
            found = True
        for text in (part.text, *(below.tail for below in part)):
            if text and not text.isspace():
                reading.unplace("unknown-element", way, "this element is not known", text.strip())
                found = True
        waiting.extend((f"{way}/{below.tag}", below) for below in part)
    if not found:
        reading.unplace("unknown-element", path, "this element is not known", "")


def _put(rule: Rule, text: str, target: dict[str, Any], node: Node, reading: Reading) -> None:
    """Store one text by its rule; what cannot be read is stored as it stands, with a warning."""
    try:
        value = rule.convert(text)
    except ValueError as error:
        value = _keep_unread(rule, text.strip(), error, node, reading)
    if value is None:
        return
    if rule.plain and rule.last not in target:
        target[rule.last] = value
        return
    if rule.inherit:
        reading.give(rule.last, value, node.path)
        return
    for key in rule.keys:
        target = target.setdefault(key, {})
    last = rule.last
    if rule.several:
        if any(target.get(key, found) != found for key, found in value.items()):
            _report_repeated(node, text, reading)
        else:
            target.update(value)
    elif rule.many:
        target.setdefault(last, []).append(value)
    elif last not in target:
        target[last] = value
    elif rule.join:
        target[last] = f"{target[last]}{rule.join}{value}"
    elif target[last] != value:
        _report_repeated(node, text, reading)


def _report_repeated(node: Node, text: str, reading: Reading) -> None:
    message = "another text has taken the one field for this"
    reading.unplace("repeated-element", node.path, message, text.strip())


def _keep_unread(rule: Rule, text: str, error: ValueError, node: Node, reading: Reading) -> Any:
    """The text itself for a value that cannot be read, and a warning."""
    message = "not one of the known texts" if rule.several else str(error)
    reading.report(Level.WARNING, "unreadable-value", node.path, f"kept as it is: {message}", text)
    return {str(error): text} if rule.several else text


def _in_order(record: dict[str, Any], path: str) -> dict[str, Any]:
    """The record with the keys of its sections and modules in order; the items of lists are in order already."""
    order = key_order().get(path, {})
    return {
        key: _in_order(record[key], f"{path}.{key}" if path else key)
        if isinstance(record[key], dict)
        else record[key]
        for key in sorted(record, key=lambda key: order.get(key, len(order)))
    }
