"""Rows T1, T2, T6 to T10 of the isolation table: what goes wrong with schemas, and that here it is an error."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import ProgrammingError, connection, transaction
from django.db.utils import DatabaseError, IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.audit.models import AuditEvent
from core.people.models import Person, RoleGrant
from core.people.services import person_know
from tenants.registry.context import ForeignTransaction, NoTenant, Role, current_tenant, in_public, in_tenant
from tenants.registry.models import Tenant
from tenants.registry.place import TIMEOUTS
from tests.behaviour.test_manage_rounds import browser
from tests.support.canary import CANARIES
from tests.support.fleet import admin, public_rows


def server_path() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('search_path'), current_user")
        row: tuple[str, str] = cursor.fetchone()
    return row


def know(tenant: Any, subject: str = "same") -> Person:
    with in_tenant(tenant):
        return person_know(issuer="https://id.example", subject=subject, display_name=CANARIES[tenant.slug])


def test_same_keys_in_two_tenants_stay_apart(tenants: Any) -> None:
    mine, theirs = know(tenants.alpha), know(tenants.beta)
    assert mine.pk == theirs.pk
    with in_tenant(tenants.alpha):
        assert [person.display_name for person in Person.objects.all()] == [CANARIES["alpha"]]
    with in_tenant(tenants.beta):
        assert [person.display_name for person in Person.objects.all()] == [CANARIES["beta"]]


def test_outside_every_tenant_nothing_is_read(tenants: Any) -> None:
    know(tenants.alpha)
    with pytest.raises(ProgrammingError):
        Person.objects.count()
    with pytest.raises(NoTenant):
        current_tenant()


def test_t1_a_renamed_schema_is_an_error_and_adds_nothing_to_public(tenants: Any) -> None:
    before = public_rows()
    admin(f'ALTER SCHEMA "{tenants.beta.schema}" RENAME TO t_elsewhere')
    try:
        with in_tenant(tenants.beta), pytest.raises(ProgrammingError):
            Person.objects.count()
        with in_tenant(tenants.beta), pytest.raises(DatabaseError), transaction.atomic():
            Person.objects.create(issuer="i", subject="s")
        with in_tenant(tenants.alpha):
            assert Person.objects.count() == 0
    finally:
        admin(f'ALTER SCHEMA t_elsewhere RENAME TO "{tenants.beta.schema}"')
    assert public_rows() == before


def test_t2_a_missing_table_is_never_found_in_public(tenants: Any) -> None:
    officers = {tenant.slug: browser(tenant) for tenant in tenants}
    # A trap that everybody may read and write.
    admin(f'CREATE TABLE public.people_rolegrant (LIKE "{tenants.beta.schema}".people_rolegrant INCLUDING DEFAULTS)')
    admin("GRANT ALL ON public.people_rolegrant TO PUBLIC")
    admin(f'ALTER TABLE "{tenants.beta.schema}".people_rolegrant RENAME TO people_gone')
    try:
        with in_tenant(tenants.beta), pytest.raises(ProgrammingError), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM people_rolegrant")
        with in_tenant(tenants.beta), pytest.raises(ProgrammingError), transaction.atomic():
            RoleGrant.objects.create(person_id=1, role="officer")
        with pytest.raises(ProgrammingError):
            officers["beta"].get("/people/")
        assert officers["alpha"].get("/people/").status_code == 200
        assert admin("SELECT count(*) FROM public.people_rolegrant") == [(0,)]
        with in_tenant(tenants.alpha):
            assert RoleGrant.objects.count() == 1
    finally:
        admin("DROP TABLE public.people_rolegrant")
        admin(f'ALTER TABLE "{tenants.beta.schema}".people_gone RENAME TO people_rolegrant')


def test_no_table_name_stands_in_public_and_in_a_tenant(tenants: Any) -> None:
    shared = (
        "SELECT a.tablename FROM pg_tables a JOIN pg_tables b USING (tablename) WHERE a.schemaname = 'public'"
        f" AND b.schemaname = '{tenants.alpha.schema}' AND tablename <> 'django_migrations'"
    )
    assert admin(shared) == []
    admin("CREATE TABLE public.audit_auditevent (x int)")
    try:
        assert admin(shared) == [("audit_auditevent",)]
    finally:
        admin("DROP TABLE public.audit_auditevent")


def test_the_seal_refuses_every_wrong_insert_and_admits_the_right_one(tenants: Any) -> None:
    alpha = tenants.alpha
    insert = f"INSERT INTO \"{alpha.schema}\".audit_inboxeffect (key{{column}}) VALUES ('k'{{value}})"
    plain = insert.format(column="", value="")
    with pytest.raises(psycopg.Error):
        admin(plain)
    with pytest.raises(psycopg.errors.CheckViolation):
        admin(f"BEGIN; SELECT set_config('commonty.tenant', '{tenants.beta.uuid}', true); {plain}; COMMIT")
    with pytest.raises(psycopg.errors.CheckViolation):
        admin(insert.format(column=", tenant", value=f", '{tenants.beta.uuid}'"))
    admin(f"BEGIN; SELECT set_config('commonty.tenant', '{alpha.uuid}', true); {plain}; COMMIT")
    assert admin(f'SELECT count(*) FROM "{alpha.schema}".audit_inboxeffect') == [(1,)]
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        admin(f'DELETE FROM "{alpha.schema}".audit_inboxeffect')


def test_a_sealed_insert_in_autocommit_fails(tenants: Any) -> None:
    with in_tenant(tenants.alpha, role=Role.WORKER):
        with pytest.raises(DatabaseError, match="uuid|unrecognized"), connection.cursor() as cursor:
            cursor.execute("INSERT INTO audit_inboxeffect (key) VALUES ('loose')")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO audit_inboxeffect (key) VALUES ('held')")


@pytest.mark.parametrize("role", list(Role))
def test_no_role_rewrites_the_record_or_drops_anything(tenants: Any, role: Role) -> None:
    with in_tenant(tenants.alpha, role=Role.STAFF), transaction.atomic():
        AuditEvent.objects.create(kind="test", body={})
    for statement in (
        "DELETE FROM audit_auditevent",
        "UPDATE audit_auditevent SET body = '{}'",
        "DROP TABLE audit_auditevent",
        "TRUNCATE audit_auditevent",
    ):
        entered = in_tenant(tenants.alpha, role=role)
        with entered, pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    kept = admin(f"SELECT kind FROM \"{tenants.alpha.schema}\".audit_auditevent WHERE kind = 'test'")
    assert kept == [("test",)]


def test_a_role_cannot_reach_a_neighbour_by_name(tenants: Any) -> None:
    for role in Role:
        with in_tenant(tenants.alpha, role=role), connection.cursor() as cursor:
            with pytest.raises(ProgrammingError, match="permission denied"):
                cursor.execute(f'SELECT * FROM "{tenants.beta.schema}".people_person')
            with pytest.raises(ProgrammingError, match="permission denied"):
                cursor.execute("SELECT * FROM public.registry_tenant")


def test_t7_a_lazy_result_fails_after_its_context(tenants: Any) -> None:
    know(tenants.alpha)
    with in_tenant(tenants.alpha):
        lazy = Person.objects.all()
        read = list(Person.objects.all())
    assert len(read) == 1
    with pytest.raises(ProgrammingError):
        list(lazy)


def test_t8_after_a_request_the_connection_is_nowhere(tenants: Any, site: Any) -> None:
    assert site(tenants.alpha).get("/privacy/").status_code == 200
    with pytest.raises(ProgrammingError):
        Person.objects.count()


def test_t9_a_new_thread_has_no_tenant(tenants: Any) -> None:
    seen: list[BaseException] = []

    def ask() -> None:
        try:
            Person.objects.count()
        except ProgrammingError as error:
            seen.append(error)
        finally:
            connection.close()

    with in_tenant(tenants.alpha):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        assert Person.objects.count() == 0
    assert len(seen) == 1


def test_t10_two_threads_keep_their_own_tenants_and_with_tenant_is_banned(tenants: Any) -> None:
    with in_public():
        row = Tenant.objects.get(slug="alpha")
    with pytest.raises(RuntimeError, match="in_tenant"), row:
        pass
    barrier = threading.Barrier(2)
    seen: dict[str, list[str]] = {}

    def stay(tenant: Any) -> None:
        with in_tenant(tenant):
            barrier.wait()
            first = current_tenant().slug
            barrier.wait()
            seen[tenant.slug] = [first, current_tenant().slug, server_path()[0].strip('"')]
        connection.close()

    threads = [threading.Thread(target=stay, args=(tenant,)) for tenant in tenants]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {tenant.slug: [tenant.slug, tenant.slug, tenant.schema] for tenant in tenants}


def test_nobody_enters_two_tenants_in_one_transaction(tenants: Any) -> None:
    with in_tenant(tenants.alpha), transaction.atomic():
        with pytest.raises(ForeignTransaction), in_tenant(tenants.beta):
            pass
        with in_tenant(tenants.alpha):
            assert Person.objects.count() == 0
    with in_tenant(tenants.alpha), in_tenant(tenants.beta):
        assert current_tenant().slug == "beta"


def test_t3_a_place_that_cannot_be_entered_makes_the_query_fail(tenants: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The statement that sets path and role fails, and what follows reads nothing."""
    know(tenants.beta)
    with in_tenant(tenants.beta):
        assert Person.objects.count() == 1
    monkeypatch.setattr("tenants.registry.backend.base.ENTER", "SELECT no_such_function(%s, %s, %s, %s, %s, %s)")
    with in_tenant(tenants.alpha):
        for _ in range(2):
            with pytest.raises(DatabaseError, match="no_such_function"):
                Person.objects.count()
    monkeypatch.undo()
    with in_tenant(tenants.alpha):
        assert Person.objects.count() == 0


def test_t12_rows_of_one_tenant_stay_its_own_while_another_is_entered(tenants: Any) -> None:
    for number in range(3):
        know(tenants.alpha, f"a{number}")
        know(tenants.beta, f"b{number}")
    seen, others = [], []
    with in_tenant(tenants.alpha):
        for person in Person.objects.order_by("pk").iterator(chunk_size=1):
            seen.append(person.subject)
            with in_tenant(tenants.beta):
                others.append(Person.objects.order_by("pk")[0].subject)
    assert seen == ["a0", "a1", "a2"]
    assert others == ["b0"] * 3


def test_t15_content_types_of_one_tenant_are_not_remembered_in_the_next(tenants: Any) -> None:
    """The same model has other numbers in beta, and one process asks for it in both by turns."""
    beta = tenants.beta.schema
    admin(f"UPDATE \"{beta}\".django_content_type SET model = model || 'x' WHERE model = 'person'")
    admin(f"INSERT INTO \"{beta}\".django_content_type (id, app_label, model) VALUES (999999, 'people', 'person')")
    with in_tenant(tenants.alpha):
        mine = ContentType.objects.get_for_model(Person).pk
    with in_tenant(tenants.beta):
        assert ContentType.objects.get_for_model(Person).pk == 999_999
    with in_tenant(tenants.alpha):
        assert ContentType.objects.get_for_model(Person).pk == mine
        assert mine != 999_999


def _cut_off() -> None:
    """The server ends the session, as at a restart; Django notices between two requests."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    admin(f"SELECT pg_terminate_backend({pid}, 5000)")
    connection.close_if_unusable_or_obsolete()
    if not connection.is_usable():
        connection.close()


WORDS = ["enter", "leave", "atomic", "save", "back", "commit", "reset", "lost", "wrong", "again"]
STEPS = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(list(Role))), max_size=16)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=STEPS)
def test_t6_the_server_is_where_we_think_it_is(tenants: Any, plan: list[tuple[str, Role]]) -> None:
    """Random contexts and roles, transactions, savepoints, errors and connections closed by us or cut by the server.

    After each step path, role, time limit and tenant are asked of the server.
    """
    contexts: list[tuple[Any, Any, Role]] = []
    atomics: list[Any] = []
    try:
        for number, (word, role) in enumerate(plan):
            tenant = tenants[number % 2]
            if word == "enter" and not atomics:
                manager = in_tenant(tenant, role=role)
                contexts.append((manager, manager.__enter__(), role))
            elif word == "again" and contexts and atomics:
                # The same place may be entered within its own transaction.
                with in_tenant(contexts[-1][1], role=contexts[-1][2]):
                    assert server_path()[0] == f'"{contexts[-1][1].schema}"'
            elif word == "wrong" and contexts:
                with suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('search_path', 'public', true), 1 / 0")
            elif word == "lost" and not atomics:
                _cut_off()
            elif word == "leave" and contexts and not atomics:
                contexts.pop()[0].__exit__(None, None, None)
            elif word in ("atomic", "save") and contexts:
                block = transaction.atomic()
                block.__enter__()
                atomics.append(block)
            elif word == "back" and atomics:
                atomics.pop().__exit__(IntegrityError, IntegrityError("undone"), None)
            elif word == "commit" and atomics:
                atomics.pop().__exit__(None, None, None)
            elif word == "reset" and not atomics:
                connection.close()
            if contexts:
                _, ref, role = contexts[-1]
                assert server_path() == (f'"{ref.schema}"', f"{ref.schema}_{role.value}")
                with connection.cursor() as cursor:
                    cursor.execute("SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'")
                    assert cursor.fetchone() == (TIMEOUTS[role][0],)
                if atomics:
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT current_setting('commonty.tenant')")
                        assert cursor.fetchone() == (str(ref.uuid),)
            else:
                assert server_path()[0] == '"commonty_nowhere"'
    finally:
        while atomics:
            atomics.pop().__exit__(IntegrityError, IntegrityError("undone"), None)
        while contexts:
            contexts.pop()[0].__exit__(None, None, None)
