"""What triggers declare: route templates, key levels, schedules and blob paths. Pure."""
