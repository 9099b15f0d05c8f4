import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models

from core.voting.migrations._functions_0001 import FUNCTIONS
from core.voting.migrations._tables_0001 import TABLES


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('rounds', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(*TABLES['Ballot'])],
            state_operations=[
                migrations.CreateModel(
                    name='Ballot',
                    fields=[
                        ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                        ('pk', models.CompositePrimaryKey('round_id', 'pseudonym', 'revision', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('round_id', models.UUIDField()),
                        ('pseudonym', models.BinaryField()),
                        ('revision', models.IntegerField()),
                        ('idempotency_key', models.BinaryField()),
                        ('mac', models.BinaryField()),
                        ('box', models.BinaryField()),
                        ('receipt_hash', models.BinaryField()),
                        ('channel', models.CharField(max_length=20)),
                    ],
                    options={
                        'abstract': False,
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name='FrozenOffer',
            fields=[
                ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                ('round', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='frozen_offer', serialize=False, to='rounds.round')),
                ('body', models.JSONField()),
                ('digest', models.CharField(help_text='SHA-256 of the canonical body, published', max_length=64)),
                ('frozen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(*TABLES['ReceiptRecord'])],
            state_operations=[
                migrations.CreateModel(
                    name='ReceiptRecord',
                    fields=[
                        ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                        ('pk', models.CompositePrimaryKey('round_id', 'receipt_hash', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('round_id', models.UUIDField()),
                        ('receipt_hash', models.BinaryField()),
                    ],
                    options={
                        'abstract': False,
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name='Result',
            fields=[
                ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                ('round', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='result', serialize=False, to='rounds.round')),
                ('document', models.JSONField()),
                ('digest', models.CharField(max_length=64)),
                ('published_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(*TABLES['RollEntry'])],
            state_operations=[
                migrations.CreateModel(
                    name='RollEntry',
                    fields=[
                        ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                        ('pk', models.CompositePrimaryKey('round_id', 'id', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('round_id', models.UUIDField()),
                        ('id', models.UUIDField(default=uuid.uuid4)),
                        ('rung', models.CharField(max_length=8)),
                    ],
                    options={
                        'abstract': False,
                    },
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(*TABLES['RollKey'])],
            state_operations=[
                migrations.CreateModel(
                    name='RollKey',
                    fields=[
                        ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                        ('pk', models.CompositePrimaryKey('round_id', 'namespace', 'value_mac', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('round_id', models.UUIDField()),
                        ('namespace', models.CharField(max_length=40)),
                        ('value_mac', models.BinaryField()),
                        ('entry_id', models.UUIDField()),
                    ],
                    options={
                        'abstract': False,
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name='RoundKeys',
            fields=[
                ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                ('round', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='keys', serialize=False, to='rounds.round')),
                ('box_public', models.BinaryField()),
                ('cast_wrapped', models.BinaryField()),
                ('count_wrapped', models.BinaryField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SealedBallot',
            fields=[
                ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('round_id', models.UUIDField(db_index=True)),
                ('digest', models.BinaryField()),
                ('box', models.BinaryField(null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SealedReceipt',
            fields=[
                ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                ('pk', models.CompositePrimaryKey('round_id', 'receipt_hash', blank=True, editable=False, primary_key=True, serialize=False)),
                ('round_id', models.UUIDField()),
                ('receipt_hash', models.BinaryField()),
                ('counted', models.BooleanField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SealedRollEntry',
            fields=[
                ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('round_id', models.UUIDField(db_index=True)),
                ('rung', models.CharField(max_length=8)),
                ('keys', models.JSONField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='BallotGate',
            fields=[
                ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                ('round', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='gate', serialize=False, to='rounds.round')),
                ('lock_tenant', models.IntegerField()),
                ('lock_round', models.IntegerField()),
                ('opens_at', models.DateTimeField()),
                ('closes_at', models.DateTimeField()),
                ('is_open', models.BooleanField(default=True)),
                ('revisable', models.BooleanField(default=False)),
                ('closed_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('closes_at__gt', models.F('opens_at'))), name='voting_gate_times'), models.CheckConstraint(condition=models.Q(('closed_at__isnull', True), ('is_open', False), _connector='OR'), name='voting_gate_closed_is_shut')],
            },
        ),
        migrations.CreateModel(
            name='BallotLog',
            fields=[
                ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                ('pk', models.CompositePrimaryKey('round_id', 'seq', blank=True, editable=False, primary_key=True, serialize=False)),
                ('round_id', models.UUIDField()),
                ('seq', models.BigIntegerField()),
                ('kind', models.CharField(default='ballot', max_length=12)),
                ('receipt_hash', models.BinaryField()),
                ('box_mark', models.BinaryField()),
                ('leaf', models.BinaryField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('round_id', 'receipt_hash'), name='voting_log_receipt_once')],
            },
        ),
        migrations.CreateModel(
            name='OpenedBallot',
            fields=[
                ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('body', models.BinaryField()),
                ('times', models.IntegerField()),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='opened_ballots', to='rounds.round')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='RoundSeal',
            fields=[
                ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                ('round', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='seal', serialize=False, to='rounds.round')),
                ('boxes', models.IntegerField(help_text='digests in the set, replaced ballots included')),
                ('kept', models.IntegerField(help_text='ballots to be counted')),
                ('receipts', models.IntegerField()),
                ('entries', models.IntegerField(help_text='people on the roll who proved their right')),
                ('channels', models.JSONField(help_text='ballots to be counted, by channel')),
                ('digests', models.BinaryField(help_text='SHA-256 of every box, sorted, 32 bytes each')),
                ('digest', models.CharField(help_text='SHA-256 of that list', max_length=64)),
                ('log_root', models.CharField(help_text="head of the round's log (RFC 6962)", max_length=64)),
                ('sealed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('boxes', models.F('receipts'))), name='voting_seal_every_receipt')],
            },
        ),
        migrations.CreateModel(
            name='TallyRun',
            fields=[
                ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('done', 'Done'), ('failed', 'Failed')], max_length=8)),
                ('error', models.CharField(blank=True, max_length=200)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('document', models.JSONField(null=True)),
                ('finished_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tallies', to='rounds.round')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Opening',
            fields=[
                ('tenant', models.UUIDField(db_default=django.db.models.functions.comparison.Cast(models.Func(models.Value('commonty.tenant'), function='current_setting'), models.UUIDField()), editable=False)),
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('approved_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='openings', to='rounds.round')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('round', 'person'), name='voting_opening_person_once')],
            },
        ),
        *(migrations.RunSQL(*pair) for pair in FUNCTIONS),
    ]
