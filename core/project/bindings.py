"""Where lower modules' ports meet the higher modules that fill them. Read this file to see who is told what.

`bind()` runs once, when Django is ready (core.project.apps).
"""

from __future__ import annotations


def bind() -> None:
    """Bind every port. Called once per process; calling it again changes nothing."""
    from cms.provisioning import pages_step
    from core.people.sso.realm.step import login_step
    from core.places.provisioning import areas_step
    from plugins.host.provisioning import plugins_step
    from tenants.office.provisioning import Step, bind_steps

    login = Step("login", login_step, inside=False, on_arrival=True)
    bind_steps(
        [Step("plugins", plugins_step), Step("areas", areas_step), Step("pages", pages_step, on_arrival=True), login]
    )

    from cms.ports import bind_surroundings
    from core.web.hub.views import NationalHome
    from core.web.public.front import Home, Rounds

    bind_surroundings({"home": Home(), "national home": NationalHome(), "rounds": Rounds()})

    from cms.listeners import site_follow
    from core.audit import outbox
    from core.audit.statements import STATEMENT_JOB, statement_hand_over
    from core.kernel import jobs
    from core.kernel.env import environment
    from core.kernel.names import bind_names
    from core.notices.carrying import UPDATE_JOB, delivery_note
    from core.notices.services import SEND_JOB, notice_deliver
    from core.people.privacy import ERASE_JOB, FILE_JOB, erase_handle, file_make, privacy_bind
    from core.project import observing, privacy
    from core.project.resolver import DnsNames
    from core.rounds.delegation.services import ACT_JOB, act_sign
    from core.rounds.events import MoneyChanged, RoundAdvanced, RoundChanged, RulesChanged
    from core.rounds.listeners import modules_state, round_state
    from core.setup.documents import DOCUMENT_JOB, document_sign
    from core.setup.listeners import own_lost
    from core.setup.services import ACCEPTANCE_JOB, acceptance_sign
    from core.setup.spaces import MAKE_JOB, TELL_JOB, space_told, tenant_make
    from core.voting.services import TALLY_JOB
    from core.voting.tasks import tally_handle
    from plugins.host.context import WORK_JOB
    from plugins.host.deliberation import discussions_freeze, work_handle
    from plugins.host.events import PluginActivated, PluginDeactivated, PluginsBegun, PluginUpgraded
    from plugins.host.observing import OBSERVE_JOB, observe_handle, observing_bind
    from plugins.host.owed import OWED_JOB, erasures_again, owed_handle
    from tenants.office.hosts.events import MainHostChanged, OwnHostChanged, OwnSenderChanged
    from tenants.office.hosts.sender import SENDER_LOOK_JOB, sender_look_again
    from tenants.office.hosts.services import LOOK_JOB, SIGN_IN_JOB, host_look_again, sign_in_follow
    from tenants.office.modules.services import SPREAD_JOB, plugin_spread_do
    from tenants.office.requests.services import LINK_JOB, link_told

    bind_names(DnsNames(environment().dns_servers))
    jobs.bind(outbox.OutboxJobs())
    told: dict[str, list[outbox.Listener]] = {kind: [*heard] for kind, heard in observing.LISTENERS.items()}
    for event in (RoundAdvanced, RoundChanged, MoneyChanged):
        told.setdefault(event.kind, []).append(round_state)
    switched = (PluginActivated.kind, PluginDeactivated.kind, PluginsBegun.kind, PluginUpgraded.kind)
    for kind in (*switched, RoundAdvanced.kind, RoundChanged.kind, RulesChanged.kind):
        told.setdefault(kind, []).append(modules_state)
    told.setdefault(RoundAdvanced.kind, []).append(discussions_freeze)
    told.setdefault(MainHostChanged.kind, []).append(site_follow)
    for lost in (OwnHostChanged, OwnSenderChanged):
        told.setdefault(lost.kind, []).append(own_lost)
    outbox.bind(told)
    observing_bind(observing.BUILDERS)
    outbox.bind_jobs(
        {
            SEND_JOB: notice_deliver,
            UPDATE_JOB: delivery_note,
            TALLY_JOB: tally_handle,
            OBSERVE_JOB: observe_handle,
            WORK_JOB: work_handle,
            OWED_JOB: owed_handle,
            ACT_JOB: act_sign,
            ACCEPTANCE_JOB: acceptance_sign,
            DOCUMENT_JOB: document_sign,
            FILE_JOB: file_make,
            ERASE_JOB: erase_handle,
        },
        outward={
            STATEMENT_JOB: statement_hand_over,
            MAKE_JOB: tenant_make,
            TELL_JOB: space_told,
            LINK_JOB: link_told,
            SPREAD_JOB: plugin_spread_do,
            LOOK_JOB: host_look_again,
            SIGN_IN_JOB: sign_in_follow,
            SENDER_LOOK_JOB: sender_look_again,
        },
    )

    privacy_bind(privacy.parts())

    from core.notices.codes import CodeNotices
    from core.notices.mail import MAIL
    from core.project.reading import PublicFacts
    from plugins.host.ports import code_sender_bind, mail_bind, read_bind

    code_sender_bind(CodeNotices())
    mail_bind(MAIL)

    from core.rounds.choices import rounds_choosing
    from plugins.host.ports import in_use_bind

    in_use_bind(rounds_choosing)
    read_bind(PublicFacts())

    from core.notices.parts import CodesReach
    from core.proposals.parts import ProjectsReady
    from core.rounds.delegation.parts import NothingEntrusted
    from core.rounds.parts import ModulesAllowed, ModulesStand, ProofsReady, WordsReady
    from core.rounds.ports import bind_parts
    from core.voting.transitions import PARTS

    bind_parts(
        [
            WordsReady(),
            ModulesAllowed(),
            ModulesStand(),
            ProofsReady(),
            CodesReach(),
            NothingEntrusted(),
            ProjectsReady(),
            *PARTS,
        ]
    )

    from core.audit.ports import Hourly, bind_sequencers, bind_statement_sinks
    from core.evaluation.sequencer import answers_end
    from core.rounds.delegation.sequencer import OfferTimes
    from core.rounds.delegation.services import act_hand_over
    from core.rounds.sequencer import votes_stop
    from core.voting.moving import VotesMove
    from core.voting.sequencer import BallotSequencer, ClosingTimes
    from tenants.office.delegation.services import KIND as DELEGATION
    from tenants.office.documents.services import KIND as DOCUMENT
    from tenants.office.documents.services import document_take
    from tenants.office.hosts.sequencer import RecordTimes
    from tenants.office.moving import bind_move_parts, moved_to
    from tenants.office.requests.services import AGREEMENT, agreement_take
    from tenants.office.services import fact_publish
    from tenants.registry.elsewhere import bind_elsewhere

    bind_move_parts([VotesMove()])
    bind_elsewhere(moved_to)
    bind_sequencers(
        [
            BallotSequencer(),
            ClosingTimes(),
            OfferTimes(),
            RecordTimes(),
            *map(Hourly, (answers_end, erasures_again, votes_stop)),
        ]
    )
    bind_statement_sinks(fact_publish, {DELEGATION: act_hand_over, DOCUMENT: document_take, AGREEMENT: agreement_take})
