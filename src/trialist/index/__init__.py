"""Studies made searchable: arrays on disk, built beside the live ones, checked, then swapped.

`layout` says how each field is held, `documents` reads studies, `build` makes a segment, `segment` opens one and
`searcher` answers over all segments of an index. Nothing here knows the query language.
"""
