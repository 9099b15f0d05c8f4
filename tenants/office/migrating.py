"""Django's migrations run in one schema after another, without paying for Django's bookkeeping each time.

Planning and rendering the states between migrations takes seconds and is the same for every schema that has the same
record; so it is done once for each distinct record, and a schema costs what its own SQL costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

import psycopg
from django.contrib.contenttypes.management import inject_rename_contenttypes_operations
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

# PostgreSQL's words for "somebody else holds the lock": worth another try a little later.
PASSING = ("55P03", "40P01")
TRIES = 6
FIRST_WAIT_SECONDS = 0.5

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A migration and each of its operations with the state before and after it."""

    migration: Migration
    operations: tuple[tuple[Operation, ProjectState, ProjectState], ...]


class Plans:
    """What schemas of a certain record still need. One for the life of a worker."""

    def __init__(self) -> None:
        self._known: dict[frozenset[tuple[str, str]], list[_Prepared]] = {}

    def schema_migrate(self) -> set[str]:
        """Apply what the schema we stand in lacks; returns the labels of the apps that changed.

        Each migration is recorded with its effect, so that a run that is cut off goes on from there.
        """
        # Django would first list every table of every tenant to see whether there is a record at all.
        record = MigrationRecorder(connection).migration_qs.values_list("app", "name")
        applied = frozenset((str(app), str(name)) for app, name in record)
        if applied not in self._known:
            self._known[applied] = self._prepare()
        plan = self._known[applied]
        for prepared in plan:
            patiently(partial(_apply, prepared), whole=prepared.migration.atomic)
        return {prepared.migration.app_label for prepared in plan}

    @staticmethod
    def _prepare() -> list[_Prepared]:
        executor = MigrationExecutor(connection)
        executor.loader.check_consistent_history(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if not plan:
            return []
        state: ProjectState = cast(Any, executor)._create_project_state(with_applied_migrations=True)
        # What Django's own command does before it migrates: a renamed model keeps its content type.
        inject_rename_contenttypes_operations(plan=plan, apps=state.apps, using=DEFAULT_DB_ALIAS)
        prepared = []
        for migration, _backwards in plan:
            operations = []
            for operation in migration.operations:
                before = state.clone()
                operation.state_forwards(migration.app_label, state)
                operations.append((operation, before, state.clone()))
            prepared.append(_Prepared(migration, tuple(operations)))
        return prepared


def patiently(work: Callable[[], Done], *, whole: bool = True) -> Done:
    """Do it, and again while somebody holds a lock it needs; work that is not `whole` or nothing is tried once."""
    for attempt in range(TRIES if whole else 1):
        try:
            return work()
        except (OperationalError, psycopg.OperationalError) as error:
            said = getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", "")
            if not whole or said not in PASSING or attempt == TRIES - 1:
                raise
            # Longer each time: whoever holds the lock is a page or a vote, and is let through first.
            time.sleep(FIRST_WAIT_SECONDS * 2**attempt)
    raise AssertionError("the last try answers or raises")


def _apply(prepared: _Prepared) -> None:
    migration = prepared.migration
    with connection.schema_editor(atomic=migration.atomic) as editor:
        for operation, before, after in prepared.operations:
            _forget_ids(before, after)
            whole = operation.atomic or (migration.atomic and operation.atomic is not False)
            if whole and not editor.atomic_migration:
                with transaction.atomic(using=editor.connection.alias):
                    operation.database_forwards(migration.app_label, editor, before, after)
            else:
                operation.database_forwards(migration.app_label, editor, before, after)
        if not editor.deferred_sql:
            _record(migration)
            return
    _record(migration)


def _record(migration: Migration) -> None:
    """A squashed migration is recorded with those it stands for, as Django's own command does."""
    recorder = MigrationRecorder(connection)
    for app, name in (*migration.replaces, (migration.app_label, migration.name)):
        recorder.record_applied(app, name)


def _forget_ids(*states: ProjectState) -> None:
    """Content types have other ids in the next schema, and the states' own models remember them."""
    for state in states:
        try:
            kept: Any = state.apps.get_model("contenttypes", "ContentType")
        except LookupError:
            continue
        kept.objects.clear_cache()
