"""The words of the panel, in both languages."""

from __future__ import annotations

from plugins.api import Problem, Text

FROZEN = Problem(
    "threads.frozen",
    Text(
        "This discussion has ended. Nothing more can be written.",
        "Tha an deasbad seo seachad. Chan urrainnear an còrr a sgrìobhadh.",
    ),
)
GONE = Problem("threads.gone", Text("This comment is not there any more.", "Chan eil am beachd seo ann tuilleadh."))
NOT_YOURS = Problem(
    "threads.not_yours",
    Text(
        "You can change only what you have written yourself.",
        "Chan urrainn dhut ach na sgrìobh thu fhèin atharrachadh.",
    ),
)
TOO_LATE = Text(
    "A comment can be changed for {minutes} minutes only. Write a new one instead.",
    "Chan urrainnear beachd atharrachadh ach fad ùine ghoirid (mionaidean: {minutes}). Sgrìobh fear ùr na àite.",
)
TOO_MANY = Text(
    "You have written {count} comments within an hour. Please wait before you write more.",
    "Sgrìobh thu an àireamh as motha a tha ceadaichte ann an uair a thìde ({count}). Fuirich mus sgrìobh thu an còrr.",
)
NO_QUESTION = Problem(
    "threads.no_question", Text("Only a question can be answered.", "Chan urrainnear ach ceist a fhreagairt.")
)

SAY: dict[str, Text] = {
    "none": Text(
        "Nobody has written here yet. You can be the first.",
        "Cha do sgrìobh duine an seo fhathast. Faodaidh tusa a bhith air thoiseach.",
    ),
    "write": Text("Write a comment or a question", "Sgrìobh beachd no ceist"),
    "hint": Text(
        "Everybody can read it with your name beside it. Please be kind.",
        "Leughaidh a h-uile duine e le d’ ainm ri thaobh. Bi coibhneil.",
    ),
    "kind": Text("What is it?", "Dè th’ ann?"),
    "comment": Text("A comment", "Beachd"),
    "question": Text(
        "A question to the people behind the project", "Ceist dhan fheadhainn a tha air cùl a’ phròiseict"
    ),
    "send": Text("Publish", "Foillsich"),
    "question_open": Text("Question, not answered yet", "Ceist gun fhreagairt fhathast"),
    "question_answered": Text("Question, answered", "Ceist a fhuair freagairt"),
    "office": Text("Answer from the team of this round", "Freagairt bho sgioba na cuairte seo"),
    "someone": Text("Somebody who has left", "Cuideigin a dh’fhàg"),
    "you": Text("you", "thusa"),
    "edited": Text("changed", "air atharrachadh"),
    "reply": Text("Reply", "Thoir freagairt"),
    "answer": Text("Answer this question", "Freagair a’ cheist seo"),
    "edit": Text("Change", "Atharraich"),
    "withdraw": Text("Take back", "Thoir air ais"),
    "report": Text("Report to the moderators", "Dèan aithris dha na modaratairean"),
    "mute": Text("Hide what this person writes", "Falaich na sgrìobhas an neach seo"),
    "unmute": Text("Show what this person writes again", "Seall a-rithist na sgrìobhas an neach seo"),
    "muted": Text("You have hidden what this person writes.", "Dh’fhalaich thu na sgrìobhas an neach seo."),
    "link": Text("Link to this comment", "Ceangal ris a’ bheachd seo"),
    "waiting": Text(
        "Only you see this until a moderator has published it.",
        "Chan fhaic ach thu fhèin seo gus am foillsich modaratair e.",
    ),
    "edit_wanted": Text(
        "A moderator asks you to change this before it is shown:",
        "Tha modaratair ag iarraidh ort seo atharrachadh mus tèid a shealltainn:",
    ),
    "hidden": Text("A moderator has hidden this comment.", "Dh’fhalaich modaratair am beachd seo."),
    "redacted": Text(
        "A moderator has taken out part of this comment or all of it.",
        "Thug modaratair air falbh pàirt dhen bheachd seo no am beachd gu lèir.",
    ),
    "withdrawn": Text("The writer has taken this back.", "Thug an sgrìobhadair seo air ais."),
    "text": Text("Your words", "Na faclan agad"),
    "save": Text("Save", "Sàbhail"),
    "earlier": Text("Earlier comments", "Beachdan nas tràithe"),
    "later": Text("Later comments", "Beachdan nas ùire"),
}
