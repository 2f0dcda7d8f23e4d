"""Defects of rowcast itself."""

from connector.model.errors.base import Disposition, RowcastError


class ListenerUnavailable(RowcastError):
    """The address of rest.listeners cannot be listened on."""

    code = "LISTENER_UNAVAILABLE"
    disposition = Disposition.OPERATOR
    hint = "Choose a free address for rest.listeners, or stop what listens there."


class InternalError(RowcastError):
    """Something happened that the code holds to be impossible."""

    code = "INTERNAL"
    disposition = Disposition.BUG
    hint = "This is a defect of rowcast: run again with --debug and report the output."
