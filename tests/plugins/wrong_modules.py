"""For each rule of each contract a module that is wrong in that alone: contract, rule, change, words it is told in."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

from plugins.api import (
    Ballot,
    Capability,
    Constraints,
    ErasureReport,
    IndicatorValue,
    LocalisedText,
    Problem,
    Proof,
    ProofRefused,
    Redirect,
    RollKey,
    SendReceipt,
    TemplateRef,
    Text,
)
from tests.plugins import toys
from tests.plugins.wrong_pieces import (
    ENGLISH,
    Channels,
    Deliberations,
    Evaluations,
    Exporters,
    Formats,
    Listed,
    Loose,
    Open,
    Proofs,
    Rules,
    Untitled,
    answering,
    around,
    by_name,
    by_place,
    lenient,
    not_the_same,
    order_kept,
    query,
    raising,
    shuffled,
    spends_all,
    unsorted,
)

WRONG: list[tuple[Any, str, dict[str, Any], str]] = [
    # Every kind.
    (Formats, "test_it_says_what_it_is", {"key": "Not A Key"}, "`key`"),
    (Formats, "test_it_says_what_it_is", {"description": ENGLISH}, "not translated"),
    (Formats, "test_settings_are_kept_and_come_back", {"Settings": Loose}, "frozen=True"),
    (Formats, "test_settings_read_as_a_form", {"Settings": Untitled}, "no title"),
    (Formats, "test_secrets_are_marked", {"Settings": Open}, "SecretStr"),
    (Formats, "test_older_settings_are_upgraded", {"settings_version": 2}, "`older`"),
    (Formats, "test_nothing_is_kept_between_calls", {"__init__": lambda self: setattr(self, "last", 1)}, "keep none"),
    # Ballot formats.
    (Formats, "test_a_ballot_comes_back", {"draft": answering({"project": []})}, "`draft`|refuses its own"),
    (Formats, "test_a_ballot_comes_back", {"restore": answering(Ballot("approval", ("x",)))}, "`restore`"),
    (
        Formats,
        "test_scores_are_whole_numbers_of_what_was_chosen",
        {"scores": answering({"zz": 1})},
        "`scores`|not chosen",
    ),
    (Formats, "test_the_check_page_reads_every_choice_back", {"summary": answering([])}, "`summary`"),
    (Formats, "test_the_order_of_fields_means_nothing", {"written": unsorted, "bytes_of": order_kept}, "other bytes"),
    (
        Formats,
        "test_sealed_bytes_are_the_same_in_every_process",
        {"canonical": lambda self, ballot: shuffled(ballot)},
        "another process|in a process",
    ),
    (
        Formats,
        "test_what_a_kiosk_checks_is_what_parse_checks",
        {"constraints": lambda self, offer, settings: Constraints(1, 99, tuple(one.ref for one in offer.projects))},
        "admit",
    ),
    (Formats, "test_strangers_and_doubles_are_refused", {"parse": lenient}, "lets a project"),
    (
        Formats,
        "test_junk_is_refused_and_nothing_else_happens",
        {
            "parse": lambda base: (
                lambda self, raw, offer, settings: base.parse(self, {"project": list(raw["project"])}, offer, settings)
            )
        },
        "raised",
    ),
    (
        Formats,
        "test_a_made_up_ballot_is_checked_like_any_other",
        {
            "parse": lambda base: (
                lambda self, raw, offer, settings: (
                    raw if isinstance(raw, Ballot) else base.parse(self, raw, offer, settings)
                )
            )
        },
        "takes a Ballot",
    ),
    (
        Formats,
        "test_bytes_that_were_never_sealed_are_refused",
        {"restore": lambda self, data: Ballot("approval", tuple(json.loads(data)["choices"]))},
        "`restore`",
    ),
    (
        Formats,
        "test_the_longest_ballot_has_a_bound",
        {"canonical": around("canonical", lambda data: data + b" " * 300_000)},
        "bytes long",
    ),
    (Formats, "test_officers_hear_of_an_offer_that_cannot_work", {"check": answering([])}, "without projects"),
    (
        Formats,
        "test_the_form_works_without_scripts",
        {
            "row": lambda base: (
                lambda self, project, raw, offer, settings: {
                    **base.row(self, project, raw, offer, settings),
                    "checked": False,
                }
            )
        },
        "loses",
    ),
    (
        Formats,
        "test_the_form_can_be_used_by_everybody",
        {"form": answering(TemplateRef("plugin_host/ballot_rules.html", {"rules": ()}))},
        "no field",
    ),
    (
        Formats,
        "test_each_problem_leads_to_its_field",
        {"judge": answering([Problem("x", Text("Wrong words", "Ceàrr"), "nowhere")])},
        "nowhere",
    ),
    (
        Formats,
        "test_the_form_stands_whatever_was_kept",
        {
            "form": lambda base: (
                lambda self, offer, settings, draft: (
                    TemplateRef("missing.html") if draft.get("area") else base.form(self, offer, settings, draft)
                )
            )
        },
        "cannot be drawn",
    ),
    (Formats, "test_every_word_is_there_in_both_languages", {"rules": answering((ENGLISH,))}, "not translated"),
    (
        Formats,
        "test_paper_holds_every_project_once",
        {"paper": around("paper", lambda paper: replace(paper, refs=paper.refs[:-1]))},
        "`paper`",
    ),
    (Formats, "test_the_parts_of_a_ballot_hold_every_project_once", {"sheets": answering([])}, "`sheets`"),
    (
        Formats,
        "test_a_count_reads_what_was_sealed",
        {"restore": answering(Ballot("approval", ("x",)))},
        "count",
    ),
    # Outcome rules.
    (Rules, "test_it_never_spends_more_than_there_is", {"decide": around("decide", spends_all)}, "spent"),
    (Rules, "test_more_money_breaks_nothing", {"explain": answering([])}, "says nothing"),
    (Rules, "test_the_same_ballots_give_the_same_answer", {"decide": not_the_same}, "differ"),
    (Rules, "test_the_order_of_projects_and_ballots_means_nothing", {"decide": by_place}, "another order"),
    (Rules, "test_names_mean_nothing", {"decide": by_name}, "other names"),
    (
        Rules,
        "test_ties_that_matter_are_told",
        {"decide": around("decide", lambda outcome: replace(outcome, ties=()))},
        "no tie is told",
    ),
    (Rules, "test_the_steps_are_the_allocation", {"explain": lambda self, outcome: outcome.steps[:-1]}, "says nothing"),
    (
        Rules,
        "test_what_everybody_wants_and_can_be_paid_is_funded",
        {
            "decide": around(
                "decide",
                lambda outcome: replace(outcome, allocation=(), spent=0, remaining=outcome.spent + outcome.remaining),
            )
        },
        "everybody wants",
    ),
    (
        Rules,
        "test_nobody_and_nothing",
        {
            "decide": lambda base: (
                lambda self, instance, *more, **named: base.decide(
                    self, replace(instance, budget=instance.budget // len(instance.candidates)), *more, **named
                )
            )
        },
        "raised ZeroDivisionError",
    ),
    (Rules, "test_check_answers_in_words", {"check": answering([Problem("x", ENGLISH)])}, "not translated"),
    (
        Rules,
        "test_settings_of_all_kinds_keep_the_budget",
        {"decide": around("decide", lambda outcome: replace(outcome, spent=10**16))},
        "spent",
    ),
    (
        Rules,
        "test_it_decides_a_large_vote_in_time",
        {"decide": around("decide", lambda outcome: __import__("time").sleep(0.2) or outcome)},
        "it may take",
    ),
    # Eligibility proofs.
    (Proofs, "test_it_stands_on_the_ladder", {"rung": "E9"}, "`rung`"),
    (Proofs, "test_it_begins_with_a_form_or_a_way", {"begin": answering(Redirect("https://x"))}, "an address"),
    (
        Proofs,
        "test_whoever_may_vote_is_proved",
        {
            "complete": around(
                "complete",
                lambda answer: replace(answer, claims={"name": "Ada"}) if isinstance(answer, Proof) else answer,
            )
        },
        "claims",
    ),
    (
        Proofs,
        "test_one_person_has_one_roll_key",
        {
            "complete": around(
                "complete",
                lambda answer: (
                    Proof((RollKey("email", str(random.random())),), "E1") if isinstance(answer, Proof) else answer
                ),
            )
        },
        "vote twice",
    ),
    (
        Proofs,
        "test_a_callback_that_is_sent_again_is_refused",
        {
            "complete": lambda base: (
                lambda self, context, callback, settings: (
                    Proof((RollKey("email", "a@example.org"),), "E1")
                    if callback.get("code")
                    else base.complete(self, context, callback, settings)
                )
            )
        },
        "proves again",
    ),
    (
        Proofs,
        "test_a_callback_of_another_tenant_is_refused",
        {
            "complete": lambda base: (
                lambda self, context, callback, settings: (
                    Proof((RollKey("email", "a@example.org"),), "E1")
                    if callback.get("code")
                    else base.complete(self, context, callback, settings)
                )
            )
        },
        "another|one council",
    ),
    (
        Proofs,
        "test_junk_proves_nothing",
        {
            "complete": lambda base: (
                lambda self, context, callback, settings: (
                    Proof((RollKey("email", "a"),), "E1")
                    if callback.get("code") == "1e3"
                    else base.complete(self, context, callback, settings)
                )
            )
        },
        "proves a right",
    ),
    (
        Proofs,
        "test_a_refusal_says_what_to_do",
        {"complete": answering(ProofRefused("no", Text("No such right", "Chan eil còir")))},
        "what to bring",
    ),
    # Channels.
    (
        Channels,
        "test_it_reaches_whom_it_can_and_nobody_else",
        {"address": answering(toys.Address("email", "x"))},
        "not None",
    ),
    (Channels, "test_its_limits_are_limits", {"render_limits": answering(5)}, "Limits"),
    (
        Channels,
        "test_the_same_message_is_sent_once",
        {"send": lambda self, context, message, settings: toys.CARRIED.append(message) or SendReceipt("r")},
        "carried 2 times",
    ),
    (
        Channels,
        "test_failures_are_told_apart",
        {
            "send": lambda base: (
                lambda self, context, message, settings: (
                    SendReceipt("r") if toys.REFUSING else base.send(self, context, message, settings)
                )
            )
        },
        "taken for success",
    ),
    (
        Channels,
        "test_a_callback_without_its_signature_is_refused",
        {"updates": answering([toys.DeliveryUpdate("r", toys.DeliveryState.DELIVERED)])},
        "believed",
    ),
    # Exporters.
    (Exporters, "test_it_says_what_leaves", {"suffix": "csv"}, "`suffix`"),
    (
        Exporters,
        "test_the_manifest_is_true",
        {"write": around("write", lambda told: replace(told, digest="0" * 64))},
        "SHA-256",
    ),
    (Exporters, "test_the_same_data_are_the_same_bytes", {"safe": lambda self, value: random.random()}, "differ"),
    (
        Exporters,
        "test_nothing_at_all_can_be_written",
        {"write": around("write", lambda told: replace(told, rows=told.rows + 1))},
        "`rows`",
    ),
    (
        Exporters,
        "test_it_writes_as_a_stream",
        {
            "write": lambda base: (
                lambda self, dataset, out, filters, progress: base.write(self, Listed(dataset), out, filters, progress)
            )
        },
        "before it wrote",
    ),
    (
        Exporters,
        "test_progress_is_told_and_can_stop_it",
        {
            "write": lambda base: (
                lambda self, dataset, out, filters, progress: base.write(self, dataset, out, filters, lambda done: None)
            )
        },
        "`progress`",
    ),
    (
        Exporters,
        "test_hostile_words_stay_words",
        {"write": around("write", lambda told: replace(told, rows=0))},
        "lost",
    ),
    (Exporters, "test_no_cell_runs_in_a_spreadsheet", {"safe": lambda self, value: value}, "apostrophe"),
    # Evaluation modules.
    (
        Evaluations,
        "test_it_asks_in_words",
        {"instruments": around("instruments", lambda sheets: [replace(one, keep_days=0) for one in sheets])},
        "no stated time",
    ),
    (
        Evaluations,
        "test_what_it_measures_is_defined",
        {"indicators": around("indicators", lambda found: [*found, *found])},
        "share a code",
    ),
    (
        Evaluations,
        "test_it_measures_whole_numbers_of_what_it_defines",
        {"measure": answering([IndicatorValue("T1", 0.5)])},
        "whole number",
    ),
    (
        Evaluations,
        "test_nothing_is_measured_of_nothing",
        {"measure": answering([IndicatorValue("T1", 0, 0)])},
        "divides by nothing",
    ),
    (
        Evaluations,
        "test_it_measures_the_same_again",
        {"measure": lambda self, *given: [IndicatorValue("T1", random.getrandbits(60), 5)]},
        "twice",
    ),
    (
        Evaluations,
        "test_hostile_answers_hurt_nothing",
        {"measure": lambda self, context, facts, answers: [int(one.value) for one in answers]},
        "raised ValueError",
    ),
    (Evaluations, "test_the_report_is_data", {"report": answering({})}, "ReportSpec"),
    (
        Evaluations,
        "test_figures_about_people_say_about_how_many",
        {"measure": answering([IndicatorValue("T1", 3, 5)])},
        "`people`",
    ),
    # Deliberation modules.
    (
        Deliberations,
        "test_its_actions_can_be_called",
        {"actions": answering([toys.Action("say", Capability.TAKE_PART, "gone")])},
        "not there",
    ),
    (
        Deliberations,
        "test_the_panel_is_drawn_and_strangers_are_offered_nothing_to_write",
        {
            "panel": answering(
                TemplateRef(
                    "plugin_host/ballot_ticks.html",
                    {"sheet": {"rows": [{"id": "a", "name": "words", "ref": "1", "title": LocalisedText("x")}]}},
                )
            )
        },
        "may only read",
    ),
    (
        Deliberations,
        "test_hostile_words_are_refused_or_stay_words",
        {"say": raising(ValueError("no"))},
        "raised ValueError",
    ),
    (
        Deliberations,
        "test_two_tenants_never_mix",
        {
            "contributions": lambda base: (
                lambda self, context, round: base.contributions(
                    self, replace(context, tenant_key=next(iter(toys.BOX))), round
                )
            )
        },
        "another council",
    ),
    (
        Deliberations,
        "test_summaries_take_the_same_queries_for_many",
        {
            "summaries": lambda base: (
                lambda self, context, subjects: [query() for _ in subjects] and base.summaries(self, context, subjects)
            )
        },
        "queries",
    ),
    (Deliberations, "test_what_is_frozen_takes_no_more", {"freeze": answering(None)}, "frozen"),
    (Deliberations, "test_a_moderator_hides_and_publishes", {"moderate": answering(None)}, "hidden"),
    (
        Deliberations,
        "test_erasing_leaves_nothing_of_a_person",
        {"erase": answering(ErasureReport(deleted={"comments": 1}))},
        "after `erase`",
    ),
]
