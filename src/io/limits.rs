//! What compressed files may unpack to: room for every honest one, and what the user says instead.

use std::sync::OnceLock;

use super::Problem;
use crate::text::{Message, msg};

/// The environment variable that says what a compressed file may unpack to, as [`byte_count`] reads it.
pub const UNPACK_LIMIT_VAR: &str = "RVQSCOPE_UNPACK_LIMIT"; // not a text

/// The flag of the command line that says the same, and wins.
pub const UNPACK_LIMIT_FLAG: &str = "unpack-limit";

/// What the user says, for the whole process: read off the environment once, unless it was set before.
static CHOSEN: OnceLock<Option<u64>> = OnceLock::new();

/// What the entries of one archive may unpack to.
const ARCHIVE_BYTES: u64 = 4 << 30;

/// What coded audio may unpack to in 32-bit samples: so much, and so many times the file's size on top, far beyond what speech and music need.
const AUDIO_BYTES: u64 = 64 << 20;
const AUDIO_TIMES: u64 = 256;

/// What reading the columns of a table may take: so much, and so many times the file's size on top. Codes of one bit in lists of 64-bit numbers, which
/// a dictionary makes small, take 160 times their size.
const TABLE_BYTES: u64 = 8 << 20;
const TABLE_TIMES: u64 = 256;

/// Says for the whole process what a compressed file may unpack to, in bytes. Counts when it is called before the first file is opened.
pub fn set_unpack_limit(bytes: u64) {
    let _ = CHOSEN.set(Some(bytes));
}

/// A number of bytes as a person writes it: `1000000`, `512M`, `2G`, `1GiB`. The units are powers of 1024.
#[must_use]
pub fn byte_count(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = text.strip_suffix(unit)?;
    let exponent = match unit.trim_start().to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 1, // not a text
        "M" | "MB" | "MIB" => 2, // not a text
        "G" | "GB" | "GIB" => 3, // not a text
        "T" | "TB" | "TIB" => 4, // not a text
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << (10 * exponent)).filter(|&bytes| bytes > 0)
}

/// What an archive may unpack to, in bytes.
pub(super) fn of_archive() -> u64 {
    chosen().unwrap_or(ARCHIVE_BYTES)
}

/// What coded audio in a file of `file_len` bytes may unpack to, in bytes.
pub(super) fn of_audio(file_len: u64) -> u64 {
    chosen().unwrap_or_else(|| AUDIO_BYTES.saturating_add(file_len.saturating_mul(AUDIO_TIMES)))
}

/// What reading the columns of a table in a file of `file_len` bytes may take, in bytes.
pub(super) fn of_table(file_len: u64) -> u64 {
    chosen().unwrap_or_else(|| TABLE_BYTES.saturating_add(file_len.saturating_mul(TABLE_TIMES)))
}

/// The refusal of what unpacks to `bytes`, or to more where `or_more`, when `limit` are allowed.
pub(super) fn exceeded(bytes: u64, or_more: bool, limit: u64) -> Problem {
    let (number, unit) = sized(bytes.max(2).checked_next_power_of_two().unwrap_or(1 << 63));
    let enough = format!("{number}{}", unit.trim_end_matches("iB")); // not a text
    let (flag, var) = (UNPACK_LIMIT_FLAG, UNPACK_LIMIT_VAR);
    let (size, limit) = (shown(bytes), shown(limit));
    Problem::Unsupported(if or_more {
        msg!("file-unpacks-to-more", size = size, limit = limit, flag = flag, var = var, enough = enough)
    } else {
        msg!("file-unpacks-to", size = size, limit = limit, flag = flag, var = var, enough = enough)
    })
}

fn chosen() -> Option<u64> {
    *CHOSEN.get_or_init(|| std::env::var(UNPACK_LIMIT_VAR).ok().and_then(|text| byte_count(&text)))
}

/// `bytes` in the largest unit of which there is a whole one.
fn shown(bytes: u64) -> Message {
    match sized(bytes) {
        (number, BYTES) => msg!("file-bytes", n = number),
        (number, unit) => Message::verbatim(format!("{number} {unit}")),
    }
}

const BYTES: &str = "bytes";

/// The number and the unit.
fn sized(bytes: u64) -> (String, &'static str) {
    const UNITS: [&str; 5] = [BYTES, "KiB", "MiB", "GiB", "TiB"]; // not a text
    let power = (bytes.max(1).ilog2() as usize / 10).min(UNITS.len() - 1);
    let unit = UNITS.get(power).copied().unwrap_or_default();
    let number = bytes as f64 / (1u64 << (10 * power)) as f64;
    if bytes.is_multiple_of(1 << (10 * power)) {
        (number.to_string(), unit)
    } else {
        (format!("{number:.1}"), unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("4096", 4096),
            (" 512M ", 512 << 20),
            ("2g", 2 << 30),
            ("1 GiB", 1 << 30),
            ("3KB", 3 << 10),
            ("1T", 1 << 40),
        ] {
            assert_eq!(byte_count(text), Some(bytes), "{text}");
        }
        for text in ["", "0", "M", "-1", "1.5G", "2X", "99999999999T", "²"] {
            assert_eq!(byte_count(text), None, "{text}");
        }
    }

    #[test]
    fn the_refusal_names_a_limit_that_would_do() {
        for (bytes, limit, words, enough) in [
            ((5 << 30) + 1, 4 << 30, "unpacks to 5.0 GiB, but 4 GiB are allowed", "8G"),
            (700 << 20, 512 << 20, "unpacks to 700 MiB, but 512 MiB are allowed", "1G"),
            (3000, 1, "unpacks to 2.9 KiB, but 1 bytes are allowed", "4K"),
            (u64::MAX, 4 << 30, "but 4 GiB are allowed", "8388608T"),
        ] {
            let text = exceeded(bytes, false, limit).to_string();
            assert!(text.contains(words) && text.contains(&format!("--unpack-limit {enough},")), "{text}");
            assert!(byte_count(enough).is_none_or(|enough| enough >= bytes.min(1 << 63)), "{text}");
        }
    }
}
