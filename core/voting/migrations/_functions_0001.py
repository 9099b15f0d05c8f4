"""The functions of the ballot box. Names are unqualified, or the schema's own where the owner's rights are lent."""

CAST = """
CREATE FUNCTION cast_ballot(
  p_tenant uuid, p_round uuid, p_pseudonym bytea, p_key bytea, p_mac bytea, p_box bytea, p_receipt_hash bytea,
  p_channel text, OUT outcome text, OUT kept_key bytea, OUT kept_revision integer)
LANGUAGE plpgsql VOLATILE SECURITY INVOKER AS $cast$
DECLARE
  lock_a integer;
  lock_b integer;
  accepting text;
  may_revise boolean;
  prior record;
  latest integer;
  latest_mac bytea;
  latest_key bytea;
BEGIN
  PERFORM set_config('commonty.tenant', p_tenant::text, true);
  SELECT g.lock_tenant, g.lock_round INTO lock_a, lock_b FROM voting_ballotgate g WHERE g.round_id = p_round;
  IF NOT FOUND THEN
    outcome := 'not_open';
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock_shared(lock_a, lock_b);
  SELECT CASE WHEN NOT g.is_open THEN 'closed'
              WHEN clock_timestamp() < g.opens_at THEN 'not_open'
              WHEN clock_timestamp() >= g.closes_at THEN 'closed' ELSE 'open' END, g.revisable
    INTO accepting, may_revise FROM voting_ballotgate g WHERE g.round_id = p_round;
  LOOP
    latest := 0;
    FOR prior IN SELECT b.revision, b.idempotency_key, b.mac FROM voting_ballot b
        WHERE b.round_id = p_round AND b.pseudonym = p_pseudonym ORDER BY b.revision DESC LOOP
      IF latest = 0 THEN
        latest := prior.revision;
        latest_mac := prior.mac;
        latest_key := prior.idempotency_key;
      END IF;
      IF prior.idempotency_key = p_key THEN
        IF prior.mac = p_mac THEN
          outcome := 'same';
          kept_key := p_key;
          kept_revision := prior.revision;
        ELSE
          outcome := 'key_reused';
        END IF;
        RETURN;
      END IF;
    END LOOP;
    IF accepting <> 'open' THEN
      outcome := accepting;
      -- A ballot that was in before the close, sent once more by somebody who never saw the answer.
      IF accepting = 'closed' AND EXISTS (SELECT 1 FROM voting_sealedreceipt s
                                           WHERE s.round_id = p_round AND s.receipt_hash = p_receipt_hash) THEN
        outcome := 'same';
        kept_key := p_key;
        kept_revision := 0;
      END IF;
      RETURN;
    END IF;
    IF latest > 0 AND latest_mac = p_mac THEN
      outcome := 'same';
      kept_key := latest_key;
      kept_revision := latest;
      RETURN;
    END IF;
    IF latest > 0 AND NOT may_revise THEN
      outcome := 'already_voted';
      RETURN;
    END IF;
    INSERT INTO voting_ballot (round_id, pseudonym, revision, idempotency_key, mac, box, receipt_hash, channel)
      VALUES (p_round, p_pseudonym, latest + 1, p_key, p_mac, p_box, p_receipt_hash, p_channel)
      ON CONFLICT DO NOTHING;
    IF FOUND THEN
      INSERT INTO voting_receiptrecord (round_id, receipt_hash) VALUES (p_round, p_receipt_hash);
      outcome := 'recorded';
      kept_key := p_key;
      kept_revision := latest + 1;
      RETURN;
    END IF;
  END LOOP;
END $cast$
"""

# Those below run with the owner's rights, as nobody who serves requests may create, drop or read the box. Their
# path is the schema in which they are created, written out, so that a caller cannot lend them another.
OWNED = """
DO $do$
BEGIN
  EXECUTE format($make$
CREATE FUNCTION voting_partitions_create(p_round uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $fn$
DECLARE
  parent text;
  part text;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM voting_ballotgate WHERE round_id = p_round AND closed_at IS NULL) THEN
    RAISE EXCEPTION 'this round has no gate that could open' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  FOREACH parent IN ARRAY ARRAY['voting_rollentry', 'voting_rollkey', 'voting_ballot', 'voting_receiptrecord'] LOOP
    -- Made apart and attached: PARTITION OF would make every other vote of this tenant wait.
    part := parent || '_' || replace(p_round::text, '-', '');
    EXECUTE format('CREATE TABLE %%I (LIKE %%I INCLUDING ALL)', part, parent);
    EXECUTE format('ALTER TABLE %%I ATTACH PARTITION %%I FOR VALUES IN (%%L)', parent, part, p_round);
  END LOOP;
END $fn$
$make$, current_schema());

  EXECUTE format($make$
CREATE FUNCTION voting_sequence(p_round uuid, p_inner bytea, p_outer bytea, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $fn$
DECLARE
  base bigint;
  done integer;
BEGIN
  PERFORM 1 FROM voting_ballotgate WHERE round_id = p_round FOR UPDATE;
  -- Asked for every second while voting is open; most often there is nothing new.
  IF (SELECT count(*) FROM voting_ballot WHERE round_id = p_round)
     = (SELECT count(*) FROM voting_ballotlog WHERE round_id = p_round AND kind = 'ballot') THEN
    RETURN 0;
  END IF;
  SELECT coalesce(max(seq), 0) INTO base FROM voting_ballotlog WHERE round_id = p_round;
  INSERT INTO voting_ballotlog (round_id, seq, kind, receipt_hash, box_mark, leaf)
    SELECT p_round, base + row_number() OVER (), 'ballot', m.receipt_hash, m.mark,
           sha256('\\x000006'::bytea || 'ballot'::bytea || '\\x0020'::bytea || m.receipt_hash
                  || '\\x0020'::bytea || m.mark)
      FROM (SELECT b.receipt_hash, sha256(p_outer || sha256(p_inner || sha256(b.box))) AS mark
              FROM voting_ballot b
             WHERE b.round_id = p_round AND NOT EXISTS (
               SELECT 1 FROM voting_ballotlog l WHERE l.round_id = p_round AND l.receipt_hash = b.receipt_hash)
             ORDER BY gen_random_uuid() LIMIT p_limit) m;
  GET DIAGNOSTICS done = ROW_COUNT;
  RETURN done;
END $fn$
$make$, current_schema());

  EXECUTE format($make$
CREATE FUNCTION voting_count_key(p_round uuid) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $fn$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM voting_roundseal WHERE round_id = p_round)
     OR (SELECT count(DISTINCT person_id) FROM voting_opening WHERE round_id = p_round) < 2 THEN
    RAISE EXCEPTION 'two people have not agreed to open the box' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN (SELECT count_wrapped FROM voting_roundkeys WHERE round_id = p_round);
END $fn$
$make$, current_schema());

  EXECUTE format($make$
CREATE FUNCTION voting_seal(
  p_round uuid, OUT boxes integer, OUT kept integer, OUT receipts integer, OUT entries integer, OUT channels jsonb,
  OUT digests bytea, OUT leaves bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $fn$
DECLARE
  gate record;
  parent text;
BEGIN
  SELECT * INTO gate FROM voting_ballotgate WHERE round_id = p_round FOR UPDATE;
  PERFORM pg_advisory_xact_lock(gate.lock_tenant, gate.lock_round);
  IF gate.closed_at IS NULL OR gate.is_open THEN
    RAISE EXCEPTION 'the round is still open' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  -- Tables that were filled since voting opened may never have been looked at by the planner.
  FOREACH parent IN ARRAY ARRAY['voting_rollentry', 'voting_rollkey', 'voting_ballot', 'voting_receiptrecord'] LOOP
    EXECUTE format('ANALYZE %%I', parent || '_' || replace(p_round::text, '-', ''));
  END LOOP;
  INSERT INTO voting_sealedrollentry (id, round_id, rung, keys)
    SELECT gen_random_uuid(), p_round, e.rung, coalesce(k.keys, '[]'::jsonb)
      FROM voting_rollentry e
      LEFT JOIN (SELECT entry_id, jsonb_agg(jsonb_build_array(namespace, encode(value_mac, 'hex')) ORDER BY namespace)
                        AS keys
                   FROM voting_rollkey WHERE round_id = p_round GROUP BY entry_id) k ON k.entry_id = e.id
     WHERE e.round_id = p_round ORDER BY gen_random_uuid();
  GET DIAGNOSTICS entries = ROW_COUNT;
  INSERT INTO voting_sealedballot (id, round_id, digest, box)
    SELECT gen_random_uuid(), p_round, sha256(b.box), CASE WHEN b.latest THEN b.box END
      FROM (SELECT box, revision = max(revision) OVER (PARTITION BY pseudonym) AS latest
              FROM voting_ballot WHERE round_id = p_round) b ORDER BY gen_random_uuid();
  GET DIAGNOSTICS boxes = ROW_COUNT;
  INSERT INTO voting_sealedreceipt (round_id, receipt_hash, counted)
    SELECT p_round, r.receipt_hash, b.latest
      FROM voting_receiptrecord r
      JOIN (SELECT receipt_hash, revision = max(revision) OVER (PARTITION BY pseudonym) AS latest
              FROM voting_ballot WHERE round_id = p_round) b USING (receipt_hash)
     WHERE r.round_id = p_round ORDER BY gen_random_uuid();
  GET DIAGNOSTICS receipts = ROW_COUNT;
  SELECT coalesce(jsonb_object_agg(c.channel, c.times), '{}'::jsonb), coalesce(sum(c.times), 0) INTO channels, kept
    FROM (SELECT b.channel, count(*) AS times
            FROM (SELECT channel, revision = max(revision) OVER (PARTITION BY pseudonym) AS latest
                    FROM voting_ballot WHERE round_id = p_round) b WHERE b.latest GROUP BY b.channel) c;
  SELECT coalesce(string_agg(digest, ''::bytea ORDER BY digest), ''::bytea) INTO digests
    FROM voting_sealedballot WHERE round_id = p_round;
  SELECT coalesce(string_agg(leaf, ''::bytea ORDER BY seq), ''::bytea) INTO leaves
    FROM voting_ballotlog WHERE round_id = p_round;
  IF boxes <> receipts OR boxes <> (SELECT count(*) FROM voting_receiptrecord WHERE round_id = p_round)
     OR boxes * 32 <> length(leaves)
     OR kept <> (SELECT count(*) FROM voting_sealedreceipt WHERE round_id = p_round AND counted) THEN
    RAISE EXCEPTION 'boxes, receipts and log do not agree' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  FOREACH parent IN ARRAY ARRAY['voting_rollentry', 'voting_rollkey', 'voting_ballot', 'voting_receiptrecord'] LOOP
    EXECUTE format('DROP TABLE %%I', parent || '_' || replace(p_round::text, '-', ''));
  END LOOP;
END $fn$
$make$, current_schema());
END $do$
"""

FUNCTIONS = (
    (CAST, "DROP FUNCTION cast_ballot(uuid, uuid, bytea, bytea, bytea, bytea, bytea, text)"),
    (
        OWNED,
        "DROP FUNCTION voting_partitions_create(uuid); DROP FUNCTION voting_seal(uuid);"
        " DROP FUNCTION voting_count_key(uuid);"
        " DROP FUNCTION voting_sequence(uuid, bytea, bytea, integer)",
    ),
)
