"""The sentences that explain a count by single transferable vote."""

from plugins.api.text import Text

FIRST = Text(
    "Stage 1: {papers} ballots put a project in order. Each counts for the project it puts first: {votes}.",
    "Ìre 1: chuir {papers} de phàipearan-bhòtaidh pròiseact ann an òrdugh. Tha gach fear a’ cunntadh airson a’ "
    "phròiseict a chuir e air thoiseach: {votes}.",
)
QUOTA = Text(
    "A project needs {quota} votes: {papers} ballots divided by {more}, one more than the {seats} projects to be "
    "funded, without the fraction, and one more.",
    "Tha feum aig pròiseact air bhòtaichean: {quota}. ’S e sin {papers} de phàipearan-bhòtaidh air an roinn air "
    "{more}, aon a bharrachd air na pròiseactan a thèid a mhaoineachadh ({seats}), às aonais a’ bhloigh, agus aon a "
    "bharrachd.",
)
QUOTA_BY_COST = Text(
    "The votes a project needs are its cost times {papers} ballots, divided by the pot of {budget}, rounded up to five "
    "decimals.",
    "’S e na bhòtaichean air a bheil feum aig pròiseact a’ chosgais aige air iomadachadh le {papers} de "
    "phàipearan-bhòtaidh agus air a roinn air a’ mhaoin, {budget}, air a chruinneachadh suas gu còig àiteachan "
    "deicheach.",
)
SURPLUS = Text(
    "Stage {stage}: {project} has {total} votes, {surplus} more than it needs. All its ballots go on to the next "
    "project on them, each at its value times {surplus} divided by {total}, cut after five decimals: {gains}. Without "
    "a next project: {unplaced}. Lost by the cut: {cut}.",
    "Ìre {stage}: tha {total} bhòt aig {project}, {surplus} a bharrachd air na dh’fheumas e. Thèid na "
    "pàipearan-bhòtaidh uile aige air adhart chun an ath phròiseict a th’ orra, gach fear leis an luach aige air "
    "iomadachadh le {surplus} agus air a roinn air {total}, air a ghearradh às dèidh còig àiteachan deicheach: "
    "{gains}. Gun ath phròiseact: {unplaced}. Air chall leis a’ ghearradh: {cut}.",
)
EXCLUSION = Text(
    "Stage {stage}: {project} leaves the count with {total} votes. Its ballots go on to the next project on them at "
    "the value they have: {gains}. Without a next project: {unplaced}.",
    "Ìre {stage}: fàgaidh {project} an cunntas le {total} bhòt. Thèid na pàipearan-bhòtaidh aige air adhart chun an "
    "ath phròiseict a th’ orra leis an luach a th’ aca: {gains}. Gun ath phròiseact: {unplaced}.",
)
NO_GAINS = Text("to none", "cha deach gin")
ELECTED = Text(
    "Funded at place {place}: at stage {stage} it had {votes} votes, and it needed {quota}.",
    "Air a mhaoineachadh, àite {place}: aig ìre {stage} bha {votes} bhòt aige, agus bha feum aige air {quota}.",
)
ELECTED_LAST = Text(
    "Funded at place {place}: at stage {stage} no more projects were left in the count than could still be funded. It "
    "had {votes} votes; it cost {cost}, and {left} was left.",
    "Air a mhaoineachadh, àite {place}: aig ìre {stage} cha robh barrachd phròiseactan air fhàgail sa chunntas na "
    "ghabhadh a mhaoineachadh fhathast. Bha {votes} bhòt aige; chosg e {cost}, agus bha {left} air fhàgail.",
)
EXCLUDED = Text(
    "Not funded: at stage {stage} it had {votes} votes, the fewest, and its ballots went on to other projects. It "
    "needed {quota}.",
    "Cha deach a mhaoineachadh: aig ìre {stage} bha {votes} bhòt aige, an àireamh a bu lugha, agus chaidh na "
    "pàipearan-bhòtaidh aige air adhart gu pròiseactan eile. Bha feum aige air {quota}.",
)
DEAR = Text(
    "Not funded: at stage {stage} it could no longer be paid for. It cost {cost}, and {left} was left. Its {votes} "
    "votes went on to other projects.",
    "Cha deach a mhaoineachadh: aig ìre {stage} cha ghabhadh a phàigheadh tuilleadh. Chosg e {cost}, agus bha {left} "
    "air fhàgail. Chaidh na bhòtaichean aige ({votes}) air adhart gu pròiseactan eile.",
)
FROM_REST = Text(
    "Funded from the money left over, at place {place}: it left the count at stage {stage} with {votes} votes, the "
    "last of those that still fit. It cost {cost}, and {left} was left.",
    "Air a mhaoineachadh leis an airgead a bha air fhàgail, àite {place}: dh’fhàg e an cunntas aig ìre {stage} le "
    "{votes} bhòt, am fear mu dheireadh dhen fheadhainn a ghabhadh a phàigheadh fhathast. Chosg e {cost}, agus bha "
    "{left} air fhàgail.",
)
LEFT = Text(
    "Not funded: the count ended at stage {stage}, when there was nothing more to fill. It had {votes} votes and "
    "needed {quota}.",
    "Cha deach a mhaoineachadh: thàinig an cunntas gu crìch aig ìre {stage}, nuair nach robh an còrr ri lìonadh. Bha "
    "{votes} bhòt aige, agus bha feum aige air {quota}.",
)
OPEN = Text(
    "Not decided: at stage {stage} the count stopped, because projects stood equal at every stage and a lot would be "
    "drawn. It had {votes} votes and needed {quota}.",
    "Gun cho-dhùnadh: stad an cunntas aig ìre {stage}, oir bha pròiseactan co-ionann aig gach ìre agus bhiodh feum air "
    "crannchur. Bha {votes} bhòt aige, agus bha feum aige air {quota}.",
)
NO_MONEY_FOR_IT = Text(
    "Not funded: at stage {stage} it had {votes} votes and was among the {seats} with the most support, but it cost "
    "{cost} and {left} was left.",
    "Cha deach a mhaoineachadh: aig ìre {stage} bha {votes} bhòt aige agus bha e am measg an fheadhainn leis an taic "
    "as motha ({seats}), ach chosg e {cost} agus bha {left} air fhàgail.",
)
ABOVE = Text(
    "Not funded: it needed {cost}, more than the whole pot of {budget}. It took no part in the count.",
    "Cha deach a mhaoineachadh: bha feum aige air {cost}, nas motha na a’ mhaoin gu lèir, {budget}. Cha robh e sa "
    "chunntas.",
)
NOBODY = Text(
    "Not funded: no ballot put it in order. It needed {cost}.",
    "Cha deach a mhaoineachadh: cha do chuir pàipear-bhòtaidh sam bith ann an òrdugh e. Bha feum aige air {cost}.",
)
TOO_MANY_SEATS = Text(
    "{seats} projects are to be funded, but the {seats} dearest cost {cost} together, more than the pot of {budget}. "
    "Fund fewer, or let costs count.",
    "Tha {seats} de phròiseactan gus am maoineachadh, ach cosgaidh an fheadhainn as daoire {cost} còmhla, nas motha "
    "na a’ mhaoin, {budget}. Maoinich nas lugha, no leig le cosgaisean cunntadh.",
)
