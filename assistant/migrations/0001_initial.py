"""The assistant's usage and circuit breaker, as rows that were the app `flowpilot`'s before."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


# Old model name -> new model name, and what permissions call it.
MOVED = {
    "assistantcall": ("assistantcall", "assistant call"),
    "assistantday": ("dailyusage", "daily usage"),
    "assistantbreaker": ("circuitbreaker", "circuit breaker"),
}


def move_permissions(apps, schema_editor):
    """Content types and permissions that staff were given follow the tables. Django does that for models that are renamed, but not for
    those that move to another app."""
    content_type = apps.get_model("contenttypes", "ContentType")
    permission = apps.get_model("auth", "Permission")
    for old, (new, words) in MOVED.items():
        for found in content_type.objects.filter(app_label="flowpilot", model=old):
            for action in ("add", "change", "delete", "view"):
                permission.objects.filter(content_type=found, codename=f"{action}_{old}").update(
                    codename=f"{action}_{new}", name=f"Can {action} {words}"
                )
            found.app_label, found.model = "assistant", new
            found.save(update_fields=["app_label", "model"])


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0002_last_here_at'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
        # Its last migration before this one renames the tables.
        ('flowpilot', '0008_assistant_has_its_own_app'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='CircuitBreaker',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('key', models.CharField(max_length=300, unique=True)),
                        ('failures', models.PositiveIntegerField(default=0)),
                        ('open_until', models.DateTimeField(blank=True, null=True)),
                        ('why', models.CharField(blank=True, max_length=24)),
                    ],
                    options={
                        'verbose_name': 'circuit breaker',
                    },
                ),
                migrations.CreateModel(
                    name='AssistantCall',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('session_id', models.UUIDField(blank=True, null=True)),
                        ('job', models.CharField(choices=[('reply', 'Reply'), ('assessment', 'Assessment'), ('notes', 'Ticket notes'), ('update', 'Status update'), ('check', 'Configuration check')], max_length=10)),
                        ('provider', models.CharField(max_length=20)),
                        ('model', models.CharField(max_length=120)),
                        ('outcome', models.CharField(max_length=24)),
                        ('input_tokens', models.PositiveIntegerField(default=0)),
                        ('output_tokens', models.PositiveIntegerField(default=0)),
                        ('seconds', models.FloatField(default=0)),
                        ('at', models.DateTimeField(default=django.utils.timezone.now)),
                        ('account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account')),
                    ],
                    options={
                        'verbose_name': 'assistant call',
                        'verbose_name_plural': 'assistant calls',
                        'ordering': ['-at'],
                        'indexes': [models.Index(fields=['account', 'at'], name='assistant_calls_of_a_day')],
                    },
                ),
                migrations.CreateModel(
                    name='DailyUsage',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('day', models.DateField()),
                        ('calls', models.PositiveIntegerField(default=0)),
                        ('tokens', models.PositiveBigIntegerField(default=0)),
                        ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account')),
                    ],
                    options={
                        'verbose_name': 'daily usage',
                        'verbose_name_plural': 'daily usage',
                        'ordering': ['-day', 'account'],
                        'constraints': [models.UniqueConstraint(fields=('account', 'day'), name='one_row_per_account_and_day')],
                    },
                ),
            ],
        ),
        migrations.RunPython(move_permissions, migrations.RunPython.noop),
    ]
