"""Tables that are partitioned by round, which Django cannot create. One partition per round stands while voting is open."""

TENANT = "tenant uuid NOT NULL DEFAULT (current_setting('commonty.tenant'))::uuid"

TABLES = {
    "RollEntry": (
        f"""CREATE TABLE voting_rollentry ({TENANT}, round_id uuid NOT NULL, id uuid NOT NULL,
            rung varchar(8) NOT NULL, PRIMARY KEY (round_id, id)) PARTITION BY LIST (round_id)""",
        "DROP TABLE voting_rollentry",
    ),
    "RollKey": (
        f"""CREATE TABLE voting_rollkey ({TENANT}, round_id uuid NOT NULL, namespace varchar(40) NOT NULL,
            value_mac bytea NOT NULL, entry_id uuid NOT NULL,
            PRIMARY KEY (round_id, namespace, value_mac)) PARTITION BY LIST (round_id)""",
        "DROP TABLE voting_rollkey",
    ),
    "Ballot": (
        f"""CREATE TABLE voting_ballot ({TENANT}, round_id uuid NOT NULL, pseudonym bytea NOT NULL,
            revision integer NOT NULL CHECK (revision > 0), idempotency_key bytea NOT NULL, mac bytea NOT NULL,
            box bytea NOT NULL, receipt_hash bytea NOT NULL, channel varchar(20) NOT NULL,
            PRIMARY KEY (round_id, pseudonym, revision)) PARTITION BY LIST (round_id)""",
        "DROP TABLE voting_ballot",
    ),
    "ReceiptRecord": (
        f"""CREATE TABLE voting_receiptrecord ({TENANT}, round_id uuid NOT NULL, receipt_hash bytea NOT NULL,
            PRIMARY KEY (round_id, receipt_hash)) PARTITION BY LIST (round_id)""",
        "DROP TABLE voting_receiptrecord",
    ),
}
