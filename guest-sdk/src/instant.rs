//! Points in time, without a clock.

use core::cmp::Ordering;
use core::fmt;

/// Seconds in a day, the unit in which retention periods are usually declared.
pub const DAY: i64 = 86_400;

/// A point in time in UTC, as the host sends it: RFC 3339 text that ends in `Z`.
///
/// A plugin has no clock: the only instants are facts (`at` is the time of the event judged) and constants
/// of its own, written by [`utc`](Self::utc). Instants are ordered in time.
///
/// ```
/// use licit_guest::{DAY, Instant};
///
/// const LAUNCH: Instant<'_> = Instant::utc("2026-03-01T00:00:00Z");
///
/// let at = Instant::utc("2026-03-02T12:00:00.5Z");
/// assert!(at > LAUNCH);
/// assert_eq!(at.seconds_since(LAUNCH), DAY + DAY / 2);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instant<'a>(&'a str);

impl<'a> Instant<'a> {
    /// The instant that this text states, or `None` when it is not of the form
    /// `YYYY-MM-DDThh:mm:ss[.fraction]Z`. The form is checked, not the calendar: the host has done that.
    pub const fn parse(text: &'a str) -> Option<Self> {
        const FORM: &[u8; 19] = b"0000-00-00T00:00:00";
        let bytes = text.as_bytes();
        let (Some((second, rest)), Some(b'Z')) = (bytes.split_first_chunk::<19>(), bytes.last()) else {
            return None;
        };
        let (mut second, mut form) = (second.as_slice(), FORM.as_slice());
        while let ([byte, after @ ..], [expected, form_after @ ..]) = (second, form) {
            let fits = if *expected == b'0' {
                byte.is_ascii_digit()
            } else {
                *byte == *expected
            };
            if !fits {
                return None;
            }
            (second, form) = (after, form_after);
        }
        let mut fraction = match rest {
            [b'Z'] => return Some(Self(text)),
            [b'.', fraction @ ..] if fraction.len() > 1 => fraction,
            _ => return None,
        };
        while let [digit, after @ ..] = fraction {
            if !digit.is_ascii_digit() && !after.is_empty() {
                return None;
            }
            fraction = after;
        }
        Some(Self(text))
    }

    /// A text that `parse` has taken before.
    pub(crate) const fn admitted(text: &'a str) -> Self {
        Self(text)
    }

    /// A constant instant.
    ///
    /// # Panics
    ///
    /// When the text is not of the form that [`parse`](Self::parse) takes; in a `const` that is a compile
    /// error.
    #[expect(clippy::panic, reason = "for constants, where it is a compile error")]
    #[must_use]
    pub const fn utc(text: &'a str) -> Self {
        match Self::parse(text) {
            Some(instant) => instant,
            None => panic!("an instant must be written like 2026-03-01T00:00:00Z"),
        }
    }

    /// The text, as it was sent.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, negative before it; a fraction is cut off.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        let number = |from: usize, to: usize| {
            let digits = self.0.as_bytes().get(from..to).unwrap_or_default();
            digits.iter().fold(0, |number, digit| {
                number * 10 + i64::from(digit.wrapping_sub(b'0'))
            })
        };
        // Days since 1970 in the proleptic Gregorian calendar, with years that begin in March, so that the
        // leap day is the last one.
        let (month, day) = (number(5, 7), number(8, 10));
        let year = if month <= 2 {
            number(0, 4) - 1
        } else {
            number(0, 4)
        };
        let era = year.div_euclid(400);
        let year_of_era = year - era * 400;
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        days * DAY + number(11, 13) * 3_600 + number(14, 16) * 60 + number(17, 19)
    }

    /// Seconds from `earlier` to this instant; negative when `earlier` is later.
    #[must_use]
    pub fn seconds_since(self, earlier: Instant<'_>) -> i64 {
        self.unix_seconds() - earlier.unix_seconds()
    }
}

impl Ord for Instant<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without the `Z`, so that a whole second comes before its own fractions.
        self.0.trim_end_matches('Z').cmp(other.0.trim_end_matches('Z'))
    }
}

impl PartialOrd for Instant<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Instant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Instant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Instant;

    #[test]
    fn only_normalised_text_is_an_instant() {
        for text in ["2026-11-23T10:00:00Z", "0001-01-01T00:00:00.000001Z"] {
            assert_eq!(Instant::parse(text).map(Instant::as_str), Some(text));
        }
        for text in [
            "",
            "Z",
            "2026-11-23",
            "2026-11-23T10:00:00",
            "2026-11-23T10:00:00+01:00",
            "2026-11-23 10:00:00Z",
            "2026-11-23T10:00:00.Z",
            "2026-11-23T10:00:00.5ZZ",
            "2026-11-23T10:00:00,5Z",
            "2026-11-23T1o:00:00Z",
            "2026-11-23T10:00:00é",
        ] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }

    #[test]
    fn instants_are_ordered_in_time() {
        let ordered = [
            "1969-12-31T23:59:59Z",
            "2026-11-23T10:00:00Z",
            "2026-11-23T10:00:00.25Z",
            "2026-11-23T10:00:00.5Z",
            "2026-11-23T10:00:01Z",
        ];
        assert!(ordered.map(Instant::utc).is_sorted());
    }

    #[test]
    fn seconds_agree_with_known_dates() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2024-12-31T23:59:59.9Z", 1_735_689_599),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("0001-01-01T00:00:00Z", -62_135_596_800),
        ] {
            assert_eq!(Instant::utc(text).unix_seconds(), seconds, "{text}");
        }
    }
}
