//! The `.len` file that fairseq puts beside a `.npy` of many clips: a line a clip, with its number of frames.

use std::io::Read;

use crate::io::arrays::{RawFeatures, TimeAxis};
use crate::io::{Problem, Source};
use crate::text::msg;

/// Gives `features` the clips of the `.len` file beside them, where there is one and a row is a frame.
///
/// # Errors
/// It is there and tells of another number of frames.
pub(super) fn put_clips(source: &Source<'_>, features: &mut RawFeatures) -> Result<(), Problem> {
    if !features.clips.is_empty() || source.wanted.time_axis == Some(TimeAxis::Columns) {
        return Ok(());
    }
    let rows = features.values.view().nrows();
    let path = source.path.with_extension("len");
    let Ok(lengths) = Source::open(&path) else { return Ok(()) };
    // A line takes two bytes at least, and no length is above the number of rows.
    const LONGEST_LINE: u64 = 24;
    let mut text = String::new();
    let most = LONGEST_LINE.saturating_mul(rows as u64 + 1);
    let read = (&lengths.file).take(most).read_to_string(&mut text);
    let lens: Option<Vec<usize>> = match read {
        Ok(_) if lengths.len <= most => {
            text.lines().filter(|line| !line.trim().is_empty()).map(|line| line.trim().parse().ok()).collect()
        }
        _ => None,
    };
    let name = lengths.name();
    // Some other program's file of that name.
    let Some(lens) = lens.filter(|lens| !lens.is_empty() && !lens.contains(&0)) else { return Ok(()) };
    let total = lens.iter().try_fold(0usize, |sum, len| sum.checked_add(*len));
    if total != Some(rows) {
        let clips = lens.len();
        return Err(Problem::Value(match total {
            Some(total) => msg!("file-other-lengths", name = name, total = total, clips = clips, rows = rows),
            None => msg!("file-other-lengths.beyond-counting", name = name, clips = clips, rows = rows),
        }));
    }
    features.clips =
        lens.into_iter().enumerate().map(|(nth, len)| (format!("clip {}", nth + 1), len)).collect();
    (features.time_axis, features.guess_reason) = (TimeAxis::Rows, msg!("axis-lengths-say", file = name));
    Ok(())
}
