//! The instruction sets: the one place with unsafe code.
//!
//! Two kinds of unsafety, each argued once. *Features*: a kernel type is made in [`dispatch`] alone, after
//! [`Kernel::is_available`] has found its instructions, so its methods may use them. *Loads*: a kernel reads vectors
//! that lie within an array or within a slice whose length it has checked.
#![allow(unsafe_code)]

use super::codebook::{PANEL, PanelCodes};
use super::encode::{Format, UNROLL};
use super::kernel::Kernel;
use super::screen::{Lanes, TILE, Tile};

/// A set of instructions.
pub(super) trait Simd: Copy {
    /// How rows are held.
    const FORMAT: Format;

    /// The scores of the tile's frames with the codes of a panel: `|c|^2 - 2 x^.c^`, of the rounded frame and code.
    fn scores(self, panel: &[[u32; PANEL]], codes: &PanelCodes, tile: &Tile, scores: &mut [Lanes; TILE]);

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
    fn prefetch(self, _data: &[f32]) {}

    /// The lanes that are at most `limit`, as bits.
    #[inline(always)]
    fn at_most(self, lanes: &[f32; PANEL], limit: f32) -> u32 {
        (0..PANEL).fold(0, |bits, l| bits | u32::from(lanes[l] <= limit) << l)
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
    fn scores(self, panel: &[[u32; PANEL]], codes: &PanelCodes, tile: &Tile, scores: &mut [Lanes; TILE]) {
        let frames = tile.words.chunks_exact(panel.len());
        for ((scores, frame), step) in scores.iter_mut().zip(frames).zip(tile.steps) {
            let mut sums = [0.0f32; PANEL];
            for (codes, &word) in panel.iter().zip(frame) {
                for l in 0..PANEL {
                    sums[l] = mul_add(f32::from_bits(word), f32::from_bits(codes[l]), sums[l]);
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
        Kernel::Avx2Int8 => unsafe { x86::avx2_int8(job) },
        #[cfg(target_arch = "x86_64")]
        Kernel::AvxVnni => unsafe { x86::avx_vnni(job) },
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512 => unsafe { x86::avx512(job) },
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512Vnni => unsafe { x86::avx512_vnni(job) },
        #[cfg(target_arch = "aarch64")]
        Kernel::NeonDot => unsafe { arm::neon_dot(job) },
        _ => job.run(Portable),
    }
}

/// The loop of a kernel: `$frames` frames at a time against a panel of `$vectors` vectors, all in registers.
macro_rules! scores {
    ($panel:ident, $codes:ident, $tile:ident, $scores:ident, $frames:literal x $vectors:literal, zero: $zero:expr,
     load: $load:expr, splat: $splat:expr, step: $step:expr,
     load_f32: $load_f32:expr, finish: $finish:expr, store: $store:expr) => {{
        const WIDTH: usize = PANEL / $vectors;
        let panel = $panel.as_chunks::<UNROLL>().0;
        let words = &$tile.words.as_chunks::<UNROLL>().0[..TILE * panel.len()];
        for first in (0..TILE).step_by($frames) {
            let mut sums: [[_; $vectors]; $frames] =
                std::array::from_fn(|f| [$zero($tile.offsets[first + f].wrapping_neg()); $vectors]);
            for (i, codes) in panel.iter().enumerate() {
                // SAFETY: `first + f < TILE` and `i < panel.len()`, so the index is below the length of `words`.
                let words: [&[u32; UNROLL]; $frames] =
                    std::array::from_fn(|f| unsafe { words.get_unchecked((first + f) * panel.len() + i) });
                for w in 0..UNROLL {
                    // SAFETY: the vectors lie within the words of the panel's codes.
                    let codes: [_; $vectors] =
                        std::array::from_fn(|v| unsafe { $load(codes[w].as_ptr().add(v * WIDTH).cast()) });
                    for f in 0..$frames {
                        let x = $splat(words[f][w]);
                        for v in 0..$vectors {
                            sums[f][v] = $step(sums[f][v], codes[v], x);
                        }
                    }
                }
            }
            for v in 0..$vectors {
                // SAFETY: the vectors lie within the arrays of the panel.
                let (norm, step) = unsafe {
                    let [norm, step] = [&$codes.norm, &$codes.step];
                    ($load_f32(norm.as_ptr().add(v * WIDTH)), $load_f32(step.as_ptr().add(v * WIDTH)))
                };
                for f in 0..$frames {
                    let score = $finish(sums[f][v], norm, step, $tile.steps[first + f]);
                    // SAFETY: the vector lies within the frame's scores.
                    unsafe { $store($scores[first + f].0.as_mut_ptr().add(v * WIDTH), score) };
                }
            }
        }
    }};
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Format, Job, Lanes, PANEL, PanelCodes, Simd, TILE, Tile, UNROLL};

    /// Declares a kernel type and the function that compiles a job with its features.
    macro_rules! kernel {
        ($name:ident, $run:ident, $features:literal) => {
            #[derive(Clone, Copy)]
            pub(super) struct $name(());

            #[target_feature(enable = $features)]
            pub(super) fn $run<J: Job>(job: J) -> J::Output {
                job.run($name(()))
            }
        };
    }
    kernel!(Avx2, avx2, "avx2,fma");
    kernel!(Avx2Int8, avx2_int8, "avx2,fma");
    kernel!(AvxVnni, avx_vnni, "avx2,fma,avxvnni");
    kernel!(Avx512, avx512, "avx2,fma,avx512f,avx512bw");
    kernel!(Avx512Vnni, avx512_vnni, "avx2,fma,avx512f,avx512bw,avx512vnni");

    /// Lanes of 8 at most `limit`.
    #[inline(always)]
    fn at_most_8(lanes: &[f32; PANEL], limit: f32) -> u32 {
        // SAFETY: features as above; the vectors lie within `lanes`.
        unsafe {
            let limit = _mm256_set1_ps(limit);
            let bits: [u32; 4] = std::array::from_fn(|v| {
                let lanes = _mm256_loadu_ps(lanes.as_ptr().add(v * 8));
                _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LE_OQ>(lanes, limit)) as u32
            });
            bits[0] | bits[1] << 8 | bits[2] << 16 | bits[3] << 24
        }
    }

    /// Lanes of 16 at most `limit`.
    #[inline(always)]
    fn at_most_16(lanes: &[f32; PANEL], limit: f32) -> u32 {
        // SAFETY: features as above; the vectors lie within `lanes`.
        unsafe {
            let limit = _mm512_set1_ps(limit);
            let bits: [u32; 2] = std::array::from_fn(|v| {
                let lanes = _mm512_loadu_ps(lanes.as_ptr().add(v * 16));
                u32::from(_mm512_cmp_ps_mask::<_CMP_LE_OQ>(lanes, limit))
            });
            bits[0] | bits[1] << 16
        }
    }

    /// Declares a function that updates the smallest upper bounds with vectors of one width.
    macro_rules! least_upper {
        ($name:ident, $vectors:literal, $load:ident, $splat:ident, $add:ident, $min:ident, $store:ident) => {
            #[inline(always)]
            fn $name(scores: &[[Lanes; TILE]], f: usize, widths: &[f32], least: &mut Lanes) {
                const WIDTH: usize = PANEL / $vectors;
                // SAFETY: features as above; the vectors lie within the lanes.
                unsafe {
                    let mut mins: [_; $vectors] =
                        std::array::from_fn(|v| $load(least.0.as_ptr().add(v * WIDTH)));
                    for (scores, &width) in scores.iter().zip(widths) {
                        for v in 0..$vectors {
                            let score = $load(scores[f].0.as_ptr().add(v * WIDTH));
                            mins[v] = $min($add(score, $splat(width)), mins[v]);
                        }
                    }
                    for v in 0..$vectors {
                        $store(least.0.as_mut_ptr().add(v * WIDTH), mins[v]);
                    }
                }
            }
        };
    }
    least_upper!(
        least_upper_8,
        4,
        _mm256_loadu_ps,
        _mm256_set1_ps,
        _mm256_add_ps,
        _mm256_min_ps,
        _mm256_storeu_ps
    );
    least_upper!(
        least_upper_16,
        2,
        _mm512_loadu_ps,
        _mm512_set1_ps,
        _mm512_add_ps,
        _mm512_min_ps,
        _mm512_storeu_ps
    );

    macro_rules! simd {
        ($name:ident, $format:expr, $at_most:ident, $least_upper:ident, $frames:literal x $vectors:literal, zero: $zero:expr,
         load: $load:expr, splat: $splat:expr, step: $step:expr,
         load_f32: $load_f32:expr, finish: $finish:expr, store: $store:expr) => {
            impl Simd for $name {
                const FORMAT: Format = $format;

                #[inline(always)]
                fn scores(
                    self,
                    panel: &[[u32; PANEL]],
                    codes: &PanelCodes,
                    tile: &Tile,
                    scores: &mut [Lanes; TILE],
                ) {
                    // SAFETY (every intrinsic of the arguments): features as above.
                    scores!(panel, codes, tile, scores, $frames x $vectors, zero: $zero, load: $load, splat: $splat,
                        step: $step, load_f32: $load_f32, finish: $finish, store: $store);
                }

                #[inline(always)]
                fn at_most(self, lanes: &[f32; PANEL], limit: f32) -> u32 {
                    $at_most(lanes, limit)
                }

                #[inline(always)]
                fn least_upper(self, scores: &[[Lanes; TILE]], f: usize, widths: &[f32], least: &mut Lanes) {
                    $least_upper(scores, f, widths, least);
                }

                #[inline(always)]
                fn prefetch(self, data: &[f32]) {
                    for line in data.chunks(16) {
                        // SAFETY: a prefetch of any address is allowed, and this one is readable.
                        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
                    }
                }
            }
        };
    }

    simd!(Avx2, Format::F32, at_most_8, least_upper_8, 2 x 4,
        zero: |_| unsafe { _mm256_setzero_ps() },
        load: |p| _mm256_loadu_ps(p),
        splat: |x| unsafe { _mm256_set1_ps(f32::from_bits(x)) },
        step: |sum, codes, x| unsafe { _mm256_fmadd_ps(codes, x, sum) },
        load_f32: |p| _mm256_loadu_ps(p),
        finish: score_8,
        store: |p, score| _mm256_storeu_ps(p, score));

    // Codes of 7 bits: 127 * 127 * 2 fits 16 bits.
    simd!(Avx2Int8, Format::Int8 { levels: 63, shift: 64 }, at_most_8, least_upper_8, 2 x 4,
        zero: |offset| unsafe { _mm256_set1_epi32(offset) },
        load: |p| _mm256_loadu_si256(p),
        splat: |x: u32| unsafe { _mm256_set1_epi32(x as i32) },
        step: |sum, codes, x| unsafe {
            _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(codes, x), _mm256_set1_epi16(1)))
        },
        load_f32: |p| _mm256_loadu_ps(p),
        finish: |sum, norm, step, x| score_8(unsafe { _mm256_cvtepi32_ps(sum) }, norm, step, x),
        store: |p, score| _mm256_storeu_ps(p, score));

    simd!(AvxVnni, Format::Int8 { levels: 127, shift: 128 }, at_most_8, least_upper_8, 2 x 4,
        zero: |offset| unsafe { _mm256_set1_epi32(offset) },
        load: |p| _mm256_loadu_si256(p),
        splat: |x: u32| unsafe { _mm256_set1_epi32(x as i32) },
        step: |sum, codes, x| unsafe { _mm256_dpbusd_avx_epi32(sum, codes, x) },
        load_f32: |p| _mm256_loadu_ps(p),
        finish: |sum, norm, step, x| score_8(unsafe { _mm256_cvtepi32_ps(sum) }, norm, step, x),
        store: |p, score| _mm256_storeu_ps(p, score));

    simd!(Avx512, Format::F32, at_most_16, least_upper_16, 8 x 2,
        zero: |_| unsafe { _mm512_setzero_ps() },
        load: |p| _mm512_loadu_ps(p),
        splat: |x| unsafe { _mm512_set1_ps(f32::from_bits(x)) },
        step: |sum, codes, x| unsafe { _mm512_fmadd_ps(codes, x, sum) },
        load_f32: |p| _mm512_loadu_ps(p),
        finish: score_16,
        store: |p, score| _mm512_storeu_ps(p, score));

    simd!(Avx512Vnni, Format::Int8 { levels: 127, shift: 128 }, at_most_16, least_upper_16, 8 x 2,
        zero: |offset| unsafe { _mm512_set1_epi32(offset) },
        load: |p| _mm512_loadu_si512(p),
        splat: |x: u32| unsafe { _mm512_set1_epi32(x as i32) },
        step: |sum, codes, x| unsafe { _mm512_dpbusd_epi32(sum, codes, x) },
        load_f32: |p| _mm512_loadu_ps(p),
        finish: |sum, norm, step, x| score_16(unsafe { _mm512_cvtepi32_ps(sum) }, norm, step, x),
        store: |p, score| _mm512_storeu_ps(p, score));

    #[inline(always)]
    fn score_8(product: __m256, norm: __m256, step: __m256, frame_step: f32) -> __m256 {
        // SAFETY: features as above.
        unsafe { _mm256_fnmadd_ps(_mm256_mul_ps(step, _mm256_set1_ps(frame_step)), product, norm) }
    }

    #[inline(always)]
    fn score_16(product: __m512, norm: __m512, step: __m512, frame_step: f32) -> __m512 {
        // SAFETY: features as above.
        unsafe { _mm512_fnmadd_ps(_mm512_mul_ps(step, _mm512_set1_ps(frame_step)), product, norm) }
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use std::arch::aarch64::*;
    use std::arch::asm;

    use super::{Format, Job, Lanes, PANEL, PanelCodes, Simd, TILE, Tile, UNROLL};

    #[derive(Clone, Copy)]
    pub(super) struct NeonDot(());

    #[target_feature(enable = "dotprod")]
    pub(super) fn neon_dot<J: Job>(job: J) -> J::Output {
        job.run(NeonDot(()))
    }

    /// Adds the product of each word of `codes` with that of `x` to `sum`.
    #[inline(always)]
    fn dot(mut sum: int32x4_t, codes: int8x16_t, x: int8x16_t) -> int32x4_t {
        // SAFETY: features as above. The intrinsic is not stable, the instruction is; it touches registers only.
        unsafe {
            asm!("sdot {0:v}.4s, {1:v}.16b, {2:v}.16b", inout(vreg) sum, in(vreg) codes, in(vreg) x,
                options(pure, nomem, nostack, preserves_flags));
        }
        sum
    }

    impl Simd for NeonDot {
        const FORMAT: Format = Format::Int8 { levels: 127, shift: 0 };

        #[inline(always)]
        fn scores(self, panel: &[[u32; PANEL]], codes: &PanelCodes, tile: &Tile, scores: &mut [Lanes; TILE]) {
            // SAFETY (every intrinsic of the arguments): NEON is part of the architecture.
            scores!(panel, codes, tile, scores, 2 x 8,
                zero: |offset| unsafe { vdupq_n_s32(offset) },
                load: |p| vld1q_s8(p),
                splat: |x: u32| unsafe { vreinterpretq_s8_u32(vdupq_n_u32(x)) },
                step: |sum, codes, x| dot(sum, codes, x),
                load_f32: |p| vld1q_f32(p),
                finish: |sum, norm, step, x| unsafe { vfmsq_f32(norm, vmulq_n_f32(step, x), vcvtq_f32_s32(sum)) },
                store: |p, score| vst1q_f32(p, score));
        }
    }
}
