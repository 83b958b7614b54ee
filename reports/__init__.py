"""Paper: functions of a read-only session, a day, a log position and a checkpoint."""
