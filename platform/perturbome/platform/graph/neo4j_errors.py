"""What the Neo4j driver raises, said in our error vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from neo4j.exceptions import AuthError, ConfigurationError, DriverError, Neo4jError

from perturbome.platform.errors import (
    GraphError,
    GraphLoginRefused,
    GraphUnreachable,
    QueryError,
    QueryNotReadOnly,
    QueryTooLong,
)


@contextmanager
def plain_errors(address: str, user: str) -> Iterator[None]:
    """Turn the driver's errors into ours, each with what to check."""
    try:
        yield
    except AuthError as error:
        raise GraphLoginRefused(
            f"Neo4j at {address} refused user '{user}' or the password. Check PERTURBOME_NEO4J_USER and "
            "PERTURBOME_NEO4J_PASSWORD (or PERTURBOME_NEO4J_AUTH_FILE)."
        ) from error
    except Neo4jError as error:
        raise _from_server(error, address, user) from error
    except ConfigurationError as error:
        raise not_an_address(address, error) from error
    except DriverError as error:
        raise GraphUnreachable(
            f"No Neo4j answers at {address} ({_first_line(error)}). Check that the server runs, that host and port "
            "(7687 for Bolt, not the browser's 7474) are right, and that no firewall stands between."
        ) from error


def not_an_address(address: str, why: object) -> GraphUnreachable:
    """The error for an address that no server could have."""
    return GraphUnreachable(
        f"'{address}' is not an address of a Neo4j server ({_first_line(why)}). Write it as bolt://host:7687 or "
        "neo4j://host:7687."
    )


def _from_server(error: Neo4jError, address: str, user: str) -> GraphError:
    code, said = error.code or "", _first_line(error.message or error)
    if code.startswith("Neo.ClientError.Security.CredentialsExpired"):
        return GraphLoginRefused(
            f"The password of user '{user}' at {address} must be changed before the first use. Run against the "
            "database 'system': ALTER CURRENT USER SET PASSWORD FROM 'old' TO 'new' (or neo4j-admin dbms "
            "set-initial-password before the first start)."
        )
    if code.startswith("Neo.ClientError.Security"):
        return GraphLoginRefused(f"Neo4j at {address} refused user '{user}': {said}")
    if code.startswith("Neo.ClientError.Statement.AccessMode"):
        return QueryNotReadOnly(f"Neo4j refused the query, for it would write: {said}")
    if "TransactionTimedOut" in code or "LockClientStopped" in code:
        return QueryTooLong("The query passed its time limit and was stopped. Narrow it, or raise the time limit.")
    if "OutOfMemory" in code:
        return QueryTooLong(f"The query needs more memory than the server allows, and was stopped: {said}")
    if code.startswith("Neo.ClientError.Statement"):
        return QueryError(f"Neo4j cannot run the query: {error.message}")
    return GraphError(f"Neo4j at {address} failed: {said} ({code})")


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
