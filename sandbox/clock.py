"""What time is it in the sandbox? China's wall clock, which tests can move on."""

from datetime import datetime, timedelta, timezone

# China has had no summer time since 1991: a fixed offset needs no tz database.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


class Clock:
    def __init__(self):
        self.offset = timedelta(0)

    def now(self):
        return datetime.now(SHANGHAI) + self.offset

    def advance(self, seconds=0, minutes=0, hours=0, days=0):
        self.offset += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self.now()


def dashed(moment):
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def compact(moment):
    return moment.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S")
