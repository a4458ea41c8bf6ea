"""The service's log: one line an event on standard error, JSON for programs or columns for people."""

import logging
import os
import sys

import structlog

from oo.settings import Settings


def set_up_log_by(settings: Settings) -> None:
    """Set the log up as the settings say."""
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    set_up_log(as_json=as_json, level=settings.log_level)


def set_up_log(*, as_json: bool, level: str) -> None:
    """Let structlog and the standard library write the same lines. Call it once, before the service starts.

    Our own lines, one a request, are written straight to the stream: through the standard library each would cost twice
    as much.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _with_process,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    if as_json:
        shared.append(structlog.processors.format_exc_info)
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


def _with_process(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Say which of several processes writes a line."""
    line["process"] = os.getpid()
    return line
