"""The times of each claim, kept by a trigger on the event log; 0005 fills in what there is. And the figures of a period, kept."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TRIGGER = """
    CREATE FUNCTION escalations_keep_claim_times() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $f$
    BEGIN
        -- An account's events are written one transaction after the other (its counter's row is locked until commit), and each statement
        -- here sees what was committed until now: what comes before an event is there.
        CASE NEW.kind
        WHEN 'handoff_claimed' THEN
            INSERT INTO escalations_claimtimes (account_id, number, handoff, session, by_id, queued_at, claimed_at)
            VALUES (NEW.account_id, NEW.number, NEW.handoff, NEW.session, NEW.by_id,
                    (SELECT o.at FROM accounts_event AS o
                      WHERE o.handoff = NEW.handoff AND o.number < NEW.number AND o.kind IN ('handoff_opened', 'handoff_released')
                      ORDER BY o.number DESC LIMIT 1),
                    NEW.at);
        WHEN 'handoff_released', 'handoff_returned', 'handoff_superseded' THEN
            UPDATE escalations_claimtimes SET ended = NEW.number
             WHERE session = NEW.session AND handoff = NEW.handoff AND ended IS NULL;
        ELSE
            UPDATE escalations_claimtimes SET acted_at = NEW.at
             WHERE session = NEW.session AND by_id = NEW.by_id AND ended IS NULL AND acted_at IS NULL;
        END CASE;
        RETURN NULL;
    END $f$;

    CREATE TRIGGER escalations_keep_claim_times AFTER INSERT ON accounts_event FOR EACH ROW
    WHEN (NEW.kind IN ('handoff_claimed', 'handoff_released', 'handoff_returned', 'handoff_superseded')
          OR NEW.kind IN ('session_stepped', 'fix_settled') AND NEW.details->>'begun_by' = 'person')
    EXECUTE FUNCTION escalations_keep_claim_times();
"""
TAKE_BACK = "DROP FUNCTION escalations_keep_claim_times() CASCADE"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_sign_in_attempts'),
        ('escalations', '0003_notifications_about_sessions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='KeptFigures',
            fields=[
                ('pk', models.CompositePrimaryKey('account', 'period', blank=True, editable=False, primary_key=True, serialize=False)),
                ('period', models.CharField(max_length=3)),
                ('at', models.DateTimeField()),
                ('event', models.BigIntegerField()),
                ('found', models.JSONField()),
                ('due_at', models.DateTimeField()),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account')),
            ],
            options={
                'verbose_name_plural': 'kept figures',
            },
        ),
        migrations.CreateModel(
            name='ClaimTimes',
            fields=[
                ('pk', models.CompositePrimaryKey('account', 'number', blank=True, editable=False, primary_key=True, serialize=False)),
                ('number', models.BigIntegerField()),
                ('handoff', models.UUIDField()),
                ('session', models.UUIDField()),
                ('queued_at', models.DateTimeField(null=True)),
                ('claimed_at', models.DateTimeField()),
                ('acted_at', models.DateTimeField(null=True)),
                ('ended', models.BigIntegerField(null=True)),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.account')),
                ('by', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'claim times',
                'indexes': [models.Index(fields=['account', 'claimed_at'], include=('queued_at', 'acted_at'), name='claim_times_of_a_period'), models.Index(condition=models.Q(('ended', None)), fields=['session'], name='claims_not_ended')],
            },
        ),
        migrations.RunSQL(TRIGGER, TAKE_BACK),
    ]
