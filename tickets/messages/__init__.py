"""Mails beside the queue's own: announcements to guests, news to organizers, reminders."""
