"""The errors of a database's driver as the library's: both have the names of the Python database API (PEP 249)."""

from types import ModuleType

from eventsourcing import persistence

# What is derived from others comes before them.
_NAMES = (
    "InterfaceError",
    "OperationalError",
    "DataError",
    "IntegrityError",
    "InternalError",
    "ProgrammingError",
    "NotSupportedError",
    "DatabaseError",
)


def of_library(error: Exception, driver: ModuleType) -> persistence.PersistenceError:
    """Return the library's error for one of a driver's."""
    for name in _NAMES:
        if isinstance(error, getattr(driver, name)):
            found: type[persistence.PersistenceError] = getattr(persistence, name)
            return found(error)
    return persistence.PersistenceError(error)
