from django.apps import AppConfig

# While voting is open the voter's role may put ballots, receipts and roll entries in, and read what a retry needs:
# never a box. Officers' role reads none of it, so that no count can be made on the staff host before the close.
# Nobody updates or deletes: sealing is a function of the owner, and so is handing out the key that opens the box, which
# asks for the seal and for two people.
BALLOT_READ = "round_id, pseudonym, revision, idempotency_key, mac"
CAST = "cast_ballot(uuid, uuid, bytea, bytea, bytea, bytea, bytea, text)"


class VotingConfig(AppConfig):
    name = "core.voting"
    label = "voting"
    default_auto_field = "django.db.models.BigAutoField"
    tenant_grants = {
        "FrozenOffer": {"voter": "SELECT", "staff": "SELECT, INSERT", "worker": "SELECT, INSERT"},
        "BallotGate": {
            "voter": "SELECT",
            "staff": "SELECT, INSERT, UPDATE (is_open, closed_at)",
            "worker": "SELECT, INSERT, UPDATE (is_open, closed_at)",
        },
        "RoundKeys": {
            "voter": "SELECT (tenant, round_id, box_public, cast_wrapped)",
            "staff": "SELECT (tenant, round_id, box_public, cast_wrapped), INSERT",
            "worker": "SELECT (tenant, round_id, box_public, cast_wrapped), INSERT",
        },
        "RollEntry": {"voter": "SELECT, INSERT", "staff": "", "worker": "SELECT, INSERT"},
        "RollKey": {"voter": "SELECT, INSERT", "staff": "", "worker": "SELECT, INSERT"},
        "Ballot": {
            "voter": f"SELECT ({BALLOT_READ}), INSERT",
            "staff": "",
            "worker": f"SELECT ({BALLOT_READ}), INSERT",
        },
        "ReceiptRecord": {"voter": "SELECT, INSERT", "staff": "", "worker": "SELECT, INSERT"},
        "BallotLog": {"voter": "", "staff": "", "worker": "SELECT"},
        "SealedRollEntry": {"voter": "", "staff": "", "worker": "SELECT"},
        "SealedBallot": {"voter": "", "staff": "", "worker": "SELECT"},
        "SealedReceipt": {"voter": "SELECT", "staff": "SELECT", "worker": "SELECT"},
        "RoundSeal": {"voter": "SELECT", "staff": "SELECT, INSERT", "worker": "SELECT, INSERT"},
        "Opening": {"voter": "", "staff": "SELECT, INSERT", "worker": "SELECT, INSERT"},
        "OpenedBallot": {"voter": "", "staff": "", "worker": "SELECT, INSERT"},
        "TallyRun": {"voter": "", "staff": "SELECT", "worker": "SELECT, INSERT"},
        "Result": {"voter": "SELECT", "staff": "SELECT, INSERT", "worker": "SELECT, INSERT"},
    }
    tenant_functions = {
        CAST: ("voter", "worker"),
        "voting_partitions_create(uuid)": ("staff", "worker"),
        "voting_sequence(uuid, bytea, bytea, integer)": ("staff", "worker"),
        "voting_seal(uuid)": ("staff", "worker"),
        "voting_count_key(uuid)": ("worker",),
    }
