//! Ids that were shifted so that every layer has a range of its own: seen, and undone where the user asks for it.
//!
//! Language models over codes have one vocabulary for all layers: `id = base + layer * step + code`. Orpheus flattens the layers of a frame as
//! well, so that one row holds slot after slot.

use ndarray::{Array2, Axis};

use super::codes::RawCodes;
use super::wanted::Offsets;
use crate::io::Problem;
use crate::text::{Message, msg};

/// Ranges of ids, a layer each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ranges {
    /// Layers, or slots of a flattened frame.
    count: usize,
    step: i64,
    base: i64,
}

/// Slots of a frame at the most.
const MOST_SLOTS: usize = 64;

/// Codes by which ranges are recognised.
const LOOKED_AT: usize = 1 << 14;

/// Fewer frames than these have disjoint ranges by chance.
const LEAST_FRAMES: usize = 8;

/// Where the audio tokens of Orpheus begin; the smallest id of a file may lie above it.
const KNOWN_BASES: [i64; 2] = [0, 128_266];

/// What is to be told of ids that look shifted and were left as they are.
pub(super) fn notice(codes: &RawCodes) -> Option<Message> {
    let Ranges { count, step, base } = ranges(codes, &Offsets::default())?;
    Some(match (codes.values.nrows(), base) {
        (1, 0) => msg!("array-flattened", count = count, step = step),
        (1, base) => msg!("array-flattened-from", count = count, step = step, base = base),
        (_, 0) => msg!("array-shifted", step = step),
        (_, base) => msg!("array-shifted-from", step = step, base = base),
    })
}

/// Undoes the shift.
///
/// # Errors
/// There is none, or an id lies outside of its layer's range.
pub(super) fn undo(mut codes: RawCodes, offsets: &Offsets) -> Result<RawCodes, Problem> {
    let no_shift = || Problem::Unsupported(msg!("array-no-shift"));
    let found = ranges(&codes, offsets).ok_or_else(no_shift)?;
    let Ranges { count, step, base } = found;
    if codes.values.nrows() == 1 && count > 1 {
        codes = unflattened(codes, count)?;
    }
    for (layer, mut row) in codes.values.axis_iter_mut(Axis(0)).enumerate() {
        let first = base + layer as i64 * step;
        for (frame, id) in row.iter_mut().enumerate().filter(|(_, id)| **id >= 0) {
            let code = i64::from(*id) - first;
            if !(0..step).contains(&code) {
                return Err(Problem::Value(msg!(
                    "array-outside-of-layer",
                    layer = layer,
                    frame = frame,
                    id = *id,
                    first = first,
                    last = first + step - 1
                )));
            }
            *id = i32::try_from(code).unwrap_or(i32::MAX);
        }
    }
    codes.notices.push(msg!("array-shift-undone", step = step, base = base));
    Ok(codes)
}

/// One row of slot after slot as a row a slot. What is left of a frame at the end of a clip is cut off.
fn unflattened(codes: RawCodes, count: usize) -> Result<RawCodes, Problem> {
    let total = codes.values.ncols();
    let clips = if codes.clips.is_empty() { vec![(String::new(), total)] } else { codes.clips.clone() };
    let frames: usize = clips.iter().map(|(_, len)| len / count).sum();
    if frames == 0 {
        return Err(Problem::Unsupported(msg!("array-no-frame-of-slots", count = count)));
    }
    let mut values = Array2::zeros((count, frames));
    let (mut from, mut to, mut cut) = (0, 0, 0);
    for (_, len) in &clips {
        for slot in 0..len / count * count {
            if let (Some(&id), Some(place)) =
                (codes.values.get([0, from + slot]), values.get_mut([slot % count, to + slot / count]))
            {
                *place = id;
            }
        }
        from += len;
        to += len / count;
        cut += len % count;
    }
    let mut notices = codes.notices;
    if cut > 0 {
        notices.push(msg!("array-slots-cut", cut = cut, count = count));
    }
    let clips = match codes.clips.is_empty() {
        true => Vec::new(),
        false => {
            clips.into_iter().map(|(name, len)| (name, len / count)).filter(|(_, len)| *len > 0).collect()
        }
    };
    Ok(RawCodes { values, clips, notices, ..codes })
}

/// The ranges that the ids of each layer, or of each slot of a row, lie in.
fn ranges(codes: &RawCodes, offsets: &Offsets) -> Option<Ranges> {
    let layers = codes.values.nrows();
    if layers > 1 {
        if codes.values.ncols() < LEAST_FRAMES && offsets.step.is_none() {
            return None;
        }
        let bounds: Option<Vec<_>> =
            codes.values.rows().into_iter().map(|row| bounds(row.iter().copied())).collect();
        return fitted(&bounds?, offsets);
    }
    let first_clip = codes.clips.first().map_or(codes.values.ncols(), |(_, len)| *len);
    let ids: Vec<i32> = codes.values.iter().copied().take(first_clip.min(LOOKED_AT)).collect();
    (2..=MOST_SLOTS).filter(|count| ids.len() / count >= LEAST_FRAMES).find_map(|count| {
        let slot = |slot: usize| bounds(ids.iter().copied().skip(slot).step_by(count));
        let bounds: Option<Vec<_>> = (0..count).map(slot).collect();
        fitted(&bounds?, offsets)
    })
}

/// The smallest and the largest id.
fn bounds(ids: impl Iterator<Item = i32>) -> Option<(i64, i64)> {
    ids.filter(|&id| id >= 0).map(i64::from).fold(None, |found, id| match found {
        None => Some((id, id)),
        Some((least, most)) => Some((least.min(id), most.max(id))),
    })
}

/// Sizes of codebooks that are no powers of two.
const ROUND_STEPS: [i64; 7] = [100, 200, 500, 1000, 2000, 5000, 10_000];

/// A base and a step that put all ids of each layer inside its range: the smallest of the usual steps that does.
fn fitted(bounds: &[(i64, i64)], offsets: &Offsets) -> Option<Ranges> {
    if bounds.windows(2).any(|pair| matches!(pair, [(_, most), (least, _)] if least <= most)) {
        return None;
    }
    const MOST_BITS: u32 = 24;
    let steps: Vec<i64> = match offsets.step {
        Some(step) => vec![i64::from(step)],
        None => {
            let mut steps: Vec<i64> = (1..=MOST_BITS).map(|bits| 1 << bits).chain(ROUND_STEPS).collect();
            steps.sort_unstable();
            steps
        }
    };
    steps.into_iter().find_map(|step| {
        let layers = || (0..).zip(bounds);
        // base + layer * step <= least and most < base + (layer + 1) * step, for every layer.
        let highest = layers().map(|(layer, (least, _))| least - layer * step).min()?;
        let lowest = layers().map(|(layer, (_, most))| most + 1 - (layer + 1) * step).max()?.max(0);
        let fits = |base: &i64| (lowest..=highest).contains(base);
        let base = match offsets.base {
            Some(base) => Some(i64::from(base)).filter(fits)?,
            None => KNOWN_BASES.into_iter().find(fits).or((lowest <= highest).then_some(highest))?,
        };
        Some(Ranges { count: bounds.len(), step, base })
    })
}
