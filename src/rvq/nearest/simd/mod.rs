//! The instruction sets: beside the map of files, the one place with unsafe code.
//!
//! Two kinds of unsafety, each argued once. *Features*: a kernel type is made in [`dispatch`] alone, after
//! [`Kernel::is_available`] has found its instructions, so its methods may use them. *Loads*: a kernel reads vectors
//! that lie within an array or within a slice whose length it has checked.
#![allow(unsafe_code)]

use std::ops::Range;

use super::encode::{Format, ROUND, UNROLL};
use super::kernel::Kernel;
use super::layout::{Lanes, PANEL, PanelCodes, TILE, Tile, Units, Words};
use super::row_table::RowTable;

/// A set of instructions.
pub(super) trait Simd: Copy {
    /// How rows are held.
    const FORMAT: Format;

    /// The scores of the tile's frames with the codes of a panel: `|c|^2 - 2 x^.c^`, of the rounded frame and code.
    fn scores(self, panel: &[Words], codes: &PanelCodes, tile: &Tile, scores: &mut [Lanes; TILE]);

    /// Brings `least`, the smallest upper bound of each lane, up to date with the scores of frame `f`.
    #[inline(always)]
    fn least_upper(self, scores: &[[Lanes; TILE]], f: usize, widths: &[f32], least: &mut Lanes) {
        for (scores, width) in scores.iter().zip(widths) {
            for l in 0..PANEL {
                let upper = scores[f].0[l] + width;
                least.0[l] = if upper < least.0[l] { upper } else { least.0[l] };
            }
        }
    }

    /// Asks for data that will be read soon.
    #[inline(always)]
    fn prefetch<T>(self, _data: &[T]) {}

    /// Asks for data that will be read later, and no nearer than the second cache.
    #[inline(always)]
    fn prefetch_far<T>(self, _data: &[T]) {}

    /// The lanes that are at most `limit`, as bits.
    #[inline(always)]
    fn at_most(self, lanes: &[f32; PANEL], limit: f32) -> u32 {
        (0..PANEL).fold(0, |bits, l| bits | u32::from(lanes[l] <= limit) << l)
    }

    /// Scores in whole units of a step, modulo 2^16; exact to half a unit below [`LARGEST_PART`] of them.
    #[inline(always)]
    fn to_units(self, scores: &[f32; PANEL], inverse_step: f32, units: &mut Units) {
        for l in 0..PANEL {
            units.0[l] = (scores[l] * inverse_step + ROUND).to_bits() as i16;
        }
    }

    /// Writes the sums of some panels and gives the least of each lane.
    #[inline(always)]
    fn add_up(self, terms: &Terms<'_>, panels: Range<usize>, sums: &mut [Units]) -> Units {
        let mut least = Units::MOST;
        for panel in panels {
            let mut sum = terms.from[panel].0;
            for row in terms.added.iter().map(|&row| &terms.table.row(row)[panel].0) {
                for l in 0..PANEL {
                    sum[l] = sum[l].wrapping_add(row[l]);
                }
            }
            for row in terms.taken.iter().map(|&row| &terms.table.row(row)[panel].0) {
                for l in 0..PANEL {
                    sum[l] = sum[l].wrapping_sub(row[l]);
                }
            }
            for l in 0..PANEL {
                least.0[l] = if sum[l] < least.0[l] { sum[l] } else { least.0[l] };
            }
            sums[panel].0 = sum;
        }
        least
    }

    /// The units that are at most `limit`, as bits.
    #[inline(always)]
    fn units_at_most(self, units: &Units, limit: i16) -> u32 {
        (0..PANEL).fold(0, |bits, l| bits | u32::from(units.0[l] <= limit) << l)
    }
}

/// Numbers of units below this are rounded to whole ones by [`Simd::to_units`].
pub(super) const LARGEST_PART: f32 = (1u32 << 21) as f32;

/// `from + added - taken`, modulo 2^16.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    from: &'a [Units],
    table: &'a RowTable,
    added: &'a [u32],
    taken: &'a [u32],
}

impl<'a> Terms<'a> {
    /// `from` has scores panel by panel; of `table`, the rows that start at `added` are added and those at `taken` are taken off. Every row must lie
    /// within the table, and `from` be as long as one.
    #[inline(always)]
    pub(super) fn new(from: &'a [Units], table: &'a RowTable, added: &'a [u32], taken: &'a [u32]) -> Self {
        let rows = added.iter().chain(taken);
        let last = rows.fold(0, |last, &row| last.max(row as usize + table.num_panels));
        assert!(last <= table.units.len(), "a row behind the table's end"); // not a text
        assert!(from.len() >= table.num_panels, "scores of fewer panels than rows have"); // not a text
        Self { from, table, added, taken }
    }

    /// Checks that `panels` lie within the sums and within every row.
    #[inline(always)]
    fn check(&self, panels: &Range<usize>, sums: &[Units]) {
        assert!(panels.end <= sums.len().min(self.table.num_panels));
    }
}

/// Work that is compiled once for each kernel; `run` and what it calls must be inlined to gain from it.
pub(super) trait Job {
    type Output;
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// f32 in plain Rust.
#[derive(Clone, Copy)]
struct Portable;

impl Simd for Portable {
    const FORMAT: Format = Format::F32;

    #[inline(always)]
    fn scores(self, panel: &[Words], codes: &PanelCodes, tile: &Tile, scores: &mut [Lanes; TILE]) {
        let frames = tile.words.chunks_exact(panel.len());
        for ((scores, frame), step) in scores.iter_mut().zip(frames).zip(tile.steps) {
            let mut sums = [0.0f32; PANEL];
            for (codes, &word) in panel.iter().zip(frame) {
                for l in 0..PANEL {
                    sums[l] = mul_add(f32::from_bits(word), f32::from_bits(codes.0[l]), sums[l]);
                }
            }
            for l in 0..PANEL {
                scores.0[l] = mul_add(-step * codes.step[l], sums[l], codes.norm[l]);
            }
        }
    }
}

/// `a * b + c`, with one rounding where that is one instruction of every machine of the kind: for bounds only.
#[inline(always)]
fn mul_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(target_arch = "aarch64") { a.mul_add(b, c) } else { a * b + c }
}

/// Runs `job` with the instructions of `kernel`, or in plain Rust where this machine lacks them.
pub(super) fn dispatch<J: Job>(kernel: Kernel, job: J) -> J::Output {
    if !kernel.is_available() {
        return job.run(Portable);
    }
    // SAFETY (each call): the kernel is available, so the machine has the features of the function called.
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => unsafe { x86::avx2(job) },
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2Int16 => unsafe { x86::avx2_int16(job) },
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2Int8 => unsafe { x86::avx2_int8(job) },
        #[cfg(target_arch = "x86_64")]
        Kernel::AvxVnni => unsafe { x86::avx_vnni(job) },
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512 => unsafe { x86::avx512(job) },
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512Vnni => unsafe { x86::avx512_vnni(job) },
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512VnniInt16 => unsafe { x86::avx512_vnni_int16(job) },
        #[cfg(target_arch = "aarch64")]
        Kernel::NeonDot => unsafe { arm::neon_dot(job) },
        _ => job.run(Portable),
    }
}

/// The loop of a kernel: `$frames` frames at a time against a panel of `$vectors` vectors, all in registers.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! scores {
    ($panel:ident, $codes:ident, $tile:ident, $scores:ident, $frames:literal x $vectors:literal, zero: $zero:expr,
     load: $load:expr, splat: $splat:expr, step: $step:expr,
     load_f32: $load_f32:expr, finish: $finish:expr, store: $store:expr) => {{
        const WIDTH: usize = PANEL / $vectors;
        let panel = $panel.as_chunks::<UNROLL>().0;
        let words = &$tile.words.as_chunks::<UNROLL>().0[..TILE * panel.len()];
        for first in (0..TILE).step_by($frames) {
            // Loops and no `from_fn`: its closures are not always inlined, and then compiled without the kernel's instructions.
            let mut sums = [[$zero(0); $vectors]; $frames];
            for f in 0..$frames {
                sums[f] = [$zero($tile.offsets[first + f].wrapping_neg()); $vectors];
            }
            for (i, codes) in panel.iter().enumerate() {
                let mut rows = [&[0; UNROLL]; $frames];
                for f in 0..$frames {
                    // SAFETY: `first + f < TILE` and `i < panel.len()`, so the index is below the length of `words`.
                    rows[f] = unsafe { words.get_unchecked((first + f) * panel.len() + i) };
                }
                for w in 0..UNROLL {
                    let words = codes[w].0.as_ptr();
                    // SAFETY: the vectors lie within the words of the panel's codes.
                    let mut codes = [unsafe { $load(words.cast()) }; $vectors];
                    for v in 1..$vectors {
                        // SAFETY: as above.
                        codes[v] = unsafe { $load(words.add(v * WIDTH).cast()) };
                    }
                    for f in 0..$frames {
                        let x = $splat(rows[f][w]);
                        for v in 0..$vectors {
                            sums[f][v] = $step(sums[f][v], codes[v], x);
                        }
                    }
                }
            }
            for v in 0..$vectors {
                // SAFETY: the vectors lie within the arrays of the panel.
                let norm = unsafe { $load_f32($codes.norm.as_ptr().add(v * WIDTH)) };
                // SAFETY: as above.
                let step = unsafe { $load_f32($codes.step.as_ptr().add(v * WIDTH)) };
                for f in 0..$frames {
                    let score = $finish(sums[f][v], norm, step, $tile.steps[first + f]);
                    // SAFETY: the vector lies within the frame's scores.
                    unsafe { $store($scores[first + f].0.as_mut_ptr().add(v * WIDTH), score) };
                }
            }
        }
    }};
}

// After the macro, which they use.
#[cfg(target_arch = "aarch64")]
mod arm;
#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
mod x86_lanes;
