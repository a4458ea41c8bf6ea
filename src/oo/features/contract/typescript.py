"""The TypeScript of the contract: types, and a table of all that is declared."""

import textwrap
from collections.abc import Iterator, Sequence

from oo.domain.profile import Status
from oo.features.contract.declared import HEADER, PLAIN, as_json, facts_of, groups, may_be_null, sentence
from oo.features.registry import Registry
from oo.features.spec import FeatureDefinition

TYPESCRIPT_FILE = "features.ts"
TABLE = "export const FEATURES = "
"""What stands before the facts of every feature, which are JSON."""
_WIDTH = 110
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def typescript(registry: Registry) -> str:
    """Return the TypeScript: types of the same objects, and `FEATURES`, all that is declared of each feature."""
    return "\n".join(_module(registry)) + "\n"


def _module(registry: Registry) -> Iterator[str]:
    travelling = groups(registry)
    yield f"// {HEADER}\n"
    yield from _comment("Any JSON value.")
    yield "export type JsonValue ="
    yield "  string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };\n"
    for group in travelling:
        yield from _interface(group.name, group.description, group.members, optional=group.optional)
    grouped = {each.name for group in travelling for each in group.members}
    yield from _interface(
        "FeatureValues extends Required<ProfileFeatures>, Required<ContextFeatures>, CandidateFeatures",
        "The value of every feature by name.",
        [each for each in registry if each.name not in grouped],
    )
    yield "export type FeatureName = keyof FeatureValues;\n"
    yield from _comment(sentence(Status.__doc__))
    yield f"export type Status = {' | '.join(as_json(each.value) for each in Status)};\n"
    yield _ANSWER
    yield from _comment(
        "What is declared of each feature. Where `fingerprint` changes, the value means another thing."
    )
    facts = {each.name: facts_of(registry, each) for each in registry}
    yield f"{TABLE}{as_json(facts, indent=2)} as const;"


_ANSWER = """\
/** A value, and how far to trust it. */
export interface Envelope<Value> {
  value: Value;
  status: Status;
  /** The instant as of which it holds, in ISO 8601; null where nothing was ever computed. */
  computed_at: string | null;
  /** It is computed anew after so many seconds. */
  ttl_sec: number;
}

/** The answer of `GET /users/{id}/profile`. A newer service may know more features. */
export interface ProfileAnswer {
  user_id: string;
  features: { [Name in keyof Required<ProfileFeatures>]: Envelope<Required<ProfileFeatures>[Name]> };
}
"""


def _interface(
    head: str, description: str, members: Sequence[FeatureDefinition], *, optional: bool = False
) -> Iterator[str]:
    yield from _comment(description)
    yield f"export interface {head} {{"
    for each in members:
        yield from _comment(each.description, _handling(each), indent="  ")
        yield f"  {_key(each.name)}{'?' * optional}: {_type(each)};"
    yield "}\n"


def _key(name: str) -> str:
    return name if name.isascii() and name.isidentifier() else as_json(name)


def _type(definition: FeatureDefinition) -> str:
    plain = PLAIN.get(definition.dtype)
    if plain is None:
        return "JsonValue"
    return f"{plain} | null" if may_be_null(definition) else plain


def _handling(definition: FeatureDefinition) -> str:
    """Return in words when a value is computed, how long it may be used, and what stands in for it."""
    words = (
        f"TTL: {duration(definition.ttl_sec)}."
        if definition.ttl_sec
        else "TTL: none, derived at each request."
    )
    max_age_sec = definition.max_age_sec
    if max_age_sec is not None:
        words += f" Not used when older than {duration(max_age_sec)}."
    if definition.ttl_sec or definition.fallback is not None:
        words += f" Fallback: {as_json(definition.fallback)}."
    return words


def duration(seconds: int) -> str:
    """Return so many seconds in the largest unit that counts them whole.

    >>> duration(21_600), duration(86_400), duration(90)
    ('6 hours', '1 day', '90 seconds')
    """
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _comment(*paragraphs: str, indent: str = "") -> Iterator[str]:
    """Yield a doc comment of paragraphs, none of which can end it, or tag what follows."""
    safe = [sentence(paragraph).replace("*/", "*\\/").replace("@", "\\@") for paragraph in paragraphs]
    if len(safe) == 1 and len(safe[0]) + len(indent) + len("/**  */") <= _WIDTH:
        yield f"{indent}/** {safe[0]} */"
        return
    yield f"{indent}/**"
    for place, paragraph in enumerate(safe):
        if place:
            yield f"{indent} *"
        for line in textwrap.wrap(
            paragraph, _WIDTH - len(indent) - len(" * "), break_long_words=False, break_on_hyphens=False
        ):
            yield f"{indent} * {line}"
    yield f"{indent} */"
