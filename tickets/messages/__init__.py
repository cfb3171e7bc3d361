"""Which mails leave beside those of a decision: announcements, reminders, news to organizers."""
