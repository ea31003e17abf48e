"""Terms and names: tables a domain expert can review, and their readers.

`text` splits and folds words, `variants` knows how else they are written, `thesaurus` which may stand for which, and
`decompose` what a run of words asks for; `combine`, `learned` and `mesh` build a thesaurus. Importing the package loads
none of them: whoever shows a study needs only `sponsors`.
"""
