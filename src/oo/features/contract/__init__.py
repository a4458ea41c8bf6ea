"""The contract with clients in other languages: the registry as JSON Schema and as TypeScript.

Both texts follow from the registry alone: the same definitions give the same bytes.
"""

from oo.features.contract.schema import SCHEMA_FILE, schema
from oo.features.contract.typescript import TYPESCRIPT_FILE, typescript
from oo.features.registry import Registry


def files(registry: Registry) -> dict[str, str]:
    """Return the text of each file of the contract by its name."""
    return {SCHEMA_FILE: schema(registry), TYPESCRIPT_FILE: typescript(registry)}
