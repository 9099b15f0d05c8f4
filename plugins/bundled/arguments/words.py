"""The words of the panel, in both languages."""

from __future__ import annotations

from plugins.api import Problem, Text

FROZEN = Problem(
    "arguments.frozen",
    Text(
        "This discussion has ended. Nothing more can be written.",
        "Tha an deasbad seo seachad. Chan urrainnear an còrr a sgrìobhadh.",
    ),
)
GONE = Problem(
    "arguments.gone", Text("This argument is not there any more.", "Chan eil an argamaid seo ann tuilleadh.")
)
NOT_YOURS = Problem(
    "arguments.not_yours",
    Text(
        "You can change only what you have written yourself.",
        "Chan urrainn dhut ach na sgrìobh thu fhèin atharrachadh.",
    ),
)
OWN = Problem(
    "arguments.own",
    Text("Others say whether your argument is good.", "’S ann aig càch a tha e a ràdh a bheil d’ argamaid math."),
)
VALUED = Problem(
    "arguments.valued",
    Text(
        "Others already find this well argued, so it stays as they read it. Take it back, or write a new one.",
        "Tha càch den bheachd mu thràth gu bheil seo math, agus mar sin fuirichidh e mar a leugh iad e. Thoir air ais "
        "e, no sgrìobh fear ùr.",
    ),
)
NO_SIDE = Text("Say whether this is for or against.", "Abair a bheil seo air a shon no na aghaidh.")
TOO_LATE = Text(
    "An argument can be changed for {minutes} minutes only. Write a new one instead.",
    "Chan urrainnear argamaid atharrachadh ach fad ùine ghoirid (mionaidean: {minutes}). Sgrìobh tè ùr na àite.",
)
TOO_MANY = Text(
    "You have written {count} arguments within an hour. Please wait before you write more.",
    "Sgrìobh thu an àireamh as motha a tha ceadaichte ann an uair a thìde ({count}). Fuirich mus sgrìobh thu an còrr.",
)

SAY: dict[str, Text] = {
    "for": Text("For", "Air a shon"),
    "against": Text("Against", "Na aghaidh"),
    "none": Text("Nobody has given a reason yet.", "Cha tug duine adhbhar seachad fhathast."),
    "write": Text("Give a reason", "Thoir seachad adhbhar"),
    "hint": Text(
        "Write about the project, not about people. Everybody can read it with your name beside it.",
        "Sgrìobh mun phròiseact, chan ann mu dhaoine. Leughaidh a h-uile duine e le d’ ainm ri thaobh.",
    ),
    "side": Text("Is it for or against?", "A bheil e air a shon no na aghaidh?"),
    "send": Text("Publish", "Foillsich"),
    "good": Text("Well argued", "Argamaid mhath"),
    "not_good": Text("Take back “well argued”", "Thoir air ais “argamaid mhath”"),
    "nobody_good": Text(
        "Nobody has marked this as well argued yet.", "Cha do chomharraich duine seo mar argamaid mhath fhathast."
    ),
    "one_good": Text("1 person finds this well argued.", "Tha 1 neach den bheachd gur e argamaid mhath a tha seo."),
    "many_good": Text(
        "{count} people find this well argued.", "Tha daoine den bheachd gur e argamaid mhath a tha seo: {count}."
    ),
    "office": Text("From the team of this round", "Bho sgioba na cuairte seo"),
    "someone": Text("Somebody who has left", "Cuideigin a dh’fhàg"),
    "you": Text("you", "thusa"),
    "edited": Text("changed", "air atharrachadh"),
    "edit": Text("Change", "Atharraich"),
    "withdraw": Text("Take back", "Thoir air ais"),
    "report": Text("Report to the moderators", "Dèan aithris dha na modaratairean"),
    "link": Text("Link to this argument", "Ceangal ris an argamaid seo"),
    "waiting": Text(
        "Only you see this until a moderator has published it.",
        "Chan fhaic ach thu fhèin seo gus am foillsich modaratair e.",
    ),
    "edit_wanted": Text(
        "A moderator asks you to change this before it is shown:",
        "Tha modaratair ag iarraidh ort seo atharrachadh mus tèid a shealltainn:",
    ),
    "text": Text("Your reason", "An t-adhbhar agad"),
    "save": Text("Save", "Sàbhail"),
    "earlier": Text("The reasons before", "Na h-adhbharan roimhe"),
    "later": Text("More reasons", "Barrachd adhbharan"),
}
