"""Rules about the code itself that no linter knows: where imports stand, and where the names of states come from."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.db import models

from accounts.models import Event, Role
from assistant.results import TryResult
from flowpilot.models import AISession, Fix, Proposal, SessionStep, Task
from handoffs.models import SessionHandoff

ROOT = Path(__file__).resolve().parent.parent
APPS = ("accounts", "assistant", "escalations", "evaluation", "flowpilot", "handoffs", "playbooks", "redaction", "resolutionflow")

# Columns that hold a state, and the enums that may be in them.
STATES: dict[str, tuple[type[models.TextChoices], ...]] = {
    "status": (AISession.Status,),
    "state": (SessionHandoff.State, Task.State, Proposal.State),
    "intent": (SessionHandoff.Intent,),
    "begin": (SessionHandoff.Begin,),
    "assessment_state": (SessionHandoff.Assessed,),
    "outcome": (Fix.Outcome,),
    "kind": (SessionStep.Kind, Task.Kind, Proposal.Kind),
    "author_kind": (SessionStep.AuthorKind,),
    "event": (SessionStep.Event,),
    "role": (Role,),
}
NAMES = {value: {one for enum in enums for one in enum.values} for value, enums in STATES.items()}
# The assistant reads plain cases, and playbooks and redaction plain text: they have no models, and say so in `assistant/case.py`.
WITH_MODELS = ("accounts", "escalations", "flowpilot", "handoffs", "resolutionflow")


# What the assistant returns is plain, checked by its own schema.
PLAIN = {"NewTask"}


def product(apps: tuple[str, ...] = APPS) -> list[Path]:
    found = [path for app in apps for path in (ROOT / app).rglob("*.py") if not {"tests", "migrations"} & set(path.relative_to(ROOT).parts)]
    assert len(found) > 50
    return sorted([*found, ROOT / "manage.py"])


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def imports_inside_functions(tree: ast.Module) -> Iterator[ast.AST]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom))


def test_no_function_of_the_product_imports_anything():
    """Such an import hides a circle, or what a start costs."""
    found = [place(path, node) for path in product() for node in imports_inside_functions(tree_of(path))]

    assert found == []


def test_no_module_of_the_product_imports_for_types_only():
    """`if TYPE_CHECKING:` hides a circle from the import contract."""
    found = [str(path.relative_to(ROOT)) for path in product() if "TYPE_CHECKING" in path.read_text()]

    assert found == []


def column(name: str) -> str:
    """The column that a keyword of a filter asks: `session__status__in` asks `status`."""
    parts = [part for part in name.split("__") if part not in ("in", "exact", "iexact")]
    return parts[-1] if parts else ""


def strings(node: ast.AST) -> Iterator[ast.Constant]:
    for each in [node, *(node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [])]:
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value:
            yield each


def raw_states(tree: ast.Module) -> Iterator[ast.Constant]:
    """Strings that name a state where an enum has a name for it: in comparisons, and as keywords of filters and updates."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for side in sides:
                if isinstance(side, ast.Attribute) and side.attr in NAMES:
                    found = [each for other in sides if other is not side for each in strings(other)]
                    yield from (each for each in found if each.value in NAMES[side.attr])
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in PLAIN):
            for keyword in node.keywords:
                if keyword.arg and column(keyword.arg) in NAMES:
                    yield from (each for each in strings(keyword.value) if each.value in NAMES[column(keyword.arg)])


def is_model_definition(path: Path) -> bool:
    """Constraints stand in classes whose enums are not names yet there."""
    return path.name == "models.py" or path.parent.name == "models"


def test_the_names_of_states_come_from_the_enums():
    found = [
        f"{place(path, node)}: {node.value!r}"
        for path in product(WITH_MODELS)
        if not is_model_definition(path)
        for node in raw_states(tree_of(path))
    ]

    assert found == []


def test_a_raw_state_would_be_found():
    """The rule above can fail."""
    code = 'rows.filter(session__status__in=("active", x))\nif handoff.state == "open": pass\nNewStep(kind="message")\n'

    assert sorted(node.value for node in raw_states(ast.parse(code))) == ["active", "message", "open"]


def test_constraints_name_states_that_exist():
    for model in (SessionHandoff, AISession, Task, Fix, Proposal, SessionStep):
        for constraint in model._meta.constraints:
            for field, value in re.findall(r"\('(\w+)', '(\w+)'\)", str(constraint.deconstruct())):
                if column(field) in NAMES:
                    assert value in NAMES[column(field)], f"{constraint.name}: {value}"


COMPARED = re.compile(
    r"\b(?P<of>\w+)\.(?P<column>status|state|intent|assessment_state|outcome|author_kind|kind|role)\s*(?:==|!=)\s*[\"'](?P<value>[^\"']+)[\"']"
)
# What templates call by these names without a column: a person's availability, the tabs of a list, an assessment's state.
ELSEWHERE = {"here", "busy", "away"}


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_compare_with_states_that_exist(path):
    known = ELSEWHERE | set(TryResult)
    for match in COMPARED.finditer(path.read_text()):
        assert match["value"] in NAMES[match["column"]] | known, match[0]


def test_kinds_of_events_are_not_written_out():
    """Code that reads events asks the event's class for its name."""
    kinds = {"handoff_opened", "handoff_claimed", "handoff_released", "handoff_returned", "handoff_withdrawn", "session_stepped"}
    assert Event._meta.get_field("kind")
    found = [
        f"{place(path, node)}: {node.value}"
        for path in product()
        if path.name not in ("events.py", "people_events.py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and node.value in kinds
    ]

    assert found == []
