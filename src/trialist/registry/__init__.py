"""The only place where values are moved from stage to stage: one call a use case."""
