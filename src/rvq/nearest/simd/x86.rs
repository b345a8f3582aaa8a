//! AVX2, AVX-VNNI and AVX-512: each a few expressions that fill in the loop of the parent module.

use std::arch::asm;
use std::arch::x86_64::*;

use super::x86_lanes::{eight, sixteen};
use super::{Format, Job, Lanes, PANEL, PanelCodes, Simd, TILE, Terms, Tile, UNROLL, Units, Words};

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
kernel!(Avx2, avx2, "avx2,fma,bmi1,popcnt");
kernel!(Avx2Int16, avx2_int16, "avx2,fma,bmi1,popcnt");
kernel!(Avx2Int8, avx2_int8, "avx2,fma,bmi1,popcnt");
kernel!(AvxVnni, avx_vnni, "avx2,fma,bmi1,popcnt,avxvnni");
kernel!(Avx512, avx512, "avx2,fma,bmi1,popcnt,avx512f,avx512bw");
kernel!(Avx512Vnni, avx512_vnni, "avx2,fma,bmi1,popcnt,avx512f,avx512bw,avx512vnni");
kernel!(Avx512VnniInt16, avx512_vnni_int16, "avx2,fma,bmi1,popcnt,avx512f,avx512bw,avx512vnni");

macro_rules! simd {
    ($name:ident, $format:expr, $lanes:ident, $frames:literal x $vectors:literal, zero: $zero:expr,
     load: $load:expr, splat: $splat:expr, step: $step:expr,
     load_f32: $load_f32:expr, finish: $finish:expr, store: $store:expr) => {
        impl Simd for $name {
            const FORMAT: Format = $format;

            #[inline(always)]
            fn scores(
                self,
                panel: &[Words],
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
                $lanes::at_most(lanes, limit)
            }

            #[inline(always)]
            fn least_upper(self, scores: &[[Lanes; TILE]], f: usize, widths: &[f32], least: &mut Lanes) {
                $lanes::least_upper(scores, f, widths, least);
            }

            #[inline(always)]
            fn to_units(self, scores: &[f32; PANEL], inverse_step: f32, units: &mut Units) {
                $lanes::to_units(scores, inverse_step, units);
            }

            #[inline(always)]
            fn add_up(self, terms: &Terms<'_>, panels: std::ops::Range<usize>, sums: &mut [Units]) -> Units {
                $lanes::add_up(terms, panels, sums)
            }

            #[inline(always)]
            fn units_at_most(self, units: &Units, limit: i16) -> u32 {
                $lanes::units_at_most(units, limit)
            }

            #[inline(always)]
            fn prefetch<T>(self, data: &[T]) {
                prefetch::<_MM_HINT_T0, T>(data);
            }

            #[inline(always)]
            fn prefetch_far<T>(self, data: &[T]) {
                prefetch::<_MM_HINT_T1, T>(data);
            }
        }
    };
}

simd!(Avx2, Format::F32, eight, 2 x 4,
    zero: |_| unsafe { _mm256_setzero_ps() },
    load: |p| _mm256_loadu_ps(p),
    splat: |x| unsafe { _mm256_set1_ps(f32::from_bits(x)) },
    step: |sum, codes, x| unsafe { _mm256_fmadd_ps(codes, x, sum) },
    load_f32: |p| _mm256_loadu_ps(p),
    finish: score_8,
    store: |p, score| _mm256_storeu_ps(p, score));

simd!(Avx2Int16, Format::Int16, eight, 2 x 4,
    zero: |_| unsafe { _mm256_setzero_si256() },
    load: |p| _mm256_loadu_si256(p),
    splat: |x: u32| unsafe { _mm256_set1_epi32(x as i32) },
    step: |sum, codes, x| unsafe { add_pairs(sum, codes, x) },
    load_f32: |p| _mm256_loadu_ps(p),
    finish: |sum, norm, step, x| score_8(unsafe { _mm256_cvtepi32_ps(sum) }, norm, step, x),
    store: |p, score| _mm256_storeu_ps(p, score));

// Codes of 7 bits: 127 * 127 * 2 fits 16 bits.
simd!(Avx2Int8, Format::Int8 { levels: 63, shift: 64 }, eight, 2 x 4,
    zero: |offset| unsafe { _mm256_set1_epi32(offset) },
    load: |p| _mm256_loadu_si256(p),
    splat: |x: u32| unsafe { _mm256_set1_epi32(x as i32) },
    step: |sum, codes, x| unsafe { add_quads(sum, codes, x) },
    load_f32: |p| _mm256_loadu_ps(p),
    finish: |sum, norm, step, x| score_8(unsafe { _mm256_cvtepi32_ps(sum) }, norm, step, x),
    store: |p, score| _mm256_storeu_ps(p, score));

simd!(AvxVnni, Format::Int8 { levels: 127, shift: 128 }, eight, 2 x 4,
    zero: |offset| unsafe { _mm256_set1_epi32(offset) },
    load: |p| _mm256_loadu_si256(p),
    splat: |x: u32| unsafe { _mm256_set1_epi32(x as i32) },
    step: |sum, codes, x| unsafe { _mm256_dpbusd_avx_epi32(sum, codes, x) },
    load_f32: |p| _mm256_loadu_ps(p),
    finish: |sum, norm, step, x| score_8(unsafe { _mm256_cvtepi32_ps(sum) }, norm, step, x),
    store: |p, score| _mm256_storeu_ps(p, score));

simd!(Avx512, Format::F32, sixteen, 8 x 2,
    zero: |_| unsafe { _mm512_setzero_ps() },
    load: |p| _mm512_loadu_ps(p),
    splat: |x| unsafe { _mm512_set1_ps(f32::from_bits(x)) },
    step: |sum, codes, x| unsafe { _mm512_fmadd_ps(codes, x, sum) },
    load_f32: |p| _mm512_loadu_ps(p),
    finish: score_16,
    store: |p, score| _mm512_storeu_ps(p, score));

simd!(Avx512Vnni, Format::Int8 { levels: 127, shift: 128 }, sixteen, 8 x 2,
    zero: |offset| unsafe { _mm512_set1_epi32(offset) },
    load: |p| _mm512_loadu_si512(p),
    splat: |x: u32| unsafe { _mm512_set1_epi32(x as i32) },
    step: |sum, codes, x| unsafe { _mm512_dpbusd_epi32(sum, codes, x) },
    load_f32: |p| _mm512_loadu_ps(p),
    finish: |sum, norm, step, x| score_16(unsafe { _mm512_cvtepi32_ps(sum) }, norm, step, x),
    store: |p, score| _mm512_storeu_ps(p, score));

simd!(Avx512VnniInt16, Format::Int16, sixteen, 8 x 2,
    zero: |_| unsafe { _mm512_setzero_si512() },
    load: |p| _mm512_loadu_si512(p),
    splat: |x: u32| unsafe { _mm512_set1_epi32(x as i32) },
    step: |sum, codes, x| unsafe { add_pairs_16(sum, codes, x) },
    load_f32: |p| _mm512_loadu_ps(p),
    finish: |sum, norm, step, x| score_16(unsafe { _mm512_cvtepi32_ps(sum) }, norm, step, x),
    store: |p, score| _mm512_storeu_ps(p, score));

#[inline(always)]
fn prefetch<const HINT: i32, T>(data: &[T]) {
    for line in data.chunks(64 / size_of::<T>().clamp(1, 64)) {
        // SAFETY: a prefetch of any address is allowed, and this one is readable.
        unsafe { _mm_prefetch::<HINT>(line.as_ptr().cast()) };
    }
}

/// `sum` and the products of `codes` with `x`, pair by pair.
///
/// In intrinsics, the compiler puts the additions of several steps in another order and keeps their products until then, for which there are not
/// enough registers.
#[inline]
#[target_feature(enable = "avx2")]
fn add_pairs(mut sum: __m256i, codes: __m256i, x: __m256i) -> __m256i {
    // SAFETY: the instructions touch registers only.
    unsafe {
        asm!("vpmaddwd {product}, {codes}, {x}", "vpaddd {sum}, {sum}, {product}", // not a text
            sum = inout(ymm_reg) sum, codes = in(ymm_reg) codes, x = in(ymm_reg) x, product = out(ymm_reg) _,
            options(pure, nomem, nostack, preserves_flags));
    }
    sum
}

/// [`add_pairs`] in one instruction, which the compiler takes apart into two.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn add_pairs_16(mut sum: __m512i, codes: __m512i, x: __m512i) -> __m512i {
    // SAFETY: the instruction touches registers only.
    unsafe {
        asm!("vpdpwssd {sum}, {codes}, {x}", // not a text
            sum = inout(zmm_reg) sum, codes = in(zmm_reg) codes, x = in(zmm_reg) x,
            options(pure, nomem, nostack, preserves_flags));
    }
    sum
}

/// `sum` and the products of `codes` with `x`, four by four; see [`add_pairs`].
#[inline]
#[target_feature(enable = "avx2")]
fn add_quads(mut sum: __m256i, codes: __m256i, x: __m256i) -> __m256i {
    // SAFETY: the instructions touch registers only.
    unsafe {
        asm!("vpmaddubsw {product}, {codes}, {x}", "vpmaddwd {product}, {product}, {ones}", "vpaddd {sum}, {sum}, {product}", // not a text
            sum = inout(ymm_reg) sum, codes = in(ymm_reg) codes, x = in(ymm_reg) x, ones = in(ymm_reg) _mm256_set1_epi16(1),
            product = out(ymm_reg) _, options(pure, nomem, nostack, preserves_flags));
    }
    sum
}

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
