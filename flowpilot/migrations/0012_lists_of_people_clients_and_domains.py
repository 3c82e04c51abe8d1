"""Indexes for lists of sessions, made while others write; then the ones that they replace go."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('accounts', '0005_sign_in_attempts'),
        ('flowpilot', '0011_lists_by_time'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='aisession',
            index=models.Index(fields=['account', '-updated_at', 'id'], include=('priority',), name='sessions_by_time'),
        ),
        AddIndexConcurrently(
            model_name='aisession',
            index=models.Index(fields=['user', 'account', '-updated_at', 'id'], include=('handler', 'client', 'domain', 'priority', 'status'), name='sessions_of_opener_by_time'),
        ),
        AddIndexConcurrently(
            model_name='aisession',
            index=models.Index(fields=['handler', 'account', '-updated_at', 'id'], include=('user', 'client', 'domain', 'priority', 'status'), name='sessions_of_handler_by_time'),
        ),
        AddIndexConcurrently(
            model_name='aisession',
            index=models.Index(fields=['account', 'client', '-updated_at', 'id'], include=('user', 'handler', 'domain', 'priority', 'status'), name='sessions_of_client_by_time'),
        ),
        AddIndexConcurrently(
            model_name='aisession',
            index=models.Index(fields=['account', 'domain', '-updated_at', 'id'], name='sessions_of_domain_by_time'),
        ),
        AddIndexConcurrently(
            model_name='aisession',
            index=models.Index(condition=models.Q(('status', 'resolved')), fields=['user', '-resolved_at'], name='resolved_of_opener'),
        ),
        AddIndexConcurrently(
            model_name='aisession',
            index=models.Index(condition=models.Q(('status', 'resolved')), fields=['handler', '-resolved_at'], name='resolved_of_handler'),
        ),
        RemoveIndexConcurrently(
            model_name='aisession',
            name='sessions_of_account_by_time',
        ),
        migrations.AlterField(
            model_name='aisession',
            name='account',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='accounts.account'),
        ),
        migrations.AlterField(
            model_name='aisession',
            name='handler',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='handled_sessions', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='aisession',
            name='user',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='opened_sessions', to=settings.AUTH_USER_MODEL, verbose_name='opened by'),
        ),
    ]
