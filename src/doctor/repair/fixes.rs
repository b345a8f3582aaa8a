//! The fixes themselves.

use ndarray::{Array1, ArrayView2};

use super::super::replacement::{WRITTEN, gaps};
use super::layers::{Assigned, Layers, assign, counts, even_size, place};
use crate::metrics::buffers::{CodebookView, EmaSetting};
use crate::random::{self, Purpose};
use crate::rvq::code_sums::CodeSums;
use crate::rvq::refit::FixedCodes;
use crate::rvq::{Codebook, RvqError};

/// A code with less than this share of an even code's size is given up.
const GIVEN_UP: f64 = 0.1;

/// Passes over the frames in which new rows move to the mean of what chooses them.
const SETTLING: usize = 3;

/// A new row should serve this share of an even code's frames, and is drawn so often for it.
const WELL_PLACED: f64 = 0.3;
const DRAWS: usize = 4;

/// How much more error than frames an overloaded code has, and how much of all.
const ERROR_TIMES: f64 = 5.0;
const ERROR_SHARE: f64 = 0.05;

/// Rounds of a refit: codes anew, and so many passes over the layers at fixed codes.
const ROUNDS: usize = 4;
const SWEEPS: usize = 4;

/// So many frames at its old place a row is held by, so that rare rows do not follow single frames.
const RIDGE: f64 = 2.0;

/// The codes that no frame chose. Where there are too few frames to say, the sizes do.
fn dead(book: &Codebook, counts: &[u64]) -> Vec<usize> {
    let frames: u64 = counts.iter().sum();
    let even = even_size(book);
    let has_sizes = crate::metrics::buffers::has_ema(book);
    let is_small = |code: usize| has_sizes && book.cluster_size()[code] < GIVEN_UP * even;
    let is_judged = frames >= 10 * counts.len() as u64;
    (0..counts.len()).filter(|&code| counts[code] == 0 && (is_judged || is_small(code))).collect()
}

/// Moves `codes` to frames drawn in proportion to their error, and lets them settle there. One that ends among few frames has hit an outlier, and is
/// drawn again.
fn give_places(book: &mut Codebook, codes: &[usize], frames: ArrayView2<'_, f32>, seed: u64, layer: usize) {
    let mut rng = random::stream(seed, Purpose::Replacement, layer as u64);
    let size = even_size(book);
    let few = WELL_PLACED * frames.nrows() as f64 / book.num_codes() as f64;
    let mut pending = codes.to_vec();
    for _ in 0..DRAWS {
        if pending.is_empty() {
            return;
        }
        let Assigned { sq_dists, .. } = assign(book, frames);
        let drawn = random::choose_by_weight(&mut rng, &sq_dists, pending.len());
        for (&code, frame) in pending.iter().zip(drawn) {
            place(book, code, frames.row(frame), size);
        }
        for _ in 0..SETTLING {
            let Assigned { codes: chosen, .. } = assign(book, frames);
            let sums = CodeSums::new(frames, &chosen, book.num_codes());
            for &code in codes {
                let count = f64::from(sums.counts()[code]);
                if count > 0.0 {
                    let mean: Array1<f32> = sums.sums().row(code).mapv(|sum| (sum / count) as f32);
                    place(book, code, mean.view(), size);
                }
            }
        }
        let Assigned { codes: chosen, .. } = assign(book, frames);
        let counts = counts(&chosen, book.num_codes());
        pending = codes.iter().copied().filter(|&code| (counts[code] as f64) < few).collect();
    }
}

pub(super) fn replace_dead(layers: &mut Layers<'_>) -> Result<usize, RvqError> {
    let seed = layers.seed;
    layers.each(|layer, book, frames| {
        let Assigned { codes, .. } = assign(book, frames);
        let dead = dead(book, &counts(&codes, book.num_codes()));
        give_places(book, &dead, frames, seed, layer);
        dead.len()
    })
}

pub(super) fn merge_duplicates(layers: &mut Layers<'_>) -> Result<usize, RvqError> {
    let seed = layers.seed;
    layers.each(|layer, book, frames| {
        let view = CodebookView::of(book, EmaSetting::default());
        let mut free = Vec::new();
        for code in 0..book.num_codes() {
            let Some(other) = view.neighbours.get(code).map(|other| other.code as usize) else { continue };
            // The first of two stays, and takes what the other had.
            if other >= code || !view.is_near_duplicate(code, None) || free.contains(&other) {
                continue;
            }
            let (own, its) = (book.cluster_size()[code].max(0.0), book.cluster_size()[other].max(0.0));
            let share = if own + its > 0.0 { own / (own + its) } else { 0.5 };
            let (a, b) = (book.embed().row(code).to_owned(), book.embed().row(other).to_owned());
            let merged = &a * share as f32 + &b * (1.0 - share) as f32;
            place(book, other, merged.view(), own + its);
            free.push(code);
        }
        give_places(book, &free, frames, seed, layer);
        free.len()
    })
}

pub(super) fn split_overloaded(layers: &mut Layers<'_>) -> Result<usize, RvqError> {
    layers.each(|_, book, frames| {
        let Assigned { codes, sq_dists } = assign(book, frames);
        let used = counts(&codes, book.num_codes());
        let mut errors = vec![0.0; book.num_codes()];
        for (&code, &sq_dist) in codes.iter().zip(&sq_dists) {
            errors[code as usize] += f64::from(sq_dist);
        }
        let (all, error) = (frames.nrows() as f64, errors.iter().sum::<f64>());
        let mut split: Vec<usize> = (0..errors.len())
            .filter(|&code| {
                let share = errors[code] / error;
                share > ERROR_SHARE && share > ERROR_TIMES * used[code] as f64 / all
            })
            .collect();
        split.sort_by(|&a, &b| errors[b].total_cmp(&errors[a]));
        // The least used codes give up their places.
        let mut spare: Vec<usize> = (0..used.len()).filter(|code| !split.contains(code)).collect();
        spare.sort_by(|&a, &b| used[a].cmp(&used[b]).then(a.cmp(&b)));
        let mut changed = 0;
        for (&code, &other) in split.iter().zip(&spare) {
            let cell: Vec<usize> = (0..codes.len()).filter(|&frame| codes[frame] as usize == code).collect();
            let step = widest(book, code, frames, &cell);
            let row = book.embed().row(code).to_owned();
            let size = book.cluster_size()[code].max(0.0) / 2.0;
            place(book, code, (&row + &step).view(), size);
            place(book, other, (&row - &step).view(), size);
            changed += 2;
        }
        changed
    })
}

/// A step of one standard deviation along the direction in which a cell is widest, by power iteration.
fn widest(book: &Codebook, code: usize, frames: ArrayView2<'_, f32>, cell: &[usize]) -> Array1<f32> {
    const ITERATIONS: usize = 20;
    let row = book.embed().row(code).mapv(f64::from);
    let offsets: Vec<Array1<f64>> =
        cell.iter().map(|&frame| frames.row(frame).mapv(f64::from) - &row).collect();
    let mut axis = Array1::from_shape_fn(book.dim(), |d| 1.0 + 0.01 * d as f64);
    for _ in 0..ITERATIONS {
        let mut next = Array1::<f64>::zeros(book.dim());
        for offset in &offsets {
            next.scaled_add(offset.dot(&axis), offset);
        }
        let length = next.dot(&next).sqrt();
        if length <= 0.0 {
            return Array1::zeros(book.dim());
        }
        axis = next / length;
    }
    let variance =
        offsets.iter().map(|offset| offset.dot(&axis).powi(2)).sum::<f64>() / cell.len().max(1) as f64;
    axis.mapv(|v| (v * variance.sqrt()) as f32)
}

pub(super) fn fold_offset(layers: &mut Layers<'_>) -> Result<usize, RvqError> {
    let frames = layers.frames;
    if !layers.may_change(0) {
        return Ok(0);
    }
    let Some(book) = layers.books.first_mut() else { return Ok(0) };
    let sizes: Array1<f64> = book.cluster_size().mapv(|size| size.max(0.0));
    let total = sizes.sum().max(f64::MIN_POSITIVE);
    let mean =
        |d: usize| frames.column(d).iter().map(|&v| f64::from(v)).sum::<f64>() / frames.nrows().max(1) as f64;
    let shift: Array1<f64> = (0..book.dim())
        .map(|d| {
            let rows: f64 =
                book.embed().column(d).iter().zip(&sizes).map(|(&e, size)| f64::from(e) * size).sum();
            mean(d) - rows / total
        })
        .collect();
    for code in 0..book.num_codes() {
        let row = book.embed().row(code).mapv(f64::from) + &shift;
        place(book, code, row.mapv(|v| v as f32).view(), sizes[code]);
    }
    Ok(book.num_codes())
}

/// Alternates codes and rows: at fixed codes each layer's rows in turn are the least-squares answer to what the others leave, held by a few frames
/// at their old place; the codes are searched anew after some passes.
pub(super) fn refit(layers: &mut Layers<'_>) -> Result<usize, RvqError> {
    let (num_frames, only) = (layers.frames.nrows(), layers.only);
    for _ in 0..ROUNDS {
        let codes = layers.encode()?;
        let mut fixed =
            FixedCodes::new(layers.frames, codes.view(), layers.books.iter().map(Codebook::embed));
        for _ in 0..SWEEPS {
            layers.task.check()?;
            let may_change = |layer: usize| only.is_none_or(|only| only == layer);
            for (layer, book) in layers.books.iter_mut().enumerate().filter(|(layer, _)| may_change(*layer)) {
                let total: f64 = even_size(book) * book.num_codes() as f64;
                let (rows, counts) = fixed.move_layer(layer, book.embed(), RIDGE);
                for (code, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                    let size = total * f64::from(count) / num_frames.max(1) as f64;
                    place(book, code, rows.row(code), size);
                }
            }
        }
    }
    let changed = layers.books.iter().enumerate().filter(|(layer, _)| layers.may_change(*layer));
    Ok(changed.map(|(_, book)| book.num_codes()).sum())
}

/// Where the averages do not make a row that frames choose, or its size is below zero: sets the size to the code's share of the frames, and the sum
/// with it.
pub(super) fn align_averages(layers: &mut Layers<'_>) -> Result<usize, RvqError> {
    layers.each(|_, book, frames| {
        // Rows without an EMA state have none to be set right.
        if !crate::metrics::buffers::has_ema(book) {
            return 0;
        }
        let sizes = book.cluster_size().to_vec();
        let total: f64 = sizes.iter().map(|size| size.max(0.0)).sum();
        let gaps = gaps(book, &sizes, total, EmaSetting::default());
        let Assigned { codes, .. } = assign(book, frames);
        let counts = counts(&codes, book.num_codes());
        let is_off = |&code: &usize| counts[code] > 0 && (gaps[code] > WRITTEN || sizes[code] < 0.0);
        let off: Vec<usize> = (0..book.num_codes()).filter(is_off).collect();
        for &code in &off {
            let size = total * counts[code] as f64 / frames.nrows().max(1) as f64;
            let row = book.embed().row(code).to_owned();
            place(book, code, row.view(), size);
        }
        off.len()
    })
}
