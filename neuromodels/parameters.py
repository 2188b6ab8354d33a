"""Parameters with units: declared once, checked wherever they are given.

>>> from neuromodels import Parameters, parameter
>>> class Drive(Parameters):
...     rate: float = parameter(5.0, unit="Hz", ge=0, doc="Poisson rate of the background")
...     pause: float = parameter(500.0, unit="ms", gt=0, doc="Silence between two trials")
>>> Drive.resolve({"rate": "0.02 kHz"}).rate
20.0

A value may be a number, which is in the declared unit, or a string or a `pint.Quantity` with a
unit of its own, which is converted.  Text is read as the field's type, so that values from a
command line, a file and Python mean the same.
"""

from __future__ import annotations

import difflib
import math
import re
import types
import typing
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, Self, TypedDict, cast

import pydantic
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from neuromodels.errors import ParameterError, UnknownNameError, shown

__all__ = ["Description", "Parameters", "nearest", "parameter"]

_NUMBER = re.compile(
    r"\s*(?P<number>[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<unit>(?:[^,;].*?)?)\s*"
)
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_NONE = frozenset({"none", "null"})


class Description(TypedDict):
    """What `Parameters.describe` says about one parameter; ready for JSON."""

    name: str
    type: str
    default: Any
    unit: str
    range: str | None
    choices: list[Any] | None
    doc: str
    source: str


@dataclass(frozen=True)
class _Spec:
    """What `parameter` declares beyond pydantic's own field."""

    unit: str
    source: str
    bounds: Mapping[str, float]
    choices: tuple[Any, ...] | None

    @property
    def range(self) -> str | None:
        unit = f" {self.unit}" if self.unit else ""
        return (
            " and ".join(f"{sign} {limit:g}{unit}" for sign, limit in self.bounds.items()) or None
        )


_INSIDE: Mapping[str, Callable[[float, float], bool]] = {
    ">=": lambda value, limit: value >= limit,
    ">": lambda value, limit: value > limit,
    "<=": lambda value, limit: value <= limit,
    "<": lambda value, limit: value < limit,
}


def parameter(
    default: Any,
    *,
    unit: str,
    doc: str,
    source: str = "",
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    choices: Sequence[Any] | None = None,
) -> Any:
    """Declare a field of a `Parameters` class.

    Parameters
    ----------
    default : object
        In the declared unit, or text with a unit (``"25 s"``).
    unit : str
        Unit of the field: ``ms``, ``s``, ``mV``, ``pA``, ``nS``, ``pF``, ``Hz``, ``%`` …;
        ``""`` for pure numbers, counts, switches and text.
    doc : str
        What it means, in one line.
    source : str
        Where the default comes from: paper and table, file of a reference implementation.
    ge, gt, le, lt : float, optional
        Smallest and largest value, in the declared unit, included (``ge``, ``le``) or excluded
        (``gt``, ``lt``).  In a list they hold for each element.
    choices : sequence, optional
        The only values that are accepted.
    """
    extra: dict[str, Any] = {"unit": unit, "source": source}
    for (keyword, _), limit in zip(_BOUNDS, (ge, gt, le, lt), strict=True):
        if limit is not None:
            extra[keyword] = limit
    if choices is not None:
        extra["enum"] = list(choices)
    return pydantic.Field(default, description=doc, json_schema_extra=extra)


# Keyword of JSON Schema, which carries the declaration, and how we write it.
_BOUNDS = (
    ("minimum", ">="),
    ("exclusiveMinimum", ">"),
    ("maximum", "<="),
    ("exclusiveMaximum", "<"),
)


def _spec(field: FieldInfo) -> _Spec | None:
    extra = field.json_schema_extra
    if not isinstance(extra, dict) or "unit" not in extra:
        return None
    declared: dict[str, Any] = dict(extra)
    return _Spec(
        unit=declared["unit"],
        source=declared["source"],
        bounds={sign: declared[keyword] for keyword, sign in _BOUNDS if keyword in declared},
        choices=tuple(declared["enum"]) if "enum" in declared else None,
    )


class Parameters(pydantic.BaseModel):
    """Base class of parameter schemas; instances are complete, valid and immutable.

    Subclasses declare fields with `parameter`.  Field types are ``float``, ``int``, ``bool``,
    ``str``, ``Literal[...]``, lists and tuples of these, and any of them or ``None``.

    Raises
    ------
    UnknownNameError
        A name that is no parameter; the message has the nearest one.
    ParameterError
        A value of the wrong type, dimension or range; the message says what is accepted.
    """

    model_config = pydantic.ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False
    )

    _specs: ClassVar[Mapping[str, _Spec]] = {}

    def __init__(self, **values: Any) -> None:
        names = type(self).model_fields
        for name in values:
            if name not in names:
                raise UnknownNameError(
                    f"no parameter {name!r}", code="NM220", fix=nearest(name, names)
                )
        try:
            super().__init__(**values)
        except pydantic.ValidationError as error:
            raise _translate(error, type(self)) from None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Check that every field says its unit and meaning."""
        super().__pydantic_init_subclass__(**kwargs)
        specs = {}
        for name, field in cls.model_fields.items():
            spec = _spec(field)
            if spec is None:
                raise TypeError(
                    f"{cls.__qualname__}.{name}: declare it with neuromodels.parameter(default, "
                    "unit=..., doc=...)"
                )
            specs[name] = spec
        cls._specs = specs

    @pydantic.field_validator("*", mode="before")
    @classmethod
    def _convert(cls, value: Any, info: pydantic.ValidationInfo) -> Any:
        assert info.field_name is not None
        name = info.field_name
        return _Kind.of(cls.model_fields[name]).convert(value, name, cls._specs[name].unit)

    @pydantic.field_validator("*", mode="after")
    @classmethod
    def _check(cls, value: Any, info: pydantic.ValidationInfo) -> Any:
        assert info.field_name is not None
        spec = cls._specs[info.field_name]
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if item is None:
                continue
            if spec.choices is not None and item not in spec.choices:
                accepted = ", ".join(str(choice) for choice in spec.choices)
                raise ParameterError(
                    f"{shown(item)} is not accepted",
                    code="NM222",
                    where=info.field_name,
                    fix=f"choose from {accepted}",
                )
            if not all(_INSIDE[sign](item, limit) for sign, limit in spec.bounds.items()):
                unit = f" {spec.unit}" if spec.unit else ""
                raise ParameterError(
                    f"{item:g}{unit} is out of range",
                    code="NM222",
                    where=info.field_name,
                    fix=f"give a value {spec.range}",
                )
        return value

    @classmethod
    def resolve(cls, values: Mapping[str, Any], *, where: str | None = None) -> Self:
        """Give a complete, validated set: `values` over the defaults.

        Parameters
        ----------
        values : Mapping[str, object]
            Name -> number in the declared unit, text (with a unit or without), ``pint.Quantity``,
            or a mapping with ``value`` and ``unit`` as `as_dict` and ``run.json`` have it.
        where : str, optional
            What the parameters belong to, for error messages: a circuit's name, a file.

        Raises
        ------
        UnknownNameError, ParameterError
            See the class.
        """
        try:
            return cls(**dict(values))
        except (UnknownNameError, ParameterError) as error:
            if where is None:
                raise
            place = f"{where}: {error.where}" if error.where else where
            raise type(error)(error.what, where=place, fix=error.fix) from None

    @classmethod
    def alternatives(cls, name: str, text: str) -> list[str]:
        """Split ``"1, 2, 5 ms"`` into one text for each value of a parameter that is swept.

        A unit at the end holds for all.  Values of a parameter that is a list itself are in
        brackets: ``"[1, 2] ms, [3, 4] ms"``; without brackets they are one value, as for a single
        run.

        Raises
        ------
        UnknownNameError
            No such parameter.
        ParameterError
            There is no value.
        """
        if name not in cls.model_fields:
            raise UnknownNameError(
                f"no parameter {name!r}", code="NM220", fix=nearest(name, cls.model_fields)
            )
        if not _Kind.of(cls.model_fields[name]).sequence:
            found = _split(text)
        elif text.lstrip().startswith("["):
            found = [item.strip() for item in re.findall(r"\[[^\]]*\][^,\[]*", text)]
        else:
            found = [text.strip()] if text.strip() else []
        if not found:
            raise ParameterError(
                f"{shown(text)} holds no value",
                code="NM225",
                where=name,
                fix="separate values by commas",
            )
        return found

    @classmethod
    def describe(cls) -> list[Description]:
        """Name, type, default, unit, range, choices, meaning and source of every parameter."""
        descriptions: list[Description] = []
        for name, field in cls.model_fields.items():
            spec, kind = cls._specs[name], _Kind.of(field)
            default = None
            if field.default is not PydanticUndefined:
                default = kind.convert(
                    field.get_default(call_default_factory=True), name, spec.unit
                )
            choices = spec.choices if spec.choices is not None else kind.literals
            descriptions.append(
                Description(
                    name=name,
                    type=str(kind),
                    default=list(default) if isinstance(default, tuple) else default,
                    unit=spec.unit,
                    range=spec.range,
                    choices=None if choices is None else list(choices),
                    doc=field.description or "",
                    source=spec.source,
                )
            )
        return descriptions

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Name -> value and unit, as it is written to ``run.json``; `resolve` reads it back."""
        return {
            name: {"value": value, "unit": self._specs[name].unit}
            for name, value in self.model_dump(mode="json").items()
        }


@dataclass(frozen=True)
class _Kind:
    """The type of a field, as far as text and units are concerned."""

    scalar: type
    sequence: bool
    optional: bool
    literals: tuple[Any, ...] | None

    @classmethod
    def of(cls, field: FieldInfo) -> _Kind:
        return _kind(cast("Hashable", field.annotation))

    def __str__(self) -> str:
        text = f"list of {self.scalar.__name__}" if self.sequence else self.scalar.__name__
        return f"{text} or none" if self.optional else text

    def convert(self, value: Any, name: str, unit: str) -> Any:
        """Bring `value` to the declared unit and type as far as it is text or has a unit.

        Whatever else it may be is left to pydantic.
        """
        if isinstance(value, Mapping) and set(value) == {"value", "unit"}:
            given, value = str(value["unit"]), value["value"]
            if given != unit:
                value = _with_unit(value, given)
        if self.optional and (
            value is None or (isinstance(value, str) and value.strip().lower() in _NONE)
        ):
            return None
        if not self.sequence:
            return self._scalar(value, name, unit)
        if isinstance(value, str):
            value = _split(value)
        if not isinstance(value, (list, tuple)):
            value = value.tolist() if hasattr(value, "tolist") else [value]
        return [self._scalar(item, name, unit) for item in value]

    def _scalar(self, value: Any, name: str, unit: str) -> Any:
        if self.scalar is bool:
            return _as_bool(value, name)
        if self.scalar is str:
            return value
        if self.scalar not in (int, float):
            return value
        if isinstance(value, bool):
            raise ParameterError(
                f"{value} is not a number",
                code="NM221",
                where=name,
                fix=f"give {self._accepted(unit)}",
            )
        if isinstance(value, str):
            value = self._parse(value, name, unit)
        elif hasattr(value, "to") and hasattr(value, "magnitude"):
            value = _convert_unit(float(value.magnitude), str(value.units), unit, name, str(value))
        elif hasattr(value, "item"):
            value = value.item()  # a NumPy scalar
        if isinstance(value, float) and not math.isfinite(value):
            raise ParameterError(
                f"{value} is not finite",
                code="NM224",
                where=name,
                fix=f"give {self._accepted(unit)}",
            )
        if self.scalar is int and isinstance(value, float):
            if not value.is_integer():
                raise ParameterError(
                    f"{value:g} is not a whole number",
                    code="NM221",
                    where=name,
                    fix="give an integer",
                )
            return int(value)
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise ParameterError(
                "the number is too large",
                code="NM222",
                where=name,
                fix=f"give {self._accepted(unit)}, not more than 2**63",
            )
        return float(value) if self.scalar is float and isinstance(value, int) else value

    def _parse(self, text: str, name: str, unit: str) -> float | int:
        match = _NUMBER.fullmatch(text)
        if match is None:
            raise ParameterError(
                f"{shown(text)} is not a number",
                code="NM221",
                where=name,
                fix=f"give {self._accepted(unit)}",
            )
        number = match["number"]
        if match["unit"]:
            return _convert_unit(float(number), match["unit"], unit, name, text)
        try:
            return int(number)  # exact, where a float would round it
        except ValueError:
            return float(number)

    def _accepted(self, unit: str) -> str:
        article = "an integer" if self.scalar is int else "a number"
        return f"{article} in {unit}" if unit else article


@cache
def _kind(declared: Hashable) -> _Kind:
    annotation: Any = declared
    optional = False
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType) and type(None) in args:
        optional = True
        rest = tuple(arg for arg in args if arg is not type(None))
        annotation = rest[0] if len(rest) == 1 else object
        origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    sequence = origin in (list, tuple)
    if sequence:
        annotation = args[0] if args else object
        origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    literals = None
    if origin is Literal:
        literals, annotation = args, type(args[0])
    scalar = annotation if isinstance(annotation, type) else object
    return _Kind(scalar=scalar, sequence=sequence, optional=optional, literals=literals)


def _as_bool(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ParameterError(
        f"{shown(value)} is not a switch", code="NM221", where=name, fix="give true or false"
    )


def _split(text: str) -> list[str]:
    """Split ``"1, 2, 3 ms"`` or ``"[1, 2, 3] ms"``; a unit at the end holds for every element."""
    body, unit = text.strip(), ""
    if body.startswith("["):
        body, _, unit = body[1:].partition("]")
    items = [item.strip() for item in body.split(",") if item.strip()]
    if not unit.strip() and items:
        matches = [_NUMBER.fullmatch(item) for item in items]
        last = matches[-1]
        if last is not None and last["unit"] and not any(m and m["unit"] for m in matches[:-1]):
            unit = last["unit"]
            items[-1] = last["number"]
    return [f"{item} {unit.strip()}".strip() for item in items]


def _with_unit(value: Any, unit: str) -> Any:
    """Attach a unit to a number or to each number of a list; anything else has none."""
    if isinstance(value, (list, tuple)):
        return [_with_unit(item, unit) for item in value]
    if unit and isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value!r} {unit}"
    return value


def _convert_unit(number: float, given: str, unit: str, name: str, text: str) -> float:
    if given == unit:
        return number
    if (exponent := _decades(given, unit)) is not None:
        return number * 10.0**exponent if exponent >= 0 else number / 10.0**-exponent
    units = _units()
    accepted = f"give a value in {unit} or a unit like it" if unit else "give a pure number"
    # pint would compute whatever powers it is given, for as long as that takes.
    if len(given) > _LONGEST_UNIT or _POWERS.search(given):
        raise ParameterError(
            f"{shown(given)} is not a unit", code="NM223", where=name, fix=accepted
        )
    try:
        factor = units.Quantity(
            1.0, units.parse_units(f"1{given}" if given.startswith("/") else given)
        )
    except Exception:  # noqa: BLE001  pint raises whatever its tokenizer and parser raise
        raise ParameterError(
            f"{shown(given)} is not a unit", code="NM223", where=name, fix=accepted
        ) from None
    try:
        # Divide where the inverse factor is a whole number (5 us = 5/1000 ms): multiplying by a
        # rounded factor would give 0.005000000000000001 instead of 0.005.
        scale = float(factor.to(unit or "dimensionless").magnitude)
    except Exception as error:
        import pint

        if not isinstance(error, pint.DimensionalityError):
            raise
        raise ParameterError(
            f"{shown(text.strip())} is not {_dimension(unit)}",
            code="NM223",
            where=name,
            fix=accepted,
        ) from None
    if not 0 < scale < math.inf:
        raise ParameterError(
            f"{shown(given)} is not a unit", code="NM223", where=name, fix=accepted
        )
    inverse = round(1 / scale) if scale > 1 / _LARGEST else 0
    if scale < 1 and math.isclose(inverse * scale, 1, rel_tol=1e-12):
        return number / inverse
    whole = round(scale)
    return number * (whole if math.isclose(whole, scale, rel_tol=1e-12) else scale)


_LARGEST = 2**63
_LONGEST_UNIT = 60
# A number of several digits, a power of a number, or a power of a power.
_POWERS = re.compile(r"\d{2}|[\d.]\s*(?:\*\*|\^)|(?:\*\*|\^)[^*/]*(?:\*\*|\^)")

_BASES = ("s", "Hz", "V", "A", "S", "F")
_PREFIXES = {"p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6}


def _decades(given: str, unit: str) -> int | None:
    """Power of ten between two units of one base; None where it takes pint to tell.

    pint needs a quarter of a second to load, and ``neuromodels list`` checks every preset.
    """
    for base in _BASES:
        if given.endswith(base) and unit.endswith(base):
            prefixes = given.removesuffix(base), unit.removesuffix(base)
            if all(prefix in _PREFIXES for prefix in prefixes):
                return _PREFIXES[prefixes[0]] - _PREFIXES[prefixes[1]]
    return None


_DIMENSIONS = {
    "[time]": "a time",
    "1 / [time]": "a rate",
    "[length]": "a length",
    "[current]": "a current",
    "[length] ** 2 * [mass] / [current] / [time] ** 3": "a voltage",
    "[current] ** 2 * [time] ** 3 / [length] ** 2 / [mass]": "a conductance",
    "[current] ** 2 * [time] ** 4 / [length] ** 2 / [mass]": "a capacitance",
    "[length] ** 2 * [mass] / [current] ** 2 / [time] ** 3": "a resistance",
    "dimensionless": "a pure number",
}


def _dimension(unit: str) -> str:
    dimension = str(_units().Quantity(1.0, unit or "dimensionless").dimensionality)
    return _DIMENSIONS.get(dimension, f"convertible to {unit}")


@cache
def _units() -> Any:
    # Imported here: pint takes longer to load than all the rest of `neuromodels list`.
    import pint

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def _translate(error: pydantic.ValidationError, schema: type[Parameters]) -> ParameterError:
    """Turn the first finding of pydantic into our one-line error."""
    finding = error.errors(include_url=False)[0]
    message = finding["msg"].removeprefix("Value error, ").rstrip(".")
    message = message[:1].lower() + message[1:]
    if not finding["loc"]:
        return ParameterError(message, code="NM221")
    name = str(finding["loc"][0])
    field = schema.model_fields[name]
    unit = schema._specs[name].unit
    accepted = f"{_Kind.of(field)}, in {unit}" if unit else str(_Kind.of(field))
    if finding["type"] == "missing":
        return ParameterError(
            "a value is required", code="NM225", where=name, fix=f"give {accepted}"
        )
    return ParameterError(
        f"{shown(finding['input'])} is not accepted: {message}",
        code="NM221",
        where=name,
        fix=f"give {accepted}",
    )


def nearest(name: str, names: Iterable[str]) -> str:
    """Suggest the names nearest to a mistyped one, as the `fix` of an error."""
    known = sorted(set(names))
    study = [item for item in known if item.startswith(f"{name.rstrip('/')}/")]
    if study:
        return "choose from " + ", ".join(study)
    # `learning-rule` for `burstprop/learning-rule`: part of a name counts as near.
    close = [item for item in known if item.endswith(f"/{name}")]
    if not close:
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        likeness = [difflib.SequenceMatcher(None, item, name).ratio() for item in close]
        close = [item for item, r in zip(close, likeness, strict=True) if r > likeness[0] - 0.1]
    if not close:
        close = [item for item in known if name and name.lower() in item.lower()][:3]
    if close:
        return "did you mean " + " or ".join(close) + "?"
    if not known:
        return "there is none"
    shown = known[:12]
    return "choose from " + ", ".join(shown) + (", …" if len(known) > len(shown) else "")
