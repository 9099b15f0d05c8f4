"""A plugin that fails is named and contained, wherever it fails; one that keeps the contract is used as it is."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest
from django.core.checks import run_checks
from django.db import models
from django.test.utils import isolate_apps

from plugins.api import (
    Ballot,
    BallotFamily,
    BallotFormat,
    BallotInvalid,
    Candidate,
    Constraints,
    Instance,
    LocalisedText,
    Money,
    Offer,
    Outcome,
    OutcomeRule,
    PaperLayout,
    PluginInfo,
    Problem,
    Project,
    TemplateRef,
    Text,
    TieBreak,
    hookimpl,
)
from plugins.bundled.posting.models import whose
from plugins.discovery import Installed
from plugins.host.failures import PluginFailure
from plugins.host.guard import Guarded
from plugins.host.registry import Registry, registry_build, registry_set
from plugins.host.tables import unprefixed, unsealed

OFFER = Offer("r", Money(1000), (Project("P-01", LocalisedText("A"), Money(600)),))
INSTANCE = Instance(budget=1000, candidates=(Candidate("P-01", 600),))
SECRET = "P-99-what-somebody-chose"  # stands for a choice in a ballot


def info(name: str, requires: str = ">=1.0,<2") -> PluginInfo:
    return PluginInfo(name, "1.0.0", "A", "Apache-2.0", "a@example.org", requires)


class Dummy(BallotFormat):
    """Keeps the contract in the shortest way."""

    key: ClassVar[str] = "dummy"
    label: ClassVar[Text] = Text("Dummy", "Dummy")
    description: ClassVar[Text] = Text("Dummy", "Dummy")
    family: ClassVar[BallotFamily] = BallotFamily.APPROVAL

    def check(self, offer: Any, settings: Any) -> list[Problem]:
        return []

    def instructions(self, offer: Any, settings: Any) -> TemplateRef:
        return TemplateRef("dummy.html")

    def form(self, offer: Any, settings: Any, draft: Any) -> TemplateRef:
        return TemplateRef("dummy.html")

    def parse(self, raw: Any, offer: Any, settings: Any) -> Ballot:
        if not raw:
            raise BallotInvalid([Problem("none", Text("None", "Gin"))])
        return Ballot("dummy", ("P-01",))

    def draft(self, ballot: Any) -> Any:
        return {"choice": ["P-01"]}

    def canonical(self, ballot: Any) -> bytes:
        return b"x"

    def restore(self, data: bytes) -> Ballot:
        return Ballot("dummy", ("P-01",))

    def paper(self, offer: Any, settings: Any) -> PaperLayout:
        return PaperLayout(Text("a", "a"), (), ())

    def constraints(self, offer: Any, settings: Any) -> Constraints:
        return Constraints(1, 1, ("P-01",))

    def scores(self, ballot: Any, offer: Any) -> Any:
        return {"P-01": 1}

    def summary(self, ballot: Any, offer: Any) -> Any:
        return []


class DummyRule(OutcomeRule):
    key: ClassVar[str] = "dummy-rule"
    label: ClassVar[Text] = Text("Dummy", "Dummy")
    description: ClassVar[Text] = Text("Dummy", "Dummy")
    accepts: ClassVar[Any] = frozenset(BallotFamily)
    answer: ClassVar[Any] = Outcome(("P-01",), 600, 400, ())

    def check(self, instance: Any, settings: Any) -> list[Problem]:
        return []

    def decide(self, instance: Any, profile: Any, settings: Any, tie_break: Any, inner: Any = None) -> Outcome:
        answer: Outcome = self.answer
        return answer


def plugin(name: str, *, formats: Any = (Dummy,), rules: Any = (), requires: str = ">=1.0,<2") -> Any:
    @hookimpl
    def register_ballot_formats() -> Any:
        return formats

    @hookimpl
    def register_outcome_rules() -> Any:
        return rules

    source: Any = ModuleType(name)
    source.PLUGIN = info(name, requires)
    source.register_ballot_formats = register_ballot_formats
    source.register_outcome_rules = register_outcome_rules
    return source


def build(**sources: Any) -> Registry:
    """A registry of plugins given as objects; an exception stands for one that raises on import."""

    def load(path: str) -> Any:
        source = sources[path.split(".")[1]]
        if isinstance(source, Exception):
            raise source
        return source

    return registry_build([Installed(name, f"x.{name}.plugin", "x", "1") for name in sources], load=load)


def unknown_hook() -> Any:
    @hookimpl
    def register_everything() -> Any:
        return ()

    source = plugin("broken")
    source.register_everything = register_everything
    return source


def raising_hook() -> Any:
    @hookimpl
    def register_ballot_formats() -> Any:
        raise RuntimeError("no")

    source = plugin("broken")
    source.register_ballot_formats = register_ballot_formats
    return source


class NoKey(Dummy):
    key: ClassVar[str] = "Not A Key"


class Unfinished(BallotFormat):
    key: ClassVar[str] = "unfinished"


class OtherKey(Dummy):
    key: ClassVar[str] = "other"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (ImportError("gone"), "ImportError: gone"),
        (SimpleNamespace(), "no PLUGIN"),
        (plugin("someone-else"), "calls itself"),
        (plugin("broken", requires=">=2"), "needs the plugin contract"),
        (plugin("broken", requires="new"), "requires_api"),
        (unknown_hook(), "register_everything"),
        (raising_hook(), "RuntimeError"),
        (plugin("broken", formats=(int,)), "something else"),
        (plugin("broken", formats=(NoKey,)), "no key"),
        (plugin("broken", formats=(Unfinished,)), "leaves out"),
        (plugin("broken", formats=(OtherKey, Dummy)), "is taken"),
        (plugin("broken", formats=5), "TypeError"),
    ],
)
def test_a_plugin_that_cannot_be_registered_is_off_and_named_and_the_others_stand(source: Any, words: str) -> None:
    built = build(a=plugin("a"), broken=source)
    assert [(one.plugin, words in one.reason) for one in built.failed] == [("broken", True)]
    assert list(built.plugins) == ["a"]
    assert list(built.modules) == [("ballot_format", "dummy")]
    before = registry_set(built)
    try:
        named = [message for message in run_checks() if message.id == "plugin_host.W001"]
        assert len(named) == 1
        assert "broken" in named[0].msg
    finally:
        registry_set(before)


def guarded(cls: type, kind: str = "ballot_format") -> Any:
    word = "rules" if kind == "outcome_rule" else "formats"
    built = build(a=plugin("a", **{"formats": (), word: (cls,)}))
    assert built.failed == ()
    return Guarded(built.modules[(kind, cls.key)])  # type: ignore[attr-defined]  # a module class


CALLS: dict[str, tuple[Any, ...]] = {
    "check": (OFFER, None),
    "instructions": (OFFER, None),
    "form": (OFFER, None, {}),
    "parse": ({"choice": [SECRET]}, OFFER, None),
    "draft": (Ballot("dummy", (SECRET,)),),
    "canonical": (Ballot("dummy", (SECRET,)),),
    "restore": (SECRET.encode(),),
    "paper": (OFFER, None),
    "constraints": (OFFER, None),
    "scores": (Ballot("dummy", ()), OFFER),
    "summary": (Ballot("dummy", ()), OFFER),
}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_each_method_answers_or_fails_by_name_and_never_tells_the_ballot(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    def raises(self: Any, *args: Any) -> Any:
        raise ValueError(args)

    def wrong(self: Any, *args: Any) -> Any:
        return object()

    getattr(guarded(Dummy), name)(*CALLS[name])
    for broken in (raises, wrong):
        with pytest.raises(PluginFailure) as caught:
            getattr(guarded(type("Broken", (Dummy,), {name: broken})), name)(*CALLS[name])
        assert f"ballot_format dummy.{name}" in str(caught.value)
        assert (caught.value.plugin, caught.value.code, caught.value.exit_code) == ("a", "plugin.failed", 4)
        assert SECRET not in str(caught.value) + caplog.text
        assert caught.value.__context__ is None


def test_a_refused_ballot_is_no_failure_and_only_constants_and_methods_are_reached() -> None:
    dummy = guarded(Dummy)
    with pytest.raises(BallotInvalid):
        dummy.parse({}, OFFER, None)
    assert (dummy.key, dummy.family, dummy.Settings) == ("dummy", BallotFamily.APPROVAL, Dummy.Settings)
    with pytest.raises(AttributeError):
        dummy.secrets_of_the_core()


@pytest.mark.parametrize(
    "answer",
    [
        Outcome(("P-01", "P-01"), 600, 400, ()),
        Outcome(("P-02",), 600, 400, ()),
        Outcome(("P-01",), 1200, -200, ()),
        Outcome(("P-01",), 600, 300, ()),
        Outcome(("P-01",), 600.0, 400, ()),  # type: ignore[arg-type]  # what the guard must refuse
        # It says that less was spent than what it funds costs, or gets.
        Outcome(("P-01",), 500, 500, ()),
        Outcome((), 600, 400, ()),
        Outcome(("P-01",), 500, 500, (), amounts={"P-01": 600}),
        # A part above the cost, of nothing, of a project it has not funded, or that is no whole amount.
        Outcome(("P-01",), 700, 300, (), amounts={"P-01": 700}),
        Outcome(("P-01",), 0, 1000, (), amounts={"P-01": 0}),
        Outcome((), 0, 1000, (), amounts={"P-01": 600}),
        Outcome(("P-01",), 600, 400, (), amounts={"P-01": 600.0}),  # type: ignore[dict-item]  # refused
    ],
)
def test_an_outcome_outside_its_bounds_is_a_failure(answer: Outcome) -> None:
    given = (INSTANCE, None, None, TieBreak(("P-01",)))
    assert guarded(DummyRule, "outcome_rule").decide(*given).spent == 600
    with pytest.raises(PluginFailure):
        guarded(type("Broken", (DummyRule,), {"answer": answer}), "outcome_rule").decide(*given)


def test_a_part_of_the_cost_is_no_less_than_a_project_could_begin_with() -> None:
    instance = Instance(1000, (Candidate("P-01", 600, minimum=400),))
    for amount, held in ((400, True), (599, True), (399, False)):
        answer = Outcome(("P-01",), amount, 1000 - amount, (), amounts={"P-01": amount})
        rule = guarded(type("Part", (DummyRule,), {"answer": answer}), "outcome_rule")
        if held:
            assert rule.decide(instance, None, None, TieBreak(("P-01",))).spent == amount
        else:
            with pytest.raises(PluginFailure):
                rule.decide(instance, None, None, TieBreak(("P-01",)))


@isolate_apps("tests.plugins")
def test_a_plugin_with_a_table_that_says_not_whose_a_row_is_is_not_used() -> None:
    """An offender is planted: of two plugins with tables, the one whose column is missing is off, by name."""

    class Sound(models.Model):  # noqa: DJ008  # never shown
        tenant = models.UUIDField(db_default=whose(), editable=False)

        class Meta:
            app_label = "sound"

    class Loose(models.Model):  # noqa: DJ008
        words = models.TextField()
        friends = models.ManyToManyField("self")

        class Meta:
            app_label = "loose"

    class Wrong(models.Model):  # noqa: DJ008
        # The column is there, and anybody could write into it whose the row is.
        tenant = models.UUIDField()

        class Meta:
            app_label = "loose"

    through = Loose.friends.through
    tables = {"x.sound": [Sound], "x.loose": [Loose, Wrong, through]}
    configs = [
        SimpleNamespace(name=name, label=name, get_models=lambda include_auto_created, found=found: found)
        for name, found in tables.items()
    ]
    sources = {name: plugin(name, formats=()) for name in ("sound", "loose")}
    built = registry_build(
        [Installed(name, f"x.{name}.plugin", "x", "1") for name in sources],
        load=lambda path: sources[path.split(".")[1]],
        loose=lambda package: unsealed(package, configs),
    )
    assert set(built.plugins) == {"sound"}
    (failed,) = built.failed
    assert failed.plugin == "loose"
    for name in ("loose_loose", "loose_wrong", "loose_loose_friends"):
        assert name in failed.reason
    # What stands in this process is sound, and is looked at through the same door.
    assert [one for one in ("plugins.bundled.threads", "plugins.bundled.arguments") if unsealed(one)] == []


@isolate_apps("tests.plugins")
def test_a_plugin_with_a_table_under_another_name_than_its_own_is_not_used() -> None:
    class Named(models.Model):  # noqa: DJ008  # never shown
        tenant = models.UUIDField(db_default=whose(), editable=False)

        class Meta:
            app_label = "named"

    class Astray(models.Model):  # noqa: DJ008
        tenant = models.UUIDField(db_default=whose(), editable=False)

        class Meta:
            app_label = "astray"
            db_table = "rounds_round_extra"

    configs = [
        SimpleNamespace(name=f"x.{label}", label=label, get_models=lambda include_auto_created, one=one: [one])
        for label, one in (("named", Named), ("astray", Astray))
    ]
    sources = {name: plugin(name, formats=()) for name in ("named", "astray")}
    built = registry_build(
        [Installed(name, f"x.{name}.plugin", "x", "1") for name in sources],
        load=lambda path: sources[path.split(".")[1]],
        loose=lambda package: unsealed(package, configs),
        astray=lambda package: unprefixed(package, configs),
    )
    assert set(built.plugins) == {"named"}
    assert [(one.plugin, "rounds_round_extra" in one.reason) for one in built.failed] == [("astray", True)]


def test_bundled_plugins_all_stand() -> None:
    from plugins.discovery import allowed
    from plugins.host.registry import registry

    assert registry().failed == ()
    assert set(registry().plugins) >= {plugin.name for plugin in allowed(())}
