"""The sentences that explain a count by equal shares."""

from plugins.api.text import Text

SHARE = Text(
    "Each of the {voters} voters had a share of {share}, any fraction of the smallest coin aside.",
    "Bha roinn de {share} aig gach neach-bhòtaidh ({voters} dhiubh), às aonais bloigh sam bith den bhonn as lugha.",
)
BOUGHT = Text(
    "Funded at place {place}: the {voters} voters who chose it paid its {cost} together. {full} of them paid up to "
    "{price} per vote, {all} paid all that they had left, and {nothing} had nothing left. {left} of the pot was left.",
    "Air a mhaoineachadh, àite {place}: phàigh an luchd-bhòtaidh a thagh e ({voters}) {cost} còmhla. Phàigh {full} "
    "dhiubh suas gu {price} gach bhòt, phàigh {all} na bha air fhàgail aca, agus cha robh càil air fhàgail aig "
    "{nothing}. Bha {left} den mhaoin air fhàgail.",
)
BOUGHT_WITH_ALL = Text(
    "Funded at place {place}: of the {voters} voters who chose it, {all} paid its {cost} together with all that they "
    "had left, and {nothing} had nothing left. {left} of the pot was left.",
    "Air a mhaoineachadh, àite {place}: den luchd-bhòtaidh a thagh e ({voters}), phàigh {all} {cost} còmhla leis na "
    "bha air fhàgail aca, agus cha robh càil air fhàgail aig {nothing}. Bha {left} den mhaoin air fhàgail.",
)
ADDED = Text(
    "Funded from the money left over, by votes: votes {points}. It needed {cost} and {left} was left.",
    "Air a mhaoineachadh leis an airgead a bha air fhàgail, a rèir bhòtaichean: {points}. "
    "Bha feum aige air {cost} agus bha {left} air fhàgail.",
)
TOO_LITTLE = Text(
    "Not funded: it needed {cost}, and the {voters} voters who chose it had {together} of their shares left together.",
    "Cha deach a mhaoineachadh: bha feum aige air {cost}, agus cha robh ach {together} air fhàgail còmhla aig an "
    "luchd-bhòtaidh a thagh e ({voters}).",
)
NOBODY = Text(
    "Not funded: nobody chose it. It needed {cost}.",
    "Cha deach a mhaoineachadh: cha do thagh duine e. Bha feum aige air {cost}.",
)
ABOVE = Text(
    "Not funded: it needed {cost}, more than the whole pot of {budget}. Voters who chose it: {voters}.",
    "Cha deach a mhaoineachadh: bha feum aige air {cost}, nas motha na a’ mhaoin gu lèir, {budget}. "
    "Luchd-bhòtaidh a thagh e: {voters}.",
)
NOT_BY_VOTES = Text(
    "Not funded: voters who chose it {voters}. It needed {cost}; at the end {left} was left.",
    "Cha deach a mhaoineachadh: luchd-bhòtaidh a thagh e {voters}. Bha feum aige air {cost}; "
    "aig a’ cheann thall bha {left} air fhàgail.",
)
KEPT = Text(
    "The outcome of equal shares stands: {keep} voters gain more from it, {change} from the outcome by most votes.",
    "Tha co-dhùnadh nan roinnean co-ionann a’ seasamh: ’s fheàrr e do {keep} den luchd-bhòtaidh, agus ’s fheàrr "
    "an co-dhùnadh a rèir nam bhòtaichean do {change}.",
)
CHANGED = Text(
    "The outcome by most votes takes its place: {change} voters gain more from it, {keep} from equal shares.",
    "Tha an co-dhùnadh a rèir nam bhòtaichean a’ dol na àite: ’s fheàrr e do {change} den luchd-bhòtaidh, agus "
    "’s fheàrr na roinnean co-ionann do {keep}.",
)
