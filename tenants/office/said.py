"""What each migration said to the database when the template was migrated, as SQL that other schemas can be told too.

A migration that runs Python, looks at rows or cannot stand in a transaction says something else in every schema; it is
not kept here, and every schema runs it by Django's own executor (`migrating.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from django.core.management.commands.migrate import Command as Migrate
from django.db import connection, migrations, models
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.models.fields import NOT_PROVIDED

from tenants.registry.place import TEMPLATE

# What speaks to the structure alone, and says the same in every schema of the same structure. By exact type: a class
# derived from one of these may do anything.
PLAIN: frozenset[type[Operation]] = frozenset(
    {
        migrations.CreateModel,
        migrations.DeleteModel,
        migrations.AlterModelTable,
        migrations.AlterModelOptions,
        migrations.AlterModelManagers,
        migrations.AlterUniqueTogether,
        migrations.AlterIndexTogether,
        migrations.AddField,
        migrations.AlterField,
        migrations.RemoveField,
        migrations.RenameField,
        migrations.AddIndex,
        migrations.RemoveIndex,
        migrations.RenameIndex,
        migrations.AddConstraint,
        migrations.RemoveConstraint,
        migrations.RunSQL,
        migrations.SeparateDatabaseAndState,
    }
)
# After these a schema has other content types or permissions, which are rows.
OF_ROWS: frozenset[type[Operation]] = frozenset(
    {migrations.CreateModel, migrations.DeleteModel, migrations.AlterModelOptions}
)
EMPTY = (dict, list, set, str, int, float, bool)
Said = dict[str, list[str]]


def name_of(app: str, name: str) -> str:
    return f"{app}.{name}"


def _flat(operations: Sequence[Operation]) -> Iterator[Operation]:
    for operation in operations:
        yield operation
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from _flat(operation.database_operations)
            yield from _flat(operation.state_operations)


def _plain(operation: Operation) -> bool:
    if type(operation) not in PLAIN or type(operation) in OF_ROWS:
        return False
    field: models.Field[Any, Any] | None = getattr(operation, "field", None)
    default = getattr(field, "default", NOT_PROVIDED)
    # A default that is made anew each time must not be the same for all tenants: it may be a secret.
    return default is NOT_PROVIDED or not callable(default) or default in EMPTY


def is_plain(migration: Migration) -> bool:
    """Whether what it said to the template can be said to every schema, and changes no row of Django's own."""
    return bool(migration.atomic) and not migration.replaces and all(map(_plain, _flat(migration.operations)))


class RecordingMigrate(Migrate):
    """Django's own command; it tells which migration is being applied, so that what it says can be kept by its name."""

    def __init__(self) -> None:
        super().__init__()
        self.said: Said = {}
        self._now: list[str] | None = None

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        if action == "apply_start":
            self._now = []
        elif action == "apply_success" and self._now is not None and not fake:
            if is_plain(migration) and not any(TEMPLATE in words for words in self._now):
                self.said[name_of(migration.app_label, migration.name)] = self._now
            self._now = None
        super().migration_progress_callback(action, migration, fake)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear what the schema editor says on Django's connection for the length of a block."""
        wrapper = cast(Any, connection)
        before: Any = wrapper.SchemaEditorClass
        command = self

        class Editor(before):  # type: ignore[misc]  # the connection's own class, known when it runs
            def execute(self, sql: Any, params: Any = ()) -> None:
                # As the base class does it: the values stand in the text, since PostgreSQL takes none in a definition.
                words = str(sql) if params is None else self.connection.ops.compose_sql(str(sql), params)
                if command._now is not None:
                    command._now.append(words)
                super().execute(words, None)

        wrapper.SchemaEditorClass = Editor
        try:
            yield
        finally:
            wrapper.SchemaEditorClass = before


__all__ = ["RecordingMigrate", "Said", "is_plain", "name_of"]
