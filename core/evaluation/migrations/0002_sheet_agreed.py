from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evaluation", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="sheet",
            name="agreed",
            field=models.BooleanField(
                db_default=False, default=False, help_text="whether the team agreed on what counts"
            ),
        ),
    ]
