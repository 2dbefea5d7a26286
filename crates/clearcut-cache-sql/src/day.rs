//! Days and moments, as people write them. All in UTC.

use std::fmt;

use serde::{Serialize, Serializer};

/// A day in milliseconds.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// A moment, in milliseconds since 1970. Shown and serialized as RFC 3339: `2026-11-20T09:41:00.250Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.rem_euclid(DAY_MS);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}.{:03}Z", Day::of_ms(self.0), ms % 1_000)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A day, counted from 1970-01-01. Shown as `2026-11-20`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(i64);

impl Day {
    /// The day that `ms` milliseconds since 1970 fall into.
    pub(crate) fn of_ms(ms: i64) -> Self {
        Self(ms.div_euclid(DAY_MS))
    }

    /// Its first millisecond.
    pub(crate) fn start_ms(self) -> i64 {
        self.0 * DAY_MS
    }

    /// The day `days` later.
    pub(crate) fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// `20261120`: sorts like the day itself.
    pub(crate) fn compact(self) -> String {
        let (year, month, day) = self.civil();
        format!("{year:04}{month:02}{day:02}")
    }

    /// Year, month and day: Howard Hinnant's `civil_from_days`
    /// (<https://howardhinnant.github.io/date_algorithms.html>).
    fn civil(self) -> (i64, i64, i64) {
        // Years are counted from the first of March of the year 0, so that the leap day is the last of its year.
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY_MS, Day, Timestamp};

    #[test]
    fn days_are_named_as_the_calendar_names_them() {
        for (number, name) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (19_782, "2024-02-29"),
            (20_777, "2026-11-20"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(Day::of_ms(number * DAY_MS).to_string(), name);
            assert_eq!(Day::of_ms(number * DAY_MS + DAY_MS - 1).to_string(), name);
            assert_eq!(Day::of_ms(number * DAY_MS).compact(), name.replace('-', ""));
        }
    }

    #[test]
    fn a_moment_is_written_as_rfc_3339() {
        assert_eq!(Timestamp(1_790_000_000_250).to_string(), "2026-09-21T14:13:20.250Z");
        assert_eq!(serde_json::to_string(&Timestamp(0)).unwrap(), "\"1970-01-01T00:00:00.000Z\"");
    }
}
