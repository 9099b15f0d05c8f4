"""Ways around a tenant's context that code must not take, each with a planted offender that is caught.

The plain words (`with tenant:`, threads, drivers, async) are in test_house; here are those only the syntax tree shows.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house.test_house import tracked
from tests.support.bootstrap import ROOT

DOORS = {"in_tenant", "in_public", "as_owner"}
LAZY = {
    "all",
    "annotate",
    "defer",
    "distinct",
    "exclude",
    "filter",
    "iterator",
    "only",
    "order_by",
    "prefetch_related",
    "reverse",
    "select_for_update",
    "select_related",
    "union",
    "using",
    "values",
    "values_list",
}
# Who enters for somebody else and gives the inside out on purpose, each as a context manager or one loop body long.
ALLOWED = {
    "tenants/registry/context.py": "the door itself",
    "tenants/office/fleet.py": "a context manager around the ledger",
    "plugins/testkit/deliberation.py": "a context manager of a plugin author's tests",
}


def _is_door(item: ast.withitem) -> bool:
    call = item.context_expr
    name = getattr(call, "func", None)
    return isinstance(call, ast.Call) and getattr(name, "id", getattr(name, "attr", "")) in DOORS


def _lazy(value: ast.expr | None) -> bool:
    """A query that has not been asked yet, or a generator that will ask later."""
    if isinstance(value, ast.GeneratorExp):
        return True
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in LAZY):
        return False
    return any(isinstance(part, ast.Attribute) and part.attr == "objects" for part in ast.walk(value))


def _within(node: ast.AST) -> Iterator[ast.AST]:
    """Everything below that belongs to the same function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.Lambda | ast.AsyncFunctionDef):
            continue
        yield child
        yield from _within(child)


def offences(text: str) -> list[str]:
    found = []
    for function in [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]:
        inside = list(_within(function))
        for block in [node for node in inside if isinstance(node, ast.With) and any(map(_is_door, node.items))]:
            held = set()
            for node in _within(block):
                if isinstance(node, ast.Return) and _lazy(node.value):
                    found.append(f"{node.lineno}: a query leaves its tenant before it is asked")
                if isinstance(node, ast.Yield | ast.YieldFrom):
                    found.append(f"{node.lineno}: a generator keeps a tenant entered while others run")
                if isinstance(node, ast.Assign) and _lazy(node.value):
                    held |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            end = block.end_lineno or block.lineno
            found += [
                f"{node.lineno}: {node.id} is read after its tenant was left"
                for node in inside
                if isinstance(node, ast.Name)
                and isinstance(node.ctx, ast.Load)
                and node.lineno > end
                and node.id in held
            ]
            found += [
                f"{node.lineno}: a cursor stays open while another tenant is entered"
                for node in _within(block)
                if isinstance(node, ast.For)
                and _iterates(node.iter)
                and any(isinstance(inner, ast.With) and any(map(_is_door, inner.items)) for inner in _within(node))
            ]
    return found


def _iterates(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and getattr(value.func, "attr", "") == "iterator"


OFFENDERS = {
    "a query returned": "def f(t):\n    with in_tenant(t):\n        return Person.objects.filter(x=1)\n",
    "a query kept": "def f(t):\n    with in_tenant(t):\n        rows = Person.objects.all()\n    return len(rows)\n",
    "a generator returned": "def f(t):\n    with in_tenant(t):\n        return (p.id for p in Person.objects.all())\n",
    "a generator": "def f(t):\n    with in_tenant(t):\n        yield from Person.objects.all()\n",
    "a chain": "def f(t):\n    with registry.in_public():\n        return Tenant.objects.filter(a=1).order_by('x')\n",
    "an iterator across": "def f(t, u):\n    with in_tenant(t):\n        for p in Person.objects.iterator():\n"
    "            with in_tenant(u):\n                p.save()\n",
}
ALLOWED_CODE = (
    "def f(t):\n    with in_tenant(t):\n        rows = list(Person.objects.filter(x=1))\n        n = P.objects.get()\n"
    "        asked = Person.objects.all()\n        kept = [p.name for p in asked]\n    return rows, n, kept\n"
)


@pytest.mark.parametrize("offender", list(OFFENDERS))
def test_a_planted_offender_is_caught(offender: str) -> None:
    assert offences(OFFENDERS[offender]), offender
    assert offences(ALLOWED_CODE) == []


def test_nothing_lazy_leaves_a_tenant() -> None:
    names = [name for name in tracked() if name.endswith(".py") and name not in ALLOWED]
    looked_at = [name for name in names if not name.startswith("tests/") and "/migrations/" not in name]
    found = [f"{name}:{one}" for name in looked_at for one in offences((ROOT / name).read_text(encoding="utf-8"))]
    assert found == []
