"""Errors → statuses: one table for all surfaces."""

from __future__ import annotations

from trialist import errors

STATUSES: dict[type[errors.TrialistError], int] = {
    errors.InvalidParameterError: 400,
    errors.QuerySyntaxError: 400,
    errors.UnknownFieldError: 400,
    errors.StudyNotFoundError: 404,
    errors.LimitExceededError: 413,
    errors.SourceUnreadableError: 500,
    errors.StoreWriteError: 500,
    errors.NotBuiltError: 503,
    errors.RegistryBusyError: 503,
    errors.ServerBusyError: 503,
}
"""The status of each error; everything else is a bug, 500."""

RETRY_SECONDS = 1
