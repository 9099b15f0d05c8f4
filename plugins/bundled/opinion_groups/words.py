"""The words of the panel, in both languages."""

from __future__ import annotations

from plugins.api import Problem, Text

FROZEN = Problem(
    "opinions.frozen",
    Text("This has ended. Nothing more can be answered.", "Tha seo seachad. Chan urrainnear an còrr a fhreagairt."),
)
GONE = Problem("opinions.gone", Text("This statement is not there any more.", "Chan eil an abairt seo ann tuilleadh."))
NO_ANSWER = Problem(
    "opinions.answer",
    Text("Choose agree, disagree or neither.", "Tagh aontaich, eas-aontaich no gun bheachd."),
    "opinion-answer",
)
TOO_MANY = Text(
    "You have written {count} statements, which is the most. Answer those of others now.",
    "Sgrìobh thu an àireamh as motha de dh’abairtean ({count}). Freagair an fheadhainn aig daoine eile a-nis.",
)
TWICE = Text("This statement is there already.", "Tha an abairt seo ann mu thràth.")

SAY: dict[str, Text] = {
    "how": Text(
        "Read short statements of other residents and say whether you agree. Then see what most people agree on, and "
        "where opinions differ.",
        "Leugh abairtean goirid aig muinntir an àite agus can a bheil thu ag aontachadh. An uair sin chì thu air dè a "
        "dh’aontaicheas a’ mhòr-chuid, agus càit a bheil beachdan eadar-dhealaichte.",
    ),
    "next": Text("Do you agree with this?", "A bheil thu ag aontachadh ri seo?"),
    "agree": Text("Agree", "Aontaich"),
    "disagree": Text("Disagree", "Eas-aontaich"),
    "pass": Text("Neither", "Gun bheachd"),
    "progress": Text("You have answered {done} of {all} statements.", "Fhreagair thu {done} de {all} abairtean."),
    "all_done": Text(
        "You have answered every statement. New ones appear here.",
        "Fhreagair thu a h-uile abairt. Nochdaidh feadhainn ùra an seo.",
    ),
    "no_statement": Text(
        "There is no statement yet. Write the first one.", "Chan eil abairt ann fhathast. Sgrìobh a’ chiad tè."
    ),
    "no_statement_read": Text("There is no statement yet.", "Chan eil abairt ann fhathast."),
    "report": Text("Report to the moderators", "Dèan aithris dha na modaratairean"),
    "yours": Text("Your statements", "Na h-abairtean agad"),
    "waiting": Text("Waits for a moderator", "A’ feitheamh ri modaratair"),
    "withdraw": Text("Take back", "Thoir air ais"),
    "write": Text("Write a statement of your own", "Sgrìobh abairt dhut fhèin"),
    "hint": Text(
        "One thought in one sentence that others can agree with or not. Your name does not stand beside it.",
        "Aon smuain ann an aon seantans ris an urrainn do dhaoine eile aontachadh no nach urrainn. Cha bhi d’ ainm ri "
        "taobh.",
    ),
    "send": Text("Send the statement", "Cuir an abairt"),
    "map": Text("Groups of opinion", "Buidhnean bheachdan"),
    "map_what": Text(
        "Each mark is a person. People who answer alike stand near one another. The groups come from the answers "
        "alone: nobody was asked who they are, and no list of who is in which group is kept.",
        "Tha gach comharra na neach. Seasaidh daoine a fhreagras coltach ri chèile faisg air a chèile. Thig na "
        "buidhnean às na freagairtean a-mhàin: cha deach faighneachd cò daoine, agus cha chumar liosta de cò tha sa "
        "bhuidheann.",
    ),
    "map_label": Text(
        "Map of {people} people in {groups} groups. The table below holds the same in numbers.",
        "Mapa de {people} daoine ann an {groups} buidhnean. Tha an aon rud ann an àireamhan sa chlàr gu h-ìosal.",
    ),
    "group": Text("Group {letter}", "Buidheann {letter}"),
    "people": Text("People", "Daoine"),
    "too_few": Text(
        "There are not enough answers for a map yet. At least {people} people have to answer {answers} statements "
        "each. This protects what single people think.",
        "Chan eil freagairtean gu leòr ann airson mapa fhathast. Feumaidh co-dhiù {people} daoine {answers} abairtean "
        "a fhreagairt gach fear. Tha seo a’ dìon na tha daoine fa leth a’ smaoineachadh.",
    ),
    "one_group": Text(
        "Opinions do not fall into groups so far.", "Chan eil beachdan gan roinn nam buidhnean gu ruige seo."
    ),
    "consensus": Text("What all groups agree on most", "Air dè a dh’aontaicheas gach buidheann as motha"),
    "marks": Text("What marks group {letter}", "Na tha sònraichte mu bhuidheann {letter}"),
    "no_marks": Text(
        "Nothing that this group says clearly more often than others.",
        "Chan eil dad a chanas a’ bhuidheann seo gu soilleir nas trice na càch.",
    ),
    "agrees": Text("{share} % agree", "{share} % ag aontachadh"),
    "disagrees": Text("{share} % disagree", "{share} % ag eas-aontachadh"),
    "statement": Text("Statement", "Abairt"),
    "everyone": Text("Answers", "Freagairtean"),
    "all_statements": Text("Every statement in numbers", "Gach abairt ann an àireamhan"),
    "as_of": Text("Worked out", "Air obrachadh a-mach"),
}
