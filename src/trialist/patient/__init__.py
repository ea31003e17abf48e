"""What is known of one person: facts with their values, times and the place each was read at.

`facts` holds the values. Readers turn documents into them; what they could not read is listed, never dropped. Nothing here
is written anywhere, logged or cached: a `Patient` lives as long as its caller keeps it. Importing the package loads nothing.
"""
