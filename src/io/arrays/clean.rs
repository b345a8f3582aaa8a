//! What stands in codes and is none: masks, pads, the ids of a language model's own, and the staircase of a delay pattern.
//!
//! What is out of every doubt is left out and said; what is not is refused. Frames are moved only where the user asks for it.

use std::collections::BTreeMap;
use std::ops::Range;

use ndarray::{Array2, Axis};

use super::axis;
use super::codes::{Codes, NO_CODE, RawCodes};
use super::offsets;
use super::wanted::Cleaning;
use crate::io::Problem;
use crate::text::{Message, msg};

/// Ids below 0 that are in use for "no code": vector-quantize-pytorch's, and that of PyTorch's losses.
const MASKS: [i32; 2] = [-1, -100];

/// What a place without a code holds on the way.
const NONE: i32 = -1;

/// The codes with what is no code taken out.
///
/// `sizes` is `K` of each layer, or one for all, or empty where it is not known.
///
/// # Errors
/// An id is no code and it is not clear what else, or nothing is left.
pub(in crate::io) fn cleaned(
    mut codes: RawCodes,
    cleaning: &Cleaning,
    sizes: &[usize],
) -> Result<Codes, Problem> {
    mask(&mut codes, cleaning)?;
    let mut codes = trimmed(codes)?;
    match &cleaning.offsets {
        Some(offsets) => codes = offsets::undo(codes, offsets)?,
        None if codes.is_own => {}
        None => codes.notices.extend(offsets::notice(&codes)),
    }
    if !(codes.is_own && sizes.is_empty()) {
        specials(&mut codes, sizes)?;
    }
    codes = delays(codes, cleaning)?;
    codes = trimmed(codes)?;
    let RawCodes { values, clips, time_axis, guess_reason, notices, stated, is_own: _, as_stored } = codes;
    let shape = values.dim();
    // -1 becomes NO_CODE; the numbers stay where they are.
    let (values, _) = axis::standard(values).into_raw_vec_and_offset();
    let values = values.into_iter().map(|id| if id < 0 { NO_CODE } else { id.unsigned_abs() }).collect();
    let values = Array2::from_shape_vec(shape, values)
        .map_err(|_| Problem::malformed(msg!("array-too-many-codes")))?;
    Ok(Codes { values, time_axis, guess_reason, clips, notices, stated, as_stored })
}

/// Marks the ids that stand for no code.
fn mask(codes: &mut RawCodes, cleaning: &Cleaning) -> Result<(), Problem> {
    /// Places of an id by layer.
    type Places = BTreeMap<i32, Vec<usize>>;
    let layers = codes.values.nrows();
    let mut places = Places::new();
    for (layer, mut row) in codes.values.axis_iter_mut(Axis(0)).enumerate() {
        for (frame, id) in row.iter_mut().enumerate() {
            if !(*id < 0 || cleaning.ignore.contains(id)) {
                continue;
            }
            if !(MASKS.contains(id) || cleaning.ignore.contains(id)) {
                return Err(Problem::Value(msg!("array-no-code", layer = layer, frame = frame, id = *id)));
            }
            let by_layer = places.entry(*id).or_insert_with(|| vec![0; layers]);
            if let Some(count) = by_layer.get_mut(layer) {
                *count += 1;
            }
            *id = NONE;
        }
    }
    codes.notices.extend(places.iter().map(|(id, by_layer)| left_out(*id, by_layer)));
    Ok(())
}

/// What is said of an id that was left out.
fn left_out(id: i32, by_layer: &[usize]) -> Message {
    let total: usize = by_layer.iter().sum();
    let alike = by_layer.iter().all(|count| Some(count) == by_layer.first());
    match (by_layer.len(), alike) {
        (1, _) => msg!("array-none-in-places", id = id, n = total),
        (_, true) => msg!("array-none-in-every-layer", id = id, n = total),
        _ => msg!("array-none-by-layer", id = id, n = total, layers = counts(by_layer)),
    }
}

/// How many places each layer has that has any: of the first few layers.
fn counts(by_layer: &[usize]) -> Message {
    const SHOWN: usize = 8;
    let layers = by_layer.iter().copied().enumerate().filter(|(_, count)| *count > 0);
    let told = layers.clone().take(SHOWN).fold(None, |before: Option<Message>, (layer, count)| {
        Some(match before {
            None => msg!("array-layer-count", layer = layer, count = count),
            Some(before) => msg!("array-layer-counts", before = before, layer = layer, count = count),
        })
    });
    let told = told.unwrap_or(Message::verbatim(""));
    if layers.count() > SHOWN { msg!("array-layer-counts-more", before = told) } else { told }
}

/// The frames of each clip.
fn ranges(codes: &RawCodes) -> Vec<Range<usize>> {
    if codes.clips.is_empty() {
        return vec![0..codes.values.ncols()];
    }
    let mut start = 0;
    let range = |(_, len): &(String, usize)| {
        start += len;
        start - len..start
    };
    codes.clips.iter().map(range).collect()
}

/// The codes without the frames at either end of a clip in which no layer has a code.
///
/// # Errors
/// No frame is left.
fn trimmed(mut codes: RawCodes) -> Result<RawCodes, Problem> {
    let is_empty = |codes: &RawCodes, frame: usize| codes.values.column(frame).iter().all(|&id| id < 0);
    let mut kept = Vec::new();
    for range in ranges(&codes) {
        let first = range.clone().find(|&frame| !is_empty(&codes, frame));
        let last = range.clone().rev().find(|&frame| !is_empty(&codes, frame));
        kept.push(match (first, last) {
            (Some(first), Some(last)) => first..last + 1,
            _ => range.start..range.start,
        });
    }
    let frames: usize = kept.iter().map(ExactSizeIterator::len).sum();
    let cut = codes.values.ncols() - frames;
    if cut == 0 {
        return Ok(codes);
    }
    if frames == 0 {
        return Err(Problem::Value(msg!("array-nothing-but-none")));
    }
    codes.notices.push(msg!("array-frames-cut", cut = cut));
    moved(codes, &kept, |_, frame| frame)
}

/// The codes at `kept` frames, a range a clip; `from` says where the code of a layer and a kept frame is taken from.
fn moved(
    codes: RawCodes,
    kept: &[Range<usize>],
    from: impl Fn(usize, usize) -> usize,
) -> Result<RawCodes, Problem> {
    let frames: usize = kept.iter().map(ExactSizeIterator::len).sum();
    let mut values = Array2::from_elem((codes.values.nrows(), frames), NONE);
    for (layer, mut row) in values.axis_iter_mut(Axis(0)).enumerate() {
        for (place, frame) in row.iter_mut().zip(kept.iter().cloned().flatten()) {
            *place = codes.values.get([layer, from(layer, frame)]).copied().unwrap_or(NONE);
        }
    }
    let clips = codes.clips.iter().zip(kept).map(|((name, _), range)| (name.clone(), range.len()));
    let clips = clips.filter(|(_, len)| *len > 0).collect();
    Ok(RawCodes { values, clips, ..codes })
}

/// Codes from which a pattern can be told, and different ids that it has at the most: for the beginning, the end and what is padded.
const LEAST_CODES: usize = 16;
const MOST_PADS: usize = 3;

/// Marks ids that no codebook has where they stand at the ends of clips only, and refuses them elsewhere.
fn specials(codes: &mut RawCodes, sizes: &[usize]) -> Result<(), Problem> {
    let layers = codes.values.nrows();
    let size = |layer: usize| sizes.get(layer).or(sizes.first()).copied();
    let is_known = !sizes.is_empty();
    let limits: Vec<i64> = match is_known {
        true => (0..layers).map(|layer| size(layer).map_or(i64::MAX, |size| size as i64)).collect(),
        false => match supposed_size(codes) {
            Some(size) => vec![size; layers],
            None => return Ok(()),
        },
    };
    let is_special = |layer: usize, id: i32| limits.get(layer).is_some_and(|&limit| i64::from(id) >= limit);
    let mut by_id: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (layer, row) in codes.values.rows().into_iter().enumerate() {
        for &id in row.iter().filter(|&&id| is_special(layer, id)) {
            if let Some(count) = by_id.entry(id).or_insert_with(|| vec![0; layers]).get_mut(layer) {
                *count += 1;
            }
        }
        // More are no specials but codes of a larger codebook.
        const MOST_SPECIALS: usize = 16;
        if by_id.len() > MOST_SPECIALS {
            break;
        }
    }
    let Some((&first, _)) = by_id.first_key_value() else { return Ok(()) };
    let ends = ends(codes, |layer, id| id < 0 || is_special(layer, id));
    let inside = inside(codes, &ends, is_special);
    // With K known, whatever stands at the ends alone is a pad; without, a pattern has to show that is there by no chance.
    let specials: usize = by_id.values().flatten().sum();
    let few = codes.values.len() - specials >= LEAST_CODES && by_id.len() <= MOST_PADS;
    let pattern = few && (staircase(&ends).is_some() || (by_id.len() == 1 && is_padded(&ends)));
    if inside.is_none() && (is_known || pattern) {
        for (layer, mut row) in codes.values.axis_iter_mut(Axis(0)).enumerate() {
            row.iter_mut().filter(|id| is_special(layer, **id)).for_each(|id| *id = NONE);
        }
        codes.notices.extend(by_id.iter().map(|(id, by_layer)| left_out(*id, by_layer)));
        return Ok(());
    }
    if !is_known {
        return Ok(());
    }
    let (layer, frame) = inside.unwrap_or_default();
    let limit = limits.get(layer).copied().unwrap_or(0);
    let id = codes.values.get([layer, frame]).copied().unwrap_or(first);
    Err(Problem::Value(msg!(
        "array-no-code-of-codebook",
        layer = layer,
        frame = frame,
        id = id,
        limit = limit,
        first = first
    )))
}

/// `K` where the largest ids look like specials that were put behind it: the power of two at or below them.
fn supposed_size(codes: &RawCodes) -> Option<i64> {
    const LEAST: u32 = 4;
    let largest = codes.values.iter().copied().max().filter(|&id| id > 0)?;
    let bits = largest.ilog2();
    (bits >= LEAST).then_some(1 << bits)
}

/// How many frames at each end of each clip, by layer, are no codes.
struct Ends {
    /// By clip, by layer: in front and behind.
    clips: Vec<Vec<(usize, usize)>>,
    ranges: Vec<Range<usize>>,
}

fn ends(codes: &RawCodes, is_none: impl Fn(usize, i32) -> bool) -> Ends {
    let ranges = ranges(codes);
    let of_clip = |range: &Range<usize>| {
        let rows = codes.values.rows().into_iter().enumerate();
        rows.map(|(layer, row)| {
            let none = |frame: &usize| row.get(*frame).is_some_and(|&id| is_none(layer, id));
            let front = range.clone().take_while(none).count();
            let back = range.clone().rev().take_while(none).count();
            (front, back.min(range.len() - front))
        })
        .collect()
    };
    Ends { clips: ranges.iter().map(of_clip).collect(), ranges }
}

/// The first special that stands between the ends.
fn inside(codes: &RawCodes, ends: &Ends, is_special: impl Fn(usize, i32) -> bool) -> Option<(usize, usize)> {
    ends.ranges.iter().zip(&ends.clips).find_map(|(range, layers)| {
        layers.iter().enumerate().find_map(|(layer, &(front, back))| {
            let row = codes.values.row(layer);
            let mut between = range.start + front..range.end.saturating_sub(back);
            between
                .find(|&frame| row.get(frame).is_some_and(|&id| is_special(layer, id)))
                .map(|frame| (layer, frame))
        })
    })
}

/// By how many frames each layer is late, where all clips show the same: later layers begin later, and end later.
fn staircase(ends: &Ends) -> Option<Vec<usize>> {
    let delays = |layers: &[(usize, usize)]| -> Option<Vec<usize>> {
        let (front, _) = *layers.first()?;
        layers.iter().map(|(own, _)| own.checked_sub(front)).collect()
    };
    let first = delays(ends.clips.first()?)?;
    let rises = first.windows(2).all(|pair| matches!(pair, [a, b] if a <= b)) && first.last()? > &0;
    let same = ends.clips.iter().all(|layers| delays(layers).as_ref() == Some(&first));
    // Two layers of which one begins later may do so by chance; three that climb step by step do not.
    let steps = first.windows(2).filter(|pair| matches!(pair, [a, b] if a < b)).count();
    let mirrored = ends.clips.iter().all(|layers| {
        let back = layers.last().map_or(0, |(_, back)| *back);
        layers.iter().zip(&first).all(|((_, own), delay)| own + delay >= back)
            && layers.first().is_some_and(|(_, own)| own > &back)
    });
    (rises && same && (steps > 1 || mirrored)).then_some(first)
}

/// Whether clips are filled up at their ends, in all layers alike.
fn is_padded(ends: &Ends) -> bool {
    const LEAST: usize = 3;
    let alike = |layers: &Vec<(usize, usize)>| layers.iter().all(|own| Some(own) == layers.first());
    ends.clips.iter().all(alike)
        && ends.clips.iter().flatten().any(|(front, back)| *front >= LEAST || *back >= LEAST)
}

/// Makes good the delay of layers where the user asks for it, and tells of one that is left.
fn delays(mut codes: RawCodes, cleaning: &Cleaning) -> Result<RawCodes, Problem> {
    let seen = staircase(&ends(&codes, |_, id| id < 0));
    let listed = |delays: &[usize]| delays.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let Some(given) = &cleaning.delay else {
        codes.notices.extend(seen.map(|seen| msg!("array-delayed", delays = listed(&seen))));
        return Ok(codes);
    };
    let layers = codes.values.nrows();
    let delays = match (given.len(), seen) {
        (0, Some(seen)) => seen,
        (0, None) => {
            return Err(Problem::Unsupported(msg!("array-no-delay")));
        }
        (len, _) if len == layers => given.clone(),
        (len, _) => {
            return Err(Problem::Unsupported(msg!("array-delay-of-others", given = len, layers = layers)));
        }
    };
    let latest = delays.iter().copied().max().unwrap_or(0);
    let kept: Vec<_> = ranges(&codes)
        .into_iter()
        .map(|range| range.start..range.end.saturating_sub(latest).max(range.start))
        .collect();
    codes.notices.push(msg!("array-delay-undone", delays = listed(&delays)));
    moved(codes, &kept, |layer, frame| frame + delays.get(layer).copied().unwrap_or(0))
}
