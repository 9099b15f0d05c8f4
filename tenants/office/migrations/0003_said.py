from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('office', '0002_moves'),
    ]

    operations = [
        migrations.AddField(
            model_name='templaterelease',
            name='said',
            field=models.JSONField(db_default={}, default=dict, help_text='what each plain migration said to the template, as SQL'),
        ),
    ]
